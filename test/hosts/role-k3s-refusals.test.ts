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
  { vars: config({ token: "x" }), text: 'k3s_server_config has "token", which the role writes itself; say k3s_server_token' },
  {
    vars: config({ server: "https://x:6443" }),
    text: 'k3s_server_config has "server", which the role writes itself; say k3s_server_registration_address',
  },
  {
    vars: config({ "write-kubeconfig-mode": 0o644 }),
    text: 'write-kubeconfig-mode in k3s_server_config is the number 420; quote it, "0640", or K3s sets another mode',
  },
  {
    vars: config({ "data-dir": "/srv/../k3s" }),
    text: 'data-dir in k3s_server_config is "/srv/../k3s"; it must be an absolute path without blanks and ..',
  },
  {
    vars: config({ "private-registry": "registries.yaml" }),
    text: 'private-registry in k3s_server_config is "registries.yaml"; it must be an absolute path without blanks and ..',
  },
  {
    vars: config({ "node-name": "Node_1" }),
    text: `node-name in k3s_server_config is "Node_1"; a node's name has lower-case letters, digits, - and .`,
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
    vars: { k3s_server_registries: { mirrors: { "*": { endpoint: ["https:// mirror"] } } } },
    text: 'k3s_server_registries: endpoint "https:// mirror" of * is no address',
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
    text: "k3s_server_token looks like a bootstrap token (6 characters, a dot, 16 characters), which lets no server in; take another one",
  },
  {
    vars: { k3s_server_token: "a-long-enough-token", k3s_server_agent_token: "a-long-enough-token" },
    text: "k3s_server_agent_token is k3s_server_token, so whoever runs an agent could make a server of it; take another one, or leave it out",
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
  {
    vars: config({ docker: true, "embedded-registry": true }),
    text: "k3s_server_config has docker: true and embedded-registry, which is of K3s' own containerd",
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
  return refusals(JSON.stringify(inventory), plays.join(""));
}

const filled = (text: string, index: number) =>
  text.replace("HOST", `case${index}-0`).replace("FIRST", `case${index}-0`).replace("GROUP", `case${index}`);

it("refuses, before any host is touched, servers that cannot be", async () => {
  const expected = SERVERS.map((one, index) => `case${index}-0: ${filled(one.text, index)}`);
  expect([...(await said(SERVERS, "k3s-server"))].sort()).toEqual(expected.sort());
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
  expect([...(await said(AGENTS, "k3s-agent"))].sort()).toEqual(expected.sort());
});
