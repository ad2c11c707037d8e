import { ConnectionError } from "../connection/errors.ts";
import { DiagnosticError } from "../diagnostic.ts";
import { type ControlContext, type Json, ModuleFailure, type ProbeContext } from "../modules/contract.ts";
import { unknownTraits } from "../modules/support/traits.ts";
import type { Task } from "../playbook/model.ts";
import { keywordOf } from "../playbook/scope.ts";
import { fromPlain } from "../source/json.ts";
import { isMap } from "../vars/value.ts";
import { runActionModule } from "./action-task.ts";
import { becomeOf } from "./connection-options.ts";
import { controlNode } from "./control-node.ts";
import { runEngineModule } from "./engine-task.ts";
import { environmentOf } from "./environment.ts";
import type { Evaluator } from "./evaluator.ts";
import { toJson } from "./json.ts";
import { lookAhead } from "./look-ahead.ts";
import { changed, failed, type ModuleOutcome, ok, skipped, withLines } from "./outcome.ts";
import { taskParameters } from "./parameters.ts";
import { loadPlayFiles } from "./play-files.ts";
import { asksOf, type ModuleRun, runStateModule } from "./state-task.ts";
import type { TaskRun } from "./task-runner.ts";

/** Runs the module of a task once; `rest` are the passes of its loop that are still to come. */
export async function executeModule(at: TaskRun, evaluator: Evaluator, rest: readonly Evaluator[]): Promise<ModuleOutcome> {
  const { task, run } = at;
  const { module } = task;
  const params = taskParameters(task, evaluator, run.options.redactor);
  if (module.kind === "engine") return runEngine(() => runEngineModule(at, evaluator, params));
  if (module.kind === "control") return runControlModule(() => module.run(params, controlContext(at, evaluator)));
  const prepared = await prepareRun(at, evaluator, rest);
  if ("status" in prepared) return prepared;
  const bare =
    module.kind === "state" ? await runStateModule(module, params, prepared) : await runActionModule(module, params, prepared);
  const outcome = { ...bare, result: withLines(bare.result) };
  if (outcome.status === "changed" && !prepared.context.checkMode) at.host.heat = Math.min(at.host.heat + 1, 4);
  else at.host.heat = Math.max(at.host.heat - 0.5, 0);
  keepFacts(at, evaluator, outcome);
  // A command of the control node may have waited for the host, or written to it (rsync, kubectl cp).
  if (module.kind === "action" && prepared.session.isControlNode) run.sessions.forget(at.host.name);
  return outcome;
}

/** Everything that depends on the host, known before the module is asked anything. Connects when that has not been done. */
async function prepareRun(at: TaskRun, evaluator: Evaluator, rest: readonly Evaluator[]): Promise<ModuleRun | ModuleOutcome> {
  const { run, play, task, host } = at;
  const target = evaluator.text(keywordOf(task, "delegateTo")) ?? host.name;
  const there = target === host.name ? evaluator : run.delegate(play, target, task);
  const session = await run.sessions.of(target, there, task, () => play.allHosts.includes(target));
  const become = becomeOf(task, there, run.options.connection);
  const checkMode = evaluator.bool(keywordOf(task, "checkMode")) ?? run.options.checkMode;
  const context = {
    checkMode,
    diff: evaluator.bool(keywordOf(task, "diff")) ?? run.options.diff,
  };
  const control = controlNode(
    evaluator,
    (text, path) => run.options.vault.decryptFile(text, path),
    (path) => checkMode && run.sessions.foreseesHere(path),
  );
  try {
    const early = earlyAsks(task, evaluator, at, { ...context, traits: unknownTraits }, become);
    const waits = task.module.kind === "action" && task.module.opensConnection === true;
    if (!waits) await run.sessions.open(target, session, become, early);
    const traits = waits ? unknownTraits : await session.identify(become);
    const environment = environmentOf(task, evaluator);
    const timeoutS = evaluator.number(keywordOf(task, "timeout"));
    return {
      session,
      become,
      context: {
        ...context,
        traits,
        environment,
        wouldChange: session.foresight.wouldChange,
        paths: session.foresight.paths,
      },
      control,
      toleratesFailure: task.failedWhen !== undefined || evaluator.bool(keywordOf(task, "ignoreErrors")) === true,
      remember: run.options.checkMode,
      environment,
      timeoutMs: timeoutS === undefined || timeoutS <= 0 ? run.limits.taskMs : timeoutS * 1000,
      lookAhead: (after) => (target === host.name ? lookAhead({ ...at, rest, session }, after) : Promise.resolve([])),
    };
  } catch (error) {
    // An interrupt says nothing about the host: it is the walker's, which ends here.
    if (!(error instanceof ConnectionError) || error.code === "aborted") throw error;
    const user = session.connection.shell(become).user;
    const isForeseen = checkMode && error.code === "become-user-unknown" && session.foresight.provides(`user:${user}`);
    return isForeseen ? asUserToBe(task, user) : unreachable(error);
  }
}

/** What check mode says of a task of a user whom an earlier task would make: nothing of it can be there yet. */
function asUserToBe({ module }: Task, user: string): ModuleOutcome {
  const message = `there is no user ${user} yet (an earlier task would make it)`;
  const looks = module.kind === "state" ? module.readsOnly === true : module.kind === "action" && !module.changesHost;
  return looks ? { ...skipped(message), incomplete: true } : { ...changed({ msg: message }, []), incomplete: true };
}

/** Facts can be asked for in the very first round trip, together with the traits. */
function earlyAsks(task: Task, evaluator: Evaluator, at: TaskRun, context: ProbeContext, become: ModuleRun["become"]) {
  const { module } = task;
  if (module.kind !== "state" || module.prepare !== undefined) return [];
  if (module.name !== "setup") return [];
  return asksOf(module.probe(taskParameters(task, evaluator, at.run.options.redactor), context), become);
}

export function unreachable(error: ConnectionError): ModuleOutcome {
  const help = error.help === undefined ? {} : { help: error.help };
  return {
    status: "unreachable",
    result: { unreachable: true, changed: false, failed: false, msg: error.message, code: error.code, ...help },
    differences: [],
    diagnostic: { severity: "error", code: error.code, message: error.message, ...help },
  };
}

function controlContext(at: TaskRun, evaluator: Evaluator): ControlContext {
  return {
    condition: (expression) => evaluator.condition(expression),
    evaluate: (expression) => definedValue(expression, evaluator),
    verbosity: at.run.options.verbosity,
    checkMode: at.run.options.checkMode,
  };
}

async function runEngine(work: () => Promise<ModuleOutcome>): Promise<ModuleOutcome> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ModuleFailure) return failed(error.message, error.fields);
    throw error;
  }
}

/** The value of an expression as data; undefined when it reads a variable that is not defined. */
export function definedValue(expression: string, evaluator: Evaluator): Json | undefined {
  try {
    return toJson(evaluator.plain(evaluator.evaluate(expression)));
  } catch (error) {
    if (error instanceof DiagnosticError && error.diagnostics.every((one) => one.code === "undefined-variable")) return undefined;
    throw error;
  }
}

function runControlModule(work: () => ModuleOutcome["result"]): ModuleOutcome {
  try {
    const result = work();
    if (result["failed"] === true) return failed(String(result["msg"] ?? "failed"), result);
    if (result["changed"] === true) return { status: "changed", result: { ...result, failed: false }, differences: [] };
    if (result["skipped"] === true)
      return { status: "skipped", result: { ...result, changed: false, failed: false }, differences: [] };
    return ok(result);
  } catch (error) {
    if (error instanceof ModuleFailure) return failed(error.message, error.fields);
    throw error;
  }
}

/** `ansible_facts` in a result become facts of the host (of the delegate with `delegate_facts`). */
function keepFacts(at: TaskRun, evaluator: Evaluator, outcome: ModuleOutcome): void {
  const facts = outcome.result["ansible_facts"];
  if (facts === undefined || outcome.status === "failed") return;
  const value = fromPlain(facts);
  if (!isMap(value)) return;
  const delegate = evaluator.text(keywordOf(at.task, "delegateTo"));
  const own = delegate === undefined || evaluator.bool(keywordOf(at.task, "delegateFacts")) !== true;
  at.run.store.addFacts(own ? at.host.name : delegate, value);
  // Files whose names are made of facts can be found now.
  if (at.task.module.name === "setup") loadPlayFiles(at.run, at.play, [at.host]);
}
