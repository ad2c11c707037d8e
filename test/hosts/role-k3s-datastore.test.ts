import { describe, expect, it } from "vitest";
import { withArtifactServer } from "./artifact-server.ts";
import { type ApplyOptions, apply, type RunReport } from "./cli.ts";
import { startExternalEtcd, writeFiles } from "./etcd.ts";
import type { TestHost } from "./host.ts";
import { publishK3s } from "./k3s-release.ts";
import { installed, RUN, step } from "./k3s-steps.ts";
import { playbooks } from "./play.ts";
import { freshHost, freshHosts } from "./pool.ts";

const VERSION = "v1.34.3+k3s3";
const SERVERS = playbooks("k3s-server");
const FOUND = step("Write how to found the cluster, or whom to join");

const nodes = async (host: TestHost): Promise<readonly string[]> => {
  const path = '{range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}';
  return (await host.read(`k3s kubectl get nodes -o 'jsonpath=${path}'`)).trim().split("\n").sort();
};

const artifacts = withArtifactServer();
const run = (members: readonly TestHost[], variables: object, more: ApplyOptions = {}): Promise<RunReport> =>
  apply(members, SERVERS, {
    groups: { server: members },
    hostVars: (host) => ({ k3s_node_ip: host.internalAddress }),
    timeoutMs: 200_000,
    ...more,
    vars: {
      k3s_server_version: VERSION,
      k3s_server_download_url: `${publishK3s(artifacts(), [VERSION]).base}/download`,
      k3s_server_health_timeout: 60,
      ...variables,
    },
  });

describe("servers with an external datastore", () => {
  const hosts = freshHosts(2);
  const etcd = freshHost({ image: "etcd", name: "datastore" });

  it("share what is in it", { timeout: 400_000 }, async () => {
    const [first, second] = hosts() as readonly [TestHost, TestHost];
    const { address, ca, certificate, key } = await startExternalEtcd(etcd());
    const config = {
      // etcd itself goes by the certificate: the password is there to be hidden.
      "datastore-endpoint": address.replace("//", "//k3s:hunter2@"),
      "datastore-cafile": "/etc/datastore/ca.crt",
      "datastore-certfile": "/etc/datastore/k3s.crt",
      "datastore-keyfile": "/etc/datastore/k3s.key",
    };
    const variables = { k3s_server_token: "a-long-enough-token", k3s_server_config: config };
    await writeFiles(first, "/etc/datastore", { "ca.crt": ca, "k3s.crt": certificate, "k3s.key": key });
    await writeFiles(second, "/etc/datastore", { "ca.crt": ca, "k3s.crt": certificate });
    const refused = await run([second], variables, { rc: 2 });
    expect(refused.stdout).toContain(
      "k3s_server_config names /etc/datastore/k3s.key for the datastore, and the host has no such file; put it there first",
    );
    expect(refused.changes).toEqual({});
    await writeFiles(second, "/etc/datastore", { "k3s.key": key });

    const expected = { host1: installed(), host2: installed() };
    const shown = ["--diff", "-vvv"];
    const check = await run(hosts(), variables, { check: true, args: shown });
    const applied = await run(hosts(), variables, { args: shown });
    expect(check.changes).toEqual(expected);
    expect(applied.changes).toEqual(expected);
    for (const said of [check, applied, refused]) expect(said.stdout + said.stderr).not.toContain("hunter2");
    for (const host of hosts()) {
      await expect.poll(() => nodes(host), { timeout: 30_000 }).toEqual(["host1 True", "host2 True"]);
      expect(
        await host.read("stat -c '%a %U' /etc/rancher/k3s/config.yaml; ls -d /var/lib/rancher/k3s/server/db/*/member || true"),
      ).toBe("600 root");
    }
    // What one server has been told the other one knows: there is one cluster.
    await first.read("k3s kubectl create configmap told --from-literal=to=first");
    await expect.poll(() => second.read("k3s kubectl get configmap told -o name"), { timeout: 10_000 }).toBe("configmap/told");
    expect((await run(hosts(), variables)).changes).toEqual({});

    // One server is lost and built anew: it finds everything in the datastore.
    await first.read(
      "systemctl disable -q --now k3s; rm -rf /var/lib/rancher /etc/rancher /usr/local/bin/* /etc/systemd/system/k3s*; systemctl daemon-reload; systemctl reset-failed",
    );
    await expect.poll(() => nodes(second), { timeout: 30_000 }).toContain("host1 Unknown");
    expect((await run(hosts(), variables)).changes).toEqual({
      host1: [step("Remove the node of the host that was lost"), ...installed()],
    });
    expect(await first.read("k3s kubectl get configmap told -o name")).toBe("configmap/told");

    const otherToken = await run(hosts(), { ...variables, k3s_server_token: "another-long-token" }, { rc: 2 });
    expect(otherToken.stdout).toContain("k3s_server_token is not the token that this server's data are encrypted with");
    const without = await run(hosts(), { k3s_server_token: "a-long-enough-token", k3s_server_allow_even: true }, { rc: 2 });
    expect(without.stdout).toContain(
      "this server has its data in an external datastore, and the inventory gives it etcd; K3s takes nothing along but from SQLite into etcd.",
    );
    expect([otherToken.changes, without.changes]).toEqual([{}, {}]);
  });
});

describe("a server with SQLite", () => {
  const hosts = freshHosts(2, { prefix: "lite" });

  it("takes its data into etcd, and a second server with it", { timeout: 400_000 }, async () => {
    const [first, second] = hosts() as readonly [TestHost, TestHost];
    const CLUSTER_INIT = { k3s_server_config: { "cluster-init": true } };
    const database = "ls -d /var/lib/rancher/k3s/server/db/*";
    await run([first], {});
    expect(await first.read(database)).toContain("/state.db");
    await first.read("k3s kubectl create configmap told --from-literal=to=sqlite");
    const token = await first.read("cat /var/lib/rancher/k3s/server/token");

    const expected = { lite1: [FOUND, RUN] };
    expect((await run([first], CLUSTER_INIT, { check: true })).changes).toEqual(expected);
    expect((await run([first], CLUSTER_INIT)).changes).toEqual(expected);
    expect(await first.read(database)).toContain("/etcd");
    expect(await first.read("k3s kubectl get configmap told -o name; cat /var/lib/rancher/k3s/server/token")).toBe(
      `configmap/told\n${token}`,
    );
    expect((await run([first], CLUSTER_INIT)).changes).toEqual({});
    // What has been etcd stays etcd, whoever leaves cluster-init out or asks for SQLite.
    expect((await run([first], {})).changes).toEqual({});
    const back = await run([first], { k3s_server_datastore: "sqlite" }, { rc: 2 });
    expect(back.stdout).toContain("this server has its data in etcd, and the inventory gives it SQLite; K3s takes nothing along");

    const pair = { k3s_server_allow_even: true };
    // A server that was a cluster of its own is not made one of another.
    await run([second], {});
    const two = await run([second, first], pair, { rc: 2 });
    expect(two.stdout).toContain("this server has a cluster of its own with SQLite, and lite1 has another one");
    await apply(second, playbooks("reset"), {
      groups: { server: [second] },
      args: ["-e", "reset=lite2"],
    });
    // Nobody answers there, but K3s has begun to be a member; when that is mended it is told anew whom to join.
    const nowhere = { ...pair, k3s_server_registration_address: "127.0.0.9", k3s_server_health_timeout: 8 };
    expect((await run(hosts(), nowhere, { rc: 2 })).changes["lite2"]).toEqual(
      installed(["Write how to found the cluster, or whom to join"]),
    );
    expect(await second.read(`ls -A /var/lib/rancher/k3s/server/db/etcd`)).toBe("name");
    const mended = { lite1: [step("Write config.yaml"), RUN], lite2: [step("Write config.yaml"), FOUND, RUN] };
    expect((await run(hosts(), pair, { check: true })).changes).toEqual(mended);
    expect((await run(hosts(), pair)).changes).toEqual(mended);
    await expect.poll(() => nodes(second), { timeout: 30_000 }).toEqual(["lite1 True", "lite2 True"]);
    expect(await second.read("k3s kubectl get configmap told -o name")).toBe("configmap/told");
    expect((await run(hosts(), pair)).changes).toEqual({});
  });
});
