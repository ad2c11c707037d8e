import { type Difference, type Json, ModuleFailure } from "../../contract.ts";
import { type Fields, isFields, textsAt } from "../cluster/data.ts";
import { type ClusterNode, shownTaint, type Taint, taintKey, taintOf } from "./node-collector.ts";

/** A node as a task declares it. */
export type WantedNode = {
  /** Names that it may have, the likeliest first. */
  readonly names: readonly string[];
  /** K3s has put "-" and eight hexadecimal digits behind its name. */
  readonly withId: boolean;
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
};

/** A merge patch for one node, and the node as it will be. */
export type NodePatch = { readonly name: string; readonly patch: Fields; readonly after: ClusterNode };
export type NodeWork = { readonly patches: readonly NodePatch[] };

/** What a node's annotation remembers: what was set here and may be removed here. */
type Memory = { readonly labels: readonly string[]; readonly taints: readonly string[] };

export function planNode(
  node: ClusterNode,
  wanted: WantedNode,
  options: { readonly prune: boolean; readonly annotation: string },
): { readonly patch: NodePatch; readonly differences: readonly Difference[] } | undefined {
  const { annotation } = options;
  const memory = memoryOf(node, annotation);
  const differences: Difference[] = [];
  const differs = (name: string, before: Json, after: Json): void => {
    differences.push({ kind: "field", subject: `Node ${node.name}`, name, before, after });
  };
  const labels: Record<string, string | null> = {};
  for (const [key, value] of Object.entries(wanted.labels)) {
    if (node.labels[key] === value) continue;
    differs(`labels.${key}`, node.labels[key] ?? "absent", value);
    labels[key] = value;
  }
  for (const key of options.prune ? memory.labels : []) {
    if (Object.hasOwn(wanted.labels, key) || !Object.hasOwn(node.labels, key)) continue;
    differs(`labels.${key}`, node.labels[key] ?? "", "absent");
    labels[key] = null;
  }

  const wantedKeys = new Set(wanted.taints.map(taintKey));
  const there = new Map(node.taints.map((one) => [taintKey(taintOf(one)), one]));
  const gone = new Set(options.prune ? memory.taints.filter((key) => !wantedKeys.has(key) && there.has(key)) : []);
  for (const key of gone) differs("taints", shownTaint(taintOf(there.get(key) ?? {})), "absent");
  const set = wanted.taints.filter((one) => {
    const found = there.get(taintKey(one));
    return found === undefined || taintOf(found).value !== one.value;
  });
  for (const one of set) {
    const found = there.get(taintKey(one));
    differs("taints", found === undefined ? "absent" : shownTaint(taintOf(found)), shownTaint(one));
  }
  const changed = new Set(set.map(taintKey));
  const taints = [
    ...node.taints.filter((one) => !gone.has(taintKey(taintOf(one))) && !changed.has(taintKey(taintOf(one)))),
    ...set.map(({ key, value, effect }) => ({ key, ...(value === "" ? {} : { value }), effect })),
  ];

  // What is kept without prune stays known, so that it can be removed later.
  const kept = (all: readonly string[], isThere: (key: string) => boolean): readonly string[] =>
    options.prune ? [] : all.filter(isThere);
  const remembered: Memory = {
    labels: sorted([...Object.keys(wanted.labels), ...kept(memory.labels, (key) => Object.hasOwn(node.labels, key))]),
    taints: sorted([...wantedKeys, ...kept(memory.taints, (key) => there.has(key))]),
  };
  const isEmpty = remembered.labels.length + remembered.taints.length === 0;
  const [before, after] = [node.annotations[annotation], isEmpty ? undefined : JSON.stringify(remembered)];
  if (before !== after) differs("remembered", before ?? "nothing", after ?? "nothing");
  if (differences.length === 0) return undefined;

  const taintsChange = gone.size + changed.size > 0;
  const patch = {
    metadata: {
      // A list is replaced as a whole: not when somebody else has changed the node since it was looked at.
      ...(taintsChange ? { resourceVersion: node.resourceVersion } : {}),
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(before === after ? {} : { annotations: { [annotation]: after ?? null } }),
    },
    ...(taintsChange ? { spec: { taints: taints.length === 0 ? null : taints } } : {}),
  };
  const next: ClusterNode = {
    ...node,
    labels: patched(node.labels, labels),
    annotations: patched(node.annotations, { [annotation]: after ?? null }),
    taints,
  };
  return { patch: { name: node.name, patch, after: next }, differences };
}

const sorted = (all: readonly string[]): readonly string[] => [...new Set(all)].sort();

function patched(
  before: Readonly<Record<string, string>>,
  change: Readonly<Record<string, string | null>>,
): Readonly<Record<string, string>> {
  const all = Object.entries({ ...before, ...change });
  return Object.fromEntries(all.flatMap(([key, value]) => (value === null ? [] : [[key, value]])));
}

function memoryOf(node: ClusterNode, annotation: string): Memory {
  const text = node.annotations[annotation];
  if (text === undefined) return { labels: [], taints: [] };
  try {
    const parsed: unknown = JSON.parse(text);
    if (isFields(parsed)) return { labels: textsAt(parsed, "labels"), taints: textsAt(parsed, "taints") };
  } catch {
    // The same as any other text that is not ours.
  }
  throw new ModuleFailure(
    `k8s_nodes: the annotation ${annotation} of node ${node.name} is not as it was written here; mend or remove it: ${text}`,
  );
}

/** The node of that name, else the one with that address. */
export function findNode(nodes: readonly ClusterNode[], wanted: WantedNode): ClusterNode | undefined {
  const { names, withId, address } = wanted;
  if (!withId) {
    for (const name of names) {
      const found = nodes.find((one) => one.name === name);
      if (found !== undefined) return found;
    }
  } else {
    const isNamed = ({ name }: ClusterNode): boolean =>
      names.includes(name.replace(/-[0-9a-f]{8}$/, "")) && /-[0-9a-f]{8}$/.test(name);
    const named = nodes.filter(isNamed);
    // One that was registered anew has left its old self behind.
    const here = named.filter((one) => one.addresses.includes(address));
    if (here.length === 1 || named.length === 1) return here[0] ?? named[0];
    if (named.length > 1)
      throw new ModuleFailure(
        `k8s_nodes: ${named.map((one) => one.name).join(", ")} could all be ${names[0] ?? ""}; delete those that are gone, or give its address`,
      );
  }
  const there = address === "" ? [] : nodes.filter((one) => one.addresses.includes(address));
  return there.length === 1 ? there[0] : undefined;
}
