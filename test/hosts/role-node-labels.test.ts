import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type ApplyOptions, apply } from "./cli.ts";
import { converges } from "./converges.ts";
import type { TestHost } from "./host.ts";
import { messagesOf } from "./messages.ts";
import { freshHost, freshHosts, pairOf } from "./pool.ts";
import { refusals } from "./refusals.ts";
import { startK3s } from "./start-k3s.ts";

type Variables = Readonly<Record<string, unknown>>;
const named = (vars: Variables) =>
  Object.fromEntries(Object.entries(vars).map(([name, value]) => [`node_labels_${name}`, value]));
const of = (...names: readonly string[]) => names.map((name) => `node-labels : ${name}`);
const RESTART = "k3s-host : Restart K3s with its new configuration";
const [TELL, SET, TAKE] = of(
  "Tell K3s labels and taints of its node",
  "Set labels and taints of the nodes",
  "Take labels and taints out of K3s' settings",
);
const DROPIN = "/etc/rancher/k3s/config.yaml.d/30-labels.yaml";

/** One play for each host, since each has its own; or for several. */
const play = (hosts: string, vars: Variables) => ({ hosts, become: true, roles: [{ role: "node-labels", vars: named(vars) }] });

describe("role node-labels on a host without K3s", { timeout: 300_000 }, () => {
  const host = freshHost();

  it("tells K3s what its node is to have once it joins", async () => {
    const vars = {
      labels: { zone: "a", "example.com/disk": "" },
      taints: ["gpu=yes:NoSchedule"],
      admin_labels: { "node-role.kubernetes.io/gpu": "" },
    };
    await converges(host(), JSON.stringify([play("all", vars)]), {
      groups: { server: [host()] },
      changed: of("Create the directories of K3s' settings", "Tell K3s labels and taints of its node"),
      disturb: [
        {
          by: `sed -i s/zone=a/zone=b/ ${DROPIN}; chmod 755 /etc/rancher/k3s/config.yaml.d`,
          repairedBy: of("Create the directories of K3s' settings", "Tell K3s labels and taints of its node"),
        },
      ],
      absent: JSON.stringify([play("all", { ...vars, state: "absent" })]),
    });
  });
});

const nodeList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        labels: z.record(z.string(), z.string()),
        annotations: z.record(z.string(), z.string()).optional(),
      }),
      spec: z.object({ taints: z.array(z.record(z.string(), z.unknown())).nullish() }).optional(),
    }),
  ),
});

describe("role node-labels in a cluster", { timeout: 300_000 }, () => {
  const hosts = freshHosts(2);
  const groups = () => ({ server: hosts().slice(0, 1), agent: hosts().slice(1), k3s_cluster: hosts() });
  const server = () => hosts()[0] as TestHost;
  const own = { config: "/etc/rancher/k3s/k3s.yaml" };
  const kubectl = (words: string) => server().read(`/usr/local/bin/k3s kubectl --kubeconfig ${own.config} ${words}`);
  beforeAll(async () => {
    await startK3s(server(), "server", { token: "labels" });
    const [, agent] = pairOf(hosts());
    const address = await server().read("hostname -i | awk '{print $1}'");
    await startK3s(agent, "agent", { token: "labels", server: `https://${address}:6443` });
    await server().read(
      `for try in $(seq 60); do [ "$(/usr/local/bin/k3s kubectl get nodes -o name | wc -l)" = 2 ] && exit; sleep 0.5; done; exit 1`,
    );
  }, 180_000);

  /** What a node has besides what K3s gives it. */
  async function has(name: string): Promise<unknown> {
    const { items } = nodeList.parse(JSON.parse(await kubectl("get nodes -o json")));
    const node = items.find((one) => one.metadata.name === name);
    const labels = Object.entries(node?.metadata.labels ?? {}).filter(([key]) =>
      /^(zone|disk|team|node-role.kubernetes.io.gpu)$/.test(key),
    );
    return {
      labels: Object.fromEntries(labels),
      taints: (node?.spec?.taints ?? []).map(
        (one) => `${String(one["key"])}=${String(one["value"] ?? "")}:${String(one["effect"])}`,
      ),
      remembered: node?.metadata.annotations?.["k3sprov.io/node-labels"],
    };
  }

  const vars = (host1: Variables, host2: Variables, all: Variables = {}) => ({
    playbook: JSON.stringify([
      {
        hosts: "k3s_cluster",
        become: true,
        roles: ["node-labels"],
        vars: {
          ...named(all),
          node_labels_labels: "{{ given[inventory_hostname].labels | default({}) }}",
          node_labels_taints: "{{ given[inventory_hostname].taints | default([]) }}",
          node_labels_admin_labels: "{{ given[inventory_hostname].admin | default({}) }}",
          given: { host1, host2 },
        },
      },
    ]),
  });
  /** A check, and an apply that changes what the check has said. */
  async function changesOf(playbook: string, options: ApplyOptions = {}) {
    const foretold = await apply(hosts(), playbook, { groups: groups(), ...options, check: true });
    const report = await apply(hosts(), playbook, { groups: groups(), ...options });
    expect(foretold.changes).toEqual(report.changes);
    return report.changes;
  }

  it("sets what is asked for, all by one question, and takes back what it has set and nobody else's", async () => {
    const first = vars(
      { labels: { zone: "a" } },
      { labels: { zone: "b", disk: "ssd" }, taints: ["gpu=yes:NoSchedule"], admin: { "node-role.kubernetes.io/gpu": "" } },
    ).playbook;
    await kubectl("label node host2 team=blue");
    await kubectl("taint node host2 theirs=x:NoSchedule");
    const changes = await changesOf(first);
    expect(changes["host1"]).toContain(SET);
    expect(changes["host2"]).toEqual([...of("Create the directories of K3s' settings"), TELL, RESTART]);
    const both = ["gpu=yes:NoSchedule", "theirs=x:NoSchedule"];
    const labels = { zone: "b", disk: "ssd", team: "blue", "node-role.kubernetes.io/gpu": "" };
    expect(await has("host1")).toMatchObject({ labels: { zone: "a" }, taints: [] });
    expect(await has("host2")).toMatchObject({ labels, taints: expect.arrayContaining(both) });
    const again = await apply(hosts(), first, { groups: groups() });
    expect(again.changes).toEqual({});
    expect(Math.max(...Object.values(again.costs).map((one) => one.roundTrips))).toBeLessThanOrEqual(4);

    // What somebody changes comes back, without K3s being told anything or restarted.
    await kubectl("label node host2 zone=c disk- --overwrite");
    await kubectl("taint node host2 gpu:NoSchedule-");
    expect(await changesOf(first)).toEqual({ host1: [SET] });
    expect(await has("host2")).toMatchObject({ labels, taints: expect.arrayContaining(both) });

    // What is no longer asked for goes, but not what is others'.
    const fewer = vars({ labels: { zone: "a" } }, { labels: { zone: "b" } }).playbook;
    expect(await changesOf(fewer)).toEqual({ host1: [SET], host2: [TELL, RESTART] });
    expect(await has("host2")).toEqual({
      labels: { zone: "b", team: "blue" },
      taints: ["theirs=x:NoSchedule"],
      remembered: '{"labels":["zone"],"taints":[]}',
    });
    const none = vars({}, {}, { state: "absent" }).playbook;
    expect(await changesOf(none)).toEqual({ host1: [TAKE, SET, RESTART], host2: [TAKE, RESTART] });
    expect(await has("host1")).toEqual({ labels: {}, taints: [], remembered: undefined });
    expect(await has("host2")).toEqual({ labels: { team: "blue" }, taints: ["theirs=x:NoSchedule"], remembered: undefined });
  });

  it("says which node is missing, and leaves the others as they are", async () => {
    const playbook = vars({ labels: { zone: "a" } }, { labels: { zone: "z" } }, { configure_k3s: false }).playbook;
    const said = messagesOf(
      await apply(hosts(), playbook, {
        groups: groups(),
        vars: { k3s_agent_config: { "node-name": "elsewhere", "node-ip": "192.0.2.9" } },
        rc: 2,
      }),
    );
    expect(said).toContain("k8s_nodes: the cluster has no node elsewhere (192.0.2.9); it has host1, host2");
    expect(await has("host1")).toEqual({ labels: {}, taints: [], remembered: undefined });
  });
});

/** Hosts that cannot work, and what is said of each. */
const WRONG: readonly (readonly [Variables, string])[] = [
  [
    { node_labels_labels: { gpu: true, rank: 1 } },
    "node_labels_labels has gpu: true, rank: 1, which YAML takes for no text; put it in quotes",
  ],
  [
    { node_labels_labels: { "-x": "a", "Example.com/y": "b" } },
    'node_labels_labels has "-x", "Example.com/y"; a label\'s name has letters, digits and - _ . (63 at most, a letter or digit first and last), and a domain in lower case with / before it if it has one',
  ],
  [
    { node_labels_labels: { [`${"a".repeat(254)}/b`]: "c" } },
    `node_labels_labels has "${"a".repeat(254)}/b"; a label's name has letters, digits and - _ . (63 at most, a letter or digit first and last), and a domain in lower case with / before it if it has one`,
  ],
  [
    { node_labels_admin_labels: { zone: "a,b" } },
    'node_labels_admin_labels has the value "a,b"; a value has letters, digits and - _ . (63 at most, a letter or digit first and last), or is empty',
  ],
  [
    { node_labels_admin_labels: { "node-role.kubernetes.io/master": "true" } },
    "node_labels_admin_labels has node-role.kubernetes.io/master, which K3s sets itself at each start; leave it out",
  ],
  ...["kubernetes.io/role", "node-role.kubernetes.io/worker", "node-restriction.kubernetes.io/x", "foo.k8s.io/x"].map(
    (key) =>
      [
        { node_labels_labels: { [key]: "a" } },
        `node_labels_labels has ${key}, which Kubernetes lets no node give itself: K3s would not start ("unknown 'kubernetes.io' or 'k8s.io' labels specified"); put it into node_labels_admin_labels, which are set through the API`,
      ] as const,
  ),
  [
    { node_labels_labels: { zone: "a" }, node_labels_admin_labels: { zone: "b" } },
    "zone is in node_labels_labels and in node_labels_admin_labels; leave it out of one of them",
  ],
  [
    { node_labels_labels: { zone: "a" }, k3s_server_config: { "node-label": ["zone=b=c", "disk=ssd"] } },
    'node-label in K3s\' configuration has zone=b=c, and node_labels_labels has zone: "a"; say it once',
  ],
  [
    { node_labels_labels: { zone: "a" }, k3s_server_config: { "node-label": "disk=ssd", "node-label+": ["zone=b"] } },
    'node-label in K3s\' configuration has zone=b, and node_labels_labels has zone: "a"; say it once',
  ],
  ...["gpu", "gpu=yes:noschedule", "gpu=a=b:NoExecute", ":NoExecute"].map(
    (taint) =>
      [
        { node_labels_taints: [taint] },
        `node_labels_taints has "${taint}"; a taint is key=value:Effect or key:Effect, with names and values as of labels, and the effect NoSchedule, PreferNoSchedule or NoExecute`,
      ] as const,
  ),
  [
    { node_labels_taints: ["gpu=a:NoExecute", "gpu:NoExecute"] },
    "node_labels_taints has two taints of one key and effect (gpu=a:NoExecute, gpu:NoExecute), of which a node has only one; leave one out",
  ],
  [
    { node_labels_admin_labels: { a: "b" }, k3s_server_config: { "disable-agent": true } },
    "this server has no agent and so no node that could have labels or taints; leave node_labels_labels, node_labels_taints and node_labels_admin_labels out on this host",
  ],
  [
    { node_labels_server: "nobody" },
    'node_labels_server is "nobody", which is no host of the inventory; name a server, fill the group "server", or say node_labels_use_api: false',
  ],
];
/** What goes well although it looks like the above. */
const RIGHT: readonly Variables[] = [
  {
    node_labels_labels: {
      "topology.kubernetes.io/zone": "a",
      "x.node.kubernetes.io/y": "",
      "kubelet.kubernetes.io/z": "1",
      "svccontroller.k3s.cattle.io/enablelb": "true",
      [`${"a".repeat(253)}/b`]: "c",
    },
    node_labels_admin_labels: { "node-role.kubernetes.io/worker": "", "node-restriction.kubernetes.io/x": "y" },
    node_labels_taints: ["CriticalAddonsOnly=true:NoExecute", "CriticalAddonsOnly=true:NoSchedule"],
  },
  { node_labels_labels: { zone: "a" }, k3s_server_config: { "node-label": "zone=a" } },
  { k3s_server_config: { "disable-agent": true } },
  { node_labels_use_api: false, node_labels_server: "" },
];

it("refuses, before any host is touched, what K3s and Kubernetes would not take", async () => {
  const all = [...WRONG.map(([vars]) => vars), ...RIGHT];
  const hosts = Object.fromEntries(all.map((vars, index) => [`case${index}`, vars]));
  const inventory = { all: { children: { server: { hosts }, agent: { hosts: { agent: {} } } } } };
  const play = JSON.stringify([{ hosts: "server", roles: ["node-labels"] }]);
  const said = await refusals(JSON.stringify(inventory), play, {}, { each: true });
  expect(said.toSorted()).toEqual(WRONG.map(([, text], index) => `case${index}: ${text}`).toSorted());
});

it("refuses servers that take nothing, without an agent that would", async () => {
  const taints = ["CriticalAddonsOnly=true:NoExecute"];
  const of = (server2: readonly string[], more: object = {}) =>
    refusals(
      JSON.stringify({
        all: {
          children: {
            server: { hosts: { server1: { node_labels_taints: taints }, server2: { node_labels_taints: server2 } } },
            bad: { hosts: { bad: { node_labels_labels: { "-": "" } } } },
            ...more,
          },
        },
      }),
      JSON.stringify([{ hosts: "all", roles: ["node-labels"] }]),
    );
  const text =
    'each server has a taint with :NoExecute, and there is no agent, so nothing could run in the cluster, not even its DNS; take the taint off one server, or add agents to the group "agent"';
  const others = expect.stringContaining("bad: node_labels_labels has");
  expect(await of(taints)).toEqual([`?: ${text}`, others]);
  expect(await of([])).toEqual([others]);
  expect(await of(taints, { agent: { hosts: { agent1: {} } } })).toEqual([others]);
});
