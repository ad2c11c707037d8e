import { DiagnosticError } from "../diagnostic.ts";
import {
  type ArgumentProblem,
  deprecatedArguments,
  secretArguments,
  UNKNOWN,
  validateArguments,
} from "../playbook/argument-specs.ts";
import type { ArgumentSpec } from "../playbook/model.ts";
import { type Redactor, tellSecrets } from "../vars/taint.ts";
import { type Evaluator, NotYetKnown } from "./evaluator.ts";

/** What is wrong with the variables of a role, by its specification. What it marks `no_log` is masked from now on. */
export function roleProblems(spec: ArgumentSpec, evaluator: Evaluator, redactor: Redactor): readonly ArgumentProblem[] {
  return check(spec, (name) => valueOf(name, evaluator), redactor);
}

/** The same before a host was touched: what depends on facts or results is left for the role's turn. */
export function foreseeRoleProblems(spec: ArgumentSpec, evaluator: Evaluator, redactor: Redactor): readonly ArgumentProblem[] {
  return check(spec, foreseen(evaluator), redactor);
}

/** What is to be said to who uses options that will go. */
export function roleDeprecations(spec: ArgumentSpec, evaluator: Evaluator): ReturnType<typeof deprecatedArguments> {
  return deprecatedArguments(spec, foreseen(evaluator));
}

function check(spec: ArgumentSpec, get: (name: string) => unknown, redactor: Redactor): readonly ArgumentProblem[] {
  tellSecrets(secretArguments(spec, get), redactor);
  return validateArguments(spec, get);
}

function foreseen(evaluator: Evaluator): (name: string) => unknown {
  return (name) => {
    try {
      return valueOf(name, evaluator);
    } catch (error) {
      if (error instanceof NotYetKnown || error instanceof DiagnosticError) return UNKNOWN;
      throw error;
    }
  };
}

function valueOf(name: string, evaluator: Evaluator): unknown {
  const value = evaluator.context.names.lookup(name);
  return value === undefined ? undefined : evaluator.plain(value);
}
