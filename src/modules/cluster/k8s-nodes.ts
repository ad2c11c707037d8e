import { joinSh, sh } from "../../sh.ts";
import { type Change, type JsonObject, ModuleFailure, type Question, stateModule } from "../contract.ts";
import { bool, dict, listOf, type ParametersOf, parameters, path, str, toBoolean } from "../parameters.ts";
import { at, type Fields, fieldsAt, textAt, textsAt } from "../support/cluster/data.ts";
import { hostPath } from "../support/files/host-path.ts";
import { type Access, kubePath } from "../support/kubernetes/kube-collector.ts";
import {
  type ClusterNodes,
  nodesIn,
  nodesQuestion,
  shownTaint,
  type Taint,
  taintKey,
  taintOf,
} from "../support/kubernetes/node-collector.ts";
import { findNode, type NodeWork, planNode, type WantedNode } from "../support/kubernetes/node-plan.ts";
import { splitWords } from "../support/words.ts";

const params = parameters(
  {
    nodes: {
      ...listOf(dict()),
      required: true,
      description:
        "Nodes, as mappings: `name` or `names` (those that it may have), `address` (by which it is found when it has none of them), `with_id` (K3s has put an id behind the name), `labels` (a mapping of text) and `taints` (a list like `key=value:NoSchedule`).",
    },
    prune: {
      ...bool(),
      default: true,
      description: "Remove labels and taints that this module has set and that are no longer declared.",
    },
    annotation: {
      ...str(),
      default: "k3sprov.io/node-labels",
      description:
        "The annotation of a node that remembers what was set here. Tasks that set different things need different ones.",
    },
    kubectl: {
      ...str(),
      default: "kubectl",
      description:
        "The command on the host, such as `k3s kubectl`. Looked for in /usr/local/bin and /opt/bin, too, where K3s has its own.",
    },
    kubeconfig: { ...path(), description: "Configuration file on the host." },
    context: { ...str(), description: "Context of that file." },
  },
  {},
  (given) => {
    if (splitWords(given.kubectl).length === 0) throw new ModuleFailure('"kubectl" is empty; name a command, such as kubectl');
    if (!/^([a-z0-9.-]+\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/.test(given.annotation))
      throw new ModuleFailure(`"annotation" is "${given.annotation}", which is no name of an annotation`);
    given.nodes.forEach(wantedOf);
  },
);
type Params = ParametersOf<typeof params>;
type Asked = { readonly nodes: Question<ClusterNodes> };

export const k8sNodes = stateModule<Params, Params, Asked, NodeWork>({
  name: "k8s_nodes",
  summary: "Sets labels and taints of a cluster's nodes, all of them by one question.",
  description: [
    "Ansible has no such module. All nodes are read with one `kubectl get nodes`, and each that differs is changed by one patch. Labels and taints that others have set are left alone.",
    "What was set here is remembered in an annotation of the node, so that a label that is no longer declared is removed. A task with no labels and taints for a node removes all that was set, and the annotation.",
    "Taints are replaced as a whole, as the API has it: when somebody else changes the node at the same moment, the task fails and nothing of that node is changed. Let it try again with `until`.",
    "A node that is to have labels or taints must be there; one that is to have none need not.",
    "In check mode, nodes of a cluster that an earlier task would bring would change.",
  ],
  parameters: params,
  example: `- name: Nodes in zones
  k8s_nodes:
    kubectl: k3s kubectl
    nodes:
      - name: agent1
        labels: { topology.kubernetes.io/zone: a }
      - name: agent2
        labels: { topology.kubernetes.io/zone: b }
        taints: ["dedicated=gpu:NoSchedule"]
`,
  returns: {
    nodes: "For each of the nodes its name in the cluster, its labels and its taints.",
    command_missing: "The host has no such `kubectl`, so the task has failed.",
  },

  probe: (given, { traits }) => ({ nodes: nodesQuestion(accessOf(given, traits.home)) }),
  plan: (state, given, context): Change<NodeWork> | undefined => {
    const all = nodesIn(state.nodes, accessOf(given, context.traits.home), context);
    const found = given.nodes.map((one, index) => ({ wanted: wantedOf(one, index), node: findNode(all, wantedOf(one, index)) }));
    // One that is to have nothing has it without being there.
    const missing = found.filter((one) => one.node === undefined && wantsAny(one.wanted)).map(({ wanted }) => shownNode(wanted));
    if (missing.length > 0)
      throw new ModuleFailure(
        `k8s_nodes: the cluster has no node ${missing.join(", ")}; it has ${all.map((one) => one.name).join(", ") || "none"}`,
      );
    const names = found.map((one) => one.node?.name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw new ModuleFailure(`k8s_nodes: two of the nodes are ${twice}; give their names`);
    const planned = found.flatMap(({ wanted, node }) => (node === undefined ? [] : (planNode(node, wanted, given) ?? [])));
    if (planned.length === 0) return undefined;
    return { differences: planned.flatMap((one) => one.differences), data: { patches: planned.map((one) => one.patch) } };
  },
  apply: ({ data }, given, { traits }) => ({
    script: joinSh([
      kubePath,
      ...data.patches.map(
        ({ name, patch }) =>
          sh`${accessOf(given, traits.home)} patch node ${name} --type=merge -p ${JSON.stringify(patch)} >/dev/null || exit`,
      ),
    ]),
  }),
  predict: ({ data }, state, given, { traits }) => {
    if (state.nodes.kind !== "found") return [];
    const after = new Map(data.patches.map((one) => [one.name, one.after]));
    const nodes = state.nodes.nodes.map((one) => after.get(one.name) ?? one);
    return [{ question: nodesQuestion(accessOf(given, traits.home)), answer: { kind: "found", nodes } }];
  },
  result: (state, given) => {
    if (state.nodes.kind !== "found") return { nodes: [] };
    const all = state.nodes.nodes;
    return {
      nodes: given.nodes.flatMap((one, index): readonly JsonObject[] => {
        const node = findNode(all, wantedOf(one, index));
        if (node === undefined) return [];
        return [{ name: node.name, labels: node.labels, taints: node.taints.map((taint) => shownTaint(taintOf(taint))) }];
      }),
    };
  },
});

function accessOf(given: Params, home: string): Access {
  return [
    ...splitWords(given.kubectl),
    ...(given.kubeconfig === undefined ? [] : [`--kubeconfig=${hostPath(given.kubeconfig, { home })}`]),
    ...(given.context === undefined ? [] : [`--context=${given.context}`]),
  ];
}

const KNOWN = ["name", "names", "address", "with_id", "labels", "taints"];

const wantsAny = ({ labels, taints }: WantedNode): boolean => Object.keys(labels).length > 0 || taints.length > 0;

function wantedOf(one: Fields, index: number): WantedNode {
  const bad = (text: string): ModuleFailure => new ModuleFailure(`k8s_nodes: nodes[${index}] ${text}`);
  const unknown = Object.keys(one).find((key) => !KNOWN.includes(key));
  if (unknown !== undefined) throw bad(`has no key "${unknown}"; it knows ${KNOWN.join(", ")}`);
  const names = [textAt(one, "name"), ...textsAt(one, "names")].filter((name) => name !== "");
  if (names.length === 0) throw bad('needs "name" or "names"');
  const labels = Object.entries(fieldsAt(one, "labels")).map(([key, value]): readonly [string, string] => {
    if (typeof value !== "string")
      throw bad(`has ${JSON.stringify(value)} for the label ${key}, which could be written in several ways; put it in quotes`);
    return [key, value];
  });
  const taints = textsAt(one, "taints").map((text): Taint => {
    const [, key = "", value = "", effect = ""] =
      /^([^=:\s]+)(?:=([^:\s]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/.exec(text) ?? [];
    if (key === "")
      throw bad(
        `has the taint "${text}", but must have key=value:Effect or key:Effect; the effect is NoSchedule, PreferNoSchedule or NoExecute`,
      );
    return { key, value, effect };
  });
  const keys = taints.map(taintKey);
  const twice = keys.find((key, at_) => keys.indexOf(key) !== at_);
  if (twice !== undefined) throw bad(`has the taint ${twice} twice`);
  return {
    names,
    withId: toBoolean(at(one, "with_id") ?? false) ?? false,
    address: textAt(one, "address"),
    labels: Object.fromEntries(labels),
    taints,
  };
}

const shownNode = ({ names, withId, address }: WantedNode): string =>
  `${names[0] ?? ""}${withId ? "-<id>" : ""}${address === "" ? "" : ` (${address})`}`;
