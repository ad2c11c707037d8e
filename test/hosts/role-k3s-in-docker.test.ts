import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { apply } from "./cli.ts";
import { converges } from "./converges.ts";
import type { TestHost } from "./host.ts";
import { messagesOf } from "./messages.ts";
import { freshHost } from "./pool.ts";
import { refusals } from "./refusals.ts";
import { runFolder } from "./run.ts";

type Variables = Readonly<Record<string, unknown>>;
const named = (vars: Variables) =>
  Object.fromEntries(Object.entries(vars).map(([name, value]) => [`k3s_in_docker_${name}`, value]));
/** A play of the role, once for each node; names of variables go without the role's. */
const nodes = (...all: readonly Variables[]): string =>
  JSON.stringify([{ hosts: "all", become: true, roles: all.map((vars) => ({ role: "k3s-in-docker", vars: named(vars) })) }]);
const of = (...names: readonly string[]) => names.map((name) => `k3s-in-docker : ${name}`);

/** What K3s does of which the role knows: reads its configuration at its start, writes kubeconfig and password, and is ready after a while. */
const K3S = `#!/bin/sh
echo "level=info msg=\\"Starting k3s $1 with $(cat /etc/rancher/k3s/token) and K10${"a".repeat(64)}::server:hidden\\""
if grep -q egress-selector-mode /etc/rancher/k3s/config.yaml; then
  echo 'level=fatal msg="Error: invalid egress-selector-mode"' >&2; sleep 1; exit 1
fi
mkdir -p /etc/rancher/node /var/lib/rancher/k3s/agent /www
[ -e /etc/rancher/node/password ] || head -c 16 /dev/urandom | md5sum >/etc/rancher/node/password
cp /etc/rancher/k3s/config.yaml /www/config; hostname >/www/hostname; echo "$FLAVOUR" >/www/flavour
case $1 in
server) cat >/etc/rancher/k3s/k3s.yaml <<END
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ZGVmYXVsdA==
    server: https://127.0.0.1:6443
  name: default
contexts:
- context: {cluster: default, namespace: default, user: default}
  name: default
current-context: default
kind: Config
users:
- name: default
  user: {client-key-data: ZGVmYXVsdA==}
END
;;
agent) touch /var/lib/rancher/k3s/agent/kubelet.kubeconfig;;
esac
httpd -p 6443 -h /www
trap 'exit 0' TERM
sleep 2; touch /run/ready
while :; do sleep 1 & wait; done
`;
const KUBECTL = `#!/bin/sh
case "$*" in
"get --raw /readyz") [ -e /etc/rancher/k3s/k3s.yaml ];;
"--kubeconfig /var/lib/rancher/k3s/agent/kubelet.kubeconfig get --raw /readyz") [ -e /var/lib/rancher/k3s/agent/kubelet.kubeconfig ];;
*) false;;
esac && [ -e /run/ready ] && echo ok && exit
echo 'The connection to the server 127.0.0.1:6443 was refused' >&2; exit 1
`;

/** Builds the image there, takes its archive to the control node, and leaves nothing of it. */
async function buildImage(host: TestHost): Promise<string> {
  const write = (path: string, text: string) =>
    `echo ${Buffer.from(text).toString("base64")} | base64 -d >${path}; chmod 755 ${path}`;
  const lines = ["FROM scratch", "ADD busybox.tar /", "COPY k3s kubectl /bin/", "VOLUME /var/lib/kubelet /var/lib/rancher/k3s"];
  const saved = await host.read(`mkdir /tmp/image; cd /tmp/image; cp /srv/images/busybox.tar .
${write("k3s", K3S)}
${write("kubectl", KUBECTL)}
${write("Dockerfile", [...lines, 'ENTRYPOINT ["/bin/k3s"]', "ENV FLAVOUR=plain"].join("\n"))}
docker build -q -t rancher/k3s:v1.34.2-k3s1 . >/dev/null && docker save rancher/k3s:v1.34.2-k3s1 | gzip -1 | base64 -w0
docker image rm rancher/k3s:v1.34.2-k3s1 >/dev/null; cd /; rm -r /tmp/image`);
  const archive = join(runFolder(), "k3s-image.tar.gz");
  writeFileSync(archive, Buffer.from(saved, "base64"));
  return archive;
}

describe("role k3s-in-docker", { timeout: 300_000 }, () => {
  const host = freshHost({ image: "cluster" });
  let server: Variables = {};
  beforeAll(async () => {
    const archive = await buildImage(host());
    // The kernel's modules are not in a test host, and Docker would make the folder; nor may a test host hand all rights on.
    server = {
      version: "v1.34.2+k3s1",
      image_archive: archive,
      volumes: [],
      privileged: false,
      network: "k3s",
      token: "s3cret-token",
      env: { FLAVOUR: "a b" },
    };
  }, 120_000);
  const folder = "/var/lib/k3s-in-docker/k3s";
  const run = of("Run the container");

  it("keeps its promises", async () => {
    const { again } = await converges(host(), nodes({ ...server, ports: ["127.0.0.1:8080:80"] }), {
      changed: of(
        "Bring the image",
        "Make the network",
        "Create the node's folders",
        "Write the token",
        "Configure K3s",
        "Configure the registries",
        "Run the container",
        "Write the kubeconfig",
      ),
      disturb: [
        {
          by: `sed -i s/s3cret/other/ ${folder}/etc/k3s/token; echo 'debug: true' >>${folder}/etc/k3s/config.yaml; chmod 644 ${folder}/etc/k3s/registries.yaml
chmod 755 ${folder}; sed -i s/6443/6444/ ${folder}/kubeconfig.yaml
docker rm -f k3s; docker create --name k3s --network k3s rancher/k3s:v1.34.2-k3s1 agent; docker start k3s`,
          repairedBy: [
            ...of("Create the node's folders", "Write the token", "Configure K3s", "Configure the registries"),
            ...run,
            ...of("Write the kubeconfig"),
          ],
        },
      ],
      absent: nodes({ ...server, state: "absent" }),
    });
    expect(again.costs["fresh1"]?.roundTrips).toBeLessThanOrEqual(3);
  });

  it("runs a server and an agent beside it, with what they are told, and shows no secret", async () => {
    const agent = {
      ...server,
      name: "worker",
      role: "agent",
      server_url: "https://k3s:6443",
      registries: { mirrors: { "*": null } },
    };
    const report = await apply(host(), nodes({ ...server, kubeconfig_context: "edge" }, agent), { args: ["--diff", "-vv"] });
    expect(report.stdout + report.stderr).not.toContain("s3cret-token");
    expect(await host().read("docker inspect k3s worker; ps ax -o args")).not.toContain("s3cret-token");
    const asked = (what: string) => host().read(`curl -s http://127.0.0.1:6443/${what}`);
    expect([await asked("hostname"), await asked("flavour")]).toEqual(["fresh1-k3s", "a b"]);
    expect(await asked("config")).toBe(
      `# Written by k3sprov, role k3s-in-docker.\ntls-san:\n- ${host().address}\n- k3s\ntoken-file: /etc/rancher/k3s/token`,
    );
    expect(await host().read("cat /var/lib/k3s-in-docker/k3s/kubeconfig.yaml")).toBe(`apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ZGVmYXVsdA==
    server: https://${host().address}:6443
  name: edge
contexts:
- context:
    cluster: edge
    namespace: default
    user: edge
  name: edge
current-context: edge
kind: Config
users:
- name: edge
  user:
    client-key-data: ZGVmYXVsdA==`);
    expect(await host().read("docker exec worker cat /etc/rancher/k3s/registries.yaml")).toContain("mirrors:");
    expect(
      await host().read("docker network inspect -f '{{range .Containers}}{{println .Name}}{{end}}' k3s | sort | xargs"),
    ).toBe("k3s worker");

    // Another setting makes another container, with the same data and password, and leaves no volume behind.
    const kept = `cat ${folder}/etc/node/password; docker volume ls -q | wc -l`;
    const before = await host().read(kept);
    const changed = await apply(
      host(),
      nodes({ ...server, kubeconfig_context: "edge", env: { FLAVOUR: "b" }, api_port: 7443 }, agent),
    );
    expect(changed.changes["fresh1"]).toEqual(of("Run the container", "Write the kubeconfig"));
    expect(await host().read(kept)).toBe(before);
    expect(await host().read("curl -s http://127.0.0.1:7443/flavour")).toBe("b");
    // And another configuration restarts the one that is there.
    const id = await host().read("docker inspect -f '{{.Id}}' worker");
    const restarted = await apply(host(), nodes({ ...agent, config: { "node-label": ["a=b"] } }));
    expect(restarted.changes["fresh1"]).toEqual(of("Configure K3s", "Run the container"));
    expect(await host().read("docker inspect -f '{{.Id}}' worker; docker exec worker cat /www/config")).toContain(`${id}\n`);
    expect(await host().read("docker exec worker cat /www/config")).toContain("a=b");

    // One leaves, with what is not the other's; and comes back as the one that it was.
    await apply(host(), nodes({ ...server, state: "absent", keep_data: true }));
    expect(
      await host().read(
        `docker ps -a --format '{{.Names}}'; docker network ls -q -f name=k3s | wc -l; cd ${folder}; find . -type f`,
      ),
    ).toBe("worker\n1\n./etc/node/password");
    await apply(host(), nodes(server));
    expect(await host().read(kept)).toBe(before);
  });

  it("says what K3s said when it does not get ready, and refuses cgroup v1 where K3s does not start there", async () => {
    const broken = { ...server, config: { "egress-selector-mode": "no" }, ready_timeout: 10 };
    const said = messagesOf(await apply(host(), nodes(broken), { rc: 2 }));
    expect(said).toMatch(/K3s in the container k3s was not ready within 10 s \(.+\); its last messages:/);
    expect(said).toContain('level=fatal msg="Error: invalid egress-selector-mode"');
    expect(said).toContain("and ********");
    const isOld = (await host().exec("[ -e /sys/fs/cgroup/cgroup.controllers ]")).rc !== 0;
    const newer = messagesOf(await apply(host(), nodes({ ...server, version: "v1.36.3+k3s1" }), { rc: 2 }));
    expect(newer).toContain(
      isOld
        ? "the host has cgroup v1, and K3s v1.36.3-k3s1 does not start there: boot with systemd.unified_cgroup_hierarchy=1, or say kubelet-arg: [fail-cgroupv1=false] in k3s_in_docker_config"
        : "has no image rancher/k3s:v1.36.3-k3s1; docker says: Loaded image: rancher/k3s:v1.34.2-k3s1",
    );
    const other = { ...server, version: "v1.33.1+k3s1" };
    expect(messagesOf(await apply(host(), nodes(other), { rc: 2 }))).toContain(
      "has no image rancher/k3s:v1.33.1-k3s1; docker says: Loaded image: rancher/k3s:v1.34.2-k3s1",
    );
  });
});

const NO_TOKEN =
  "k3s_in_docker_token is no token: it must be one word of printable characters, and K10<64 digits>::user:password when it begins with K10";
const BOOTSTRAP =
  "k3s_in_docker_token looks like a bootstrap token (6 characters, a dot, 16 characters), which lets no server in; take another one";

/** Hosts that cannot work, and what is said of each. */
const WRONG: readonly (readonly [Variables, string])[] = [
  [{ tag: "v1.36.3+k3s1" }, 'k3s_in_docker_tag is "v1.36.3+k3s1", and Docker\'s tags cannot have a +; say v1.36.3-k3s1'],
  [
    { tag: "latest" },
    'k3s_in_docker_tag is "latest", which is another K3s each day, and none that K3s publishes on purpose; say a version, such as v1.36.3+k3s1',
  ],
  [
    { version: "latest" },
    'k3s_in_docker_version is "latest", which is another K3s each day, and none that K3s publishes on purpose; say a version, such as v1.36.3+k3s1',
  ],
  [
    { tag: "v1.36.3-k3s1-riscv" },
    'k3s_in_docker_tag is "v1.36.3-k3s1-riscv"; K3s\' tags are like v1.36.3-k3s1, with -amd64, -arm64, -arm or -s390x behind it at most',
  ],
  [
    { version: "" },
    "k3s_in_docker_version is empty, and without it nobody knows which K3s runs; say one, such as v1.36.3+k3s1, or k3s_in_docker_tag",
  ],
  [{ version: "1.36.3" }, 'k3s_in_docker_version is "1.36.3"; K3s\' versions are like v1.36.3+k3s1: did you mean v1.36.3+k3s1?'],
  [{ version: "stable" }, 'k3s_in_docker_version is "stable"; K3s\' versions are like v1.36.3+k3s1'],
  [
    { image: "rancher/k3s:v1.36.3-k3s1" },
    'k3s_in_docker_image is "rancher/k3s:v1.36.3-k3s1"; it must be a repository, such as rancher/k3s or registry.example:5000/rancher/k3s; the tag belongs into k3s_in_docker_version or k3s_in_docker_tag',
  ],
  [
    { image: "rancher/k3s@sha256:abc" },
    'k3s_in_docker_image is "rancher/k3s@sha256:abc"; a digest is @sha256: and 64 hexadecimal digits, and stands in the place of the tag',
  ],
  [
    { name: "my node", hostname: "node", kubeconfig: "/etc/kubeconfig" },
    'k3s_in_docker_name is "my node"; it must begin with a letter or digit, and hold no more than those and _ . -',
  ],
  [{ hostname: "Node_1" }, 'k3s_in_docker_hostname is "Node_1"; a node\'s name has lower-case letters, digits and -, 63 at most'],
  [
    { role: "agent", token: "x" },
    "an agent needs a server to join; say k3s_in_docker_server_url, such as https://server1.example:6443",
  ],
  [
    { role: "agent", server_url: "https://server1:6443" },
    "k3s_in_docker_token is needed to join https://server1:6443; it is in /var/lib/rancher/k3s/server/token there",
  ],
  [
    { server_url: "http://server1:6443", token: "x" },
    'k3s_in_docker_server_url is "http://server1:6443"; it must be https://host:port, and nothing behind it',
  ],
  ...["two words", "K10abc::server:x", `K10${"a".repeat(64)}:server:x`].map((token) => [{ token }, NO_TOKEN] as const),
  ...["abcdef.0123456789abcdef", `K10${"a".repeat(64)}::abcdef.0123456789abcdef`].map((token) => [{ token }, BOOTSTRAP] as const),
  [
    { config: { "tls-sans": ["x"] } },
    "k3s_in_docker_config has tls-sans, which K3s does not know, and would skip without a word",
  ],
  [
    { config: { "node-labels+": ["a=b"] } },
    "k3s_in_docker_config has node-labels, which K3s does not know, and would skip without a word",
  ],
  [
    { config: { "disable-apiserver-lb": true } },
    "k3s_in_docker_config has disable-apiserver-lb, which is for agents only, and would skip without a word",
  ],
  [
    { role: "agent", server_url: "https://server1:6443", token: "x", config: { "cluster-cidr": "10.42.0.0/16" } },
    "k3s_in_docker_config has cluster-cidr, which is for servers only, and would not start with",
  ],
  [
    { role: "agent", server_url: "https://server1:6443", token: "x", config: { "node-labels": ["a=b"] } },
    "k3s_in_docker_config has node-labels, which K3s does not know, and would not start with",
  ],
  [
    { registries: { mirrors: { "docker.io": { endpoint: "https://mirror.example" } } } },
    'k3s_in_docker_registries: endpoint of docker.io must be a list, such as ["https://mirror.example"], and is "https://mirror.example"',
  ],
  [
    { registries: { mirrors: { "docker.io": { endpoint: ["ftp://mirror.example"] } } } },
    'k3s_in_docker_registries: endpoint "ftp://mirror.example" of docker.io is no address; write https://host or http://host, with a port and a path if it has them',
  ],
  [{ registries: { mirror: {} } }, "k3s_in_docker_registries has mirror; it may have mirrors and configs"],
  [{ config: { "token+": "x" } }, "k3s_in_docker_config has token: say k3s_in_docker_token, which is kept in a file of its own"],
  [{ config: { token: "x" } }, "k3s_in_docker_config has token: say k3s_in_docker_token, which is kept in a file of its own"],
  [{ config: { rootless: true } }, "k3s_in_docker_config has rootless: K3s in a container does not work without root"],
  [
    { config: { "write-kubeconfig-mode": 420 } },
    "write-kubeconfig-mode in k3s_in_docker_config is a number for YAML; put it in quotes",
  ],
  [
    { env: { K3S_TOKEN: "x" } },
    "k3s_in_docker_env has K3S_TOKEN, which docker inspect shows to everybody; say k3s_in_docker_token",
  ],
  [
    { env: { K3S_URL: "https://x:6443" } },
    "k3s_in_docker_env has K3S_URL, which the role sets in its own way; say k3s_in_docker_server_url, k3s_in_docker_config or k3s_in_docker_dir",
  ],
  [{ env: { DEBUG: true } }, "k3s_in_docker_env has true for DEBUG, which could be written in several ways; put it in quotes"],
  [{ ports: ["http"] }, 'k3s_in_docker_ports has "http"; a port is like 80:80, 127.0.0.1:8080:80 or 8472:8472/udp'],
  [{ api_port: 65536 }, "k3s_in_docker_api_port is 65536, and must be 1 to 65535, or 0 for none"],
  [
    { ports: ["127.0.0.1:6443:443"] },
    "k3s_in_docker_ports publishes 6443, which is k3s_in_docker_api_port already; take one of them out",
  ],
  [
    { network: "host", ports: ["80:80"] },
    "with k3s_in_docker_network host all ports are the host's, and k3s_in_docker_ports has no effect; leave it empty",
  ],
  [
    { network: "container:web" },
    'k3s_in_docker_network is "container:web"; it must be the name of a Docker network, host, or empty',
  ],
  [
    { volumes: ["/srv:/var/lib/rancher/k3s"] },
    'k3s_in_docker_volumes has "/srv:/var/lib/rancher/k3s"; it must be source:/target or source:/target:options, and /etc/rancher and /var/lib/rancher/k3s are the role\'s',
  ],
  [
    { dir: "/srv/../k3s", kubeconfig: "/srv/kubeconfig" },
    'k3s_in_docker_dir is "/srv/../k3s"; it must be an absolute path without .., blanks, quotes and colons',
  ],
  [{ ready_timeout: 5 }, "k3s_in_docker_ready_timeout is 5, and K3s needs more than ten seconds to start"],
];

/** What goes well although it looks like the above. */
const RIGHT: readonly Variables[] = [
  { version: "", tag: "v1.36.3-rc1-k3s2-arm64" },
  { version: "v1.36.3-k3s1" },
  { version: "", image: `registry.example:5000/rancher/k3s@sha256:${"0".repeat(64)}` },
  {
    image: "registry.example:5000/rancher/k3s",
    network: "host",
    server_url: "https://[fd00::1]:6443",
    token: `K10${"a".repeat(64)}::server:x`,
    config: { "tls-san": ["x"], "node-label+": ["a=b"], "write-kubeconfig-mode": "0644" },
    registries: { mirrors: { "*": null, "docker.io": { endpoint: ["mirror.example", "http://mirror.example:5000/v2"] } } },
  },
  {
    role: "agent",
    server_url: "https://server1:6443",
    token: `K10${"a".repeat(64)}::abcdef.0123456789abcdef`,
    config: { "disable-apiserver-lb": true, "node-label": ["a=b"] },
  },
  { version: "", state: "absent" },
];

it("refuses, before any host is touched, what could not work", async () => {
  const given = { version: "v1.36.3+k3s1" };
  const all = [...WRONG.map(([vars]) => vars), ...RIGHT];
  const hosts = Object.fromEntries(all.map((vars, index) => [`case${index}`, named({ ...given, ...vars })]));
  const play = JSON.stringify([{ hosts: "all", roles: ["k3s-in-docker"] }]);
  const said = await refusals(JSON.stringify({ all: { hosts } }), play, {}, { each: true });
  expect(said.toSorted()).toEqual(WRONG.map(([, text], index) => `case${index}: ${text}`).toSorted());

  const agent = { role: "k3s-agent", vars: { k3s_agent_server_url: "https://x:6443", k3s_agent_token: "a-long-enough-token" } };
  const both = [{ hosts: "agent", roles: [agent, { role: "k3s-in-docker", vars: named(given) }] }];
  expect(await refusals(JSON.stringify({ agent: { hosts: { one: {} } } }), JSON.stringify(both))).toEqual([
    "one: one gets the role k3s-agent too, and K3s in Docker beside it takes the same ports; leave out one of them",
  ]);
});
