import { ModuleFailure } from "../modules/contract.ts";
import { readOptionsOf } from "../playbook/read-argument-specs.ts";
import { isMap, type Key, type Value } from "../vars/value.ts";
import type { Evaluator } from "./evaluator.ts";
import { includedVars } from "./include-vars.ts";
import { toJson } from "./json.ts";
import { failed, type ModuleOutcome, ok } from "./outcome.ts";
import { roleProblems } from "./role-arguments.ts";
import { sleep, type TaskRun } from "./task-runner.ts";

/** The modules that act on the run itself: variables, inventory, time. `meta` is the walker's. */
export async function runEngineModule(at: TaskRun, evaluator: Evaluator, params: unknown): Promise<ModuleOutcome> {
  const given = record(params);
  switch (at.task.module.name) {
    case "set_fact":
      return setFact(at, evaluator);
    case "include_vars":
      return includeVars(at, evaluator, given);
    case "add_host":
      return addHost(at, evaluator, given);
    case "group_by":
      return groupBy(at, given);
    case "pause":
      return pause(at, given);
    case "validate_argument_spec":
      return validateSpec(at, evaluator, given);
    default:
      throw new Error(`the engine does not know the module ${at.task.module.name}`);
  }
}

function setFact(at: TaskRun, evaluator: Evaluator): ModuleOutcome {
  const facts = new Map<Key, Value>();
  for (const [name, value] of at.task.args) if (name !== "cacheable") facts.set(evaluator.nameOf(name), evaluator.render(value));
  if (at.task.templatedArgs !== undefined) {
    const more = evaluator.render(at.task.templatedArgs);
    if (isMap(more)) for (const [name, value] of more) facts.set(name, value);
  }
  for (const [name, value] of facts) at.run.store.setFact(at.host.name, String(name), value);
  return ok({ ansible_facts: toJson(evaluator.plain(facts)) });
}

function includeVars(at: TaskRun, evaluator: Evaluator, params: Readonly<Record<string, unknown>>): ModuleOutcome {
  const { files, vars } = found(() => includedVars(at.run, evaluator, params));
  at.run.store.includeVars(at.host.name, vars);
  return ok({ ansible_included_var_files: files, ansible_facts: {} });
}

/** Ansible says what went wrong in `message`. */
function found<T>(look: () => T): T {
  try {
    return look();
  } catch (error) {
    if (!(error instanceof ModuleFailure)) throw error;
    throw new ModuleFailure(error.message, { ...error.fields, message: error.message });
  }
}

function addHost(at: TaskRun, evaluator: Evaluator, params: Readonly<Record<string, unknown>>): ModuleOutcome {
  const name = text(params["name"]) ?? "";
  const groups = Array.isArray(params["groups"]) ? params["groups"].map(String) : [];
  const vars = new Map<Key, Value>();
  const own = new Set(["name", "hostname", "host", "groups", "group", "groupname"]);
  for (const [key, value] of at.task.args) if (!own.has(String(key))) vars.set(key, evaluator.render(value));
  at.run.options.inventory.addHost(name, groups, vars);
  return ok({ add_host: { host_name: name, groups, host_vars: toJson(evaluator.plain(vars)) } });
}

function groupBy(at: TaskRun, params: Readonly<Record<string, unknown>>): ModuleOutcome {
  const key = String(params["key"] ?? "").replaceAll(" ", "-");
  const parents = Array.isArray(params["parents"]) ? params["parents"].map(String) : [];
  at.run.options.inventory.addToGroup(at.host.name, key, parents);
  return ok({ add_group: key, parent_groups: parents });
}

async function pause(at: TaskRun, params: Readonly<Record<string, unknown>>): Promise<ModuleOutcome> {
  const { connection, checkMode, signal } = at.run.options;
  const seconds = Number(params["seconds"] ?? 0) + Number(params["minutes"] ?? 0) * 60;
  const prompt = text(params["prompt"]);
  const started = new Date();
  let answer: string | undefined;
  if (!checkMode && seconds > 0) await sleep(seconds * 1000, signal);
  else if (!checkMode) {
    if (connection.prompt === undefined) return failed("pause has nobody to ask: there is no terminal", { user_input: "" });
    answer = await connection.prompt(`${prompt ?? "Press enter to continue, Ctrl+C to abort"}: `);
  }
  at.run.sessions.forget(at.host.name);
  const stopped = new Date();
  const took = (stopped.getTime() - started.getTime()) / 1000;
  const inMinutes = typeof params["minutes"] === "number";
  return ok({
    user_input: answer ?? "",
    echo: params["echo"] === true,
    start: localTime(started),
    stop: localTime(stopped),
    delta: Math.floor(took),
    rc: 0,
    stdout: `Paused for ${inMinutes ? decimal(took / 60) : decimal(took)} ${inMinutes ? "minutes" : "seconds"}`,
    stderr: "",
  });
}

/** At most two digits after the point, and at least one. */
const decimal = (value: number): string => value.toFixed(2).replace(/0$/, "");

/** As Python prints a time that knows no zone. */
function localTime(time: Date): string {
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return local.toISOString().replace("T", " ").replace("Z", "000");
}

function validateSpec(at: TaskRun, evaluator: Evaluator, params: Readonly<Record<string, unknown>>): ModuleOutcome {
  const { redactor, loader } = at.run.options;
  const written = evaluator.render(at.task.args.get("argument_spec") ?? null);
  if (!isMap(written)) return failed("argument_spec must be a mapping of options");
  const given = evaluator.render(at.task.args.get("provided_arguments") ?? null);
  const seen = isMap(given) ? evaluator.with(new Map([...given].map(([name, value]) => [String(name), value]))) : evaluator;
  const problems = roleProblems(readOptionsOf(loader, written), seen, redactor).map((one) => one.message);
  const context = { validate_args_context: toJson(params["validate_args_context"] ?? {}) };
  if (problems.length === 0) return ok({ msg: "The arg spec validation passed", ...context });
  const fields = { argument_errors: problems, argument_spec_data: toJson(evaluator.plain(written)), ...context };
  return failed(`Validation of arguments failed:\n${problems.join("\n")}`, fields);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
