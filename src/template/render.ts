import { DiagnosticError } from "../diagnostic.ts";
import { Omit, type TemplateString, Undefined, type Value } from "../vars/value.ts";
import { compileValue } from "./compile.ts";
import { runTemplate } from "./compile-inheritance.ts";
import type { EvaluationContext } from "./context.ts";
import { fault, located, TemplateFault } from "./errors.ts";
import { applyFilter, findFilter } from "./filters/registry.ts";
import { Frame, joinPieces, refuseObjects } from "./frame.ts";
import { SyntaxFault } from "./lexer.ts";
import { fileSyntax, loadText } from "./loader.ts";
import { locate, type Origin } from "./origin.ts";
import { type Machinery, Runtime } from "./runtime.ts";
import { applyTest, findTest } from "./tests/registry.ts";
import { BrokenVariable, raiseUndefined } from "./undefined.ts";

/** Variables that are being rendered, outermost first: one that comes again would never end. */
const underWay: { readonly template: TemplateString; readonly name: string }[] = [];

const machinery: Machinery = {
  renderVariable(template, runtime, name) {
    const label = name ?? template.source;
    const at = underWay.findIndex((one) => one.template === template);
    if (at >= 0) {
      const circle = [...underWay.slice(at).map((one) => one.name), label].join(" -> ");
      throw new DiagnosticError([
        {
          severity: "error",
          code: "variable-cycle",
          message: `the variable refers to itself: ${circle}`,
          ...(template.position === undefined ? {} : { position: template.position }),
        },
      ]);
    }
    underWay.push({ template, name: label });
    try {
      return renderString(template, runtime);
    } catch (error) {
      // Whether that matters is for the reader to say: `is defined` and `default` may follow.
      if (error instanceof DiagnosticError && error.diagnostics.every((one) => one.code === "undefined-variable")) {
        return new BrokenVariable(label, error);
      }
      throw error;
    } finally {
      underWay.pop();
    }
  },
  applyFilter(runtime, name, input, positional, keyword) {
    const filter = findFilter(name);
    if (filter === undefined) return fault("unknown-filter", `there is no filter "${name}"`);
    return applyFilter(runtime, filter, name, input, positional, keyword);
  },
  applyTest(runtime, name, input, positional, keyword) {
    const test = findTest(name);
    if (test === undefined) return fault("unknown-test", `there is no test "${name}"`);
    return applyTest(runtime, test, name, input, positional, keyword);
  },
  renderFile(runtime, source, path, variables) {
    const origin = { source, position: { file: path, line: 1, column: 1 } };
    const inner = new Runtime(runtime.context, machinery, new Map([...runtime.extra, ...variables]));
    const frame = new Frame(inner, origin);
    runTemplate(loadText(source, origin, { ...fileSyntax, keepTrailingNewline: false }), frame);
    return joinPieces(frame.output, inner);
  },
};

export function runtimeOf(context: EvaluationContext): Runtime {
  return new Runtime(context, machinery);
}

/** A string of a playbook: the value of a lone expression, otherwise text. What it gives is settled in depth. */
export function renderString(template: TemplateString, runtime: Runtime): Value {
  const { source, position } = template;
  const origin: Origin = { source, position };
  return placed(origin, () => {
    const compiled = compileValue(source);
    const frame = new Frame(runtime, origin);
    if (compiled.lone === undefined) {
      compiled.run(frame);
      return joinPieces(frame.output, runtime);
    }
    const value = compiled.lone(frame);
    if (value instanceof Undefined) return raiseUndefined(value, position);
    if (value instanceof Omit) return value;
    return finish(value, runtime);
  });
}

/** A value that leaves the template: data, settled, computed mappings made into ordinary ones. */
export function finish(value: Value, runtime: Runtime): Value {
  return refuseObjects(runtime.deep(value));
}

/** Gives errors of `work` their place. */
export function placed<T>(origin: Origin, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof SyntaxFault) throw located(error, locate(origin, error.at, error.end));
    if (error instanceof TemplateFault) throw located(error, origin.position);
    throw error;
  }
}
