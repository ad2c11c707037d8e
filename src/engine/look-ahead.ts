import type { Include, Node, Task } from "../playbook/model.ts";
import { keywordOf, whenChain } from "../playbook/scope.ts";
import { isSelected, tagsOfNode } from "../playbook/tags.ts";
import type { Value } from "../vars/value.ts";
import type { Ask } from "./answers.ts";
import { becomeOf } from "./connection-options.ts";
import { controlNode } from "./control-node.ts";
import { environmentOf } from "./environment.ts";
import type { Evaluator } from "./evaluator.ts";
import { attempt, ForeseenVariables, isExpected } from "./foreseen.ts";
import type { HostSession } from "./host-session.ts";
import { foreseeInclude } from "./includes.ts";
import { itemNames, loopItems } from "./loops.ts";
import { taskParameters } from "./parameters.ts";
import { asksOf } from "./state-task.ts";
import type { TaskRun } from "./task-runner.ts";
import { follow } from "./upcoming.ts";

/** Where a host stands when it is about to make a round trip. */
export type LookAheadFrom = TaskRun & {
  /** Passes of the current task's loop that are still to come. */
  readonly rest: readonly Evaluator[];
  readonly session: HostSession;
};

const MOST_QUESTIONS = 2000;
const FEW = 3;
const HOT = 1.5;
/** Includes within includes: one that includes itself ends by a condition that may not be known yet. */
const DEEPEST = 10;

/**
 * Probes of the tasks that follow, as far as their parameters can be rendered already and their conditions do not rule them out.
 * Asking is harmless, since probes only read; a wrong guess costs one probe, since the task itself renders everything again when
 * its turn comes.
 */
export async function lookAhead(from: LookAheadFrom, after: "probe" | "change"): Promise<readonly Ask[]> {
  const limit = from.host.heat > HOT || (after === "change" && from.host.heat >= 1) ? FEW : Number.POSITIVE_INFINITY;
  const sight: Sight = { asks: [], variables: new ForeseenVariables(from.run), left: limit - from.rest.length };
  for (const pass of from.rest.slice(0, limit)) sight.asks.push(...(await probesOf(from.task, pass.ahead(), from)));
  sight.variables.register(from.task);
  for (const node of follow(from.upcoming)) if (!(await visit(node, from, sight, { names: from.names, depth: 0 }))) break;
  return sight.asks;
}

/** What one look ahead has found so far. */
type Sight = {
  readonly asks: Ask[];
  readonly variables: ForeseenVariables;
  /** Tasks that are still to be looked at. */
  left: number;
};

/** The includes around a node: the variables of their loops, and how many there are. */
type Inside = { readonly names: ReadonlyMap<string, Value>; readonly depth: number };

/** Adds the probes of a node. False: what follows cannot be foreseen from here, or need not be. */
async function visit(node: Node, from: LookAheadFrom, sight: Sight, inside: Inside): Promise<boolean> {
  const { run, play } = from;
  if (sight.left <= 0 || sight.asks.length > MOST_QUESTIONS) return false;
  if (node.kind === "block") {
    for (const inner of node.block) if (!(await visit(inner, from, sight, inside))) return false;
    return true;
  }
  if (!node.isHandler && !isSelected(tagsOfNode(node), run.options.tags, run.options.skipTags)) return true;
  const evaluator = run.evaluator(play, from.host.name, node).with(sight.variables.names).with(inside.names).ahead();
  if (node.kind === "include") return visitInclude(node, evaluator, from, sight, inside);
  sight.left -= 1;
  const { module } = node;
  if (module.kind === "engine") {
    // What is asked now would be old by then.
    if (module.name === "pause") return false;
    if (module.name === "set_fact") sight.variables.setFact(node, evaluator);
    if (module.name === "include_vars" && !sight.variables.includeVars(node, evaluator)) return false;
    // add_host and group_by may give hosts other groups and by them other variables. Tasks that depend on those are asked
    // about in vain then, which costs no more than not to have asked.
  }
  if (module.kind === "state" || module.kind === "action") {
    for (const pass of passesOf(node, evaluator)) sight.asks.push(...(await probesOf(node, pass, from)));
  }
  sight.variables.register(node);
  return true;
}

/** The tasks of a dynamic include, if its file is known already: reading it here costs no round trip. */
async function visitInclude(
  include: Include,
  evaluator: Evaluator,
  from: LookAheadFrom,
  sight: Sight,
  inside: Inside,
): Promise<boolean> {
  const { run, play, host } = from;
  const parts = inside.depth < DEEPEST ? attempt(() => foreseeInclude({ run, play, host, include, evaluator })) : undefined;
  // A role may set whatever the tasks after it read; a file of tasks seldom does.
  if (parts === undefined) return include.what === "tasks";
  for (const { nodes, names } of parts) {
    const within = { names: new Map([...inside.names, ...names]), depth: inside.depth + 1 };
    for (const node of nodes) if (!(await visit(node, from, sight, within))) return false;
  }
  return true;
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

/** Nothing is read on the control node for a task that may never run. */
function isCheap(module: Task["module"]): boolean {
  return module.kind === "state" && (module.prepare === undefined || module.isLight === true);
}

async function probesOf(task: Task, evaluator: Evaluator, from: LookAheadFrom): Promise<readonly Ask[]> {
  const { run } = from;
  const { module } = task;
  try {
    if (module.kind !== "state" && module.kind !== "action") return [];
    if (module.probe === undefined || keywordOf(task, "delegateTo") !== undefined) return [];
    const runs = attempt(() => evaluator.firstFalse(whenChain(task)) === undefined);
    if (runs === false || (runs === undefined && !isCheap(module))) return [];
    const params = taskParameters(task, evaluator, run.options.redactor);
    const become = becomeOf(task, evaluator, run.options.connection);
    const traits = from.session.traitsAs(become);
    if (traits === undefined) return [];
    const context = {
      traits,
      environment: environmentOf(task, evaluator),
      wouldChange: from.session.foresight.wouldChange,
      paths: from.session.foresight.paths,
      checkMode: evaluator.bool(keywordOf(task, "checkMode")) ?? run.options.checkMode,
      diff: evaluator.bool(keywordOf(task, "diff")) ?? run.options.diff,
    };
    const control = controlNode(evaluator, (text, path) => run.options.vault.decryptFile(text, path));
    const input = module.prepare === undefined ? params : await module.prepare(params, control, context);
    const asks = asksOf(module.probe(input, context), become);
    // What nobody may want is asked where it costs next to nothing.
    if (runs === undefined) return asks.filter((ask) => ask.question.collector.light === true);
    return asks.filter((ask) => ask.question.collector.outside !== true);
  } catch (error) {
    if (isExpected(error)) return [];
    throw error;
  }
}
