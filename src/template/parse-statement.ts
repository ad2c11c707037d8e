import { didYouMean } from "../suggest.ts";
import type { Expression, FilterLink, Parameter, Statement, Target } from "./ast.ts";
import { SyntaxFault } from "./lexer.ts";
import { ExpressionParser, noArguments } from "./parse-expression.ts";
import type { Token } from "./token.ts";
import { TokenStream } from "./token-stream.ts";

const reserved: ReadonlySet<string> = new Set(["true", "false", "none", "True", "False", "None"]);
const keywords = [
  "if",
  "for",
  "set",
  "with",
  "macro",
  "call",
  "filter",
  "block",
  "extends",
  "include",
  "import",
  "from",
  "raw",
  "autoescape",
  "print",
];

/** The statements of a template. Throws SyntaxFault. */
export function parseTemplate(tokens: readonly Token[]): readonly Statement[] {
  const stream = new TokenStream(tokens);
  const body = new StatementParser(stream).body([]);
  if (stream.current.kind !== "end") throw stream.unexpected();
  return body;
}

/** One bare expression and nothing else. Throws SyntaxFault. */
export function parseExpression(tokens: readonly Token[]): Expression {
  const stream = new TokenStream(tokens);
  if (stream.is("end")) throw stream.unexpected("an expression was expected");
  const expression = new ExpressionParser(stream).expression();
  if (!stream.is("end")) throw stream.unexpected("the expression is complete before it");
  return expression;
}

class StatementParser {
  readonly #stream: TokenStream;
  readonly #expressions: ExpressionParser;
  readonly #open: { name: string; at: number; end: number }[] = [];

  constructor(stream: TokenStream) {
    this.#stream = stream;
    this.#expressions = new ExpressionParser(stream);
  }

  /** Statements up to a tag that begins with one of `ends`; its block-begin is consumed, its name is not. */
  body(ends: readonly string[]): readonly Statement[] {
    const statements: Statement[] = [];
    for (;;) {
      const token = this.#stream.current;
      if (token.kind === "data") {
        this.#stream.next();
        statements.push({ kind: "data", text: token.value, at: token.at, end: token.end });
      } else if (token.kind === "variable-begin") {
        this.#stream.next();
        const value = this.#expressions.tuple();
        if (this.#stream.current.kind !== "variable-end") throw this.#stream.unexpected('"}}" was expected');
        this.#stream.next();
        statements.push({ kind: "output", value, at: value.at, end: value.end });
      } else if (token.kind === "block-begin") {
        this.#stream.next();
        if (ends.length > 0 && this.#stream.isName(...ends)) return statements;
        statements.push(this.#statement());
      } else {
        const open = this.#open.at(-1);
        if (ends.length > 0 && open !== undefined) {
          throw new SyntaxFault(`${open.name} is not closed; "{% end${open.name} %}" is missing`, open.at, open.end);
        }
        return statements;
      }
    }
  }

  #statement(): Statement {
    const token = this.#stream.expectName("the name of a statement");
    const { at, value, end } = token;
    if (value.startsWith("end") || value === "else" || value === "elif") {
      const open = this.#open.at(-1);
      const expected = open === undefined ? "nothing is open" : `"end${open.name}" was expected`;
      throw new SyntaxFault(`unexpected "${value}"; ${expected}`, at, end);
    }
    this.#open.push({ name: value, at, end });
    const statement = this.#dispatch(value, at, token);
    this.#open.pop();
    return statement;
  }

  #dispatch(name: string, at: number, token: Token): Statement {
    switch (name) {
      case "if":
        return this.#if(at);
      case "for":
        return this.#for(at);
      case "set":
        return this.#set(at);
      case "with":
        return this.#with(at);
      case "macro":
        return this.#macro(at);
      case "call":
        return this.#call(at);
      case "filter": {
        const filters = this.#filterChain(true);
        this.#endTag();
        return { kind: "filter-block", filters, body: this.#until("endfilter"), at, end: this.#stream.previousEnd };
      }
      case "block":
        return this.#block(at);
      case "extends": {
        const template = this.#expressions.expression();
        return { kind: "extends", template, at, end: this.#endTag() };
      }
      case "include":
        return this.#include(at);
      case "import": {
        const template = this.#expressions.expression();
        if (!this.#stream.takeName("as")) throw this.#stream.unexpected('"as" was expected');
        const alias = this.#assignable();
        const withContext = this.#context(false);
        return { kind: "import", template, name: alias, withContext, at, end: this.#endTag() };
      }
      case "from":
        return this.#from(at);
      case "print": {
        const outputs = [this.#expressions.expression()];
        while (this.#stream.takeOperator(",")) outputs.push(this.#expressions.expression());
        const body = outputs.map((value): Statement => ({ kind: "output", value, at: value.at, end: value.end }));
        return { kind: "scope", body, at, end: this.#endTag() };
      }
      case "autoescape": {
        this.#expressions.expression();
        this.#endTag();
        return { kind: "scope", body: this.#until("endautoescape"), at, end: this.#stream.previousEnd };
      }
      case "do":
      case "break":
      case "continue":
        throw new SyntaxFault(`"${name}" is an extension of Jinja2 that Ansible does not switch on`, token.at, token.end);
      default:
        throw new SyntaxFault(`unknown statement "${name}"${didYouMean(name, keywords)}`, token.at, token.end);
    }
  }

  #endTag(): number {
    if (!this.#stream.is("block-end")) throw this.#stream.unexpected('"%}" was expected');
    return this.#stream.next().end;
  }

  #until(end: string): readonly Statement[] {
    const body = this.body([end]);
    this.#stream.next();
    // `{% endblock name %}` may repeat the name.
    if (end === "endblock" && this.#stream.isName()) this.#stream.next();
    this.#endTag();
    return body;
  }

  #if(at: number): Statement {
    const branches: { condition: Expression; body: readonly Statement[] }[] = [];
    let otherwise: readonly Statement[] = [];
    for (;;) {
      const condition = this.#expressions.tuple({ conditional: false });
      this.#endTag();
      branches.push({ condition, body: this.body(["elif", "else", "endif"]) });
      const { value } = this.#stream.next();
      if (value === "elif") continue;
      this.#endTag();
      if (value === "else") otherwise = this.#until("endif");
      return { kind: "if", branches, otherwise, at, end: this.#stream.previousEnd };
    }
  }

  #for(at: number): Statement {
    const target = this.#target((stream) => stream.isName("in"));
    if (!this.#stream.takeName("in")) throw this.#stream.unexpected('"in" was expected');
    const iterable = this.#expressions.tuple({ conditional: false, end: (stream) => stream.isName("recursive") });
    const condition = this.#stream.takeName("if") ? this.#expressions.expression() : undefined;
    const recursive = this.#stream.takeName("recursive");
    this.#endTag();
    const body = this.body(["endfor", "else"]);
    let otherwise: readonly Statement[] = [];
    const { value } = this.#stream.next();
    this.#endTag();
    if (value === "else") otherwise = this.#until("endfor");
    return { kind: "for", target, iterable, condition, recursive, body, otherwise, at, end: this.#stream.previousEnd };
  }

  #set(at: number): Statement {
    const target = this.#target(() => false);
    if (this.#stream.takeOperator("=")) {
      const value = this.#expressions.tuple();
      return { kind: "set", target, value, at, end: this.#endTag() };
    }
    const filters = this.#stream.isOperator("|") ? this.#filterChain(false) : [];
    this.#endTag();
    return { kind: "set-block", target, filters, body: this.#until("endset"), at, end: this.#stream.previousEnd };
  }

  #with(at: number): Statement {
    const values: { target: Target; value: Expression }[] = [];
    while (!this.#stream.is("block-end")) {
      if (values.length > 0) this.#stream.expectOperator(",", "between the assignments");
      const target = this.#singleTarget();
      this.#stream.expectOperator("=", "after the name");
      values.push({ target, value: this.#expressions.expression() });
    }
    this.#endTag();
    return { kind: "with", values, body: this.#until("endwith"), at, end: this.#stream.previousEnd };
  }

  #macro(at: number): Statement {
    const name = this.#assignable();
    const parameters = this.#parameters();
    this.#endTag();
    return { kind: "macro", name, parameters, body: this.#until("endmacro"), at, end: this.#stream.previousEnd };
  }

  #call(at: number): Statement {
    const parameters = this.#stream.isOperator("(") ? this.#parameters() : [];
    const call = this.#expressions.expression();
    if (call.kind !== "call") throw new SyntaxFault("call takes the call of a macro", call.at, call.end);
    this.#endTag();
    return { kind: "call-block", call, parameters, body: this.#until("endcall"), at, end: this.#stream.previousEnd };
  }

  #block(at: number): Statement {
    const { value: name } = this.#stream.expectName("the name of the block");
    const scoped = this.#stream.takeName("scoped");
    const required = this.#stream.takeName("required");
    this.#endTag();
    return { kind: "block", name, scoped, required, body: this.#until("endblock"), at, end: this.#stream.previousEnd };
  }

  #include(at: number): Statement {
    const template = this.#expressions.expression();
    let ignoreMissing = false;
    if (this.#stream.isName("ignore") && this.#stream.following.value === "missing") {
      this.#stream.next();
      this.#stream.next();
      ignoreMissing = true;
    }
    const withContext = this.#context(true);
    return { kind: "include", template, ignoreMissing, withContext, at, end: this.#endTag() };
  }

  #from(at: number): Statement {
    const template = this.#expressions.expression();
    if (!this.#stream.takeName("import")) throw this.#stream.unexpected('"import" was expected');
    const names: { name: string; alias: string }[] = [];
    while (!this.#stream.is("block-end") && !this.#isContext()) {
      if (names.length > 0) {
        this.#stream.expectOperator(",", "between the names");
        if (this.#stream.is("block-end") || this.#isContext()) break;
      }
      const { value: name } = this.#stream.expectName("a name");
      names.push({ name, alias: this.#stream.takeName("as") ? this.#assignable() : name });
    }
    if (names.length === 0) throw this.#stream.unexpected("a name was expected");
    const withContext = this.#context(false);
    return { kind: "from", template, names, withContext, at, end: this.#endTag() };
  }

  #isContext(): boolean {
    return this.#stream.isName("with", "without") && this.#stream.following.value === "context";
  }

  #context(fallback: boolean): boolean {
    if (!this.#isContext()) return fallback;
    const { value } = this.#stream.next();
    this.#stream.next();
    return value === "with";
  }

  #filterChain(bare: boolean): readonly FilterLink[] {
    const filters: FilterLink[] = [];
    for (let first = true; first || this.#stream.isOperator("|"); first = false) {
      if (!(first && bare)) this.#stream.expectOperator("|", "before the filter");
      const { at } = this.#stream.current;
      const name = this.#expressions.dottedName("the name of a filter");
      const args = this.#stream.isOperator("(") ? this.#expressions.callArguments() : noArguments;
      filters.push({ name, arguments: args, at, end: this.#stream.previousEnd });
    }
    return filters;
  }

  #parameters(): readonly Parameter[] {
    this.#stream.expectOperator("(", "before the parameters");
    const parameters: Parameter[] = [];
    while (!this.#stream.isOperator(")")) {
      if (parameters.length > 0) this.#stream.expectOperator(",", "between the parameters");
      const { at, end } = this.#stream.current;
      const name = this.#assignable();
      const fallback = this.#stream.takeOperator("=") ? this.#expressions.expression() : undefined;
      if (fallback === undefined && parameters.at(-1)?.default !== undefined) {
        throw new SyntaxFault(`the parameter "${name}" without a default follows one with a default`, at, end);
      }
      parameters.push({ name, default: fallback });
    }
    this.#stream.next();
    return parameters;
  }

  #target(stop: (stream: TokenStream) => boolean): Target {
    const { at } = this.#stream.current;
    const items = [this.#singleTarget()];
    let isTuple = false;
    while (this.#stream.takeOperator(",")) {
      isTuple = true;
      if (stop(this.#stream) || this.#stream.isOperator("=")) break;
      items.push(this.#singleTarget());
    }
    const [only] = items;
    return !isTuple && only !== undefined ? only : { kind: "tuple", items, at, end: this.#stream.previousEnd };
  }

  #singleTarget(): Target {
    const { at } = this.#stream.current;
    if (this.#stream.takeOperator("(")) {
      const inner = this.#target((stream) => stream.isOperator(")"));
      this.#stream.expectOperator(")", "to close the parenthesis");
      return inner;
    }
    const name = this.#assignable();
    if (!this.#stream.takeOperator(".")) return { kind: "name", name, at, end: this.#stream.previousEnd };
    const member = this.#stream.expectName("the name of a member").value;
    return { kind: "member", object: name, name: member, at, end: this.#stream.previousEnd };
  }

  #assignable(): string {
    const token = this.#stream.expectName("a name");
    if (reserved.has(token.value))
      throw new SyntaxFault(`"${token.value}" is a constant and cannot be assigned`, token.at, token.end);
    return token.value;
  }
}
