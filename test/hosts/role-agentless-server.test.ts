import { describe, expect, it } from "vitest";
import { withArtifactServer } from "./artifact-server.ts";
import { type ApplyOptions, apply } from "./cli.ts";
import { converges } from "./converges.ts";
import type { TestHost } from "./host.ts";
import { publishK3s } from "./k3s-release.ts";
import { installed, RUN, step } from "./k3s-steps.ts";
import { playbooks } from "./play.ts";
import { freshHosts } from "./pool.ts";
import { refusals } from "./refusals.ts";

type Variables = Readonly<Record<string, unknown>>;
const of = (...names: readonly string[]) => names.map((name) => `agentless-server : ${name}`);
const TELL = "agentless-server : Tell K3s which servers have no agent";
const DROPIN = "/etc/rancher/k3s/config.yaml.d/10-agentless-server.yaml";

const playbook = (vars: Variables = {}): string =>
  JSON.stringify([{ hosts: "server", become: true, roles: [{ role: "agentless-server", vars }] }]);

const VERSION = "v1.34.3+k3s3";
const NEXT = "v1.34.4+k3s1";
const FLEET = playbooks("agentless-server", "k3s-server", "k3s-agent");

/** A pod that its budget lets nobody evict. */
const KEPT = JSON.stringify({
  apiVersion: "v1",
  kind: "List",
  items: [
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name: "kept",
        namespace: "default",
        labels: { app: "kept" },
        ownerReferences: [{ kind: "ReplicaSet", name: "kept" }],
      },
      spec: { nodeName: "host3", containers: [{ name: "kept", image: "kept" }] },
    },
    {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: { name: "kept", namespace: "default" },
      spec: { minAvailable: 1, selector: { matchLabels: { app: "kept" } } },
    },
  ],
});

describe("role agentless-server", { timeout: 300_000 }, () => {
  const hosts = freshHosts(4);
  const artifacts = withArtifactServer();

  const options = (more: ApplyOptions = {}): ApplyOptions => {
    const [server, agentless, , tainted] = hosts() as readonly [TestHost, TestHost, TestHost, TestHost];
    return {
      groups: { server: [server, agentless], agent: hosts().slice(2), agentless_server: [agentless] },
      hostVars: (host) => ({
        k3s_node_ip: host.internalAddress,
        ...(host === server ? { k3s_server_config: { "node-taint": ["CriticalAddonsOnly=true:NoExecute"] } } : {}),
        ...(host === tainted ? { k3s_agent_config: { "node-taint": ["example.com/only=gpu:NoSchedule"] } } : {}),
      }),
      vars: {
        k3s_server_version: VERSION,
        k3s_server_download_url: `${publishK3s(artifacts(), [VERSION, NEXT]).base}/download`,
        // Of etcd, to which a server without an agent belongs like any other.
        k3s_server_allow_even: true,
      },
      timeoutMs: 200_000,
      ...more,
    };
  };

  it("keeps its promises", async () => {
    const [, server, agent] = hosts() as readonly [TestHost, TestHost, TestHost];
    const names = of("Create the directories of K3s' settings", "Tell K3s which servers have no agent");
    await converges(server, playbook(), {
      groups: { server: [server], agent: [agent], agentless_server: [server] },
      changed: names,
      disturb: [{ by: `sed -i /disable-agent/d ${DROPIN}; chmod 755 $(dirname ${DROPIN})`, repairedBy: names }],
      absent: playbook({ agentless_server_state: "absent" }),
    });
  });

  it("makes a cluster of a server, one without an agent and two agents", async () => {
    const [server, agentless] = hosts() as readonly [TestHost, TestHost];
    const names = of("Create the directories of K3s' settings", "Tell K3s which servers have no agent");
    // The directories are there already when K3s is installed.
    const rest = installed(["Write how to found the cluster, or whom to join"]).filter(
      (one) => !one.endsWith("directories of the configuration"),
    );
    const expected = { host1: [...names, ...rest], host2: [...names, ...rest], host3: installed(), host4: installed() };
    const check = await apply(hosts(), FLEET, options({ check: true }));
    const applied = await apply(hosts(), FLEET, options());
    expect(check.changes).toEqual(applied.changes);
    expect(applied.changes).toEqual(expected);
    const shown =
      '{range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{range .spec.taints[*]} {.key}={.value}:{.effect}{end}{"\\n"}{end}';
    const seen = async (host: TestHost) =>
      (await host.read(`k3s kubectl get nodes -l egress.k3s.io/cluster=true -o 'jsonpath=${shown}'`)).split("\n").sort();
    for (const host of [server, agentless]) {
      await expect
        .poll(() => seen(host), { timeout: 30_000 })
        .toEqual(["host1 True CriticalAddonsOnly=true:NoExecute", "host3 True", "host4 True example.com/only=gpu:NoSchedule"]);
    }
    expect(await agentless.read("systemctl is-active k3s; ls /run/k3s/containerd 2>/dev/null | wc -l")).toBe("active\n0");
    const again = await apply(hosts(), FLEET, options());
    expect(again.changes).toEqual({});
    for (const host of hosts()) expect(again.costs[host.name]?.roundTrips).toBeLessThanOrEqual(8);

    // Another mode, by the role alone: each server is restarted for it.
    const pod = playbook({ agentless_server_egress_mode: "pod" });
    const started = "systemctl show -P ExecMainStartTimestampMonotonic k3s";
    const before = await agentless.read(started);
    const changed = [TELL, "k3s-host : Restart K3s with its new configuration"];
    const other = { host1: changed, host2: changed };
    expect((await apply(hosts(), pod, options({ check: true }))).changes).toEqual(other);
    expect((await apply(hosts(), pod, options())).changes).toEqual(other);
    expect(Number(await agentless.read(started))).toBeGreaterThan(Number(before));
    expect(await agentless.read(`cat ${DROPIN}; systemctl is-active k3s`)).toBe(
      '# Written by k3sprov, role agentless-server.\negress-selector-mode: "pod"\ndisable-agent: true\nactive',
    );
  });

  it("is upgraded, agents one at a time, and not where a node cannot be emptied", async () => {
    const [server, agentless, three, four] = hosts() as readonly [TestHost, TestHost, TestHost, TestHost];
    const upgrade = (vars: Variables, more: ApplyOptions = {}) =>
      apply(hosts(), playbooks("upgrade"), {
        ...options(more),
        vars: { ...options().vars, k3s_server_version: NEXT, upgrade_batch: 1, agentless_server_egress_mode: "pod", ...vars },
      });
    await server.read(`echo '${KEPT}' | k3s kubectl apply -f -`);
    const drained = ["Mark the node", "Drain the node"].map((title) => `k3s-upgrade : ${title}`);
    const opened = ["Uncordon the node", "Take the mark away"].map((title) => `k3s-upgrade : ${title}`);
    const changed = [step("Download K3s"), RUN];
    const kept = await upgrade({ k3s_upgrade_drain_timeout: 2 }, { rc: 2 });
    expect(kept.changes).toEqual({
      host1: ["k3s-upgrade : Save etcd's data", ...drained, ...changed, ...opened],
      host2: changed,
      host3: [drained[0], ...opened],
    });
    expect(kept.stdout).toContain("Cannot evict pod as it would violate the pod's disruption budget");
    expect(await server.read("k3s kubectl get nodes -o 'jsonpath={.items[*].spec.unschedulable}'")).toBe("");

    const anyway = { k3s_upgrade_drain: false, k3s_upgrade_snapshot: false };
    const check = await upgrade(anyway, { check: true });
    expect(check.changes).toEqual({ host3: changed, host4: changed });
    expect((await upgrade(anyway)).changes).toEqual(check.changes);
    const [ready, replaced] = await Promise.all([
      three.read("systemctl show --timestamp=unix -P ActiveEnterTimestamp k3s-agent"),
      four.read("stat -c %Z /usr/local/bin/k3s"),
    ]);
    expect(Number(replaced)).toBeGreaterThanOrEqual(Number(ready.slice(1)));
    for (const host of hosts()) expect(await host.read("k3s --version | head -n 1")).toContain(NEXT);
    expect(await agentless.read("systemctl is-active k3s")).toBe("active");
    expect((await upgrade({})).changes).toEqual({});
  });
});

/** Servers that cannot work, each a cluster of its own, and what is said of each. */
const WRONG: readonly (readonly [Variables, string])[] = [
  ...["agent", "disabled"].map(
    (mode) =>
      [
        { agentless_server_egress_mode: mode },
        `with agentless_server_egress_mode ${mode} a server without an agent reaches no pod, so that webhooks and metrics fail; say cluster (or pod, with a network plug-in that keeps to PodCIDR, such as flannel), or agentless_server_allow_broken_egress: true`,
      ] as const,
  ),
  [
    { k3s_server_config: { "egress-selector-mode": "disabled" } },
    "egress-selector-mode in k3s_server_config is disabled, and agentless_server_egress_mode is cluster; take it out of k3s_server_config",
  ],
  [
    { k3s_server_config: { "disable-agent": false } },
    "disable-agent in k3s_server_config is false, and agentless_server_disable_agent is true; take it out of k3s_server_config",
  ],
  [
    { agentless_server_disable_agent: false, k3s_server_config: { "disable-agent": true } },
    "disable-agent in k3s_server_config is true, and agentless_server_disable_agent is false; take it out of k3s_server_config",
  ],
  [
    { k3s_server_config: { "node-label": ["a=b"], "node-taint": ["a:NoSchedule"], selinux: true, docker: false } },
    "this server has no agent, and k3s_server_config has node-label, node-taint, selinux, which only an agent reads; leave it out on this host",
  ],
  [
    { k3s_server_registries: { mirrors: {} } },
    "this server has no agent that pulls images; leave k3s_server_registries out on this host",
  ],
  [
    { node_labels_taints: ["a:NoSchedule"] },
    "this server has no agent and so no node that could have labels or taints; leave node_labels_labels, node_labels_taints and node_labels_admin_labels out on this host",
  ],
];
/** What goes well although it looks like the above. */
const RIGHT: readonly Variables[] = [
  { agentless_server_egress_mode: "agent", agentless_server_allow_broken_egress: true },
  { agentless_server_disable_agent: false, k3s_server_registries: { mirrors: {} }, k3s_server_config: { selinux: true } },
  { k3s_server_config: { "egress-selector-mode": "cluster", "disable-agent": true, "tls-san": ["a"] } },
  { agentless_server_state: "absent", k3s_server_registries: { mirrors: {} } },
];

describe("what role agentless-server refuses", () => {
  const cluster = (servers: Readonly<Record<string, Variables>>, more: object = {}) =>
    JSON.stringify({
      all: {
        children: {
          server: { hosts: servers },
          agent: { hosts: { agent1: {} } },
          agentless_server: { hosts: Object.fromEntries(Object.keys(servers).map((name) => [name, {}])) },
          ...more,
        },
      },
    });

  it("of a server", async () => {
    const all = [...WRONG.map(([vars]) => vars), ...RIGHT];
    // As if each were the only server: modes need not be the same.
    const hosts = Object.fromEntries(
      all.map((vars, index) => [`case${index}`, { k3s_host_server_group: `only${index}`, k3s_host_service: "k3s", ...vars }]),
    );
    const only = Object.fromEntries(all.map((_, index) => [`only${index}`, { hosts: { [`case${index}`]: {} } }]));
    expect((await refusals(cluster(hosts, only), playbook())).toSorted()).toEqual(
      WRONG.map(([, text], index) => `case${index}: ${text}`).toSorted(),
    );
  });

  it("of a cluster", async () => {
    expect(
      await refusals(
        cluster({ server1: {}, server2: { agentless_server_egress_mode: "pod" }, server3: {} }),
        JSON.stringify([{ hosts: "server1:server2:agent1", roles: ["agentless-server"] }]),
      ),
    ).toEqual([
      '?: server3 would not get the role agentless-server, and egress-selector-mode must be the same on all servers; give it to all hosts of the group "server", those that keep their agent too',
      "?: agentless_server_egress_mode is cluster here and another one on server2, and a server with another one than the cluster's does not start; say it once, for all servers",
      'agent1: agentless-server is for servers, and this host is an agent; give the role to the hosts of the group "server" only',
    ]);
    expect(await refusals(cluster({ server1: {} }, { agent: { hosts: {} } }), playbook())).toEqual([
      'server1: no server has an agent, and the group "agent" is empty, so not even the cluster\'s DNS could run; add an agent, or leave one server its own (agentless_server_disable_agent: false)',
    ]);
  });

  it.each(["docker-runtime", "nvidia", "stargz", "selinux"])("together with the role %s", async (name) => {
    const both = JSON.stringify([{ hosts: "server", roles: ["agentless-server", { role: name }] }]);
    const said = await refusals(cluster({ server1: {} }), both);
    expect(said).toContain(
      `server1: this server has no agent and so is no node, and gets the role ${name}; leave that out on this host`,
    );
    // And the other way round, where the role agentless-server is not even part of the run.
    const alone = JSON.stringify([{ hosts: "server", roles: [name] }]);
    expect((await refusals(cluster({ server1: {} }), alone)).join("\n")).toMatch(/disable-agent|without an agent|has no agent/);
  });
});
