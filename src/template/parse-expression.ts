import { Float } from "../vars/value.ts";
import type { Arguments, BinaryOperator, Comparison, Expression } from "./ast.ts";
import { SyntaxFault } from "./lexer.ts";
import { makeInteger } from "./numbers.ts";
import type { TokenStream } from "./token-stream.ts";

const constants: ReadonlyMap<string, boolean | null> = new Map([
  ["true", true],
  ["True", true],
  ["false", false],
  ["False", false],
  ["none", null],
  ["None", null],
]);
const comparisons: ReadonlySet<string> = new Set(["==", "!=", "<", "<=", ">", ">="]);

// Jinja2's levels of binding. Unlike Python's, `~` binds tighter than `+`, and `**` is left-associative.
const binaryLevels: readonly (readonly string[])[] = [["+", "-"], ["~"], ["*", "/", "//", "%"], ["**"]];

export const noArguments: Arguments = { positional: [], keyword: [], rest: undefined, keywords: undefined };

/** Reads expressions off a token stream: precedence climbing over the levels above, postfixes and filters innermost. */
export class ExpressionParser {
  readonly stream: TokenStream;
  constructor(stream: TokenStream) {
    this.stream = stream;
  }

  /** `a if b else c`, and everything below it. */
  expression(): Expression {
    const at = this.stream.current.at;
    let result = this.#or();
    while (this.stream.takeName("if")) {
      const condition = this.#or();
      const otherwise = this.stream.takeName("else") ? this.expression() : undefined;
      result = { kind: "conditional", condition, then: result, otherwise, at, end: this.stream.previousEnd };
    }
    return result;
  }

  /** `a, b` without parentheses; a single expression stays what it is. `conditional: false` leaves an `if` alone. */
  tuple(
    options: { readonly conditional: boolean; readonly end?: (stream: TokenStream) => boolean } = { conditional: true },
  ): Expression {
    const at = this.stream.current.at;
    const items: Expression[] = [];
    let isTuple = false;
    for (;;) {
      if (items.length > 0 && !this.stream.takeOperator(",")) break;
      if (items.length > 0) isTuple = true;
      if (this.#ends() || options.end?.(this.stream)) break;
      items.push(options.conditional ? this.expression() : this.#or());
    }
    const [only] = items;
    if (!isTuple && only !== undefined) return only;
    if (items.length === 0) throw this.stream.unexpected("an expression was expected");
    return { kind: "tuple", items, at, end: this.stream.previousEnd };
  }

  /** Without `a if b`: what `for x in …` takes, whose own `if` filters. */
  disjunction(): Expression {
    return this.#or();
  }

  callArguments(): Arguments {
    this.stream.expectOperator("(", "before the arguments");
    const positional: Expression[] = [];
    const keyword: { name: string; value: Expression }[] = [];
    let rest: Expression | undefined;
    let keywords: Expression | undefined;
    let first = true;
    while (!this.stream.isOperator(")")) {
      if (!first) {
        this.stream.expectOperator(",", "between the arguments");
        if (this.stream.isOperator(")")) break;
      }
      first = false;
      const { at } = this.stream.current;
      if (this.stream.takeOperator("**")) keywords = this.expression();
      else if (this.stream.takeOperator("*")) rest = this.expression();
      else if (this.stream.isName() && this.stream.following.kind === "operator" && this.stream.following.value === "=") {
        const name = this.stream.next().value;
        this.stream.next();
        keyword.push({ name, value: this.expression() });
      } else {
        if (keyword.length > 0 || keywords !== undefined) {
          throw new SyntaxFault("a positional argument follows a named one", at, this.stream.current.end);
        }
        positional.push(this.expression());
      }
    }
    this.stream.next();
    return { positional, keyword, rest, keywords };
  }

  /** `name` or `collection.name`, of a filter or test. */
  dottedName(what: string): string {
    let name = this.stream.expectName(what).value;
    while (this.stream.takeOperator(".")) name += `.${this.stream.expectName(what).value}`;
    return name;
  }

  #ends(): boolean {
    const { kind, value } = this.stream.current;
    return (
      kind === "variable-end" ||
      kind === "block-end" ||
      kind === "end" ||
      (kind === "operator" && (value === ")" || value === "]"))
    );
  }

  #or(): Expression {
    const at = this.stream.current.at;
    let left = this.#and();
    while (this.stream.takeName("or")) {
      left = { kind: "logical", operator: "or", left, right: this.#and(), at, end: this.stream.previousEnd };
    }
    return left;
  }

  #and(): Expression {
    const at = this.stream.current.at;
    let left = this.#not();
    while (this.stream.takeName("and")) {
      left = { kind: "logical", operator: "and", left, right: this.#not(), at, end: this.stream.previousEnd };
    }
    return left;
  }

  #not(): Expression {
    const at = this.stream.current.at;
    if (!this.stream.takeName("not")) return this.#comparison();
    return { kind: "unary", operator: "not", operand: this.#not(), at, end: this.stream.previousEnd };
  }

  #comparison(): Expression {
    const at = this.stream.current.at;
    const first = this.#binary(0);
    const rest: { operator: Comparison; operand: Expression }[] = [];
    for (;;) {
      const operator = this.#comparisonOperator();
      if (operator === undefined) break;
      rest.push({ operator, operand: this.#binary(0) });
    }
    return rest.length === 0 ? first : { kind: "comparison", first, rest, at, end: this.stream.previousEnd };
  }

  #comparisonOperator(): Comparison | undefined {
    const { current, following } = this.stream;
    if (current.kind === "operator" && comparisons.has(current.value)) {
      // The set holds exactly these members of Comparison.
      return this.stream.next().value as Comparison;
    }
    if (this.stream.takeName("in")) return "in";
    if (this.stream.isName("not") && following.kind === "name" && following.value === "in") {
      this.stream.next();
      this.stream.next();
      return "not in";
    }
    return undefined;
  }

  #binary(level: number): Expression {
    const operators = binaryLevels[level];
    if (operators === undefined) return this.#unary(true);
    const at = this.stream.current.at;
    let left = this.#binary(level + 1);
    if (operators[0] === "~") {
      const items = [left];
      while (this.stream.takeOperator("~")) items.push(this.#binary(level + 1));
      return items.length === 1 ? left : { kind: "concatenation", items, at, end: this.stream.previousEnd };
    }
    while (this.stream.current.kind === "operator" && operators.includes(this.stream.current.value)) {
      // Every operator of the levels but `~` is a BinaryOperator.
      const operator = this.stream.next().value as BinaryOperator;
      left = { kind: "binary", operator, left, right: this.#binary(level + 1), at, end: this.stream.previousEnd };
    }
    return left;
  }

  #unary(withFilters: boolean): Expression {
    const at = this.stream.current.at;
    let node: Expression;
    if (this.stream.isOperator("-") || this.stream.isOperator("+")) {
      const operator = this.stream.next().value === "-" ? "-" : "+";
      node = { kind: "unary", operator, operand: this.#unary(false), at, end: this.stream.previousEnd };
    } else node = this.#primary();
    node = this.#postfix(node);
    return withFilters ? this.#filters(node) : node;
  }

  #primary(): Expression {
    const token = this.stream.current;
    const { at, end } = token;
    switch (token.kind) {
      case "name": {
        this.stream.next();
        const constant = constants.get(token.value);
        return constant === undefined
          ? { kind: "name", name: token.value, at, end }
          : { kind: "constant", value: constant, at, end };
      }
      case "string": {
        let value = "";
        while (this.stream.current.kind === "string") value += this.stream.next().value;
        return { kind: "constant", value, at, end: this.stream.previousEnd };
      }
      case "integer":
        this.stream.next();
        return { kind: "constant", value: makeInteger(BigInt(token.value)), at, end };
      case "float": {
        this.stream.next();
        const value = Number(token.value);
        return { kind: "constant", value: Number.isInteger(value) ? new Float(value) : value, at, end };
      }
      case "operator":
        if (token.value === "(") return this.#parentheses();
        if (token.value === "[") return this.#list();
        if (token.value === "{") return this.#dict();
        break;
      default:
        break;
    }
    throw this.stream.unexpected("an expression was expected");
  }

  #parentheses(): Expression {
    const { at } = this.stream.next();
    if (this.stream.takeOperator(")")) return { kind: "tuple", items: [], at, end: this.stream.previousEnd };
    const inner = this.tuple();
    this.stream.expectOperator(")", "to close the parenthesis");
    return inner;
  }

  #list(): Expression {
    const { at } = this.stream.next();
    const items: Expression[] = [];
    while (!this.stream.isOperator("]")) {
      if (items.length > 0) this.stream.expectOperator(",", "between the members of the list");
      if (this.stream.isOperator("]")) break;
      items.push(this.expression());
    }
    this.stream.next();
    return { kind: "list", items, at, end: this.stream.previousEnd };
  }

  #dict(): Expression {
    const { at } = this.stream.next();
    const items: { key: Expression; value: Expression }[] = [];
    while (!this.stream.isOperator("}")) {
      if (items.length > 0) this.stream.expectOperator(",", "between the members of the dict");
      if (this.stream.isOperator("}")) break;
      const key = this.expression();
      this.stream.expectOperator(":", "after the key");
      items.push({ key, value: this.expression() });
    }
    this.stream.next();
    return { kind: "dict", items, at, end: this.stream.previousEnd };
  }

  #postfix(start: Expression): Expression {
    let node = start;
    for (;;) {
      const { at } = start;
      if (this.stream.takeOperator(".")) {
        const token = this.stream.next();
        if (token.kind === "name") node = { kind: "attribute", target: node, name: token.value, at, end: token.end };
        else if (token.kind === "integer") {
          const index: Expression = { kind: "constant", value: Number(token.value), at: token.at, end: token.end };
          node = { kind: "item", target: node, index, at, end: token.end };
        } else throw new SyntaxFault("a name or number was expected after the dot", token.at, token.end);
      } else if (this.stream.takeOperator("[")) {
        const index = this.#subscript();
        node = { kind: "item", target: node, index, at, end: this.stream.previousEnd };
      } else if (this.stream.isOperator("(")) {
        node = { kind: "call", target: node, arguments: this.callArguments(), at, end: this.stream.previousEnd };
      } else return node;
    }
  }

  #subscript(): Expression {
    const { at } = this.stream.current;
    const items: Expression[] = [];
    while (!this.stream.isOperator("]")) {
      if (items.length > 0) this.stream.expectOperator(",", "between the indices");
      items.push(this.#index());
    }
    this.stream.next();
    const [only] = items;
    if (only === undefined) throw new SyntaxFault("an index was expected between the brackets", at);
    return items.length === 1 ? only : { kind: "tuple", items, at, end: this.stream.previousEnd };
  }

  #index(): Expression {
    const { at } = this.stream.current;
    const parts: (Expression | undefined)[] = [undefined, undefined, undefined];
    let part = 0;
    while (part < 3 && !this.stream.isOperator("]") && !this.stream.isOperator(",")) {
      if (this.stream.takeOperator(":")) part += 1;
      else parts[part] = this.expression();
    }
    const [start, stop, step] = parts;
    if (part === 0 && start !== undefined) return start;
    if (part === 0) throw this.stream.unexpected("an index was expected");
    return { kind: "slice", start, stop, step, at, end: this.stream.previousEnd };
  }

  #filters(start: Expression): Expression {
    let node = start;
    for (;;) {
      const { at } = start;
      if (this.stream.takeOperator("|")) {
        const nameAt = this.stream.current.at;
        const name = this.dottedName("the name of a filter");
        const args = this.stream.isOperator("(") ? this.callArguments() : noArguments;
        node = { kind: "filter", name, target: node, arguments: args, at: nameAt, end: this.stream.previousEnd };
      } else if (this.stream.takeName("is")) node = this.#test(node);
      else if (this.stream.isOperator("(")) {
        node = { kind: "call", target: node, arguments: this.callArguments(), at, end: this.stream.previousEnd };
      } else return node;
    }
  }

  #test(target: Expression): Expression {
    const negated = this.stream.takeName("not");
    const { at } = this.stream.current;
    const name = this.dottedName("the name of a test");
    let args = noArguments;
    const { current } = this.stream;
    if (this.stream.isOperator("(")) args = this.callArguments();
    else if (
      (current.kind === "name" && !this.stream.isName("else", "or", "and", "if", "in", "not", "is")) ||
      current.kind === "string" ||
      current.kind === "integer" ||
      current.kind === "float" ||
      this.stream.isOperator("[") ||
      this.stream.isOperator("{")
    ) {
      args = { ...noArguments, positional: [this.#postfix(this.#primary())] };
    } else if (this.stream.isName("is"))
      throw new SyntaxFault('tests cannot be chained; join them with "and"', current.at, current.end);
    const test: Expression = { kind: "test", name, target, arguments: args, at, end: this.stream.previousEnd };
    return negated ? { kind: "unary", operator: "not", operand: test, at, end: test.end } : test;
  }
}
