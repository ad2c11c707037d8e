import { DiagnosticError } from "../diagnostic.ts";
import { MissingPrerequisite, ModuleFailure } from "../modules/contract.ts";
import type { Task } from "../playbook/model.ts";
import { whenChain } from "../playbook/scope.ts";
import { Undefined, type Value } from "../vars/value.ts";
import type { RunContext } from "./context.ts";
import { type Evaluator, NotYetKnown } from "./evaluator.ts";
import { includedVars } from "./include-vars.ts";
import { taskParameters } from "./parameters.ts";

/** What tasks on the way will have set by the time a later one is reached: values, or "not yet known". */
export class ForeseenVariables {
  readonly names = new Map<string, Value>();
  readonly #run: RunContext;
  /** Names that `set_fact` has given: as in Ansible, they win over what `include_vars` loads. */
  readonly #facts = new Set<string>();

  constructor(run: RunContext) {
    this.#run = run;
  }

  setFact(task: Task, evaluator: Evaluator): void {
    const isSure = applies(task, evaluator);
    if (isSure === false) return;
    const render = (value: Value): Value | undefined => (isSure ? attempt(() => evaluator.render(value)) : undefined);
    for (const [name, value] of task.args) {
      const key = attempt(() => evaluator.nameOf(name));
      if (key === undefined || key === "cacheable") continue;
      this.#facts.add(key);
      this.#set(key, render(value));
    }
  }

  /** False: nobody can tell yet which names it will give, so that all that follows may read something else. */
  includeVars(task: Task, evaluator: Evaluator): boolean {
    const isSure = applies(task, evaluator);
    if (isSure === false) return true;
    if (task.loop !== undefined) return false;
    const found = attempt(() => {
      const params = taskParameters(task, evaluator, this.#run.options.redactor);
      return includedVars(this.#run, evaluator, typeof params === "object" && params !== null ? { ...params } : {});
    });
    if (found === undefined) return false;
    for (const [name, value] of found.vars) {
      const key = String(name);
      if (!this.#facts.has(key)) this.#set(key, isSure ? value : undefined);
    }
    return true;
  }

  /** Outputs are known when the task has run. */
  register(task: Task): void {
    if (task.register !== undefined) this.#set(task.register, undefined);
  }

  #set(name: string, value: Value | undefined): void {
    // Extra variables win over all of these.
    if (this.#run.options.extraVars.some((layer) => layer.has(name))) return;
    this.names.set(name, value ?? new Undefined(name, "not-yet-known"));
  }
}

/** Whether the conditions of a task hold; undefined when that is not known yet, or differs between passes of its loop. */
function applies(task: Task, evaluator: Evaluator): boolean | undefined {
  if (task.loop !== undefined) return undefined;
  return attempt(() => evaluator.firstFalse(whenChain(task)) === undefined);
}

/** What `work` gives, or undefined for what cannot be rendered yet or will fail: the task itself will say so, if it is ever reached. */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (isExpected(error)) return undefined;
    throw error;
  }
}

export function isExpected(error: unknown): boolean {
  return (
    error instanceof NotYetKnown ||
    error instanceof DiagnosticError ||
    error instanceof ModuleFailure ||
    error instanceof MissingPrerequisite
  );
}
