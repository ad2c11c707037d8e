import { type ChildProcessByStdio, execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import { inject } from "vitest";
import { joinSh, type Sh, sh } from "../../sh.ts";
import {
  type Change,
  type ControlNode,
  type Difference,
  type HostTraits,
  type JsonObject,
  ModuleFailure,
  type Output,
  type Payload,
  type Prediction,
  type ProbeContext,
  type Question,
  type Questions,
  type StateModule,
  Unknown,
} from "../contract.ts";
import { parseParameters } from "../parameters.ts";
import { askHere, fileDigests, inspectFile, isVaultFile, walkDirectory } from "./control/local-files.ts";
import { noControlNode } from "./control/no-control-node.test-support.ts";
import { decodeTraits, traitsScript } from "./traits.ts";

/** The shells that scripts are tried with; "busybox" has nothing in its PATH but busybox' own tools. */
export const SHELLS = ["dash", "bash", "busybox"] as const;
export type ShellName = (typeof SHELLS)[number];

/** A directory that stands for a host, and a shell that runs scripts the way a connection does. */
export type LocalHost = {
  readonly shell: ShellName;
  readonly directory: string;
  readonly traits: HostTraits;
  run(script: Sh, payloads?: Readonly<Record<string, Payload>>): Promise<Output>;
  remove(): Promise<void>;
};

/** `userId`: who the scripts run as; the caller gives that user what it shall be able to write to. */
export async function localHost(shell: ShellName, userId?: number): Promise<LocalHost> {
  const program = { dash: "/bin/dash", bash: "/bin/bash", busybox: "/bin/busybox" }[shell];
  if (!existsSync(program)) throw new Error(`${program} is needed to try scripts with ${shell}: apt-get install -y ${shell}`);
  const root = await mkdtemp(join(tmpdir(), "k3sprov-test-"));
  await chmod(root, 0o755);
  const directory = join(root, "host");
  await mkdir(directory);
  const environment = { PATH: process.env["PATH"] ?? "/usr/bin:/bin", HOME: directory, LC_ALL: "C" };
  if (shell === "busybox") {
    environment.PATH = busyboxTools(program);
  }
  let count = 0;
  const run: LocalHost["run"] = async (script, payloads = {}) => {
    count += 1;
    const job = join(root, `job${count}`);
    await mkdir(job);
    for (const [name, payload] of Object.entries(payloads)) {
      if ("content" in payload) await writeFile(join(job, name), payload.content);
      else await copyFile(payload.file, join(job, name));
    }
    // Like the connection's: `payload NAME` writes exact bytes; each script in a subshell, without input, umask 022.
    const text = sh`payload() { cat ${job}/"$1"; }
payload_into() { payload "$1" > "$2"; }
umask 022
(
${script}
) < /dev/null
`.text;
    await writeFile(join(job, "script"), text);
    const args = [...(shell === "busybox" ? ["sh"] : []), join(job, "script")];
    const output = await execute({ program, args, environment, userId }, job);
    await rm(job, { recursive: true });
    return output;
  };
  const key = `${shell} ${userId} ${environment.PATH}`;
  const traits = { ...(knownTraits.get(key) ?? decodeTraits(await run(traitsScript))), home: directory };
  knownTraits.set(key, traits);
  return { shell, directory, traits, run, remove: () => rm(root, { recursive: true, force: true }) };
}

const knownTraits = new Map<string, HostTraits>();
let tools: string | undefined;

declare module "vitest" {
  interface ProvidedContext {
    sharedFolder: string;
  }
}

/** For what tests make once and share; it goes when all of them are over. */
export function sharedFolder(): string {
  return inject("sharedFolder");
}

function busyboxTools(program: string): string {
  if (tools !== undefined) return tools;
  const directory = mkdtempSync(join(sharedFolder(), "busybox-"));
  execFileSync(program, ["--install", "-s", directory]);
  chmodSync(directory, 0o755);
  tools = directory;
  return directory;
}

type Job = {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly userId: number | undefined;
};

/** `folder` is the job's own, for what it says. */
async function execute(job: Job, folder: string): Promise<Output> {
  return job.userId === undefined && !launcher.isBusy() ? launcher.run(job, folder) : spawned(job);
}

function spawned({ program, args, environment, userId }: Job): Promise<Output> {
  const user = userId === undefined ? {} : { uid: userId, gid: userId };
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { env: environment, stdio: ["ignore", "pipe", "pipe"], ...user });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve({ rc: code ?? 255, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) }));
  });
}

/** A small shell that starts others: to fork a process of Node's size costs more than most scripts, and there are thousands of them. */
class Launcher {
  #shell: ChildProcessByStdio<Writable, Readable, null> | undefined;
  #isBusy = false;

  isBusy(): boolean {
    return this.#isBusy;
  }

  async run({ program, args, environment }: Job, folder: string): Promise<Output> {
    this.#isBusy = true;
    try {
      const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
      const words = sh`/usr/bin/env -i ${variables} ${program} ${args}`;
      const [out, err] = [join(folder, "stdout"), join(folder, "stderr")];
      const rc = await this.#ask(sh`${words} </dev/null >${out} 2>${err}; echo $?`);
      return { rc, stdout: await readFile(out), stderr: await readFile(err) };
    } finally {
      this.#isBusy = false;
    }
  }

  #ask(line: Sh): Promise<number> {
    this.#shell ??= spawn("/bin/dash", [], { stdio: ["pipe", "pipe", "inherit"] });
    const { stdin, stdout } = this.#shell;
    return new Promise((resolve) => {
      stdout.once("data", (answer: Buffer) => resolve(Number(answer.toString("utf8"))));
      stdin.write(`${line}\n`);
    });
  }
}

const launcher = new Launcher();

/** Asks all questions, one script a collector, as the engine does. */
export async function ask(host: LocalHost, questions: readonly Question<unknown>[]): Promise<Map<string, unknown>> {
  const answers = new Map<string, unknown>();
  const byCollector = new Map<string, Question<unknown>[]>();
  for (const question of questions) {
    byCollector.set(question.collector.name, [...(byCollector.get(question.collector.name) ?? []), question]);
  }
  for (const [name, group] of byCollector) {
    const collector = group[0]?.collector;
    if (collector === undefined) continue;
    const items = [...new Set(group.map((question) => question.item))];
    const decoded = collector.decode(await host.run(collector.script(items, host.traits)), items, host.traits);
    items.forEach((item, index) => {
      answers.set(`${name}\n${item}`, decoded[index]);
    });
  }
  return answers;
}

/** How a module ended on a local host. */
export type LocalOutcome = {
  readonly changed: boolean;
  readonly failed?: string;
  readonly differences: readonly Difference[];
  readonly result: JsonObject;
  /** What check mode would have said the result is. */
  readonly predicted: JsonObject;
};

type Any = StateModule<unknown, unknown, Questions, unknown>;
const keyOf = (question: Question<unknown>): string => `${question.collector.name}\n${question.item}`;

/**
 * Runs a module on a local host as the engine does: probe, plan, apply, probe, plan. Throws when a prediction does not satisfy `plan`, or
 * when the change did not converge. Files that are left over (".k3sprov.…") are an error as well.
 */
export async function runModule(
  host: LocalHost,
  module: unknown,
  raw: Readonly<Record<string, unknown>>,
  options: {
    readonly control?: ControlNode;
    readonly diff?: boolean;
    readonly checkMode?: boolean;
    /** The task's; as on a real host, probes run without it. */
    readonly environment?: Readonly<Record<string, string>>;
  } = {},
): Promise<LocalOutcome> {
  // Every state module is an `Any`, but for variance that only the engine's use of it makes sound.
  const subject = module as Any;
  const environment = options.environment ?? {};
  const context: ProbeContext = {
    traits: host.traits,
    environment,
    checkMode: options.checkMode ?? false,
    diff: options.diff ?? false,
  };
  const { check, ...declared } = subject.parameters;
  const parsed = parseParameters(declared, subject.name, raw);
  if (parsed.problems.length > 0) throw new Error(parsed.problems.map((one) => one.message).join("\n"));
  const control = options.control ?? noControl;
  try {
    check?.(parsed.value);
    const input = subject.prepare === undefined ? parsed.value : await subject.prepare(parsed.value, control, context);
    const questions = subject.probe(input, context);
    const state = await look(host, questions);
    const change = subject.plan(state, input, context);
    if (change === undefined)
      return { changed: false, differences: [], result: subject.result?.(state, input, context) ?? {}, predicted: {} };
    const after = predictedState(questions, state, subject.predict?.(change, state, input, context) ?? []);
    if (change.verify !== false) expectConverged("the prediction", subject.plan(after, input, context));
    const predicted = subject.result?.(after, input, context) ?? {};
    if (context.checkMode) return { changed: true, differences: change.differences, result: predicted, predicted };
    const supplied = subject.supply === undefined ? change : await subject.supply(change, input, control, context);
    const work = subject.apply(supplied, input, context);
    const exports = Object.entries(environment).map(([name, value]) => sh`${name}=${value}; export ${name}`);
    const output = await host.run(joinSh([...exports, work.script]), work.payloads);
    for (const path of work.temporary ?? []) await rm(path, { recursive: true, force: true });
    await expectNothingLeft(host.directory);
    if (output.rc !== 0) {
      return {
        changed: false,
        failed: output.stderr.toString("utf8").trim(),
        differences: change.differences,
        result: subject.applied?.(output, input) ?? {},
        predicted,
      };
    }
    const stateAfter = await look(host, questions);
    if (change.verify !== false) expectConverged("the change", subject.plan(stateAfter, input, context));
    const result = { ...subject.result?.(stateAfter, input, context), ...subject.applied?.(output, input) };
    const more = change.maybe === undefined ? [] : (subject.turnedOut?.(state, stateAfter, input, context) ?? []);
    const differences = [...change.differences, ...more];
    return { changed: change.maybe === undefined || differences.length > 0, differences, result, predicted };
  } catch (error) {
    if (error instanceof ModuleFailure)
      return { changed: false, failed: error.message, differences: [], result: error.fields, predicted: {} };
    throw error;
  }
}

/** Runs tasks in check mode one after the other, each over what the ones before are predicted to have done. */
export async function checkAll(
  host: LocalHost,
  tasks: readonly (readonly [module: unknown, raw: Readonly<Record<string, unknown>>])[],
): Promise<{ readonly changed: boolean; readonly result: JsonObject }[]> {
  const predictions: Prediction[] = [];
  const outcomes: { readonly changed: boolean; readonly result: JsonObject }[] = [];
  const context: ProbeContext = { traits: host.traits, checkMode: true, diff: false };
  for (const [module, raw] of tasks) {
    // See runModule.
    const subject = module as Any;
    const { value } = parseParameters(subject.parameters, subject.name, raw);
    const input = subject.prepare === undefined ? value : await subject.prepare(value, noControl, context);
    const questions = subject.probe(input, context);
    const state = predictedState(questions, await look(host, questions), predictions);
    const change = subject.plan(state, input, context);
    if (change !== undefined) predictions.push(...(subject.predict?.(change, state, input, context) ?? []));
    const after = predictedState(questions, state, predictions);
    outcomes.push({ changed: change !== undefined, result: subject.result?.(after, input, context) ?? {} });
  }
  return outcomes;
}

async function look(host: LocalHost, questions: Questions): Promise<{ readonly [name: string]: unknown }> {
  const answers = await ask(host, Object.values(questions));
  const state = Object.fromEntries(Object.entries(questions).map(([name, question]) => [name, answers.get(keyOf(question))]));
  for (const answer of Object.values(state)) if (answer instanceof Unknown) throw new ModuleFailure(answer.reason);
  return state;
}

/** The state with predicted answers in the place of those that were given. */
export function predictedState(
  questions: Questions,
  state: { readonly [name: string]: unknown },
  predictions: readonly Prediction[],
): { readonly [name: string]: unknown } {
  const answers = new Map(predictions.map(({ question, answer }) => [keyOf(question), answer]));
  return Object.fromEntries(
    Object.entries(questions).map(([name, question]) => [
      name,
      answers.has(keyOf(question)) ? answers.get(keyOf(question)) : state[name],
    ]),
  );
}

function expectConverged(what: string, left: Change<unknown> | undefined): void {
  if (left?.maybe !== undefined && left.differences.length === 0) return;
  if (left !== undefined) throw new Error(`${what} does not satisfy the plan: ${JSON.stringify(left.differences)}`);
}

async function expectNothingLeft(directory: string): Promise<void> {
  const left = (await readdir(directory, { recursive: true })).filter((name) => name.includes(".k3sprov."));
  if (left.length > 0) throw new Error(`left behind: ${left.join(", ")}`);
}

const noControl = noControlNode();

/** A control node whose files lie in one directory; templates come out as they are, "{{ x }}" replaced from `variables`. */
export function directoryControl(directory: string, variables: Readonly<Record<string, string>> = {}): ControlNode {
  return {
    host: "here",
    path: (name) => resolve(directory, name),
    find(name) {
      const path = name.startsWith("/") ? name : join(directory, name);
      if (!existsSync(path)) throw new ModuleFailure(`there is no file "${name}" on the control node`);
      return path;
    },
    ask: askHere,
    exists: existsSync,
    read: (path) => readFile(path),
    inspect: inspectFile,
    isEncrypted: isVaultFile,
    digests: fileDigests,
    async renderTemplate(path, options) {
      const text = (await readFile(path, "utf8")).replace(/\{\{ (\w+) \}\}/g, (_, name: string) => variables[name] ?? "");
      return {
        text: text.replaceAll("\n", options.newlineSequence),
        secret: variables["secret"] !== undefined && text.includes(variables["secret"]),
      };
    },
    walk: (path, { followLinks } = { followLinks: true }) => walkDirectory(path, followLinks),
  };
}

/** Makes files below a directory: text, bytes, a link ("-> target") or a directory (name ends in "/"); `mode` after "@": "a@0600". */
export async function makeTree(directory: string, tree: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [key, content] of Object.entries(tree)) {
    const [name = "", permissions] = key.split("@");
    const path = join(directory, name);
    await mkdir(name.endsWith("/") ? path : join(path, ".."), { recursive: true });
    if (typeof content === "string" && content.startsWith("-> ")) await symlink(content.slice(3), path);
    else if (!name.endsWith("/")) await writeFile(path, content);
    if (permissions !== undefined) await chmod(path, Number.parseInt(permissions, 8));
  }
}
