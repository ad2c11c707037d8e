import { sh } from "../../../sh.ts";
import { type ProbeContext, type Question, Unknown } from "../../contract.ts";
import { at, type Fields, fieldsAt, isFields, listAt, textAt } from "../cluster/data.ts";
import { ask } from "../question.ts";
import { type Access, kubePath, NO_API, nobodyAsked, noKubectl, type Unreachable } from "./kube-collector.ts";

export type Taint = { readonly key: string; readonly value: string; readonly effect: string };

/** What counts of a node here. */
export type ClusterNode = {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** As the API has them, with what else it knows of each (timeAdded). */
  readonly taints: readonly Fields[];
  readonly resourceVersion: string;
};

export type ClusterNodes = { readonly kind: "found"; readonly nodes: readonly ClusterNode[] } | Unreachable;

/** All nodes of a cluster, by one kubectl. */
export function nodesQuestion(access: Access): Question<ClusterNodes> {
  const program = access[0] ?? "kubectl";
  const script = sh`${kubePath}\nif command -v ${program} >/dev/null 2>&1; then ${access} get nodes -o json; else echo '#none'; fi`;
  return ask("cluster nodes", script, (output): ClusterNodes | Unknown => {
    const text = output.stdout.toString("utf8");
    if (text.startsWith("#none")) return noKubectl(program);
    const said = output.stderr
      .toString("utf8")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("Warning:"));
    if (output.rc !== 0) {
      const away = said.find((line) => NO_API.test(line));
      if (away !== undefined) return { kind: "no-api", reason: `kubectl get nodes: ${away}` };
      return new Unknown(`kubectl get nodes: ${said.join(" ") || `exit status ${output.rc}`}`);
    }
    try {
      const parsed: unknown = JSON.parse(text);
      return { kind: "found", nodes: listAt(parsed, "items").filter(isFields).map(nodeOf) };
    } catch {
      return new Unknown("kubectl get nodes: its answer is no JSON");
    }
  });
}

export function nodesIn(answer: ClusterNodes, access: Access, context: Pick<ProbeContext, "paths">): readonly ClusterNode[] {
  if (answer.kind !== "found") throw nobodyAsked(answer, access, context);
  return answer.nodes;
}

function nodeOf(object: Fields): ClusterNode {
  return {
    name: textAt(object, "metadata", "name"),
    addresses: listAt(object, "status", "addresses").map((one) => textAt(one, "address")),
    labels: textsOf(at(object, "metadata", "labels")),
    annotations: textsOf(at(object, "metadata", "annotations")),
    taints: listAt(object, "spec", "taints").filter(isFields),
    resourceVersion: textAt(object, "metadata", "resourceVersion"),
  };
}

const textsOf = (value: unknown): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(fieldsAt(value)).map(([key, one]) => [key, String(one)]));

export const taintOf = (one: Fields): Taint => ({
  key: textAt(one, "key"),
  value: textAt(one, "value"),
  effect: textAt(one, "effect"),
});
/** By which taints are told apart. */
export const taintKey = ({ key, effect }: Taint): string => `${key}:${effect}`;
export const shownTaint = ({ key, value, effect }: Taint): string => `${key}${value === "" ? "" : `=${value}`}:${effect}`;
