import { beforeAll, describe, expect, it } from "vitest";
import { withArtifactServer } from "./artifact-server.ts";
import { apply } from "./cli.ts";
import type { TestHost } from "./host.ts";
import { publishK3s } from "./k3s-release.ts";
import { freshHosts } from "./pool.ts";

// What test/k3s promises to the tests of roles, shown without any role: on hosts of its own with units written by hand.

const VERSION = "v1.34.3+k3s1";
const TOKEN = "a token for servers";
const artifacts = withArtifactServer();
const hosts = freshHosts(4, { prefix: "k3s" });
const server = (number: number): TestHost => {
  const host = hosts()[number - 1];
  if (host === undefined) throw new Error(`there is no server ${number}`);
  return host;
};
const agent = (): TestHost => server(4);

const UNIT = (kind: string) => `[Unit]
Description=Lightweight Kubernetes
[Service]
Type=notify
KillMode=process
TimeoutStartSec=0
Restart=always
RestartSec=1s
ExecStart=/usr/local/bin/k3s ${kind}
`;

async function write(host: TestHost, path: string, text: string): Promise<void> {
  await host.read(`mkdir -p "$(dirname ${path})" && echo ${Buffer.from(text).toString("base64")} | base64 -d >${path}`);
}

const configure = (host: TestHost, lines: readonly string[]): Promise<void> =>
  write(host, "/etc/rancher/k3s/config.yaml", `${lines.join("\n")}\n`);

const joining = (token = TOKEN): readonly string[] => [`token: "${token}"`, `server: https://${server(1).internalAddress}:6443`];

const kubectl = (host: TestHost, command: string): Promise<string> => host.read(`k3s kubectl ${command}`);

/** "k3s1 True True": name, Ready, whether it votes. */
async function nodes(host: TestHost): Promise<readonly string[]> {
  const [ready, votes] = ["Ready", "EtcdIsVoter"].map((type) => `{.status.conditions[?(@.type=="${type}")].status}`);
  const text = await kubectl(host, `get nodes -o 'jsonpath={range .items[*]}{.metadata.name} ${ready} ${votes}{"\\n"}{end}'`);
  return text.split("\n").map((line) => line.trim());
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`in 20 s it did not come about that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const journal = (host: TestHost, unit = "k3s"): Promise<string> => host.read(`journalctl -u ${unit} -o cat --no-pager`);

const DATA = "/var/lib/rancher/k3s/server";

const ALL = ["k3s1 True True", "k3s2 True True", "k3s3 True True", "k3s4 True"];

beforeAll(async () => {
  const asset = `${publishK3s(artifacts(), [VERSION]).base}/download/${encodeURIComponent(VERSION)}/k3s`;
  await Promise.all(
    hosts().map(async (host) => {
      await write(host, "/etc/systemd/system/k3s.service", UNIT("server"));
      await write(host, "/etc/systemd/system/k3s-agent.service", UNIT("agent"));
      await host.read(`cd /usr/local/bin && curl -fsSo k3s ${asset} && chmod 755 k3s && systemctl daemon-reload`);
    }),
  );
  await configure(server(1), [`token: "${TOKEN}"`, "cluster-init: true", "node-label: [place=here]", "tokn: x"]);
  await server(1).read("systemctl start k3s");
  for (const host of [server(2), server(3)]) {
    await configure(host, joining());
    await host.read("systemctl start k3s");
  }
  await configure(agent(), [...joining(), 'node-taint: ["only=these:NoSchedule"]']);
  await agent().read("systemctl start k3s-agent");
});

describe("the stand-in of K3s", () => {
  it("is served as a release with its checksum, by version and by channel", async () => {
    const { base, channels } = publishK3s(artifacts(), ["v1.33.7+k3s1", VERSION]);
    const folder = `${base}/download/${encodeURIComponent(VERSION)}`;
    const script = `cd /tmp && curl -fsSO ${folder}/k3s && curl -fsSO ${folder}/sha256sum-amd64.txt && sha256sum -c --ignore-missing sha256sum-amd64.txt && sha256sum k3s /usr/local/bin/k3s | cut -d' ' -f1 | uniq | wc -l`;
    expect(await agent().read(script)).toBe("k3s: OK\n1");
    expect(await agent().read(`curl -fsSLw '%{url_effective}' -o /dev/null ${channels}/v1.33`)).toMatch(
      /\/tag\/v1\.33\.7%2Bk3s1$/,
    );
    expect(await agent().read("k3s --version")).toMatch(/^k3s version v1\.34\.3\+k3s1 \([0-9a-f]{8}\)\ngo version go/);
  });

  it("forms a cluster of servers that vote and an agent", async () => {
    await until("all nodes are ready", async () => (await nodes(server(3))).join() === ALL.join());
    expect(await kubectl(server(2), "get node k3s1 -o jsonpath='{.metadata.labels.place}'")).toBe("here");
    expect(await kubectl(server(2), "get node k3s4 -o jsonpath='{.spec.taints[*].key}'")).toBe("only");
    expect(await journal(server(1))).toContain("Unknown flag --tokn found in config.yaml, skipping");
    const address = `https://${server(1).internalAddress}:6443`;
    expect(await agent().read(`curl -sk ${address}/ping && curl -sko /dev/null -w ' %{http_code}' ${address}/readyz`)).toBe(
      "pong 401",
    );
    expect(await kubectl(server(1), "get --raw /readyz")).toBe("ok");
    const secure = `K10$(curl -sk ${address}/cacerts | sha256sum | cut -d' ' -f1)::server:${TOKEN}`;
    expect(await server(1).read(`[ "$(cat /var/lib/rancher/k3s/server/token)" = "${secure}" ] && echo same`)).toBe("same");
  });

  it("answers what our module for Kubernetes asks", async () => {
    const play = `- hosts: ${server(1).name}
  tasks:
    - name: A secret
      k8s:
        kubectl: /usr/local/bin/k3s kubectl
        definition:
          - { apiVersion: v1, kind: Namespace, metadata: { name: shop } }
          - { apiVersion: v1, kind: Secret, metadata: { name: key, namespace: shop }, stringData: { key: value } }
          - { apiVersion: helm.cattle.io/v1, kind: HelmChart, metadata: { name: logs, namespace: kube-system }, spec: { chart: logs } }
`;
    expect((await apply(server(1), play)).changes[server(1).name]).toEqual(["A secret"]);
    expect((await apply(server(1), play)).changes[server(1).name] ?? []).toEqual([]);
    expect(await kubectl(server(3), "-n shop get secret key -o jsonpath='{.data.key}' | base64 -d")).toBe("value");
    await server(2).read(
      "k3s kubectl label node k3s4 place=there && k3s kubectl taint node k3s4 only:NoSchedule- && k3s kubectl drain k3s4",
    );
    expect(await kubectl(server(1), "get nodes k3s4")).toMatch(/k3s4 +Ready,SchedulingDisabled +<none> /);
  });

  it("knows who is away, and does nothing without a majority", async () => {
    await Promise.all([agent().read("systemctl stop k3s-agent"), server(2).read("systemctl stop k3s")]);
    await until("two are not ready", async () => (await nodes(server(1))).filter((one) => / Unknown/.test(one)).length === 2);
    await server(1).read("systemctl stop k3s");
    await until("the last one is alone", async () => (await server(3).exec("k3s kubectl get nodes")).rc !== 0);
    const alone = await server(3).exec("k3s kubectl label node k3s4 place=nowhere --overwrite");
    expect(alone).toMatchObject({ rc: 1, stderr: "Error from server (InternalError): etcdserver: request timed out\n" });
    await Promise.all([server(1), server(2)].map((host) => host.read("systemctl start k3s")));
    await agent().read("systemctl start k3s-agent");
    await until("all nodes are ready", async () => (await nodes(server(2))).join() === ALL.join());
    expect(await kubectl(server(2), "get node k3s4 -o jsonpath='{.metadata.labels.place}'")).toBe("there");
  });

  it("makes snapshots while it runs, at the address that it is told", async () => {
    expect(await server(2).read(`cd ${DATA}/db/etcd && cat name && echo && ls member/wal`)).toMatch(
      /^k3s2-[0-9a-f]{8}\n0+-0+\.wal$/,
    );
    const saved = await server(2).exec("k3s etcd-snapshot save --name before");
    expect(saved.stderr).toMatch(/level=info msg="Snapshot before-k3s2-\d+ saved\."/);
    expect(await server(2).read("k3s etcd-snapshot ls")).toContain(`file://${DATA}/db/snapshots/before-k3s2-`);
    // What config.yaml says of the port does not count.
    await configure(server(2), [...joining(), "https-listen-port: 7443", "disable-apiserver: true"]);
    await server(2).read("systemctl restart k3s");
    const refused = await server(2).exec("k3s etcd-snapshot save");
    expect(refused.rc).toBe(1);
    expect(refused.stderr).toContain("dial tcp 127.0.0.1:6443: connect: connection refused");
    expect((await server(2).exec("k3s etcd-snapshot save --etcd-server https://127.0.0.1:7443")).rc).toBe(0);
    expect((await server(2).exec("k3s etcd-snapshot ls -s https://127.0.0.1:7443")).rc).toBe(0);
    expect(await server(2).exec("k3s kubectl get --raw /readyz")).toMatchObject({
      rc: 1,
      stderr: "Error from server (ServiceUnavailable): apiserver disabled\n",
    });
    await configure(server(2), joining());
    await server(2).read("systemctl restart k3s");
    await until("all nodes are ready", async () => (await nodes(server(1))).join() === ALL.join());
  });

  it("takes a lost server back once its node is deleted, and no node under another's name", async () => {
    await server(3).read("systemctl stop k3s && rm -rf /var/lib/rancher /etc/rancher/node && systemctl start --no-block k3s");
    await until("it is refused", async () =>
      (await journal(server(3))).includes("etcd cluster join failed: duplicate node name found"),
    );
    await kubectl(server(1), "delete node k3s3");
    await until("it is back", async () => (await nodes(server(1))).join() === ALL.join());
    await agent().read("systemctl stop k3s-agent && rm -rf /etc/rancher/node && systemctl start --no-block k3s-agent");
    await until("it is refused", async () =>
      (await journal(agent(), "k3s-agent")).includes("Node password rejected, duplicate hostname"),
    );
    await kubectl(server(1), "delete node k3s4");
    await until("it is back", async () => (await nodes(server(1))).join() === ALL.join());
  });

  it("is closed with its token, and ends where servers disagree", async () => {
    await server(1).read(`k3s token rotate --token '${TOKEN}' --new-token 'the next token'`);
    await server(2).read("systemctl restart --no-block k3s");
    await until("it is refused", async () => (await journal(server(2))).includes("encrypted with different token"));
    await configure(server(2), joining("the next token"));
    await configure(server(1), ['token: "the next token"', "cluster-init: true"]);
    for (const host of [server(2), server(1)]) await host.read("systemctl restart k3s");
    await server(3).read("systemctl stop k3s && rm -rf /var/lib/rancher");
    await configure(server(3), [...joining("the next token"), "cluster-cidr: 10.50.0.0/16"]);
    await server(3).read("systemctl start --no-block k3s");
    const line = "critical configuration value mismatch between servers: cluster-cidr";
    await until("it is refused", async () => (await journal(server(3))).includes(line));
  });

  it("ends where an agent has a key that it does not know", async () => {
    await agent().read("systemctl stop k3s-agent");
    await configure(agent(), [...joining(), "flannel-backend: none"]);
    await agent().read("systemctl start --no-block k3s-agent");
    const line = 'level=fatal msg="Error: flag provided but not defined: -flannel-backend"';
    await until("it is refused", async () => (await journal(agent(), "k3s-agent")).includes(line));
    expect(await journal(agent(), "k3s-agent")).toContain("Incorrect Usage: flag provided but not defined: -flannel-backend");
    await agent().read("systemctl stop k3s-agent");
  });

  it("has no etcd without being told, and no network without flannel", async () => {
    const host = server(4);
    await host.read("rm -rf /var/lib/rancher /etc/rancher/node");
    await configure(host, ["flannel-backend: none"]);
    await host.read("systemctl start k3s");
    await until("the node is there", async () => (await nodes(host)).join() === "k3s4 False");
    const message = await kubectl(host, `get node k3s4 -o jsonpath='{.status.conditions[?(@.type=="Ready")].message}'`);
    expect(message).toContain("message:Network plugin returns error: cni plugin not initialized");
    await write(host, "/etc/cni/net.d/10-other.conflist", "{}");
    await until("the node is ready", async () => (await nodes(host)).join() === "k3s4 True");
    await host.read("rm /etc/cni/net.d/10-other.conflist");
    await until("the node is not ready", async () => (await nodes(host)).join() === "k3s4 False");
    expect(await host.read(`cd ${DATA} && ls db/etcd && cmp tls/server-ca.crt tls/server-ca.nochain.crt`)).toBe("name");
    const refused = await host.exec("k3s etcd-snapshot save");
    expect(refused.rc).toBe(1);
    expect(refused.stderr).toContain("etcd datastore disabled");
    const table = (await host.exec("k3s certificate check --output table")).stdout;
    expect(table).toMatch(
      /^\nFILENAME +SUBJECT .*\n-{8} +-{7} .*\nclient-admin\.crt +.* [A-Z][a-z]{2} \d\d, \d{4} \d\d:\d\d UTC {3}/,
    );
  });
});
