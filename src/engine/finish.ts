import type { Json } from "../modules/contract.ts";
import type { Include, Task } from "../playbook/model.ts";
import { keywordOf } from "../playbook/scope.ts";
import type { Value } from "../vars/value.ts";
import type { PlayContext, RunContext } from "./context.ts";
import type { Evaluator } from "./evaluator.ts";
import type { TaskRef } from "./events.ts";
import { HostEnded, TaskFailed } from "./flow.ts";
import type { HostState } from "./host-state.ts";
import { failed } from "./outcome.ts";
import { registeredValue } from "./registered.ts";
import { taskName, taskRef } from "./task-ref.ts";
import { censored, type TaskOutcome } from "./task-runner.ts";

const SLOWEST = 10;

export type Finishing = {
  readonly run: RunContext;
  readonly play: PlayContext;
  readonly host: HostState;
  readonly task: Task | Include;
  readonly names: ReadonlyMap<string, Value>;
};

/**
 * What follows from the outcome of a task: its result is registered, handlers are notified, it is counted and told.
 * Throws TaskFailed when it failed and that is not ignored, HostEnded when the host cannot be reached.
 */
export function finishTask(at: Finishing, outcome: TaskOutcome, ref: TaskRef, elapsedMs: number, canRescue: boolean): void {
  const { run, play, host, task } = at;
  const evaluator = run.evaluator(play, host.name, task).with(at.names);
  const final = withNotifications(at, outcome, ref, evaluator);
  if (task.register !== undefined) {
    run.store.setRegistered(host.name, task.register, registeredValue(final, task.register, final.noLog));
  }
  const ignored = isIgnored(final, task, evaluator);
  const isChanged = final.result["changed"] === true;
  host.count(final.status, { changed: isChanged, ignored, rescued: canRescue });
  if (final.status === "changed" || final.status === "undetermined") host.changes.push(ref.title);
  host.elapsedMs += elapsedMs;
  if (final.status !== "skipped") noteTiming(run, ref, host.name, elapsedMs);
  const result: { readonly [name: string]: Json } = final.noLog ? censored(final.result) : final.result;
  run.emitter.emit({
    type: "task-finished",
    task: ref,
    host: host.name,
    status: final.status,
    ...(final.delegatedTo === undefined ? {} : { delegatedTo: final.delegatedTo }),
    result,
    differences: final.noLog || final.loop ? [] : final.differences,
    loop: final.loop,
    ignored,
    noLog: final.noLog,
    elapsedMs,
    ...(final.diagnostic === undefined ? {} : { diagnostic: final.diagnostic }),
    ...(final.reason === undefined ? {} : { reason: final.reason }),
  });
  if (final.status === "unreachable" && !ignored) {
    host.out = "unreachable";
    run.emitter.emit({
      type: "host-unreachable",
      host: host.name,
      message: String(final.result["msg"] ?? ""),
      code: String(final.result["code"] ?? "unreachable"),
      ...(typeof final.result["help"] === "string" ? { help: final.result["help"] } : {}),
    });
    throw new HostEnded(isForAll(task, evaluator));
  }
  if (final.status !== "failed" || ignored) return;
  if (canRescue) run.emitter.emit({ type: "rescued", task: ref, host: host.name });
  throw new TaskFailed(ref, final.result, isForAll(task, evaluator));
}

/** As in Ansible: what is done once for all hosts fails for all of them. */
function isForAll(task: Task | Include, evaluator: Evaluator): boolean {
  return (["anyErrorsFatal", "runOnce"] as const).some((keyword) => evaluator.bool(keywordOf(task, keyword)) === true);
}

/** Whether the host goes on although the task failed, or could not reach it. */
export function isIgnored(outcome: TaskOutcome, task: Task | Include, evaluator: Evaluator): boolean {
  if (outcome.status === "failed") return evaluator.bool(keywordOf(task, "ignoreErrors")) ?? false;
  if (outcome.status === "unreachable") return evaluator.bool(keywordOf(task, "ignoreUnreachable")) ?? false;
  return false;
}

/** A changed task notifies its handlers; a name that no handler has is a failure of the task. */
function withNotifications(at: Finishing, outcome: TaskOutcome, ref: TaskRef, evaluator: Evaluator): TaskOutcome {
  const { task, run, play, host } = at;
  if (task.kind !== "task" || task.notify === undefined) return outcome;
  if (outcome.status !== "changed" && outcome.status !== "undetermined") return outcome;
  for (const wanted of evaluator.texts(task.notify)) {
    const found = play.handlers.find(wanted, (handler) => taskName(handler, run.evaluator(play, host.name, handler)));
    if (found.length === 0) {
      const message = `the handler "${wanted}" was notified, but no handler of the play has that name or listens to it`;
      return {
        ...outcome,
        ...failed(message, outcome.result, { severity: "error", code: "unknown-handler", message, position: task.position }),
      };
    }
    for (const handler of found) {
      host.notified.add(handler);
      if (handler.kind === "block") continue;
      const title = taskRef(handler, evaluator).title;
      run.emitter.emit({ type: "handler-notified", task: ref, host: host.name, handler: title });
    }
  }
  return outcome;
}

function noteTiming(run: RunContext, task: TaskRef, host: string, elapsedMs: number): void {
  run.slowest.push({ task, host, elapsedMs });
  if (run.slowest.length < SLOWEST * 20) return;
  run.slowest.sort((a, b) => b.elapsedMs - a.elapsedMs);
  run.slowest.length = SLOWEST;
}
