import type { Become } from "../connection/connection.ts";
import { ConnectionError } from "../connection/errors.ts";
import {
  type AnyStateModule,
  type Apply,
  type ControlNode,
  type JsonObject,
  MissingPrerequisite,
  ModuleFailure,
  type Output,
  PendingAnswer,
  type ProbeContext,
  type Questions,
  Unknown,
} from "../modules/contract.ts";
import { moment } from "../modules/support/moment.ts";
import { mayAlterTraits } from "../modules/support/traits.ts";
import type { Ask } from "./answers.ts";
import { ForeseenFile } from "./control-node.ts";
import type { HostSession } from "./host-session.ts";
import { changed, failed, type ModuleOutcome, ok, outputFields, undetermined } from "./outcome.ts";
import { receiveFiles } from "./receive-files.ts";

/** What running a module on a host needs besides the module and its parameters. */
export type ModuleRun = {
  readonly session: HostSession;
  readonly become: Become | undefined;
  readonly context: ProbeContext;
  readonly control: ControlNode;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** The task goes on, whatever its module says. */
  readonly toleratesFailure: boolean;
  /** The whole run is a dry run: later tasks see the host as if this one had been applied. */
  readonly remember: boolean;
  /** Probes of the tasks that follow; called only when a round trip is made anyway. */
  readonly lookAhead: (after: "probe" | "change") => Promise<readonly Ask[]>;
};

const APPLIES_AFTER_LOSS = 2;

/** Probe, plan, and where there is a difference apply and the same probe again. */
export async function runStateModule(module: AnyStateModule, params: unknown, run: ModuleRun): Promise<ModuleOutcome> {
  const { session, context } = run;
  try {
    const input = module.prepare === undefined ? params : await module.prepare(params, run.control, context);
    const questions = module.probe(input, context);
    const asks = asksOf(questions, run.become);
    if (asks.some((ask) => !session.answers.has(ask))) await session.ask([...asks, ...(await run.lookAhead("probe"))]);
    // Another host that works here too may have let time pass meanwhile.
    for (let again = 0; again < 3 && asks.some((ask) => !session.answers.has(ask)); again += 1) await session.ask(asks);
    const state = answersTo(questions, run.become, session);
    const blind = unknownIn(state, questions);
    if (blind !== undefined) {
      if (context.checkMode && session.foresight.provided.has("*")) return predictedBlindly(blind.reason);
      if (blind instanceof PendingAnswer) {
        return module.readsOnly === true ? { ...ok({ msg: blind.reason }), incomplete: true } : undetermined(blind.reason);
      }
      return failed(blind.reason);
    }
    const planned = module.plan(state, input, context);
    if (planned === undefined) return ok(module.result?.(state, input, context) ?? {});
    if (context.checkMode) {
      if (run.remember) {
        remember(module, planned, state, input, run);
      }
      const after = answersTo(questions, run.become, session);
      return foretold(planned, module.result?.(after, input, context) ?? {});
    }
    const again = async (): Promise<unknown> => module.prepare?.(params, run.control, context) ?? params;
    return await converge(module, planned, { questions, before: state, input, again }, run);
  } catch (error) {
    if (error instanceof ModuleFailure) return failed(error.message, error.fields);
    if (error instanceof ForeseenFile) return { ...changed({ msg: error.message }, []), incomplete: true };
    if (error instanceof MissingPrerequisite) {
      return module.readsOnly === true ? readAfterEarlierTasks(error, run) : afterEarlierTasks(error, run);
    }
    throw error;
  }
}

/** What check mode says of a change. */
function foretold({ differences, maybe }: Planned, result: JsonObject): ModuleOutcome {
  if (maybe === undefined) return changed(result, differences);
  if (differences.length > 0) return { ...changed(result, differences), incomplete: true };
  const unsure = undetermined(maybe);
  return { ...unsure, result: { ...result, ...unsure.result } };
}

/** Later tasks of a dry run see the host as if the change had been made. */
function remember(module: AnyStateModule, change: Planned, state: State, input: unknown, run: ModuleRun): void {
  const { answers, foresight } = run.session;
  const predictions = module.predict?.(change, state, input, run.context) ?? [];
  answers.predict(predictions);
  for (const { question, answer } of predictions) {
    if (question.collector.name !== "path") continue;
    foresight.wouldChange.set(question.item, moment());
    foresight.paths.note(question.item, !isAbsent(answer));
  }
  for (const resource of module.provides?.(change, input, state) ?? []) {
    foresight.provided.set(resource, moment());
    if (resource.startsWith("path:") && !resource.endsWith("/*")) foresight.paths.note(resource.slice("path:".length), true);
  }
}

function isAbsent(answer: unknown): boolean {
  return typeof answer === "object" && answer !== null && "kind" in answer && answer.kind === "absent";
}

type State = { readonly [name: string]: unknown };
type Planned = NonNullable<ReturnType<AnyStateModule["plan"]>>;

/** What a task comes to that misses a prerequisite: in check mode an earlier task may have brought it by then. */
export function afterEarlierTasks(error: MissingPrerequisite, { context, session }: ModuleRun): ModuleOutcome {
  const { foresight } = session;
  if (!context.checkMode || !foresight.provides(error.resource)) return failed(error.message, error.fields);
  const message = `${error.message} (an earlier task would provide ${error.resource})`;
  const packagedAt = foresight.packagedAt(error.resource);
  if (error.afterPackage !== "change" && packagedAt !== undefined && error.afterPackage(packagedAt)) return ok({ msg: message });
  return changed({ msg: message }, []);
}

/**
 * What a task comes to that only reads, and finds nothing: whatever an earlier task brings, it does not change the host. A task that
 * expects failure (`failed_when`, `ignore_errors`) most likely looks for what was there before.
 */
function readAfterEarlierTasks(error: MissingPrerequisite, { context, session, toleratesFailure }: ModuleRun): ModuleOutcome {
  const isForeseen = context.checkMode && session.foresight.provides(error.resource);
  if (!isForeseen || toleratesFailure) return failed(error.message, error.fields);
  return { ...ok({ msg: `${error.message} (an earlier task would provide ${error.resource})` }), incomplete: true };
}

async function converge(
  module: AnyStateModule,
  change: Planned,
  start: {
    readonly questions: Questions;
    readonly before: State;
    readonly input: unknown;
    /** What `prepare` says now. */
    readonly again: () => Promise<unknown>;
  },
  run: ModuleRun,
): Promise<ModuleOutcome> {
  const { questions, before } = start;
  const asks = asksOf(questions, run.become);
  let planned = change;
  let { input } = start;
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (module.supply !== undefined) planned = await module.supply(planned, input, run.control, run.context);
      const work = module.apply(planned, input, run.context);
      if (work.receives !== undefined) {
        await receiveFiles(work.receives, run);
        input = await start.again();
      }
      const next = await run.lookAhead("change");
      const altersTraits = mayAlterTraits(module.provides?.(planned, input, before) ?? []);
      const whole = { section: section(work, run), become: run.become, timeoutMs: run.timeoutMs, altersTraits };
      const output = await run.session.act(whole, [...asks, ...next]);
      if (output.rc !== 0) {
        const fields = { ...module.applied?.(output, input), ...outputFields(output) };
        return { ...failed(applyFailure(module.name, output), fields), differences: change.differences };
      }
      // Another host's delegated task may have made the answers stale before they arrived.
      if (asks.some((ask) => !run.session.answers.has(ask))) await run.session.ask(asks);
      return await verify(module, change, { planned, before, questions, input, output }, run);
    } catch (error) {
      if (!(error instanceof ConnectionError) || error.code !== "lost" || attempt >= APPLIES_AFTER_LOSS) throw error;
      // The change may be there, in part or not at all: look again before doing anything.
      await run.session.ask(asks);
      const state = answersTo(questions, run.become, run.session);
      const left = unknownIn(state) === undefined ? module.plan(state, input, run.context) : change;
      if (left === undefined) return changed(module.result?.(state, input, run.context) ?? {}, change.differences);
      planned = left;
    }
  }
}

async function verify(
  module: AnyStateModule,
  change: Planned,
  done: {
    readonly planned: Planned;
    readonly before: State;
    readonly questions: Questions;
    readonly input: unknown;
    readonly output: Output;
  },
  run: ModuleRun,
): Promise<ModuleOutcome> {
  const { planned, before, questions, input, output } = done;
  const state = answersTo(questions, run.become, run.session);
  const blind = unknownIn(state);
  if (blind !== undefined) return failed(`${module.name} could not verify its change: ${blind.reason}`, outputFields(output));
  const applied = module.applied?.(output, input) ?? {};
  const result = { ...module.result?.(state, input, run.context), ...applied };
  const left = planned.verify === false ? undefined : module.plan(state, input, run.context);
  if (left === undefined || (left.maybe !== undefined && left.differences.length === 0)) {
    if (change.maybe === undefined) return changed(result, change.differences);
    const more = module.turnedOut?.(before, state, input, run.context);
    const differences = [...change.differences, ...(more ?? [])];
    const nothing = typeof applied["changed"] === "boolean" ? !applied["changed"] : more?.length === 0;
    return nothing && differences.length === 0 ? ok(result) : changed(result, differences);
  }
  const said = await diagnosis(module, left, input, run);
  const message = `${module.name} did not converge: after the change this still differs${said === "" ? "" : `; the host says:\n${said}`}`;
  return { ...failed(message, { ...result, ...outputFields(output) }), differences: left.differences };
}

async function diagnosis(module: AnyStateModule, left: Planned, input: unknown, run: ModuleRun): Promise<string> {
  const script = module.diagnose?.(left, input, run.context);
  if (script === undefined) return "";
  try {
    const whole = { section: section({ script }, run), become: run.become, timeoutMs: run.timeoutMs, altersTraits: false };
    const { stdout, stderr } = await run.session.act(whole, []);
    return `${stdout.toString("utf8")}${stderr.toString("utf8")}`.trim();
  } catch (error) {
    // That it did not converge is what counts.
    if (error instanceof ConnectionError) return "";
    throw error;
  }
}

/** The questions of a module as the engine keeps them. */
export function asksOf(questions: Questions, become: Become | undefined): Ask[] {
  return Object.values(questions).map((question) => ({ question, become }));
}

export function answersTo(
  questions: Questions,
  become: Become | undefined,
  session: HostSession,
): { readonly [name: string]: unknown } {
  return Object.fromEntries(
    Object.entries(questions).map(([name, question]) => {
      const ask = { question, become };
      return [
        name,
        session.answers.has(ask)
          ? session.answers.get(ask)
          : new Unknown(`the probe "${question.collector.name}" was not answered`),
      ];
    }),
  );
}

/** The first answer that is none; rather one that could not be given at all than one that is pending. */
export function unknownIn(state: { readonly [name: string]: unknown }, questions: Questions = {}): Unknown | undefined {
  const blind = Object.entries(state).flatMap(([name, answer]) =>
    answer instanceof Unknown && !(answer instanceof PendingAnswer && questions[name]?.mayBePending === true) ? [answer] : [],
  );
  return blind.find((answer) => !(answer instanceof PendingAnswer)) ?? blind[0];
}

export function section(work: Apply, run: ModuleRun) {
  return {
    script: work.script,
    environment: run.environment,
    ...(work.payloads === undefined ? {} : { payloads: work.payloads }),
    ...(work.temporary === undefined ? {} : { temporary: work.temporary }),
  };
}

function predictedBlindly(reason: string): ModuleOutcome {
  return changed({ msg: `${reason} (an earlier task may provide it)` }, []);
}

function applyFailure(module: string, output: { readonly rc: number; readonly stderr: Buffer; readonly stdout: Buffer }): string {
  const said = output.stderr.toString("utf8").trim() || output.stdout.toString("utf8").trim();
  const tail = said.split("\n").slice(-5).join("\n");
  return tail === "" ? `${module} failed with exit status ${output.rc}` : tail;
}
