import { at, type Fields, fieldsAt, isFields, listAt, textAt } from "../fields.ts";
import type { Arguments } from "./arguments.ts";
import { type Client, KubectlError } from "./client.ts";
import { durationMs } from "./duration.ts";
import { all, targetsOf } from "./main.ts";
import { shownName } from "./manifests.ts";

const MERGE = "application/merge-patch+json";

type Target = { readonly path: string; readonly shown: string; readonly object: Fields };

/** label, annotate, taint, cordon, uncordon, drain. */
export async function changeNodes(command: string, args: Arguments, client: Client): Promise<number> {
  if (command === "label" || command === "annotate") return mark(command, args, client);
  if (command === "taint") return taint(args, client);
  const names = args.words.map((one) => one.replace(/^nodes?\//, ""));
  const words = ["nodes", ...names];
  for (const target of await found({ ...args, words }, client)) {
    const isOff = at(target.object, "spec", "unschedulable") === true;
    if (command === "uncordon") {
      if (isOff) await patch(client, target, { spec: { unschedulable: null } });
      say(`${target.shown} ${isOff ? "" : "already "}uncordoned`);
      continue;
    }
    if (!isOff) await patch(client, target, { spec: { unschedulable: true } });
    say(`${target.shown} ${isOff ? "already " : ""}cordoned`);
    if (command === "drain") await drain(args, client, target);
  }
  return 0;
}

const say = (line: string): boolean => process.stdout.write(`${line}\n`);

const patch = (client: Client, { path }: Pick<Target, "path">, body: Fields): Promise<Fields> =>
  client.insist(path, { method: "PATCH", body, type: MERGE });

/** The objects that words and selectors name; all must be there. */
async function found(args: Arguments, client: Client): Promise<readonly Target[]> {
  const targets: Target[] = [];
  for (const { kind, names } of await targetsOf(args, client)) {
    const wanted =
      names.length === 0 && (args.isOn("all") || args.flag("selector") !== undefined)
        ? (await all(kind, args, client)).map(({ object }) => textAt(object, "metadata", "name"))
        : names;
    for (const name of wanted) {
      const path = client.pathOf(kind, args.namespace, name);
      targets.push({ path, shown: shownName(kind, name), object: await client.insist(path) });
    }
  }
  if (targets.length === 0) throw new KubectlError("error: at least one resource or a selector must be specified");
  return targets;
}

/** Words like `key=value` and `key-` are changes; those before them name what is changed. */
function split(
  args: Arguments,
  isChange: (word: string) => boolean,
): { readonly rest: Arguments; readonly changes: readonly string[] } {
  const first = args.words.findIndex((word, index) => index > 0 && isChange(word));
  const cut = first < 0 ? args.words.length : first;
  return { rest: { ...args, words: args.words.slice(0, cut) }, changes: args.words.slice(cut) };
}

async function mark(command: "label" | "annotate", args: Arguments, client: Client): Promise<number> {
  const field = command === "label" ? "labels" : "annotations";
  const { rest, changes } = split(args, (word) => /=/.test(word) || word.endsWith("-"));
  if (changes.length === 0) throw new KubectlError(`error: at least one ${command} update is required`);
  for (const target of await found(rest, client)) {
    const present = fieldsAt(target.object, "metadata", field);
    const wanted: Record<string, string | null> = {};
    for (const change of changes) {
      const cut = change.indexOf("=");
      if (cut < 0) {
        const key = change.slice(0, -1);
        if (!(key in present)) say(`${command} "${key}" not found.`);
        else wanted[key] = null;
        continue;
      }
      const [key, value] = [change.slice(0, cut), change.slice(cut + 1)];
      if (key in present && present[key] !== value && !args.isOn("overwrite"))
        throw new KubectlError(`error: '${key}' already has a value (${String(present[key])}), and --overwrite is false`);
      if (present[key] !== value) wanted[key] = value;
    }
    const isChanged = Object.keys(wanted).length > 0;
    if (isChanged) await patch(client, target, { metadata: { [field]: wanted } });
    const removesAll = isChanged && Object.values(wanted).every((one) => one === null);
    const word = command === "label" ? "labeled" : "annotated";
    say(
      `${target.shown} ${isChanged ? (removesAll && command === "label" ? "unlabeled" : word) : command === "label" ? "not labeled" : word}`,
    );
  }
  return 0;
}

async function taint(args: Arguments, client: Client): Promise<number> {
  const { rest, changes } = split(args, (word) => /[:=]/.test(word) || word.endsWith("-"));
  if (changes.length === 0) throw new KubectlError("error: at least one taint update is required");
  for (const target of await found(rest, client)) {
    let taints = listAt(target.object, "spec", "taints").filter(isFields);
    let hasRemoved = false;
    let hasModified = false;
    for (const change of changes) {
      const [, key = "", value = "", effect = "", minus = ""] =
        /^([^=:-]+(?:-[^=:]*[^=:-])?)(?:=([^:]*))?(?::(\w+))?(-)?$/.exec(change) ?? [];
      const isIt = (one: Fields): boolean => one["key"] === key && (effect === "" || one["effect"] === effect);
      const present = taints.some(isIt);
      if (minus !== "") {
        if (!present) throw new KubectlError(`error: taint "${change.slice(0, -1)}" not found`);
        taints = taints.filter((one) => !isIt(one));
        hasRemoved = true;
        continue;
      }
      if (!["NoSchedule", "PreferNoSchedule", "NoExecute"].includes(effect))
        throw new KubectlError(`error: invalid taint spec: ${change}`);
      if (present && !args.isOn("overwrite"))
        throw new KubectlError(
          `error: node ${target.shown.slice(5)} already has ${key} taint(s) with same effect(s) and --overwrite is false`,
        );
      hasModified ||= present;
      taints = [...taints.filter((one) => !isIt(one)), { key, ...(value === "" ? {} : { value }), effect }];
    }
    await patch(client, target, { spec: { taints: taints.length === 0 ? null : taints } });
    say(`${target.shown} ${hasRemoved ? "untainted" : hasModified ? "modified" : "tainted"}`);
  }
  return 0;
}

async function drain(args: Arguments, client: Client, target: Target): Promise<void> {
  const name = textAt(target.object, "metadata", "name");
  const list = await client.insist("/api/v1/pods", { query: { fieldSelector: `spec.nodeName=${name}` } });
  const pods = listAt(list, "items").filter(isFields);
  const owned = (pod: Fields, kind: string): boolean =>
    listAt(pod, "metadata", "ownerReferences").some((one) => textAt(one, "kind") === kind);
  const shown = (pod: Fields): string => `${textAt(pod, "metadata", "namespace")}/${textAt(pod, "metadata", "name")}`;
  const daemons = pods.filter((pod) => owned(pod, "DaemonSet"));
  const others = pods.filter((pod) => !owned(pod, "DaemonSet"));
  const problems: string[] = [];
  if (daemons.length > 0 && !args.isOn("ignore-daemonsets"))
    problems.push(`cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): ${daemons.map(shown).join(", ")}`);
  const bare = others.filter(
    (pod) => listAt(pod, "metadata", "ownerReferences").length === 0 && textAt(pod, "status", "phase") !== "Succeeded",
  );
  if (bare.length > 0 && !args.isOn("force"))
    problems.push(
      `cannot delete cannot delete Pods that declare no controller (use --force to override): ${bare.map(shown).join(", ")}`,
    );
  const local = others.filter((pod) => listAt(pod, "spec", "volumes").some((one) => at(one, "emptyDir") !== undefined));
  if (local.length > 0 && !args.isOn("delete-emptydir-data"))
    problems.push(
      `cannot delete Pods with local storage (use --delete-emptydir-data to override): ${local.map(shown).join(", ")}`,
    );
  if (problems.length > 0)
    throw new KubectlError(`error: unable to drain node "${name}" due to error: ${problems.join(", ")}, continuing command...`);
  if (daemons.length > 0) process.stderr.write(`Warning: ignoring DaemonSet-managed Pods: ${daemons.map(shown).join(", ")}\n`);
  for (const pod of others) {
    say(`evicting pod ${shown(pod)}`);
    const [namespace = "", podName = ""] = shown(pod).split("/");
    await evict(args, client, `/api/v1/namespaces/${namespace}/pods/${podName}`, podName);
  }
  say(`${target.shown} drained`);
}

/** Until no budget stands against it, or the time is over. */
async function evict(args: Arguments, client: Client, path: string, name: string): Promise<void> {
  const limit = durationMs(args.flag("timeout") ?? "0s");
  const end = limit === 0 ? Number.POSITIVE_INFINITY : Date.now() + limit;
  for (;;) {
    const answer = await client.raw(`${path}/eviction`, {
      method: "POST",
      body: { kind: "Eviction", apiVersion: "policy/v1", metadata: { name } },
    });
    if (answer.status !== 429) {
      if (answer.status !== 404) client.checked(answer);
      return;
    }
    process.stderr.write(
      `error when evicting pods/"${name}" (will retry after 5s): Cannot evict pod as it would violate the pod's disruption budget.\n`,
    );
    if (Date.now() > end)
      throw new KubectlError(
        `error: unable to drain node due to error: error when evicting pods/"${name}": global timeout reached: ${args.flag("timeout")}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}
