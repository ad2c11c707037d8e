import { describe, expect, it } from "vitest";
import { apply } from "./cli.ts";
import { converges } from "./converges.ts";
import type { TestHost } from "./host.ts";
import { freshHosts } from "./pool.ts";
import { refusals } from "./refusals.ts";
import { startK3s } from "./start-k3s.ts";

type Variables = Readonly<Record<string, unknown>>;
const of = (...names: readonly string[]) => names.map((name) => `agentless-server : ${name}`);
const TELL = "agentless-server : Tell K3s which servers have no agent";
const DROPIN = "/etc/rancher/k3s/config.yaml.d/10-agentless-server.yaml";

const playbook = (vars: Variables = {}): string =>
  JSON.stringify([{ hosts: "server", become: true, roles: [{ role: "agentless-server", vars }] }]);

describe("role agentless-server", { timeout: 300_000 }, () => {
  const hosts = freshHosts(2);
  const [server, agent] = [() => hosts()[0] as TestHost, () => hosts()[1] as TestHost];
  const groups = () => ({ server: [server()], agent: [agent()], agentless_server: [server()] });

  it("keeps its promises", async () => {
    await converges(server(), playbook(), {
      groups: groups(),
      changed: of("Create the directories of K3s' settings", "Tell K3s which servers have no agent"),
      disturb: [
        {
          by: `sed -i /disable-agent/d ${DROPIN}; chmod 755 $(dirname ${DROPIN})`,
          repairedBy: of("Create the directories of K3s' settings", "Tell K3s which servers have no agent"),
        },
      ],
      absent: playbook({ agentless_server_state: "absent" }),
    });
  });

  it("makes a cluster whose server is no node, and restarts it for another mode", async () => {
    await apply(server(), playbook(), { groups: groups() });
    await startK3s(server(), "server", { token: "agentless" });
    const address = await server().read("hostname -i | awk '{print $1}'");
    await startK3s(agent(), "agent", { token: "agentless", server: `https://${address}:6443` });
    const nodes = "/usr/local/bin/k3s kubectl get nodes -l egress.k3s.io/cluster=true -o name";
    await server().read(`for try in $(seq 60); do [ "$(${nodes} | wc -l)" = 1 ] && exit; sleep 0.5; done; exit 1`);
    expect(await server().read("/usr/local/bin/k3s kubectl get nodes -o name")).toBe(`node/${agent().name}`);
    expect((await apply(server(), playbook(), { groups: groups() })).changes).toEqual({});

    const pod = playbook({ agentless_server_egress_mode: "pod" });
    const started = "systemctl show -P ExecMainStartTimestampMonotonic k3s";
    const before = await server().read(started);
    const expected = { [server().name]: [TELL, "k3s-host : Restart K3s with its new configuration"] };
    expect((await apply(server(), pod, { groups: groups(), check: true })).changes).toEqual(expected);
    expect((await apply(server(), pod, { groups: groups() })).changes).toEqual(expected);
    expect(Number(await server().read(started))).toBeGreaterThan(Number(before));
    expect(await server().read(`cat ${DROPIN}; systemctl is-active k3s; ls /run/k3s/containerd 2>/dev/null | wc -l`)).toBe(
      '# Written by k3sprov, role agentless-server.\negress-selector-mode: "pod"\ndisable-agent: true\nactive\n0',
    );
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
