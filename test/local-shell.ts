import { spawnSync } from "node:child_process";
import type {
  ActionModule,
  Apply,
  Change,
  HostTraits,
  JsonObject,
  Output,
  ProbeContext,
  Questions,
  StateModule,
} from "../src/modules/contract.ts";
import { Unknown } from "../src/modules/contract.ts";
import { parseParameters } from "../src/modules/parameters.ts";
import { noControlNode } from "../src/modules/support/control/no-control-node.test-support.ts";
import { decodeTraits, traitsScript } from "../src/modules/support/traits.ts";
import { quote } from "../src/sh.ts";

/** Runs scripts of modules on this machine as a connection would, for unit tests: a subshell, no input, LC_ALL=C, payloads. */
export function runScript(
  work: Apply,
  environment: Readonly<Record<string, string>> = {},
  shell: readonly string[] = ["/bin/sh"],
): Output {
  const cases = Object.entries(work.payloads ?? {}).map(([name, one]) =>
    "content" in one
      ? `${name}) printf %s ${Buffer.from(one.content).toString("base64")} | base64 -d;;`
      : `${name}) cat ${quote(one.file)};;`,
  );
  const text = `payload() { case $1 in ${cases.join("\n")} esac; }\npayload_into() { payload "$1" >"$2"; }\n(\n${work.script.text}\n) </dev/null`;
  const [program = "/bin/sh", ...first] = shell;
  const ran = spawnSync(program, [...first, "-c", text], { env: { ...process.env, LC_ALL: "C", ...environment }, input: "" });
  if (ran.error !== undefined) throw ran.error;
  return { rc: ran.status ?? 137, stdout: ran.stdout, stderr: ran.stderr };
}

let known: HostTraits | undefined;
/** This machine's traits. */
export function localTraits(): HostTraits {
  known ??= decodeTraits(runScript({ script: traitsScript }));
  return known;
}

export function localContext(more: Partial<ProbeContext> = {}): ProbeContext {
  return { traits: localTraits(), checkMode: false, diff: false, ...more };
}

/** Asks this machine. */
export function answerHere(
  questions: Questions,
  context: ProbeContext,
  environment: Readonly<Record<string, string>> = {},
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(questions).map(([name, { collector, item }]) => {
      const output = runScript({ script: collector.script([item], context.traits) }, environment);
      return [name, collector.decode(output, [item], context.traits)[0]];
    }),
  );
}

const control = noControlNode("no files here");

/** The input a module makes of raw parameters; throws what is wrong with them. */
export async function inputOf<P, I>(
  module: Pick<StateModule<P, I> | ActionModule<P, I>, "name" | "parameters" | "prepare">,
  raw: Readonly<Record<string, unknown>>,
  context: ProbeContext,
): Promise<I> {
  const { check, ...declared } = module.parameters;
  const { value, problems } = parseParameters(declared, module.name, raw);
  if (problems.length > 0) throw new Error(problems.map((one) => one.message).join("\n"));
  check?.(value);
  // Without `prepare`, the input is the parameters themselves (the contract's default for I).
  return module.prepare === undefined ? (value as unknown as I) : module.prepare(value, control, context);
}

/** Runs an action module here, its probe included. */
export async function act<P, I, Q extends Questions>(
  module: ActionModule<P, I, Q>,
  raw: Readonly<Record<string, unknown>>,
  environment: Readonly<Record<string, string>> = {},
): Promise<JsonObject> {
  const context = localContext();
  const input = await inputOf<P, I>(module as unknown as ActionModule<P, I>, raw, context);
  const state = answerHere(module.probe?.(input, context) ?? {}, context, environment);
  const blind = Object.values(state).find((one) => one instanceof Unknown);
  if (blind instanceof Unknown) throw new Error(blind.reason);
  const reason = module.skip?.(state as never, input, context);
  if (reason !== undefined) return { skipped: reason };
  if (module.perform !== undefined) throw new Error(`${module.name} takes several steps; drive it with a HostAccess`);
  return module.result(runScript(module.run(input, context), environment), input, 1250);
}

/** The plan of a state module on this machine. */
export async function planHere<P, I, Q extends Questions, D>(
  module: StateModule<P, I, Q, D>,
  raw: Readonly<Record<string, unknown>>,
): Promise<Change<D> | undefined> {
  const context = localContext();
  const input = await inputOf<P, I>(module as unknown as StateModule<P, I>, raw, context);
  const state = answerHere(module.probe(input, context), context);
  const blind = Object.values(state).find((one) => one instanceof Unknown);
  if (blind instanceof Unknown) throw new Error(blind.reason);
  return module.plan(state as never, input, context);
}
