import { ConnectionError } from "../connection/errors.ts";
import {
  type AnyActionModule,
  HostUnreachable,
  type JsonObject,
  MissingPrerequisite,
  ModuleFailure,
} from "../modules/contract.ts";
import { moment } from "../modules/support/moment.ts";
import { ForeseenFile } from "./control-node.ts";
import { hostAccess } from "./host-access.ts";
import { changed, failed, type ModuleOutcome, ok, skipped } from "./outcome.ts";
import { afterEarlierTasks, answersTo, asksOf, type ModuleRun, section, unknownIn } from "./state-task.ts";

/** Runs an action, unless its probe says that there is nothing to do or check mode forbids it. */
export async function runActionModule(module: AnyActionModule, params: unknown, run: ModuleRun): Promise<ModuleOutcome> {
  const { context } = run;
  try {
    const input = module.prepare === undefined ? params : await module.prepare(params, run.control, context);
    const state = await guardsOf(module, input, run);
    const reason = state === undefined ? undefined : module.skip?.(state, input, context);
    if (reason !== undefined) {
      // Ansible counts a command whose `creates` exists as ok, not as skipped.
      return ok({ skipped: false, msg: reason, rc: 0, stdout: reason, stderr: "" });
    }
    if (context.checkMode) return wouldRun(module, input, state, run);
    const result = await done(module, input, run);
    if (result["failed"] === true) return failed(String(result["msg"] ?? `exit status ${String(result["rc"])}`), result);
    const isChanged = result["changed"] === true;
    return { status: isChanged ? "changed" : "ok", result: { ...result, changed: isChanged, failed: false }, differences: [] };
  } catch (error) {
    if (error instanceof ModuleFailure) return failed(error.message, error.fields);
    if (error instanceof ForeseenFile) return { ...changed({ msg: error.message }, []), incomplete: true };
    if (error instanceof MissingPrerequisite) return afterEarlierTasks(error, run);
    if (error instanceof HostUnreachable && error.cause instanceof ConnectionError) throw error.cause;
    if (error instanceof ConnectionError && error.code === "lost") {
      const state = error.started ? "its outcome is unknown, so it is not run again" : "it had not started";
      return failed(`the connection was lost while "${module.name}" was under way; ${state}`, { unreachable: false });
    }
    throw error;
  }
}

async function done(module: AnyActionModule, input: unknown, run: ModuleRun): Promise<JsonObject> {
  if (module.perform !== undefined) return module.perform(input, hostAccess(run), run.control, run.context);
  const altersTraits = module.changesHost && module.mayChange?.(input) !== false;
  const work = {
    section: section(module.run(input, run.context), run),
    become: run.become,
    timeoutMs: run.timeoutMs,
    altersTraits,
  };
  const started = Date.now();
  const output = await run.session.act(work, await run.lookAhead("change"));
  return module.result(output, input, Date.now() - started);
}

type State = { readonly [name: string]: unknown };

/** The answers that decide whether there is something to do; undefined for actions that ask nothing, or may be answered by then. */
async function guardsOf(module: AnyActionModule, input: unknown, run: ModuleRun): Promise<State | undefined> {
  if (module.probe === undefined || module.skip === undefined) return undefined;
  const questions = module.probe(input, run.context);
  const asks = asksOf(questions, run.become);
  if (asks.length === 0) return undefined;
  if (asks.some((ask) => !run.session.answers.has(ask))) await run.session.ask([...asks, ...(await run.lookAhead("probe"))]);
  const state = answersTo(questions, run.become, run.session);
  const blind = unknownIn(state);
  if (blind === undefined) return state;
  if (run.context.checkMode && run.session.foresight.provided.has("*")) return undefined;
  throw new ModuleFailure(blind.reason);
}

function wouldRun(module: AnyActionModule, input: unknown, state: State | undefined, run: ModuleRun): ModuleOutcome {
  if (!module.changesHost) return { ...skipped("check mode does not wait"), incomplete: true };
  if (module.mayChange?.(input) === false)
    return { ...skipped("it changes nothing, so that check mode need not run it"), incomplete: true };
  if (run.remember) {
    // What a command leaves behind is anybody's guess, but for what it is said to make or to remove.
    const { foresight } = run.session;
    foresight.provided.set("*", moment());
    if (state !== undefined)
      for (const [path, exists] of module.promises?.(state, input) ?? []) foresight.paths.note(path, exists);
  }
  return {
    status: "changed",
    result: { changed: true, failed: false, skipped: false, msg: "would run" },
    differences: [],
    reason: "would run",
    incomplete: true,
  };
}
