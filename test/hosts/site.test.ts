import { describe, expect, it } from "vitest";
import { withArtifactServer } from "./artifact-server.ts";
import { type ApplyOptions, apply, type RunReport } from "./cli.ts";
import type { TestHost } from "./host.ts";
import { publishK3s } from "./k3s-release.ts";
import { RUN } from "./k3s-steps.ts";
import { playbooks } from "./play.ts";
import { freshHost, freshHosts, pairOf } from "./pool.ts";
import { diffSnapshots } from "./snapshot-diff.ts";

const SITE = playbooks("site");

const vars = {
  k3s_server_version: "v1.34.2+k3s1",
  proxy_http: "http://proxy.example:3128",
  proxy_https: "http://proxy.example:3128",
  docker_runtime_source: "distribution",
  docker_runtime_daemon: {
    "storage-driver": "vfs",
    bip: "10.200.0.1/24",
    "default-address-pools": [{ base: "10.201.0.0/16", size: 24 }],
  },
  etcdctl_source: "distribution",
};

const changesOf = (report: RunReport, host: TestHost): readonly string[] => report.changes[host.name] ?? [];

/** The options of a run that finds K3s on the test's own server, which the proxy, that there is none, is not needed for. */
const withK3s = (artifacts: Parameters<typeof publishK3s>[0], options: ApplyOptions): ApplyOptions => {
  const { base } = publishK3s(artifacts, [vars.k3s_server_version]);
  const near = ["localhost", "127.0.0.1", "127.0.0.0/8", "::1", new URL(base).hostname];
  return {
    hostVars: (host) => ({ k3s_node_ip: host.internalAddress }),
    ...options,
    vars: { ...options.vars, proxy_no_proxy: near, k3s_server_download_url: `${base}/download` },
  };
};

describe("site.yaml", () => {
  const hosts = freshHosts(5, { image: "demo" });
  const artifacts = withArtifactServer();

  it("makes a cluster of a mixed fleet, and restarts each K3s once", { timeout: 600_000 }, async () => {
    const [server, docker, ...others] = hosts();
    if (server === undefined || docker === undefined) throw new Error("five hosts were asked for");
    const agents = [docker, ...others];
    const groups = {
      server: [server],
      agent: agents,
      k3s_cluster: hosts(),
      docker_runtime: [docker],
      etcdctl: [server],
      ulogd2: [server],
    };
    const options = withK3s(artifacts(), { groups, vars: { ...vars, k3s_server_datastore: "etcd" }, timeoutMs: 400_000 });
    const check = await apply(hosts(), SITE, { ...options, check: true });
    const first = await apply(hosts(), SITE, options);
    expect(check.changes).toEqual(first.changes);
    expect(Object.keys(first.changes).sort()).toEqual(["host1", "host2", "host3", "host4", "host5"]);
    for (const host of hosts()) expect(changesOf(first, host).filter((title) => title === RUN)).toHaveLength(1);
    expect((await server.read("k3s kubectl get nodes -o name")).split("\n").sort()).toEqual(
      [1, 2, 3, 4, 5].map((number) => `node/host${number}`),
    );
    const again = await apply(hosts(), SITE, options);
    expect(again.changes).toEqual({});
    for (const host of hosts()) expect(again.costs[host.name]?.roundTrips).toBeLessThanOrEqual(8);
    expect(await docker.read("docker info --format '{{.Driver}}'")).toBe("vfs");

    // One role, some hosts: nothing else is looked at, and what it changes is read.
    const started = await server.read("systemctl show -P ExecMainStartTimestamp k3s");
    const narrowed = await apply(hosts(), SITE, {
      ...options,
      vars: { ...options.vars, proxy_http: "http://other.example:3128" },
      args: ["--tags", "proxy", "--limit", "agent"],
    });
    expect(narrowed.changes).toEqual(
      Object.fromEntries(agents.map((host) => [host.name, ["proxy : Set the proxy of K3s", RUN]])),
    );
    expect(await server.read("systemctl show -P ExecMainStartTimestamp k3s")).toBe(started);
  });
});

describe("two roles in either order", () => {
  const hosts = freshHosts(2, { image: "demo" });
  const play = (host: string, roles: readonly string[]) => `- hosts: ${host}
  become: true
  strategy: free
  roles: [${roles.join(", ")}]
`;

  it("make the same host", { timeout: 300_000 }, async () => {
    const [first, second] = pairOf(hosts());
    const roles = ["prepare", "proxy", "etcdctl", "ulogd2"];
    const text = play("host1", roles) + play("host2", roles.toReversed());
    // With proxy_add_inventory_hosts each host would name its own play's nodes in an order of its own.
    const given = {
      ...vars,
      proxy_no_proxy: ["localhost", ...new Set(hosts().map((host) => host.address))],
      proxy_add_inventory_hosts: false,
    };
    await apply(hosts(), text, { groups: { server: hosts() }, vars: { ...given, proxy_cluster_hosts: [] }, timeoutMs: 250_000 });
    const [one, other] = await Promise.all([first.snapshot(), second.snapshot()]);
    // What two hosts never share: their names, keys and caches, and when packages were configured.
    const ignore = [
      "/etc/hostname",
      "/etc/hosts",
      "/etc/machine-id",
      "/etc/ssh",
      "/var",
      "/etc/resolv.conf",
      "/etc/.pwd.lock",
      "kernel.hostname",
    ];
    expect(diffSnapshots(one, other, { ignore })).toEqual([]);
  });
});

describe("a controller that is killed", () => {
  const host = freshHost({ image: "demo" });
  const artifacts = withArtifactServer();

  it("six times leaves nothing that the next run does not complete", { timeout: 900_000 }, async () => {
    const groups = { server: [host()], k3s_cluster: [host()], docker_runtime: [host()], etcdctl: [host()], ulogd2: [host()] };
    const options = withK3s(artifacts(), { groups, vars, timeoutMs: 400_000 });
    // Later and later, so that the last ones come when there is little left to do; where exactly is up to the machine.
    for (let round = 0; round < 6; round += 1) {
      const after = 900 + round * 700 + Math.floor(Math.random() * 1000);
      const killed = apply(host(), SITE, {
        ...options,
        started: (child) => {
          setTimeout(() => child.kill("SIGKILL"), after);
        },
      });
      await killed.catch((error: Error) => {
        if (!error.message.includes("ended with -1 instead of 0")) throw error;
      });
      // A package manager that was cut off goes on for a moment, and keeps its lock.
      await host().read("for i in $(seq 240); do pgrep -x 'apt-get|dpkg' >/dev/null || break; sleep 0.5; done");
    }
    await apply(host(), SITE, { ...options, args: ["--lock-timeout", "120"] });
    expect((await apply(host(), SITE, options)).changes).toEqual({});
    // Nothing runs on what it was started with before its files changed.
    const stale = `for pair in 'k3s /etc/rancher/k3s/config.yaml.d/20-docker-runtime.yaml' 'k3s /etc/systemd/system/k3s.service.env' 'docker /etc/docker/daemon.json' 'ulogd2 /etc/ulogd.conf'; do
set -- $pair; [ $(($(date -d "$(systemctl show -P ExecMainStartTimestamp $1)" +%s) + 1)) -ge $(stat -c %Z $2) ] || echo "$1 is older than $2"; done`;
    expect(await host().read(stale)).toBe("");
    expect(
      await host().read("docker info --format '{{.Driver}}'; ls /tmp /etc/docker /etc/rancher/k3s/config.yaml.d"),
    ).not.toMatch(/k3sprov/);
  });
});
