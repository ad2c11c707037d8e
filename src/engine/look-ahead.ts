import type { Become } from "../connection/connection.ts";
import { DiagnosticError } from "../diagnostic.ts";
import { type HostTraits, MissingPrerequisite, ModuleFailure } from "../modules/contract.ts";
import type { Node, Task } from "../playbook/model.ts";
import { keywordOf, whenChain } from "../playbook/scope.ts";
import { isSelected, tagsOfNode } from "../playbook/tags.ts";
import { Undefined, type Value } from "../vars/value.ts";
import type { Ask } from "./answers.ts";
import { becomeOf } from "./connection-options.ts";
import { controlNode } from "./control-node.ts";
import { type Evaluator, NotYetKnown } from "./evaluator.ts";
import type { HostSession } from "./host-session.ts";
import { itemNames, loopItems } from "./loops.ts";
import { taskParameters } from "./parameters.ts";
import { asksOf } from "./state-task.ts";
import type { TaskRun } from "./task-runner.ts";
import { follow } from "./upcoming.ts";

/** Where a host stands when it is about to make a round trip. */
export type LookAheadFrom = TaskRun & {
  /** Passes of the current task's loop that are still to come. */
  readonly rest: readonly Evaluator[];
  readonly traits: HostTraits;
  readonly become: Become | undefined;
  readonly session: HostSession;
};

const MOST_QUESTIONS = 2000;
const FEW = 3;
const HOT = 1.5;

/**
 * Probes of the tasks that follow, as far as their conditions and parameters can be rendered already. Asking is harmless, since
 * probes only read; a wrong guess costs one probe, since the task itself renders everything again when its turn comes.
 */
export async function lookAhead(from: LookAheadFrom, after: "probe" | "change"): Promise<readonly Ask[]> {
  const asks: Ask[] = [];
  const pending = new Map<string, Value>();
  const limit = from.host.heat > HOT || (after === "change" && from.host.heat >= 1) ? FEW : Number.POSITIVE_INFINITY;
  for (const pass of from.rest.slice(0, limit)) asks.push(...(await probesOf(from.task, pass, from)));
  let left = limit - from.rest.length;
  outputsPending(from.task, pending);
  for (const node of follow(from.upcoming)) {
    if (left <= 0 || asks.length > MOST_QUESTIONS) break;
    if (!(await visit(node, from, pending, asks))) break;
    left -= 1;
  }
  return asks;
}

/** Adds the probes of a node. False: what follows cannot be foreseen from here. */
async function visit(node: Node, from: LookAheadFrom, pending: Map<string, Value>, asks: Ask[]): Promise<boolean> {
  const { run, play } = from;
  if (node.kind === "block") {
    for (const inner of node.block) if (!(await visit(inner, from, pending, asks))) return false;
    return true;
  }
  if (!isSelected(tagsOfNode(node), run.options.tags, run.options.skipTags)) return true;
  if (node.kind === "include") {
    const nodes = play.included.get(`${node.id}`);
    if (nodes === undefined) return node.what === "tasks";
    for (const inner of nodes) if (!(await visit(inner, from, pending, asks))) return false;
    return true;
  }
  const { module } = node;
  if (module.kind === "engine" && module.name !== "meta" && module.name !== "pause") {
    if (module.name !== "set_fact") return false;
    foresee(node, from, pending);
    return true;
  }
  if (module.kind === "state" || module.kind === "action") {
    const evaluator = run.evaluator(play, from.host.name, node).with(from.names).with(pending);
    for (const pass of passesOf(node, evaluator)) asks.push(...(await probesOf(node, pass, from)));
  }
  outputsPending(node, pending);
  return true;
}

/** Facts that a task will set can often be computed now; those that cannot are not known yet. */
function foresee(task: Task, from: LookAheadFrom, pending: Map<string, Value>): void {
  const evaluator = from.run.evaluator(from.play, from.host.name, task).with(from.names).with(pending);
  for (const [name, value] of task.args) {
    const key = String(name);
    if (key === "cacheable") continue;
    const known = attempt(() => {
      const foreseeable = task.loop === undefined && whenChain(task).length === 0;
      return foreseeable ? evaluator.render(value) : undefined;
    });
    pending.set(key, known ?? new Undefined(key, "not-yet-known"));
  }
  outputsPending(task, pending);
}

function outputsPending(task: Task, pending: Map<string, Value>): void {
  if (task.register !== undefined) pending.set(task.register, new Undefined(task.register, "not-yet-known"));
}

function passesOf(task: Task, evaluator: Evaluator): readonly Evaluator[] {
  const { loop } = task;
  if (loop === undefined) return [evaluator];
  const passes = attempt(() => {
    const items = loopItems(loop, evaluator);
    return items.map((_, index) => evaluator.with(itemNames(loop, items, index, false)));
  });
  return passes ?? [];
}

async function probesOf(task: Task, evaluator: Evaluator, from: LookAheadFrom): Promise<readonly Ask[]> {
  const { run } = from;
  const { module } = task;
  try {
    if (module.kind !== "state" && module.kind !== "action") return [];
    if (module.probe === undefined || keywordOf(task, "delegateTo") !== undefined) return [];
    if (evaluator.firstFalse(whenChain(task)) !== undefined) return [];
    const params = taskParameters(task, evaluator, run.options.redactor);
    const context = {
      traits: from.traits,
      wouldChange: from.session.wouldChange,
      paths: from.session.paths,
      checkMode: evaluator.bool(keywordOf(task, "checkMode")) ?? run.options.checkMode,
      diff: evaluator.bool(keywordOf(task, "diff")) ?? run.options.diff,
    };
    const control = controlNode(evaluator, (text, path) => run.options.vault.decryptFile(text, path));
    const input = module.prepare === undefined ? params : await module.prepare(params, control, context);
    const become = becomeOf(task, evaluator, run.options.connection);
    return asksOf(module.probe(input, context), become);
  } catch (error) {
    if (isExpected(error)) return [];
    throw error;
  }
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (isExpected(error)) return undefined;
    throw error;
  }
}

/** What cannot be rendered yet, or will fail: the task itself will say so, if it is ever reached. */
function isExpected(error: unknown): boolean {
  return (
    error instanceof NotYetKnown ||
    error instanceof DiagnosticError ||
    error instanceof ModuleFailure ||
    error instanceof MissingPrerequisite
  );
}
