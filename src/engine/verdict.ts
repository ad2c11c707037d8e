import type { Json } from "../modules/contract.ts";
import type { Condition } from "../playbook/model.ts";
import { keywordOf } from "../playbook/scope.ts";
import { type Evaluator, NotYetKnown } from "./evaluator.ts";
import { failed, type ModuleOutcome, undetermined } from "./outcome.ts";
import { registeredValue } from "./registered.ts";
import { taskRef } from "./task-ref.ts";
import { sleep, type TaskRun } from "./task-runner.ts";

const RETRIES = 3;
const DELAY_S = 5;

/** An outcome in the light of `failed_when` and `changed_when`, which see it under the name that `register` gives. */
export function judged(outcome: ModuleOutcome, at: TaskRun, evaluator: Evaluator): ModuleOutcome {
  const { task } = at;
  if (outcome.status === "skipped" || outcome.status === "undetermined" || outcome.status === "unreachable") return outcome;
  if (task.failedWhen === undefined && task.changedWhen === undefined) return outcome;
  const seen = seeing(outcome, task.register, evaluator);
  try {
    const hasFailed =
      task.failedWhen === undefined ? outcome.status === "failed" : holds(task.failedWhen, seen, outcome.incomplete === true);
    const before = outcome.result["changed"] === true;
    const hasChanged = task.changedWhen === undefined ? before : seen.firstFalse(task.changedWhen) === undefined;
    const verdicts: Record<string, Json> = {};
    if (task.failedWhen !== undefined) verdicts["failed_when_result"] = hasFailed;
    const result = { ...outcome.result, ...verdicts, changed: hasChanged, failed: hasFailed };
    if (hasFailed) {
      const message = String(outcome.result["msg"] ?? "failed_when is true");
      return outcome.status === "failed" ? { ...outcome, result } : { ...outcome, ...failed(message, result) };
    }
    const { diagnostic: _, ...rest } = outcome;
    return { ...rest, status: hasChanged ? "changed" : "ok", result };
  } catch (error) {
    if (!(error instanceof NotYetKnown)) throw error;
    return undetermined(`whether it changes anything depends on ${error.variable}, which is known only after an apply`);
  }
}

/** Repeats a task with `until` or `retries` until it is content or out of attempts. */
export async function untilDone(
  at: TaskRun,
  evaluator: Evaluator,
  execute: () => Promise<ModuleOutcome>,
): Promise<ModuleOutcome> {
  const { task, run, host } = at;
  const { until } = task;
  if (until === undefined) return execute();
  const attempts = Math.max(1, (evaluator.number(until.retries) ?? RETRIES) + 1);
  const delayMs = (evaluator.number(until.delay) ?? DELAY_S) * 1000;
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await execute();
    // A dry run does nothing that could be waited for.
    if (outcome.incomplete === true || outcome.status === "skipped" || outcome.status === "undetermined") return outcome;
    const content =
      until.conditions.length === 0
        ? outcome.status !== "failed"
        : seeing(outcome, task.register, evaluator).firstFalse(until.conditions) === undefined;
    const result = { ...outcome.result, attempts: attempt };
    if (content) return { ...outcome, result };
    if (attempt >= attempts || run.options.signal.aborted) {
      const message = String(outcome.result["msg"] ?? `not as wished after ${attempt} attempts`);
      return { ...outcome, ...failed(message, result), result: { ...result, failed: true } };
    }
    run.emitter.emit({
      type: "task-retrying",
      task: taskRef(task, evaluator),
      host: host.name,
      attemptsLeft: attempts - attempt,
      result,
    });
    await sleep(delayMs, run.options.signal);
    forgetLooks(at, evaluator);
  }
}

/** Time has passed for what a task looks at: its host, or whom it is delegated to. */
export function forgetLooks({ run, host, task }: TaskRun, evaluator: Evaluator): void {
  run.sessions.forget(evaluator.text(keywordOf(task, "delegateTo")) ?? host.name);
}

function seeing(outcome: ModuleOutcome, register: string | undefined, evaluator: Evaluator): Evaluator {
  return register === undefined ? evaluator : evaluator.with(new Map([[register, registeredValue(outcome, register)]]));
}

function holds(conditions: readonly Condition[], evaluator: Evaluator, incomplete: boolean): boolean {
  try {
    return evaluator.firstFalse(conditions) === undefined;
  } catch (error) {
    // What has not run has not failed.
    if (incomplete && error instanceof NotYetKnown) return false;
    throw error;
  }
}
