import { DiagnosticError, type Position } from "../diagnostic.ts";
import { isList, Secret, TemplateString, Undefined, type Value } from "../vars/value.ts";
import { compileBare } from "./compile.ts";
import { bareCondition, conditionTruth, isPlainPath } from "./condition.ts";
import type { EvaluationContext } from "./context.ts";
import { located, TemplateFault } from "./errors.ts";
import { Frame } from "./frame.ts";
import { SyntaxFault } from "./lexer.ts";
import { fileSyntax } from "./loader.ts";
import { performLookup } from "./lookups/registry.ts";
import { locate, type Origin } from "./origin.ts";
import { finish, makeRuntime, renderFile, renderSource, renderTemplateString } from "./render.ts";
import { toText } from "./repr.ts";
import type { Syntax } from "./token.ts";
import { raiseUndefined } from "./undefined.ts";

export { checkSyntax, referencedNames } from "./check.ts";
export { NotYetKnown } from "./errors.ts";
export { lookupNames, registerLookup } from "./lookups/registry.ts";

/** How a template file is read; what is left out is as Ansible's template module has it. */
export type TextOptions = { readonly [K in keyof Syntax]?: Syntax[K] | undefined };

/**
 * The value with every template in it rendered and vault text decrypted. A string that is one `{{ expression }}` gives that
 * expression's value, whatever its type; other strings give text. Members that are `omit` are left out; a lone `omit` is
 * answered as it is. Throws DiagnosticError, and NotYetKnown where only an apply can tell.
 */
export function renderValue(value: Value, context: EvaluationContext): Value {
  if (typeof value !== "object" || value === null) return value;
  const position = value instanceof TemplateString ? value.position : undefined;
  return placed(position, () => {
    const runtime = makeRuntime(context);
    return finish(value instanceof TemplateString ? renderTemplateString(value, runtime) : runtime.settle(value), runtime);
  });
}

/** A template file as text. `secret`: a secret went into it. Throws DiagnosticError and NotYetKnown. */
export function renderFileText(
  source: string,
  position: Position | undefined,
  context: EvaluationContext,
  options: TextOptions = {},
): { readonly text: string; readonly secret: boolean } {
  return rendered(renderFile, source, position, context, options);
}

/** The same of a template as Jinja2 renders it, whose last newline is not part of it. */
export function renderText(
  source: string,
  position: Position | undefined,
  context: EvaluationContext,
  options: TextOptions = {},
): { readonly text: string; readonly secret: boolean } {
  return rendered(renderSource, source, position, context, options);
}

function rendered(
  render: typeof renderSource,
  source: string,
  position: Position | undefined,
  context: EvaluationContext,
  options: TextOptions,
): { readonly text: string; readonly secret: boolean } {
  return placed(position, () => {
    const given = Object.fromEntries(Object.entries(options).filter(([, one]) => one !== undefined));
    const result = render(source, { source, position }, makeRuntime(context), { ...fileSyntax, ...given });
    return result instanceof Secret ? { text: toText(result.value), secret: true } : { text: toText(result), secret: false };
  });
}

/** The value of a bare expression. Throws DiagnosticError and NotYetKnown. */
export function evaluateExpression(source: string, position: Position | undefined, context: EvaluationContext): Value {
  const runtime = makeRuntime(context);
  return placed(position, () => finish(evaluate(source, position, runtime), runtime));
}

/**
 * A condition: a boolean, or a bare expression. The words yes, no, true, false, on, off, 1 and 0 are booleans as well; other values
 * have Python's truth, but for a lone variable that holds some other text: that is a mistake (an expression in a variable is
 * not evaluated), and refused. Throws DiagnosticError and NotYetKnown.
 */
export function evaluateCondition(source: string | boolean, position: Position | undefined, context: EvaluationContext): boolean {
  if (typeof source === "boolean") return source;
  const runtime = makeRuntime(context);
  return placed(position, () => {
    const bare = bareCondition(source);
    // As in Ansible: no condition is one that holds.
    if (bare.trim() === "") return true;
    const value = runtime.deep(evaluate(bare, position, runtime));
    return conditionTruth(value instanceof Secret ? value.value : value, isPlainPath(bare) ? bare.trim() : undefined);
  });
}

/** The items that a lookup finds for `terms`: what `with_X` loops over. Throws DiagnosticError and NotYetKnown. */
export function runLookup(
  name: string,
  terms: Value,
  context: EvaluationContext,
  options: ReadonlyMap<string, Value> = new Map(),
): readonly Value[] {
  return placed(undefined, () => {
    const runtime = makeRuntime(context);
    const settled = runtime.deep(runtime.settle(terms));
    const list = settled instanceof Secret && isList(settled.value) ? settled.value.map((one) => new Secret(one)) : settled;
    return performLookup(name, isList(list) ? list : [list], options, runtime);
  });
}

function evaluate(source: string, position: Position | undefined, runtime: ReturnType<typeof makeRuntime>): Value {
  const origin: Origin = { source, position };
  try {
    return compileBare(source)(new Frame(runtime, origin));
  } catch (error) {
    if (error instanceof SyntaxFault) throw located(error, locate(origin, error.at, error.end));
    throw error;
  }
}

/** Adds the place to faults that have none, and tells endless recursion as what it is. */
function placed<T>(position: Position | undefined, work: () => T): T {
  try {
    const result = work();
    if (result instanceof Undefined) return raiseUndefined(result, position);
    return result;
  } catch (error) {
    if (error instanceof TemplateFault) throw located(error, position);
    if (error instanceof RangeError && /call stack/i.test(error.message)) {
      throw located(new TemplateFault("template-recursion", "the template calls itself without end"), position);
    }
    if (
      error instanceof DiagnosticError &&
      position !== undefined &&
      error.diagnostics.some((one) => one.position === undefined)
    ) {
      throw new DiagnosticError(
        error.diagnostics.map((one) => (one.position === undefined ? { ...one, position } : one)),
        { cause: error },
      );
    }
    throw error;
  }
}
