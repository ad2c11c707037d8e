import type { Value } from "../vars/value.ts";
import type { Parameter } from "./ast.ts";
import { compileExpression } from "./compile-expression.ts";
import { badValue } from "./errors.ts";
import { type Evaluate, type Frame, joinPieces, type Run, Scope } from "./frame.ts";
import { type CallArguments, Callable, makeTuple } from "./objects.ts";
import { UnresolvedName } from "./undefined.ts";

export type CompiledMacro = {
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly default: Evaluate | undefined }[];
  readonly body: Run;
  readonly at: number;
  readonly end: number;
};

export function compileParameters(parameters: readonly Parameter[]): CompiledMacro["parameters"] {
  return parameters.map((one) => ({
    name: one.name,
    default: one.default === undefined ? undefined : compileExpression(one.default),
  }));
}

/** A macro, bound to the scope it was defined in. Further arguments are its `varargs` and `kwargs`. */
export class Macro extends Callable {
  readonly label: string;
  readonly #macro: CompiledMacro;
  readonly #frame: Frame;
  readonly #scope: Scope;

  constructor(macro: CompiledMacro, frame: Frame) {
    super();
    this.label = macro.name;
    this.#macro = macro;
    this.#frame = frame;
    this.#scope = frame.scope;
  }

  override call({ positional, keyword }: CallArguments): Value {
    const { name, parameters, body, at, end } = this.#macro;
    const scope = new Scope(this.#scope);
    const frame = this.#frame.derive({ scope, output: [] });
    const named = new Map(keyword);
    const caller = named.get("caller");
    if (!parameters.some((one) => one.name === "caller")) named.delete("caller");
    parameters.forEach((parameter, index) => {
      const value = positional[index];
      if (value !== undefined && named.has(parameter.name)) badValue(`${name}() got the argument "${parameter.name}" twice`);
      let given = value === undefined ? named.get(parameter.name) : value;
      if (given === undefined) given = parameter.default?.(frame);
      named.delete(parameter.name);
      const hint = `the macro ${name}() was called without it`;
      const missing = new UnresolvedName(parameter.name, { origin: frame.origin, at, end }, () => [], hint);
      scope.assign(parameter.name, given === undefined ? missing : given);
    });
    scope.assign("varargs", makeTuple(positional.slice(parameters.length)));
    scope.assign("kwargs", named);
    if (caller !== undefined) scope.assign("caller", caller);
    body(frame);
    return joinPieces(frame.output, frame.runtime);
  }

  override get(key: string): Value | undefined {
    if (key === "name") return this.label;
    if (key === "arguments") return makeTuple(this.#macro.parameters.map((one) => one.name));
    return undefined;
  }
}
