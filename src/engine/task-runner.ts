import { ConnectionError } from "../connection/errors.ts";
import type { Diagnostic } from "../diagnostic.ts";
import { DiagnosticError } from "../diagnostic.ts";
import type { Difference, Json, JsonObject } from "../modules/contract.ts";
import type { Task } from "../playbook/model.ts";
import { keywordOf, whenChain } from "../playbook/scope.ts";
import { toText } from "../template/repr.ts";
import { fromPlain } from "../vars/plain.ts";
import { Undefined, type Value } from "../vars/value.ts";
import type { PlayContext, RunContext } from "./context.ts";
import { type Evaluator, NotYetKnown } from "./evaluator.ts";
import { executeModule, unreachable } from "./execute.ts";
import type { HostState } from "./host-state.ts";
import { toJson } from "./json.ts";
import { itemNames, loopItems } from "./loops.ts";
import { failed, type ModuleOutcome, skipped, undetermined } from "./outcome.ts";
import { registeredValue } from "./registered.ts";
import { taskRef } from "./task-ref.ts";
import type { Upcoming } from "./upcoming.ts";
import { forgetLooks, judged, untilDone } from "./verdict.ts";

/** How a task ended on a host, loop and all. */
export type TaskOutcome = ModuleOutcome & {
  readonly loop: boolean;
  readonly delegatedTo: string | undefined;
  readonly noLog: boolean;
};

export type TaskRun = {
  readonly run: RunContext;
  readonly play: PlayContext;
  readonly host: HostState;
  readonly task: Task;
  readonly upcoming: Upcoming | undefined;
  /** Loop variables of the includes around the task. */
  readonly names: ReadonlyMap<string, Value>;
};

/** Runs a task on a host: condition, loop, retries, the module itself, and the verdict of changed_when and failed_when. */
export async function runTask(at: TaskRun): Promise<TaskOutcome> {
  const { run, play, host, task } = at;
  const evaluator = run.evaluator(play, host.name, task).with(at.names);
  const base = { loop: false, delegatedTo: undefined, noLog: false };
  try {
    const noLog = evaluator.bool(keywordOf(task, "noLog")) ?? false;
    if (task.loop === undefined) return { ...(await runItem(at, evaluator, [])), ...base, noLog, ...delegation(task, evaluator) };
    return { ...(await runLoop(at, task.loop, evaluator, noLog)), ...base, loop: true, noLog };
  } catch (error) {
    return { ...outcomeOfError(error, at), ...base };
  }
}

function delegation(task: Task, evaluator: Evaluator): { readonly delegatedTo: string | undefined } {
  try {
    return { delegatedTo: evaluator.text(keywordOf(task, "delegateTo")) };
  } catch {
    // The condition was false, or the outcome says what is wrong with it.
    return { delegatedTo: undefined };
  }
}

async function runItem(at: TaskRun, evaluator: Evaluator, rest: readonly Evaluator[]): Promise<ModuleOutcome> {
  try {
    const no = evaluator.firstFalse(whenChain(at.task));
    if (no !== undefined) return skipped(`"${String(no.source)}" is false`, { false_condition: no.source });
    return await untilDone(at, evaluator, async () => judged(await executeModule(at, evaluator, rest), at, evaluator));
  } catch (error) {
    return outcomeOfError(error, at);
  }
}

async function runLoop(
  at: TaskRun,
  loop: NonNullable<Task["loop"]>,
  evaluator: Evaluator,
  noLog: boolean,
): Promise<ModuleOutcome> {
  const { run, task, host } = at;
  let items: readonly Value[];
  try {
    items = loopItems(loop, evaluator);
  } catch (error) {
    // As in Ansible: a loop over something undefined does not matter when the task is skipped anyway.
    const no = conditionFalse(evaluator, task);
    if (no !== undefined) return skipped(`"${no}" is false`, { false_condition: no });
    throw error;
  }
  if (items.length === 0) return skipped("No items in the list", { skipped_reason: "No items in the list", results: [] });
  const extended = evaluator.bool(loop.control.extended) ?? false;
  const pauseMs = (evaluator.number(loop.control.pause) ?? 0) * 1000;
  const passes = items.map((_, index) => evaluator.with(itemNames(loop, items, index, extended)));
  const outcomes: ModuleOutcome[] = [];
  const results: JsonObject[] = [];
  const ref = taskRef(task, evaluator);
  const ignored = evaluator.bool(keywordOf(task, "ignoreErrors")) ?? false;
  for (const [index, pass] of passes.entries()) {
    if (index > 0 && pauseMs > 0) {
      await sleep(pauseMs, run.options.signal);
      forgetLooks(at, pass);
    }
    const outcome = await runItem(at, pass, passes.slice(index + 1));
    const item = items[index] ?? null;
    const plainItem = toJson(pass.plain(item));
    outcomes.push(outcome);
    const result: JsonObject = { ...outcome.result, [loop.control.loopVar]: plainItem, ansible_loop_var: loop.control.loopVar };
    results.push(result);
    const { delegatedTo } = delegation(task, pass);
    run.emitter.emit({
      type: "item-finished",
      task: ref,
      host: host.name,
      ...(delegatedTo === undefined ? {} : { delegatedTo }),
      status: outcome.status,
      label: noLog ? "(censored due to no_log)" : label(loop, pass, plainItem),
      result: noLog ? censored(result) : result,
      differences: noLog ? [] : outcome.differences,
      ignored: ignored && outcome.status === "failed",
    });
    // A host that has gone is gone for the other items, too.
    const isGone = outcome.status === "unreachable" && !String(outcome.result["code"]).startsWith("become-");
    if (isGone && delegatedTo === undefined) break;
    if (loop.control.breakWhen.length > 0) {
      const seen = task.register === undefined ? pass : pass.with(new Map([[task.register, registeredValue(outcome)]]));
      if (seen.firstFalse(loop.control.breakWhen) === undefined) break;
    }
  }
  return together(outcomes, results);
}

/** The result of a loop as Ansible gives it: `results`, and what is true of any or all of them. */
function together(outcomes: readonly ModuleOutcome[], results: readonly JsonObject[]): ModuleOutcome {
  const differences: readonly Difference[] = outcomes.flatMap((one) => one.differences);
  const isChanged = outcomes.some((one) => one.result["changed"] === true);
  const incomplete = outcomes.some((one) => one.incomplete === true);
  const rest = { differences, ...(incomplete ? { incomplete } : {}) };
  const bad = outcomes.find((one) => one.status === "failed");
  const common = { results, changed: isChanged };
  if (bad !== undefined) {
    const result = { ...common, failed: true, msg: "One or more items failed" };
    return { status: "failed", result, ...rest, ...(bad.diagnostic === undefined ? {} : { diagnostic: bad.diagnostic }) };
  }
  const away = outcomes.find((one) => one.status === "unreachable");
  if (away !== undefined) return { ...away, result: { ...away.result, ...common }, ...rest };
  if (outcomes.every((one) => one.status === "skipped")) {
    return { ...skipped("All items skipped", { ...common, msg: "All items skipped" }), ...rest };
  }
  const result = { ...common, failed: false, skipped: false, msg: "All items completed" };
  const unsure = outcomes.find((one) => one.status === "undetermined");
  if (outcomes.some((one) => one.status === "changed")) return { status: "changed", result, ...rest };
  if (unsure !== undefined) return { status: "undetermined", result, ...rest, reason: unsure.reason ?? "" };
  return { status: "ok", result, ...rest };
}

/** As Ansible shows an item: the text that Python makes of it. */
function label(loop: NonNullable<Task["loop"]>, pass: Evaluator, item: Json): string {
  const shown = loop.control.label === undefined ? item : pass.plain(loop.control.label);
  return toText(fromPlain(shown));
}

function conditionFalse(evaluator: Evaluator, task: Task): string | undefined {
  try {
    const no = evaluator.firstFalse(whenChain(task));
    return no === undefined ? undefined : String(no.source);
  } catch {
    // The condition depends on the loop; the error of the loop itself is the one to tell.
    return undefined;
  }
}

/** What is shown of a result under `no_log`. */
export function censored(result: JsonObject): JsonObject {
  const shown: Record<string, Json> = {
    censored: "the output has been hidden because no_log is set for this task",
  };
  for (const field of ["changed", "failed", "skipped"]) if (typeof result[field] === "boolean") shown[field] = result[field];
  return shown;
}

function outcomeOfError(error: unknown, at: TaskRun): ModuleOutcome {
  if (error instanceof ConnectionError && error.code !== "aborted") {
    return error.code === "timeout" ? failed(error.message, { timedout: true }) : unreachable(error);
  }
  if (error instanceof NotYetKnown) return unforeseeable(error.variable, at);
  if (!(error instanceof DiagnosticError)) throw error;
  const [first] = error.diagnostics;
  const message = error.diagnostics.map((one) => one.message).join("\n");
  const diagnostic: Diagnostic | undefined =
    first === undefined ? undefined : { ...first, message, position: first.position ?? at.task.position };
  return failed(message, {}, diagnostic);
}

/** What a dry run says of a task that depends on what only an apply can tell. */
function unforeseeable(variable: string, at: TaskRun): ModuleOutcome {
  const { run, host, task } = at;
  if (task.module.name === "set_fact") {
    for (const name of task.args.keys()) {
      run.store.setFact(host.name, String(name), new Undefined(String(name), "not-yet-known"));
    }
  }
  const reason = `depends on ${variable}, which is known only after an apply`;
  return canChange(at) ? undetermined(reason) : { ...skipped(reason), incomplete: true };
}

function canChange(at: TaskRun): boolean {
  const { task, run, play, host } = at;
  if (task.changedWhen !== undefined) {
    const evaluator = run.evaluator(play, host.name, task).with(at.names);
    try {
      return evaluator.firstFalse(task.changedWhen) === undefined;
    } catch {
      // It depends on the result that there is not.
      return true;
    }
  }
  const { module } = task;
  switch (module.kind) {
    case "state":
      return module.readsOnly !== true;
    case "action":
      return module.changesHost;
    case "control":
    case "engine":
      return false;
    default:
      return module satisfies never;
  }
}

/** Waits, unless the run is interrupted. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}
