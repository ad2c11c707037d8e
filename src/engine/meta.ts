import { DiagnosticError } from "../diagnostic.ts";
import type { Task } from "../playbook/model.ts";
import { roleOf, whenChain } from "../playbook/scope.ts";
import type { PlayContext, RunContext } from "./context.ts";
import { type Evaluator, NotYetKnown } from "./evaluator.ts";
import { HostEnded, RoleEnded } from "./flow.ts";
import type { HostState } from "./host-state.ts";

export type MetaRun = {
  readonly run: RunContext;
  readonly play: PlayContext;
  readonly host: HostState;
  readonly task: Task;
  readonly evaluator: Evaluator;
};

/** Carries out `meta`; gives back what only the walk itself can do. Throws HostEnded or RoleEnded for the end_… ones. */
export function runMeta(at: MetaRun): "flush_handlers" | "reset_connection" | undefined {
  const { task, evaluator, run, play, host } = at;
  const action = String(evaluator.plain(task.args.get("free_form") ?? task.args.get("_raw_params") ?? "noop"));
  if (!applies(task, evaluator)) return undefined;
  switch (action) {
    case "flush_handlers":
    case "reset_connection":
      return action;
    case "noop":
      return undefined;
    case "refresh_inventory":
      throw refused(task, "refresh_inventory", "run k3sprov again: it reads the inventory at the start");
    case "clear_facts":
      run.store.clearFacts(host.name);
      return undefined;
    case "clear_host_errors":
      for (const name of play.failures) {
        const state = run.hosts.get(name);
        if (state !== undefined) state.out = undefined;
      }
      play.failures.clear();
      return undefined;
    case "end_host":
      host.ended = true;
      throw new HostEnded();
    case "end_batch":
    case "end_play":
      play.over = action;
      throw new HostEnded();
    case "end_role":
      throw new RoleEnded(roleOf(task)?.path ?? "");
    default:
      throw refused(
        task,
        action,
        "one of flush_handlers, clear_facts, clear_host_errors, end_batch, end_host, end_play, end_role, noop, reset_connection",
      );
  }
}

function applies(task: Task, evaluator: Evaluator): boolean {
  try {
    return evaluator.firstFalse(whenChain(task)) === undefined;
  } catch (error) {
    // A dry run that cannot know whether the play would end here goes on, so as to show the rest.
    if (error instanceof NotYetKnown) return false;
    throw error;
  }
}

function refused(task: Task, action: string, help: string): DiagnosticError {
  return new DiagnosticError([
    { severity: "error", code: "meta-unsupported", message: `meta: ${action} is not supported`, position: task.position, help },
  ]);
}
