import { DiagnosticError } from "../diagnostic.ts";
import { Namespace, Omit, Secret, type TemplateString, type Value } from "../vars/value.ts";
import { type CompiledTemplate, compileValue } from "./compile.ts";
import { unknownFilter, unknownTest } from "./compile-expression.ts";
import { runTemplate } from "./compile-inheritance.ts";
import type { EvaluationContext, Names } from "./context.ts";
import { badValue, fault, located, NotYetKnown, TemplateFault } from "./errors.ts";
import { applyFilter, findFilter } from "./filters/registry.ts";
import { Frame, joinPieces } from "./frame.ts";
import { SyntaxFault } from "./lexer.ts";
import { fileSyntax, type LoadedTemplate, loadText } from "./loader.ts";
import { TemplateObject } from "./objects.ts";
import { locate, type Origin } from "./origin.ts";
import { toText } from "./repr.ts";
import { type Machinery, Runtime } from "./runtime.ts";
import { applyTest, findTest } from "./tests/registry.ts";
import { BrokenVariable } from "./undefined.ts";

const depthLimit = 150;

/** The templates of variables that are being rendered, outermost first. Evaluation is synchronous, so one stack serves all. */
const active: { readonly template: TemplateString; readonly names: Names; readonly name: string | undefined }[] = [];

const machinery: Machinery = {
  renderVariable: (template, runtime, name) => renderNested(template, runtime, name),
  applyFilter: (runtime, name, input, positional, keyword) => {
    const filter = findFilter(name);
    if (filter === undefined) return fault("unknown-filter", unknownFilter(name));
    return applyFilter(runtime, filter, name, input, positional, keyword);
  },
  applyTest: (runtime, name, input, positional, keyword) => {
    const test = findTest(name);
    if (test === undefined) return fault("unknown-test", unknownTest(name));
    return applyTest(runtime, test, name, input, positional, keyword);
  },
  renderFile: (runtime, source, path, variables) => {
    const inner = new Runtime(runtime.context, machinery, new Map([...runtime.extra, ...variables]));
    return renderFile(source, { source, position: { file: path, line: 1, column: 1 } }, inner);
  },
};

export function makeRuntime(context: EvaluationContext): Runtime {
  return new Runtime(context, machinery);
}

/** Text of a template. */
export function renderSource(source: string, origin: Origin, runtime: Runtime, syntax = fileSyntax): Value {
  return joinPieces(outputOf(loadText(source, origin, syntax), runtime), runtime);
}

/**
 * Text of a template file as a file: it ends in as many newlines at least as the template, whatever a block tag at its end has swallowed.
 * What a template includes loses its last one.
 */
export function renderFile(source: string, origin: Origin, runtime: Runtime, syntax = fileSyntax): Value {
  const loaded = loadText(source, origin, syntax);
  const output = outputOf(loaded, runtime);
  const text = joinPieces(output, runtime);
  const missing = newlinesAtEnd(source) - newlinesAtEnd(toText(runtime.open(text).value));
  if (missing <= 0) return text;
  return joinPieces([...output, (loaded.origin.syntax ?? syntax).newlineSequence.repeat(missing)], runtime);
}

function outputOf(loaded: LoadedTemplate, runtime: Runtime): readonly Value[] {
  const output: Value[] = [];
  runTemplate(loaded, new Frame(runtime, loaded.origin, { output }));
  return output;
}

const newlinesAtEnd = (text: string): number => /(?:\r\n|\r|\n)*$/.exec(text)?.[0].match(/\r\n|\r|\n/g)?.length ?? 0;

/** The value of a string that holds a template: whatever a lone expression gives, else text. May be undefined. */
export function renderTemplateString(template: TemplateString, runtime: Runtime): Value {
  const origin: Origin = { source: template.source, position: template.position };
  let compiled: CompiledTemplate;
  try {
    compiled = compileValue(template.source);
  } catch (error) {
    if (error instanceof SyntaxFault) throw located(error, locate(origin, error.at, error.end));
    throw error;
  }
  try {
    if (compiled.lone !== undefined) return compiled.lone(new Frame(runtime, origin));
    const output: Value[] = [];
    runTemplate({ compiled, origin }, new Frame(runtime, origin, { output }));
    const [only] = output;
    // One piece alone keeps its type, even from inside of an if or a loop.
    if (output.length === 1 && only !== undefined && !(only instanceof Secret)) return only;
    return joinPieces(output, runtime);
  } catch (error) {
    if (error instanceof TemplateFault) throw located(error, template.position);
    throw error;
  }
}

/** A variable's template, met while something else is evaluated. What is undefined in it makes the variable undefined. */
function renderNested(template: TemplateString, runtime: Runtime, name: string | undefined): Value {
  const { names } = runtime.context;
  const first = active.findIndex((one) => one.template === template && one.names === names);
  if (first >= 0 || active.length >= depthLimit) {
    const cycle = active.slice(Math.max(0, first)).map((one) => one.name ?? "…");
    const start = cycle[0] ?? name ?? "…";
    const shown = first >= 0 ? [...cycle, start] : [...cycle.slice(0, 5), "…"];
    const error = new TemplateFault("variable-cycle", `the variable "${start}" is made of itself: ${shown.join(" -> ")}`);
    throw located(error, template.position);
  }
  active.push({ template, names, name });
  try {
    return renderTemplateString(template, runtime);
  } catch (error) {
    const isUndefined = error instanceof DiagnosticError && error.diagnostics.every((one) => one.code === "undefined-variable");
    if (!isUndefined) throw error;
    return new BrokenVariable(name ?? "a variable", error);
  } finally {
    active.pop();
  }
}

/** The value as it leaves the templates: settled in depth, defined, plain data; what can be printed becomes text. */
export function finish(value: Value, runtime: Runtime): Value {
  if (value instanceof Omit) return value;
  const result = runtime.deep(value);
  if (result instanceof Namespace && !(result instanceof TemplateObject)) return listed(result, runtime);
  if (!(result instanceof TemplateObject)) return result;
  return result.shown() ?? badValue(`a ${result.label} belongs to the template and cannot be its result`);
}

// What is incomplete stays what it is, so that reading it later says so; anything else becomes an ordinary mapping.
function listed(namespace: Namespace, runtime: Runtime): Value {
  try {
    return runtime.deep(runtime.namespaceMap(namespace));
  } catch (error) {
    if (error instanceof NotYetKnown) return namespace;
    throw error;
  }
}
