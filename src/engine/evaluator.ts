import { DiagnosticError } from "../diagnostic.ts";
import type { Condition } from "../playbook/model.ts";
import type { EvaluationContext, Names } from "../template/context.ts";
import { evaluateCondition, evaluateExpression, NotYetKnown, renderValue } from "../template/template.ts";
import { type Redactor, reveal } from "../vars/taint.ts";
import { type Key, looksLikeTemplate, Omit, TemplateString, type Value } from "../vars/value.ts";

/** Templates and conditions of one task on one host. */
export class Evaluator {
  readonly context: EvaluationContext;
  readonly #redactor: Redactor;

  constructor(context: EvaluationContext, redactor: Redactor) {
    this.context = context;
    this.#redactor = redactor;
  }

  /** The same with further names in front: loop variables, look-ahead's "not yet known". */
  with(names: ReadonlyMap<string, Value>): Evaluator {
    if (names.size === 0) return this;
    return new Evaluator({ ...this.context, names: inFront(this.context.names, names) }, this.#redactor);
  }

  /** The same over other names. */
  over(names: Names): Evaluator {
    return new Evaluator({ ...this.context, names }, this.#redactor);
  }

  /** The same for a task whose turn may never come. */
  ahead(): Evaluator {
    return new Evaluator({ ...this.context, isAhead: true }, this.#redactor);
  }

  render(value: Value): Value {
    return renderValue(value, this.context);
  }

  /** Rendered, unboxed, as plain data. Secrets in it are masked in all output from now on. */
  plain(value: Value): unknown {
    return reveal(renderValue(value, this.context), this.#redactor);
  }

  evaluate(expression: string): Value {
    return evaluateExpression(expression, undefined, this.context);
  }

  /** The first condition that is false, or undefined when all are true. */
  firstFalse(conditions: readonly Condition[]): Condition | undefined {
    return conditions.find((condition) => !evaluateCondition(condition.source, condition.position, this.context));
  }

  condition(source: string): boolean {
    return evaluateCondition(source, undefined, this.context);
  }

  /** A keyword that is a text; undefined when it is not written, null or `omit`. */
  text(value: Value | undefined): string | undefined {
    const plain = this.#keyword(value);
    return plain === undefined || plain === null ? undefined : String(plain);
  }

  /** The name that a key gives to a variable: a key may be a template, too. */
  nameOf(key: Key): string {
    const name = String(key);
    return looksLikeTemplate(name) ? String(this.plain(new TemplateString(name))) : name;
  }

  bool(value: Value | undefined): boolean | undefined {
    const plain = this.#keyword(value);
    if (plain === undefined || plain === null) return undefined;
    if (typeof plain === "boolean") return plain;
    const text = String(plain).toLowerCase();
    return ["yes", "true", "on", "1", "y", "t"].includes(text);
  }

  number(value: Value | undefined): number | undefined {
    const plain = this.#keyword(value);
    if (plain === undefined || plain === null) return undefined;
    const number = Number(plain);
    if (Number.isFinite(number)) return number;
    throw new DiagnosticError([{ severity: "error", code: "not-a-number", message: `"${String(plain)}" is not a number` }]);
  }

  /** A keyword that is one text or a list of texts. */
  texts(value: Value | undefined): string[] {
    const plain = this.#keyword(value);
    if (plain === undefined || plain === null) return [];
    return (Array.isArray(plain) ? plain.flat() : [plain]).map(String);
  }

  #keyword(value: Value | undefined): unknown {
    if (value === undefined || value === null) return undefined;
    const rendered = renderValue(value, this.context);
    return rendered instanceof Omit ? undefined : reveal(rendered, this.#redactor);
  }
}

export { NotYetKnown };

function inFront(names: Names, first: ReadonlyMap<string, Value>): Names {
  return {
    lookup: (name) => {
      const value = first.get(name);
      return value === undefined ? names.lookup(name) : value;
    },
    names: function* () {
      yield* first.keys();
      yield* names.names();
    },
  };
}
