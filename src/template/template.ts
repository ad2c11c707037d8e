import { type Diagnostic, DiagnosticError, type Position } from "../diagnostic.ts";
import { isList, Namespace, Omit, Secret, TemplateString, Undefined, type Value } from "../vars/value.ts";
import { isTruthy } from "./compare.ts";
import { compileBare, compileValue } from "./compile.ts";
import { runTemplate } from "./compile-inheritance.ts";
import type { EvaluationContext } from "./context.ts";
import { TemplateFault } from "./errors.ts";
import { Frame, joinPieces } from "./frame.ts";
import { namesIn, problemsIn } from "./inspect.ts";
import { fileSyntax, loadText } from "./loader.ts";
import { runLookupPlugin } from "./lookups/registry.ts";
import { finish, placed, renderString, runtimeOf } from "./render.ts";
import { type Delimiters, valueSyntax } from "./token.ts";
import { raiseUndefined } from "./undefined.ts";

export { NotYetKnown } from "./errors.ts";
export { lookupNames } from "./lookups/registry.ts";

/**
 * The value with every template in it rendered: a lone `{{ expression }}` gives its value, anything else text. What comes out is
 * data. Omitted members of mappings and lists are left out; a value that is omitted as a whole is `Omit`. Throws
 * DiagnosticError with the place in the source, and NotYetKnown.
 */
export function renderValue(value: Value, context: EvaluationContext): Value {
  if (typeof value !== "object" || value === null || value instanceof Omit) return value;
  const runtime = runtimeOf(context);
  if (value instanceof TemplateString) {
    const known = renderString(value, runtime);
    return known instanceof Undefined ? raiseUndefined(known, value.position) : known;
  }
  if (value instanceof Undefined) return raiseUndefined(value);
  if (value instanceof Namespace) return finish(value, runtime);
  return placed({ source: "", position: undefined }, () => runtime.deep(value));
}

export type TextOptions = Partial<Delimiters> & {
  readonly trimBlocks?: boolean;
  readonly lstripBlocks?: boolean;
  readonly keepTrailingNewline?: boolean;
  readonly newlineSequence?: string;
};

/** The text of a template file. `secret`: a secret went into it. Throws DiagnosticError, NotYetKnown. */
export function renderText(
  source: string,
  position: Position | undefined,
  context: EvaluationContext,
  options: TextOptions = {},
): { readonly text: string; readonly secret: boolean } {
  const runtime = runtimeOf(context);
  const origin = { source, position };
  const given = Object.fromEntries(Object.entries(options).filter(([, one]) => one !== undefined));
  const result = placed(origin, () => {
    const frame = new Frame(runtime, origin);
    runTemplate(loadText(source, origin, { ...fileSyntax, ...given }), frame);
    return joinPieces(frame.output, runtime);
  });
  const secret = result instanceof Secret;
  return { text: String(secret ? result.value : result), secret };
}

/** The value of a bare expression. Throws DiagnosticError, NotYetKnown. */
export function evaluateExpression(source: string, position: Position | undefined, context: EvaluationContext): Value {
  const runtime = runtimeOf(context);
  const origin = { source, position };
  return placed(origin, () => {
    const value = compileBare(source)(new Frame(runtime, origin));
    if (value instanceof Undefined) return raiseUndefined(value, position);
    return value instanceof Omit ? value : finish(value, runtime);
  });
}

const MOST_INDIRECTIONS = 5;

/**
 * Whether a bare condition (`when:`) holds. A variable whose value is text is a condition itself, as in Ansible: `when: a` with
 * `a: "b == 1"`. Nothing and the empty text are false.
 */
export function evaluateCondition(source: string | boolean, position: Position | undefined, context: EvaluationContext): boolean {
  let text = source;
  for (let depth = 0; depth < MOST_INDIRECTIONS; depth += 1) {
    if (typeof text === "boolean") return text;
    const bare = unwrapped(text);
    if (bare.trim() === "") return depth === 0;
    const value = opened(bare === text ? evaluateExpression(text, position, context) : renderBraces(text, position, context));
    if (typeof value !== "string") return isTruthy(value);
    const word = value.trim().toLowerCase();
    if (["true", "yes", "on", "1"].includes(word)) return true;
    if (["false", "no", "off", "0", "", "none"].includes(word)) return false;
    // Only a variable's own text is an expression; what an expression computed is data.
    if (!/^[A-Za-z_][\w.]*$/.test(bare.trim()) || !isExpression(value)) return value !== "";
    text = value;
  }
  throw new DiagnosticError([
    {
      severity: "error",
      code: "condition-depth",
      message: `the condition "${String(source)}" refers from text to text without end`,
      ...(position === undefined ? {} : { position }),
    },
  ]);
}

function unwrapped(text: string): string {
  return text.includes("{{") || text.includes("{%") ? "{{" : text;
}

function renderBraces(text: string, position: Position | undefined, context: EvaluationContext): Value {
  return renderValue(new TemplateString(text, position), context);
}

function opened(value: Value): Value {
  return value instanceof Secret ? value.value : value;
}

function isExpression(text: string): boolean {
  try {
    compileBare(text);
    return true;
  } catch (error) {
    if (error instanceof TemplateFault) return false;
    throw error;
  }
}

/** What is wrong with a template or an expression before it is ever evaluated: its syntax, filters, tests and lookups. */
export function checkSyntax(
  source: string,
  position: Position | undefined,
  kind: "template" | "expression",
): readonly Diagnostic[] {
  const origin = { source, position };
  try {
    placed(origin, () => (kind === "template" ? compileValue(source) : compileBare(source)));
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics;
    throw error;
  }
  return problemsIn(source, kind, valueSyntax, origin);
}

/** Names of variables that a template or an expression may read. Empty when it cannot be parsed. */
export function referencedNames(source: string, kind: "template" | "expression"): ReadonlySet<string> {
  return namesIn(source, kind, valueSyntax);
}

/** The items of `with_X`. `terms` is its rendered value. Throws DiagnosticError. */
export function runLookup(
  name: string,
  terms: Value,
  context: EvaluationContext,
  options: ReadonlyMap<string, Value> = new Map(),
): Value[] {
  const value = terms instanceof Secret ? terms.value : terms;
  const list = isList(value) ? value : [value];
  const found = placed({ source: "", position: undefined }, () => runLookupPlugin(runtimeOf(context), name, list, options));
  return terms instanceof Secret ? found.map((one) => new Secret(one)) : [...found];
}
