import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { k3sprov } from "./cli.ts";
import { refusals } from "./refusals.ts";
import { runFolder } from "./run.ts";

type Variables = Readonly<Record<string, unknown>>;
type Case = {
  /** Of all hosts of the case. */
  readonly vars: Variables;
  /** How many hosts it has; one unless given. */
  readonly hosts?: number;
  /** Of the second host alone. */
  readonly second?: Variables;
  readonly text: string;
};

const VERSION = "v1.36.3+k3s1";
const config = (values: Variables): Variables => ({ k3s_server_config: values });
const DATABASE = "postgres://k3s:secret@db.example/k3s";
const external = { ...config({ "datastore-endpoint": DATABASE }), k3s_server_token: "a-long-enough-token" };

const BOOTSTRAP =
  "k3s_server_token looks like a bootstrap token (6 characters, a dot, 16 characters), which lets no server in; take another one";
const SAME_TOKEN =
  "k3s_server_agent_token is k3s_server_token, so whoever runs an agent could make a server of it; take another one, or leave it out";

/** What is said of servers and agents alike, each with its own variables. */
function ofBoth(prefix: "k3s_server" | "k3s_agent"): readonly Case[] {
  const said = (values: Variables): Variables => ({ [`${prefix}_config`]: values });
  const env = (values: Variables): Variables => ({ [`${prefix}_env`]: values });
  const mirror = (value: unknown): Variables => ({ [`${prefix}_registries`]: { mirrors: { "docker.io": value } } });
  const effect = prefix === "k3s_server" ? "would skip without a word" : "would not start with";
  const shown = (value: unknown) => (typeof value === "string" ? `"${value}"` : JSON.stringify(value).replace(":", ": "));
  const path = (key: string, value: string, written = key): Case => ({
    vars: said({ [written]: value }),
    text: `${key} in ${prefix}_config is "${value}"; it must be an absolute path without blanks and ..${key === "data-dir" ? ", // and a slash at its end" : ""}`,
  });
  const name = (value: string): Case => ({
    vars: said({ "node-name": value }),
    text: `node-name in ${prefix}_config is "${value}"; a node's name has lower-case letters, digits, - and ., with a letter or digit first, last and on both sides of each .`,
  });
  const label = (value: unknown): Case => ({
    vars: said({ "node-label": [value] }),
    text: `node-label in ${prefix}_config has ${shown(value)}; a label is key=value, with letters, digits and - _ . in both (63 at most, a letter or digit first and last), the key with a domain in lower case and / before it if it has one`,
  });
  const reserved = (key: string, written = "node-label"): Case => ({
    vars: said({ [written]: `${key}=x` }),
    text: `node-label in ${prefix}_config has ${key}, which Kubernetes lets no node give itself: K3s would not start ("unknown 'kubernetes.io' or 'k8s.io' labels specified"); put it into node_labels_admin_labels of the role node-labels, which sets it through the API`,
  });
  const taint = (value: unknown): Case => ({
    vars: said({ "node-taint": [value] }),
    text: `node-taint in ${prefix}_config has ${shown(value)}; a taint is key=value:Effect or key:Effect, with names and values as of labels, and the effect NoSchedule, PreferNoSchedule or NoExecute`,
  });
  const docker = (key: string, value: unknown, written = key): Case => ({
    vars: said({ docker: true, [written]: value }),
    text: `${prefix}_config has docker: true and ${key}, which is of K3s' own containerd; leave out one of them`,
  });
  const rootless = `${prefix}_config has rootless: true, and this role runs K3s as root; leave it out, or give the host the role rootless instead, for a server that is a cluster of its own`;
  const selinux = `${prefix}_config has selinux: true and data-dir /srv/k3s, and the policy labels /var/lib/rancher/k3s only, so that pods would be denied everything (a symbolic link does not help); leave it there, or give a policy of your own with selinux_custom_policy`;
  const endpoint = (value: string): Case => ({
    vars: mirror({ endpoint: [value] }),
    text: `${prefix}_registries: endpoint "${value}" of docker.io is no address; write https://host or http://host, with a port and a path if it has them`,
  });
  const noList = (value: unknown): Case => ({
    vars: mirror(value),
    text: `${prefix}_registries: endpoint of docker.io must be a list, such as ["https://mirror.example"], and is "https://mirror.example"`,
  });
  return [
    { vars: said({ "tls-sanz+": ["x"] }), text: `${prefix}_config has "tls-sanz", which K3s does not know, and ${effect}` },
    { vars: said({ "token+": "x" }), text: `${prefix}_config has "token+", which the role writes itself; say ${prefix}_token` },
    path("data-dir", "/srv/../k3s"),
    path("data-dir", "/"),
    path("data-dir", "/srv/k3s/"),
    path("data-dir", "/srv//k3s"),
    path("data-dir", "k3s", "data-dir+"),
    path("private-registry", "registries.yaml"),
    path("resolv-conf", "/etc/resolv conf"),
    // What is removed with K3s is named by the same key.
    {
      vars: {
        ...said({ "data-dir": "/" }),
        [`${prefix}_state`]: "absent",
        [`${prefix}_reset`]: "{{ [inventory_hostname] }}",
      },
      text: path("data-dir", "/").text,
    },
    name("Node_1"),
    name("a..b"),
    name("-a"),
    label("a=b,c=d"),
    label("-a=b"),
    label(`${"a".repeat(254)}/b=c`),
    label(`a=${"b".repeat(64)}`),
    label({ a: "b" }),
    reserved("node-role.kubernetes.io/worker"),
    reserved("kubernetes.io/role", "node-label+"),
    reserved("foo.k8s.io/x"),
    {
      vars: said({ "node-label": ["zone=a", "disk=ssd"], "node-label+": "zone=b" }),
      text: `node-label in ${prefix}_config has one label with several values (zone=a, disk=ssd, zone=b); leave one`,
    },
    taint("gpu"),
    taint("gpu=yes:noschedule"),
    taint("-gpu:NoExecute"),
    taint({ gpu: "NoSchedule" }),
    {
      vars: said({ "node-taint": "gpu=a:NoExecute", "node-taint+": ["gpu:NoExecute"] }),
      text: `node-taint in ${prefix}_config has two taints of one key and effect (gpu=a:NoExecute, gpu:NoExecute), of which a node has only one; leave one out`,
    },
    { vars: env({ K3S_TOKEN: "x" }), text: `${prefix}_env has K3S_TOKEN; say ${prefix}_token instead` },
    { vars: env({ K3S_AGENT_TOKEN: "x" }), text: `${prefix}_env has K3S_AGENT_TOKEN; say k3s_server_agent_token instead` },
    { vars: env({ K3S_SELINUX: "true" }), text: `${prefix}_env has K3S_SELINUX; say selinux in ${prefix}_config instead` },
    {
      vars: env({ K3S_CLUSTER_INIT: "true" }),
      text: `${prefix}_env has K3S_CLUSTER_INIT; say cluster-init in k3s_server_config instead`,
    },
    {
      vars: env({ K3S_URL: "https://x:6443" }),
      text: `${prefix}_env has K3S_URL; say ${prefix === "k3s_server" ? "k3s_server_registration_address" : "k3s_agent_server_url"} instead`,
    },
    endpoint("https:// mirror"),
    endpoint("ftp://mirror.example"),
    endpoint("https://mirror.example:port"),
    noList({ endpoint: "https://mirror.example" }),
    noList("https://mirror.example"),
    docker("snapshotter", "overlayfs"),
    docker("default-runtime", "nvidia", "default-runtime+"),
    { vars: said({ docker: true, rootless: true }), text: rootless },
    { vars: said({ rootless: true }), text: rootless },
    {
      vars: said({ snapshotter: "stargz", "container-runtime-endpoint": "unix:///run/containerd/containerd.sock" }),
      text: `${prefix}_config has snapshotter: stargz, which is of K3s' own containerd, and container-runtime-endpoint; leave out one of them`,
    },
    { vars: said({ selinux: true, "data-dir": "/srv/k3s" }), text: selinux },
    { vars: said({ "selinux+": true, "data-dir+": "/srv/k3s" }), text: selinux },
  ];
}

/** What goes well although it looks like that. */
const right = (prefix: "k3s_server" | "k3s_agent"): readonly Variables[] => [
  {
    [`${prefix}_config`]: {
      "node-label": ["topology.kubernetes.io/zone=a", "x.node.kubernetes.io/y=", "bare", "a=b", "a=b", `${"a".repeat(253)}/b=c`],
      "node-label+": "disk=ssd",
      "node-taint": ["CriticalAddonsOnly=true:NoExecute", "CriticalAddonsOnly=true:NoSchedule"],
      "data-dir": "/srv/a..b/k3s",
      "node-name": "a.b-c.1",
      "container-runtime-endpoint": "unix:///run/containerd/containerd.sock",
      snapshotter: "overlayfs",
      docker: false,
      rootless: false,
    },
    [`${prefix}_env`]: { K3S_TOKEN_FILE: "/etc/token", K3S_VPN_AUTH_FILE: "/etc/vpn", K3S_DATASTORE_ENDPOINT: "" },
    [`${prefix}_registries`]: {
      mirrors: {
        "*": null,
        "docker.io": { endpoint: ["mirror.example", "http://mirror.example:5000", "https://[fd00::1]:5000/v2/path"] },
      },
    },
  },
  { [`${prefix}_config`]: { selinux: true, "data-dir": "/srv/k3s" }, selinux_custom_policy: "/srv/k3s.pp" },
  { [`${prefix}_config`]: { docker: true, snapshotter: "", "default-runtime": null } },
];

/** Servers that cannot work, and what is said of each. */
const SERVERS: readonly Case[] = [
  {
    vars: { k3s_server_version: "1.36.3" },
    text: 'k3s_server_version is "1.36.3"; write it with all its parts, such as v1.36.3+k3s1',
  },
  {
    vars: { k3s_server_version: "v1.34.2-k3s2" },
    text: 'k3s_server_version is "v1.34.2-k3s2"; write it with all its parts, such as v1.34.2+k3s2',
  },
  {
    vars: { k3s_server_channel: "stabel" },
    text: 'k3s_server_channel is "stabel"; it must be stable, latest, testing or a minor version such as v1.36',
  },
  {
    vars: { k3s_server_checksum: "abc" },
    text: 'k3s_server_checksum is "abc"; it must be the SHA-256 of the program, 64 hexadecimal digits',
  },
  {
    vars: { k3s_server_download_url: "https://mirror.example/k3s/" },
    text: 'k3s_server_download_url is "https://mirror.example/k3s/"; it must be an http:// or https:// address without a slash at its end',
  },
  {
    vars: { k3s_server_airgap_dir: "/nowhere", k3s_server_version: VERSION },
    text: 'k3s_server_airgap_dir is "/nowhere", and the control node has no such directory',
  },
  {
    vars: { k3s_server_airgap_dir: "/tmp" },
    text: "k3s_server_airgap_dir is set, so set k3s_server_version too: it is compared with what the program says it is",
  },
  {
    vars: config({ "tls-sans": ["x"] }),
    text: 'k3s_server_config has "tls-sans", which K3s does not know, and would skip without a word',
  },
  {
    vars: config({ "no-deploy": ["traefik"] }),
    text: 'k3s_server_config has "no-deploy", which K3s no longer knows, and would skip without a word',
  },
  ...ofBoth("k3s_server"),
  { vars: config({ token: "x" }), text: 'k3s_server_config has "token", which the role writes itself; say k3s_server_token' },
  {
    vars: config({ server: "https://x:6443" }),
    text: 'k3s_server_config has "server", which the role writes itself; say k3s_server_registration_address',
  },
  {
    vars: config({ "server+": "https://x:6443" }),
    text: 'k3s_server_config has "server+", which the role writes itself; say k3s_server_registration_address',
  },
  {
    vars: config({ "agent-token+": "x", "agent-token": "y" }),
    text: 'k3s_server_config has "agent-token+" and "agent-token", which the role writes itself; say k3s_server_agent_token',
  },
  {
    vars: config({ "write-kubeconfig-mode": 0o644 }),
    text: 'write-kubeconfig-mode in k3s_server_config is the number 420; quote it, "0640", or K3s sets another mode',
  },
  {
    vars: { k3s_server_env: { K3S_X: "it's" } },
    text: 'k3s_server_env has "K3S_X", whose name is no variable\'s, or whose value has a quote or a line break',
  },
  {
    vars: { k3s_server_env: { K3S_NODE_NAME: "one" } },
    text: "k3s_server_env has K3S_NODE_NAME; say node-name in k3s_server_config instead",
  },
  {
    vars: { k3s_server_env: { K3S_CONFIG_FILE: "/etc/k3s.yaml" } },
    text: "k3s_server_env has K3S_CONFIG_FILE; the configuration is /etc/rancher/k3s/config.yaml instead",
  },
  {
    vars: config({ "disable-apiserver-lb": true }),
    text: 'k3s_server_config has "disable-apiserver-lb", which is for agents only, and would skip without a word',
  },
  {
    vars: config({ "disable-apiserver": true }),
    text: "k3s_server_config has disable-apiserver; such a server does not become ready by itself, and this role sets up the next one when it is: set it up by hand (https://docs.k3s.io/installation/server-roles), or leave that out",
  },
  {
    vars: { k3s_server_registries: { mirror: {} } },
    text: "k3s_server_registries has mirror; it may have mirrors and configs",
  },
  {
    vars: { k3s_server_enable: false },
    text: "k3s_server_enable is false and k3s_server_start is true; as with K3s' own installer what is not enabled is not started",
  },
  {
    vars: { k3s_server_token: "K10abc::server:x" },
    text: "k3s_server_token is no token: it must be one word of printable characters, and K10<64 digits>::user:password when it begins with K10",
  },
  {
    vars: { k3s_server_token: "abcdef.0123456789abcdef" },
    text: BOOTSTRAP,
  },
  { vars: { k3s_server_token: `K10${"a".repeat(64)}::abcdef.0123456789abcdef` }, text: BOOTSTRAP },
  { vars: { k3s_server_token: `K10${"a".repeat(64)}::server:abcdef.0123456789abcdef` }, text: BOOTSTRAP },
  { vars: { k3s_server_token: "a-long-enough-token", k3s_server_agent_token: "a-long-enough-token" }, text: SAME_TOKEN },
  {
    vars: { k3s_server_token: `K10${"a".repeat(64)}::server:a-long-enough-token`, k3s_server_agent_token: "a-long-enough-token" },
    text: SAME_TOKEN,
  },
  {
    vars: config({ "cluster-cidr": "10.42.0.1/16" }),
    text: 'cluster-cidr in k3s_server_config has "10.42.0.1/16", whose network is 10.42.0.0/16',
  },
  {
    vars: config({ "cluster-cidr": "10.42.0.0/15" }),
    text: "cluster-cidr 10.42.0.0/15 and service-cidr 10.43.0.0/16 overlap; take networks that share no address",
  },
  {
    vars: config({ "cluster-cidr": ["10.42.0.0/15", "2001:db8:42::/56"], "service-cidr": ["10.43.0.0/16", "2001:db8:43::/112"] }),
    text: "cluster-cidr 10.42.0.0/15 and service-cidr 10.43.0.0/16 overlap; take networks that share no address",
  },
  {
    vars: config({ "service-cidr+": "10.42.0.0/16" }),
    text: "cluster-cidr 10.42.0.0/16 and service-cidr 10.42.0.0/16 overlap; take networks that share no address",
  },
  {
    vars: config({ "cluster-cidr": "2001:db8:42::/56", "service-cidr": "10.43.0.0/16" }),
    text: "cluster-cidr 2001:db8:42::/56 and service-cidr 10.43.0.0/16 are not of the same versions of IP; take IPv4 for both, IPv6 for both, or one of each for both",
  },
  {
    vars: { k3s_node_ip: "10.42.7.1" },
    text: "cluster-cidr 10.42.0.0/16 holds addresses of nodes (10.42.7.1); take a network that no node is in",
  },
  {
    vars: config({ "cluster-dns": "10.44.0.10" }),
    text: "cluster-dns 10.44.0.10 is not in service-cidr 10.43.0.0/16",
  },
  {
    vars: config({ "cluster-dns": ["10.43.0.10", "10.44.0.10"] }),
    text: "cluster-dns 10.44.0.10 is not in service-cidr 10.43.0.0/16",
  },
  {
    vars: config({ "cluster-dns+": "dns.example" }),
    text: 'cluster-dns in k3s_server_config has "dns.example", which is no address such as 10.43.0.10',
  },
  {
    vars: config({ "cluster-dns": "10.43.0.10/32" }),
    text: 'cluster-dns in k3s_server_config has "10.43.0.10/32", which is no address such as 10.43.0.10',
  },
  {
    vars: config({ "egress-selector-mode": "node" }),
    text: 'egress-selector-mode in k3s_server_config is "node"; it is one of agent, cluster, pod, disabled',
  },
  {
    vars: config({ "flannel-backend": "ipsec" }),
    text: 'flannel-backend in k3s_server_config is "ipsec"; it is one of vxlan, host-gw, wireguard-native, none',
  },
  {
    vars: { ...config({ "write-kubeconfig-name": "x" }), k3s_server_version: VERSION },
    text: `write-kubeconfig-name in k3s_server_config needs K3s v1.37.0 or later, and k3s_server_version is ${VERSION}`,
  },
  ...["v1.36", "v1.9-testing"].map((channel) => ({
    vars: { ...config({ "write-kubeconfig-name": "x" }), k3s_server_channel: channel },
    text: `write-kubeconfig-name in k3s_server_config needs K3s v1.37.0 or later, and k3s_server_channel is ${channel}, without k3s_server_version`,
  })),
  {
    vars: config({ docker: true, "embedded-registry": true }),
    text: "k3s_server_config has docker: true and embedded-registry, which is of K3s' own containerd; leave out one of them",
  },
  {
    vars: config({ "disable-agent": true, "egress-selector-mode": "cluster" }),
    text: 'no server has an agent (disable-agent), and the group "nobody" is empty, so not even the cluster\'s DNS could run; add an agent, or leave one server its own',
  },
  {
    vars: { ...config({ "cluster-init": true }), k3s_server_datastore: "sqlite" },
    text: "k3s_server_config has cluster-init, which is etcd, and k3s_server_datastore is sqlite",
  },
  {
    vars: { ...external, k3s_server_datastore: "etcd" },
    text: "k3s_server_config has datastore-endpoint, and k3s_server_datastore is etcd; take one of them out",
  },
  {
    vars: { ...external, ...config({ "datastore-endpoint": DATABASE, "cluster-init": true }) },
    text: "k3s_server_config has cluster-init, which is etcd, and datastore-endpoint",
  },
  {
    vars: { ...external, ...config({ "datastore-endpoint": "k3s:secret@tcp(db:3306)/k3s" }) },
    text: 'datastore-endpoint in k3s_server_config begins with "no scheme", or has blanks; it is mysql://, postgres:// or nats://, or the https:// addresses of etcd, separated by commas',
  },
  {
    vars: config({ "datastore-endpoint": DATABASE }),
    text: "what is in an external datastore is encrypted with the token, and every server needs the same one, also one that is built anew; set k3s_server_token",
  },
  {
    vars: { ...external, ...config({ "datastore-endpoint": DATABASE, "datastore-certfile": "/etc/k3s.crt" }) },
    text: "k3s_server_config has datastore-certfile without datastore-keyfile; a certificate and its key go together",
  },
  {
    vars: config({ "datastore-cafile": "/etc/ca.crt" }),
    text: "k3s_server_config has datastore-cafile and no datastore-endpoint",
  },
  {
    vars: { ...external, ...config({ "datastore-endpoint": DATABASE, "datastore-cafile": "ca.crt" }) },
    text: 'datastore-cafile in k3s_server_config is "ca.crt"; it must be an absolute path without blanks and ..',
  },
  {
    vars: { k3s_server_state: "absent" },
    text: "k3s_server_state: absent removes K3s with all its data from HOST; name the host in k3s_server_reset, or use playbooks/reset.yaml",
  },
];

/** Several servers: said of each of them, or of the one that differs. */
const CLUSTERS: readonly Case[] = [
  {
    hosts: 2,
    vars: {},
    text: "etcd on 2 servers bears the loss of no more of them than on 1; take an odd number, or say k3s_server_allow_even: true",
  },
  {
    hosts: 3,
    vars: { k3s_server_datastore: "sqlite" },
    text: "SQLite serves one server, and the group GROUP has 3; say k3s_server_datastore: etcd, or auto",
  },
  {
    hosts: 3,
    vars: {},
    second: { k3s_server_token: "another-token-here" },
    text: "k3s_server_token is another one here than on FIRST; all servers have the same",
  },
  {
    hosts: 3,
    vars: {},
    second: { k3s_server_agent_token: "another-token-here" },
    text: "k3s_server_agent_token is another one here than on FIRST; agents get to any of the servers, so all have the same",
  },
  {
    hosts: 3,
    vars: {},
    second: config({ "flannel-backend": "host-gw" }),
    text: 'flannel-backend in k3s_server_config is "host-gw" here and "not set" on FIRST; all servers must say the same, or K3s does not start',
  },
  {
    hosts: 3,
    vars: config({ "cluster-cidr": "10.44.0.0/16" }),
    second: config({ "cluster-cidr+": ["10.45.0.0/16"] }),
    text: 'cluster-cidr in k3s_server_config is "10.45.0.0/16" here and "10.44.0.0/16" on FIRST; all servers must say the same, or K3s does not start',
  },
  {
    hosts: 3,
    vars: config({ "secrets-encryption": true }),
    second: config({ "secrets-encryption": false }),
    text: 'secrets-encryption in k3s_server_config is "not set" here and true on FIRST; all servers must say the same, or K3s does not start',
  },
  {
    hosts: 3,
    vars: {},
    second: config({ "disable-agent": true }),
    text: "this server has no agent (disable-agent), and with egress-selector-mode agent it reaches no pod, so that webhooks and metrics fail; say cluster on all servers (or pod, with a network plug-in that keeps to PodCIDR, such as flannel), or agentless_server_allow_broken_egress: true",
  },
  {
    hosts: 3,
    vars: config({ "egress-selector-mode": "cluster" }),
    second: config({
      "egress-selector-mode": "cluster",
      "disable-agent": true,
      "node-label": ["a=b"],
      "node-taint+": ["a:NoSchedule"],
      snapshotter: "native",
      selinux: true,
      docker: false,
    }),
    text: "this server has no agent (disable-agent), and k3s_server_config has node-label, node-taint, snapshotter, selinux, which only an agent reads; leave it out on this host",
  },
  {
    hosts: 3,
    vars: config({ disable: ["traefik"] }),
    second: config({ "disable+": "traefik,servicelb" }),
    text: "disable in k3s_server_config has servicelb here and not on FIRST; all servers must say the same, or K3s does not start",
  },
  {
    hosts: 3,
    vars: {},
    second: config({ disable: ["servicelb"] }),
    text: "disable in k3s_server_config has servicelb here and not on FIRST; all servers must say the same, or K3s does not start",
  },
  {
    hosts: 2,
    vars: external,
    second: config({ "datastore-endpoint": "postgres://k3s:secret@other.example/k3s" }),
    text: "datastore-endpoint in k3s_server_config is another one here than on FIRST; the servers of a cluster share one, so say it once for all",
  },
  {
    hosts: 3,
    vars: config({ "cluster-cidr": "10.42.0.0/23,2001:db8:42::/63", "service-cidr": "10.43.0.0/16,2001:db8:43::/112" }),
    text: "cluster-cidr 10.42.0.0/23 has room for 2 nodes, since each takes a /24, and there are 3; take a larger one, or another node-cidr-mask-size in kube-controller-manager-arg; cluster-cidr 2001:db8:42::/63 has room for 2 nodes, since each takes a /64, and there are 3; take a larger one, or another node-cidr-mask-size in kube-controller-manager-arg",
  },
  {
    hosts: 3,
    vars: { ansible_host: "192.0.2.1" },
    text: "several nodes have the address 192.0.2.1; set k3s_node_ip where ansible_host leads to a forwarded port",
  },
  { hosts: 3, vars: config({ "node-name": "one" }), text: "several nodes have the node-name one; each needs its own" },
];

const AGENTS: readonly Case[] = [
  ...ofBoth("k3s_agent"),
  {
    vars: { k3s_agent_config: { docker: true }, ...config({ "embedded-registry": true }) },
    text: "k3s_agent_config has docker: true, and k3s_server_config has embedded-registry, which is of K3s' own containerd; leave out one of them",
  },
  // The servers, who would say it as well, are no part of the run.
  {
    hosts: 2,
    vars: { k3s_node_ip: "192.0.2.1" },
    text: "several nodes have the address 192.0.2.1; set k3s_node_ip where ansible_host leads to a forwarded port",
  },
  {
    hosts: 2,
    vars: { k3s_agent_config: { "node-name": "one" } },
    text: "several nodes have the node-name one; each needs its own",
  },
  {
    vars: { k3s_agent_config: { "cluster-init": true } },
    text: 'k3s_agent_config has "cluster-init", which is for servers only, and would not start with',
  },
  {
    vars: { k3s_agent_config: { server: "https://x:6443" } },
    text: 'k3s_agent_config has "server", which the role writes itself; say k3s_agent_server_url',
  },
  {
    vars: { k3s_agent_server_url: "http://10.0.0.1:6443" },
    text: 'k3s_agent_server_url is "http://10.0.0.1:6443"; it must be https://host:6443',
  },
  {
    vars: { k3s_server_version: VERSION, k3s_agent_version: "v1.37.0+k3s1" },
    text: `k3s_agent_version v1.37.0+k3s1 is newer than k3s_server_version ${VERSION}; servers go first`,
  },
  {
    vars: { k3s_server_version: VERSION, k3s_agent_version: "v1.32.9+k3s1" },
    text: `k3s_agent_version v1.32.9+k3s1 is more than three minor versions behind k3s_server_version ${VERSION}`,
  },
];

/** All of them in one run: each case is a play of its own, whose servers (or agents) are a group of their own. */
async function said(cases: readonly Case[], role: "k3s-server" | "k3s-agent", more: Variables = {}): Promise<readonly string[]> {
  const names = cases.map((one, index) => Array.from({ length: one.hosts ?? 1 }, (_, host) => `case${index}-${host}`));
  const children = Object.fromEntries(
    cases.map((one, index) => [
      `case${index}`,
      {
        vars: one.vars,
        hosts: Object.fromEntries((names[index] ?? []).map((name, host) => [name, host === 1 ? (one.second ?? {}) : {}])),
      },
    ]),
  );
  const plays = cases.map((_, index) => {
    const own = role === "k3s-server" ? "k3s_host_server_group" : "k3s_host_agent_group";
    const other = role === "k3s-server" ? "k3s_host_agent_group: nobody" : "k3s_host_server_group: servers";
    return `- hosts: case${index}\n  gather_facts: false\n  vars: { ${own}: case${index}, ${other}, k3s_host_cluster: "{{ groups['case${index}'] }}" }\n  roles: [${role}]\n`;
  });
  const inventory = { all: { children: { ...children, servers: { hosts: { elsewhere: {} } } }, vars: more } };
  return refusals(JSON.stringify(inventory), plays.join(""), {}, { each: true });
}

const filled = (text: string, index: number) =>
  text.replace("HOST", `case${index}-0`).replace("FIRST", `case${index}-0`).replace("GROUP", `case${index}`);

const accepted = (all: readonly Variables[]): readonly Case[] => all.map((vars) => ({ vars, text: "" }));

it("refuses, before any host is touched, servers that cannot be", async () => {
  const expected = SERVERS.map((one, index) => `case${index}-0: ${filled(one.text, index)}`);
  const fine = accepted([
    ...right("k3s_server"),
    { ...config({ "write-kubeconfig-name": "x" }), k3s_server_channel: "v1.37" },
    config({ "cluster-cidr": ["10.42.0.0/16", "2001:db8:42::/56"], "service-cidr": "10.43.0.0/16,2001:db8:43::/112" }),
    config({ "cluster-dns": ["10.43.0.10", "10.43.0.11"] }),
  ]);
  expect([...(await said([...SERVERS, ...fine], "k3s-server"))].sort()).toEqual(expected.sort());
});

it("refuses, before any host is touched, servers that cannot be together", async () => {
  const texts = (await said(CLUSTERS, "k3s-server")).map((line) => line.replace(/^\S+: /, ""));
  expect([...new Set(texts)].sort()).toEqual(CLUSTERS.map((one, index) => filled(one.text, index)).sort());
});

it("refuses, before any host is touched, hosts of the wrong groups, and agents without servers", async () => {
  const groups = { server: { both: {} }, agent: { both: {}, agent1: {} }, others: { other: {} } };
  const children = Object.fromEntries(Object.entries(groups).map(([name, hosts]) => [name, { hosts }]));
  const plays = [
    { hosts: "both:agent1", gather_facts: false, roles: ["k3s-server"] },
    { hosts: "both:other", gather_facts: false, roles: ["k3s-agent"] },
  ];
  expect(await refusals(JSON.stringify({ all: { children } }), JSON.stringify(plays))).toEqual([
    "both: both is in the groups server and agent; a server is a node already, so take it out of agent",
    "agent1: the role k3s-server is for hosts of the group server, and agent1 is not in it",
    "both: the role k3s-agent is for hosts of the group agent, and both is a server",
    "other: the role k3s-agent is for hosts of the group agent, and other is not in it",
  ]);
  const alone = { all: { children: { agent: { hosts: { agent1: {} } } } } };
  expect(await refusals(JSON.stringify(alone), JSON.stringify([{ hosts: "agent", roles: ["k3s-agent"] }]))).toEqual([
    "agent1: there is no server to join: the group server is empty, and neither k3s_agent_server_url nor k3s_server_registration_address is set",
    "agent1: the inventory has no server to read the token from; set k3s_agent_token",
  ]);
});

it("does not take for a difference between servers what the play says of all of them", async () => {
  const vars = { ...external, ...config({ "datastore-endpoint": DATABASE, "cluster-cidr": "10.44.0.0/16" }) };
  const folder = mkdtempSync(join(runFolder(), "accepted-"));
  const hosts = { one: {}, two: {}, three: {} };
  writeFileSync(join(folder, "inventory.yaml"), JSON.stringify({ all: { children: { server: { hosts } } } }));
  const play = { hosts: "server", roles: [{ role: "k3s-server", vars }] };
  writeFileSync(join(folder, "playbook.yaml"), JSON.stringify([play]));
  const linted = await k3sprov(["lint", "-i", join(folder, "inventory.yaml"), join(folder, "playbook.yaml")]);
  expect(linted).toMatchObject({ rc: 0, stderr: "" });
});

it("refuses, before any host is touched, agents that cannot be", async () => {
  const expected = AGENTS.map((one, index) => `case${index}-0: ${one.text}`);
  expect([...(await said([...AGENTS, ...accepted(right("k3s_agent"))], "k3s-agent"))].sort()).toEqual(expected.sort());
});

it("takes names of nodes for the same whatever case they are written in, whoever asks", async () => {
  const named = (name: string) => ({ k3s_agent_config: { "node-name": name } });
  const children = { server: { hosts: { one: {} } }, agent: { hosts: { two: named("a"), three: named("A") } } };
  expect(
    await refusals(JSON.stringify({ all: { children } }), JSON.stringify([{ hosts: "agent", roles: ["k3s-agent"] }])),
  ).toEqual([
    "two: several nodes have the node-name a; each needs its own",
    'three: node-name in k3s_agent_config is "A"; a node\'s name has lower-case letters, digits, - and ., with a letter or digit first, last and on both sides of each .',
  ]);
});

it("says once what several roles refuse", async () => {
  const agentless = { "disable-agent": true, "egress-selector-mode": "cluster", "node-label": ["a=b"] };
  const hosts = { one: { k3s_server_config: agentless } };
  const children = {
    server: { hosts },
    agent: { hosts: { two: { ansible_host: "one" } } },
    agentless_server: { hosts: { one: {} } },
  };
  const plays = [
    { hosts: "server", roles: ["agentless-server", "k3s-server"] },
    { hosts: "agent", roles: ["k3s-agent"] },
  ];
  expect(await refusals(JSON.stringify({ all: { children } }), JSON.stringify(plays))).toEqual([
    "one: this server has no agent, and k3s_server_config has node-label, which only an agent reads; leave it out on this host",
    "?: several nodes have the address one; set k3s_node_ip where ansible_host leads to a forwarded port",
  ]);
});
