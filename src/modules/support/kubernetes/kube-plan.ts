import {
  type Change,
  type Difference,
  type Json,
  MissingPrerequisite,
  ModuleFailure,
  type ProbeContext,
} from "../../contract.ts";
import { at, type Fields, fieldsAt, isFields, textAt, toJson } from "../cluster/data.ts";
import { differencesOf, type FieldDifference, holdsNull, merged } from "./compare.ts";
import { type Access, type Live, type ObjectName, type Reached, reached } from "./kube-collector.ts";
import { isBuiltInGroup } from "./list-keys.ts";
import { nameOf, shownName } from "./manifests.ts";
import { abandoned, ownedBy } from "./owned-fields.ts";
import { isReady, type WaitCondition } from "./readiness.ts";

/** One object of a task. */
export type Wanted = { readonly object: Fields; readonly name: ObjectName; readonly isGenerated: boolean };

export type KubeTask = {
  readonly access: Access;
  readonly state: "present" | "absent" | "patched";
  readonly objects: readonly Wanted[];
  readonly manager: string;
  readonly forceConflicts: boolean;
  readonly force: boolean;
  readonly mergeType: "strategic-merge" | "merge" | undefined;
  readonly wait: boolean;
  readonly waitCondition: WaitCondition | undefined;
};

export type Step = {
  readonly wanted: Wanted;
  /** `apply`: server-side; `replace`: PUT of what is given; `wait`: nothing but waiting. */
  readonly how: "create" | "apply" | "replace" | "delete" | "wait";
  readonly manifest: Fields;
  readonly live: Fields | undefined;
  readonly waits: boolean;
};

export type KubeWork = { readonly steps: readonly Step[] };

export function planObjects(
  task: KubeTask,
  answers: readonly Live[],
  context: Pick<ProbeContext, "paths">,
): Change<KubeWork> | undefined {
  const differences: Difference[] = [];
  const steps: Step[] = [];
  let isAction = false;
  task.objects.forEach((wanted, index) => {
    if (wanted.isGenerated) {
      isAction = true;
      steps.push({ wanted, how: "create", manifest: wanted.object, live: undefined, waits: false });
      differences.push(
        field(`${wanted.name.kind} ${textAt(wanted.object, "metadata", "generateName")}*`, "state", "absent", "created"),
      );
      return;
    }
    const live = reached(answers[index] ?? { kind: "absent" }, task.access, context);
    const { step, found } = planOne(task, wanted, live);
    if (step !== undefined) steps.push(step);
    differences.push(...found);
  });
  if (steps.length === 0) return undefined;
  if (isAction) return { differences, data: { steps }, verify: false };
  if (differences.length > 0) return { differences, data: { steps } };
  const names = steps.map((one) => shownName(one.wanted.name)).join(", ");
  return { differences, data: { steps }, maybe: `${names} not as waited for yet: waiting for it changes nothing by itself` };
}

type Planned = { readonly step?: Step; readonly found: readonly Difference[] };

function planOne(task: KubeTask, wanted: Wanted, live: Reached): Planned {
  const subject = shownName(wanted.name);
  if (task.state === "absent") {
    if (live.kind !== "found") return { found: [] };
    const isGoing = at(live.object, "metadata", "deletionTimestamp") !== undefined;
    if (isGoing && !task.wait) return { found: [] };
    const step: Step = { wanted, how: isGoing ? "wait" : "delete", manifest: wanted.object, live: live.object, waits: task.wait };
    return { step, found: isGoing ? [] : [field(subject, "state", "present", "absent")] };
  }
  if (live.kind === "no-kind") {
    if (!bringsKind(task, wanted)) {
      const { kind, apiVersion } = wanted.name;
      const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
      throw new MissingPrerequisite(
        `kind:${kind}.${group}`,
        `k8s: the API knows no kind ${kind} of ${apiVersion}; install what defines it first`,
      );
    }
  }
  if (live.kind !== "found") {
    if (task.state === "patched") return { found: [] };
    const step: Step = { wanted, how: "apply", manifest: withoutNull(wanted.object), live: undefined, waits: task.wait };
    return { step, found: [field(subject, "state", "absent", "present")] };
  }
  const { object } = live;
  const owned = ownedBy(task.manager, object);
  const replaces = task.state === "patched" || task.force || task.mergeType !== undefined || holdsNull(wanted.object);
  const found = differencesOf(wanted.object, object, owned);
  const dropped = replaces || owned === undefined ? [] : abandoned(owned, wanted.object, object);
  const all = [...found, ...dropped];
  if (all.length === 0) {
    if (!task.wait || live.settled === true || isReady(object, task.waitCondition)) return { found: [] };
    return { step: { wanted, how: "wait", manifest: wanted.object, live: object, waits: true }, found: [] };
  }
  const shown = all.map((one) => shownDifference(one, wanted.name));
  const waits = task.wait;
  if (!replaces) return { step: { wanted, how: "apply", manifest: wanted.object, live: object, waits }, found: shown };
  // With the live resourceVersion in it, the API refuses it when somebody else has changed the object meanwhile.
  const isStrategic = task.mergeType !== "merge" && isBuiltInGroup(wanted.name.apiVersion);
  const manifest =
    task.force && task.state === "present"
      ? forced(wanted.object, object)
      : clean(merged(object, wanted.object, { isStrategic }));
  return { step: { wanted, how: "replace", manifest, live: object, waits }, found: shown };
}

/** A CustomResourceDefinition of the same task defines it. */
function bringsKind(task: KubeTask, wanted: Wanted): boolean {
  return task.objects.some(
    ({ object }) =>
      textAt(object, "kind") === "CustomResourceDefinition" &&
      textAt(object, "spec", "names", "kind") === wanted.name.kind &&
      wanted.name.apiVersion.startsWith(`${textAt(object, "spec", "group")}/`),
  );
}

function forced(declared: Fields, live: Fields): Fields {
  const plain = withoutNull(declared);
  return { ...plain, metadata: { ...fieldsAt(plain, "metadata"), resourceVersion: textAt(live, "metadata", "resourceVersion") } };
}

function clean(value: unknown): Fields {
  if (!isFields(value)) throw new Error("bug: an object became something else");
  const { managedFields: _fields, ...metadata } = fieldsAt(value, "metadata");
  return { ...value, metadata };
}

function withoutNull(value: Fields): Fields {
  const strip = (one: unknown): unknown => {
    if (Array.isArray(one)) return one.map(strip);
    if (!isFields(one)) return one;
    return Object.fromEntries(
      Object.entries(one)
        .filter(([, inner]) => inner !== null)
        .map(([name, inner]) => [name, strip(inner)]),
    );
  };
  return { ...value, ...fieldsAt({ value: strip(value) }, "value") };
}

const field = (subject: string, name: string, before: Json, after: Json): Difference => ({
  kind: "field",
  subject,
  name,
  before,
  after,
});

function shownDifference({ path, before, after }: FieldDifference, name: ObjectName): Difference {
  const isHidden = name.kind === "Secret" && /^(data|stringData)\b/.test(path);
  const show = (value: unknown, hidden: string): Json => (value === undefined ? "absent" : isHidden ? hidden : toJson(value));
  return field(shownName(name), path, show(before, "(another value)"), show(after, "(as declared)"));
}

/** The object as it will be, for the tasks that follow in a dry run. */
export function predictedObject(step: Step): Live {
  if (
    step.how === "delete" ||
    (step.how === "wait" && step.live !== undefined && at(step.live, "metadata", "deletionTimestamp") !== undefined)
  )
    return { kind: "absent" };
  const object =
    step.how === "replace"
      ? step.manifest
      : merged(step.live ?? {}, step.manifest, { isStrategic: isBuiltInGroup(step.wanted.name.apiVersion) });
  if (!isFields(object)) throw new ModuleFailure(`k8s: ${shownName(nameOf(step.manifest))} is no object`);
  return { kind: "found", object: clean(object), settled: true };
}
