import { describe, expect, it } from "vitest";
import { debian, planned } from "../../../test/module-cases.ts";
import { Unknown } from "../contract.ts";
import { nodesQuestion } from "../support/kubernetes/node-collector.ts";
import { k8sNodes } from "./k8s-nodes.ts";

const MEMORY = "k3sprov.io/node-labels";
const node = (name: string, more: object = {}) => ({
  name,
  addresses: [`10.0.0.${name.length}`],
  labels: { os: "linux" },
  annotations: {},
  taints: [],
  resourceVersion: "7",
  ...more,
});
const remembers = (labels: readonly string[], taints: readonly string[]) => ({
  annotations: { [MEMORY]: JSON.stringify({ labels, taints }) },
});
const run = (nodes: unknown, live: readonly object[], more: object = {}) =>
  planned(k8sNodes, { nodes, ...more }, { nodes: { kind: "found", nodes: live } });
const patchOf = (script: string): unknown => JSON.parse(/-p '(.*)' >/.exec(script)?.[1] ?? "null");

describe("k8s_nodes", () => {
  it.each<[string, object, object, object, readonly string[], unknown]>([
    ["nothing to do", {}, {}, {}, [], null],
    [
      "a label",
      { labels: { zone: "a" } },
      {},
      {},
      ["labels.zone: absent -> a", `remembered: nothing -> {"labels":["zone"],"taints":[]}`],
      { metadata: { labels: { zone: "a" }, annotations: { [MEMORY]: '{"labels":["zone"],"taints":[]}' } } },
    ],
    [
      "a label that is as wanted already is remembered from now on",
      { labels: { os: "linux" } },
      {},
      {},
      [`remembered: nothing -> {"labels":["os"],"taints":[]}`],
      { metadata: { annotations: { [MEMORY]: '{"labels":["os"],"taints":[]}' } } },
    ],
    ["converged", { labels: { os: "linux" } }, remembers(["os"], []), {}, [], null],
    [
      "another value",
      { labels: { os: "bsd" } },
      remembers(["os"], []),
      {},
      ["labels.os: linux -> bsd"],
      { metadata: { labels: { os: "bsd" } } },
    ],
    [
      "a label that is no longer declared",
      {},
      { labels: { os: "linux", zone: "a" }, ...remembers(["gone", "zone"], []) },
      {},
      ["labels.zone: a -> absent", `remembered: {"labels":["gone","zone"],"taints":[]} -> nothing`],
      { metadata: { labels: { zone: null }, annotations: { [MEMORY]: null } } },
    ],
    [
      "that one, kept and known",
      { labels: { a: "1" } },
      { labels: { zone: "a" }, ...remembers(["zone"], []) },
      { prune: false },
      ["labels.a: absent -> 1", `remembered: {"labels":["zone"],"taints":[]} -> {"labels":["a","zone"],"taints":[]}`],
      { metadata: { labels: { a: "1" }, annotations: { [MEMORY]: '{"labels":["a","zone"],"taints":[]}' } } },
    ],
    [
      "taints, beside those of others",
      { taints: ["gpu=yes:NoSchedule", "gpu:NoExecute"] },
      {
        taints: [
          { key: "node.kubernetes.io/unreachable", effect: "NoExecute", timeAdded: "2026-01-01T00:00:00Z" },
          { key: "gpu", value: "no", effect: "NoSchedule" },
          { key: "old", effect: "NoSchedule" },
        ],
        ...remembers([], ["old:NoSchedule"]),
      },
      {},
      [
        "taints: old:NoSchedule -> absent",
        "taints: gpu=no:NoSchedule -> gpu=yes:NoSchedule",
        "taints: absent -> gpu:NoExecute",
        `remembered: {"labels":[],"taints":["old:NoSchedule"]} -> {"labels":[],"taints":["gpu:NoExecute","gpu:NoSchedule"]}`,
      ],
      {
        metadata: {
          resourceVersion: "7",
          annotations: { [MEMORY]: '{"labels":[],"taints":["gpu:NoExecute","gpu:NoSchedule"]}' },
        },
        spec: {
          taints: [
            { key: "node.kubernetes.io/unreachable", effect: "NoExecute", timeAdded: "2026-01-01T00:00:00Z" },
            { key: "gpu", value: "yes", effect: "NoSchedule" },
            { key: "gpu", effect: "NoExecute" },
          ],
        },
      },
    ],
    [
      "the last taint goes",
      {},
      { taints: [{ key: "a", effect: "NoSchedule" }], ...remembers([], ["a:NoSchedule"]) },
      {},
      ["taints: a:NoSchedule -> absent", `remembered: {"labels":[],"taints":["a:NoSchedule"]} -> nothing`],
      { metadata: { resourceVersion: "7", annotations: { [MEMORY]: null } }, spec: { taints: null } },
    ],
  ])("%s", async (_name, wanted, live, more, differences, patch) => {
    const result = await run([{ name: "one", ...wanted }], [node("one", live)], more);
    expect(result.differences).toEqual(differences);
    expect(patchOf(result.script)).toEqual(patch);
    expect(result.left).toBeUndefined();
  });

  it("changes each node that differs, by one command, with the words that are given", async () => {
    const wanted = ["one", "three", "fives"].map((name) => ({ name, labels: { os: name === "three" ? "linux" : "bsd" } }));
    const live = [node("one"), node("three", remembers(["os"], [])), node("fives")];
    const result = await run(wanted, live, { kubectl: "/usr/local/bin/k3s kubectl", kubeconfig: "/etc/k.yaml" });
    expect(result.script.match(/^.* patch node \S+ /gm)?.map((one) => one.replaceAll("'", ""))).toEqual([
      "/usr/local/bin/k3s kubectl --kubeconfig=/etc/k.yaml patch node one ",
      "/usr/local/bin/k3s kubectl --kubeconfig=/etc/k.yaml patch node fives ",
    ]);
    expect(result.left).toBeUndefined();
  });

  it.each<[string, object, readonly string[]]>([
    ["its first name", { names: ["one", "three"] }, ["one"]],
    ["another name", { names: ["One", "three"] }, ["three"]],
    ["its address", { name: "renamed", address: "10.0.0.3" }, ["one"]],
    ["a name with an id", { name: "agent", with_id: true }, ["agent-0a1b2c3d"]],
  ])("finds a node by %s", async (_name, wanted, names) => {
    const live = [node("one"), node("three"), node("agent-0a1b2c3d")];
    const { script } = await run([{ labels: { a: "b" }, ...wanted }], live);
    expect([...script.matchAll(/patch node (\S+)/g)].map((one) => one[1])).toEqual(names);
  });

  it("tells a node from what it was before by its address", async () => {
    const live = [node("a-00000000", { addresses: ["10.0.0.1"] }), node("a-11111111", { addresses: ["10.0.0.2"] })];
    const wanted = { name: "a", with_id: true, labels: { a: "b" } };
    expect((await run([{ ...wanted, address: "10.0.0.2" }], live)).script).toContain("patch node a-11111111");
    await expect(run([wanted], live)).rejects.toThrow(
      "k8s_nodes: a-00000000, a-11111111 could all be a; delete those that are gone, or give its address",
    );
  });

  it("says which command the host does not have", async () => {
    const reason = 'there is no k3s on the host; install it first, or name another with "kubectl"';
    const none = { nodes: { kind: "no-kubectl", reason } };
    const asked = planned(k8sNodes, { nodes: [{ name: "one" }], kubectl: "k3s kubectl" }, none);
    await expect(asked).rejects.toMatchObject({ message: reason, resource: "command:k3s", fields: { command_missing: true } });
  });

  it.each<[string, unknown, readonly object[], string]>([
    [
      "a node that is not there",
      [{ name: "two", address: "10.9.9.9", taints: ["a:NoSchedule"] }, { name: "four" }],
      [node("one"), node("three")],
      "k8s_nodes: the cluster has no node two (10.9.9.9); it has one, three",
    ],
    [
      "an empty cluster",
      [{ name: "two", with_id: true, labels: { a: "b" } }],
      [],
      "k8s_nodes: the cluster has no node two-<id>; it has none",
    ],
    [
      "one node twice",
      [{ name: "one" }, { name: "x", address: "10.0.0.3" }],
      [node("one")],
      "k8s_nodes: two of the nodes are one; give their names",
    ],
    [
      "a memory that is none",
      [{ name: "one" }],
      [node("one", { annotations: { [MEMORY]: "x" } })],
      `k8s_nodes: the annotation ${MEMORY} of node one is not as it was written here; mend or remove it: x`,
    ],
  ])("refuses %s", async (_name, nodes, live, message) => {
    await expect(run(nodes, live)).rejects.toThrow(message);
  });

  it("reads what kubectl says, and knows when it could not ask", () => {
    const { collector, item } = nodesQuestion(["kubectl"]);
    const decode = (rc: number, stdout: string, stderr = "") =>
      collector.decode({ rc, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr) }, [item], debian)[0];
    const items = [
      {
        metadata: { name: "one", labels: { a: "b" }, annotations: { c: "d" }, resourceVersion: "9" },
        spec: { taints: [{ key: "k", effect: "NoSchedule" }] },
        status: { addresses: [{ type: "InternalIP", address: "10.0.0.1" }] },
      },
    ];
    expect(decode(0, JSON.stringify({ kind: "List", items }), "Warning: old\n")).toEqual({
      kind: "found",
      nodes: [
        {
          name: "one",
          addresses: ["10.0.0.1"],
          labels: { a: "b" },
          annotations: { c: "d" },
          taints: [{ key: "k", effect: "NoSchedule" }],
          resourceVersion: "9",
        },
      ],
    });
    expect(decode(0, "#none\n")).toMatchObject({ kind: "no-kubectl" });
    const refused = "The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?";
    expect(decode(1, "", `${refused}\n`)).toEqual({ kind: "no-api", reason: `kubectl get nodes: ${refused}` });
    const forbidden = decode(1, "", "Error from server (Forbidden): nodes is forbidden\n");
    expect(forbidden instanceof Unknown && forbidden.reason).toBe(
      "kubectl get nodes: Error from server (Forbidden): nodes is forbidden",
    );
  });
});
