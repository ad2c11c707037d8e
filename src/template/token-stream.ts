import { SyntaxFault } from "./lexer.ts";
import type { Token } from "./token.ts";

/** Tokens with one of look-ahead, and the questions that a parser asks them. */
export class TokenStream {
  readonly #tokens: readonly Token[];
  #index = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get current(): Token {
    return this.#at(this.#index);
  }

  get following(): Token {
    return this.#at(this.#index + 1);
  }

  /** Whether the current token is of this kind; a method, since a property would be narrowed across `next`. */
  is(kind: Token["kind"]): boolean {
    return this.current.kind === kind;
  }

  /** Where the token before the current one ended. */
  get previousEnd(): number {
    return this.#index === 0 ? 0 : this.#at(this.#index - 1).end;
  }

  next(): Token {
    const token = this.current;
    if (token.kind !== "end") this.#index += 1;
    return token;
  }

  isOperator(value: string): boolean {
    return this.current.kind === "operator" && this.current.value === value;
  }

  isName(...values: readonly string[]): boolean {
    return this.current.kind === "name" && (values.length === 0 || values.includes(this.current.value));
  }

  takeOperator(value: string): boolean {
    if (!this.isOperator(value)) return false;
    this.next();
    return true;
  }

  takeName(value: string): boolean {
    if (!this.isName(value)) return false;
    this.next();
    return true;
  }

  expectOperator(value: string, after: string): Token {
    if (!this.isOperator(value)) throw this.unexpected(`"${value}" was expected ${after}`);
    return this.next();
  }

  expectName(what: string): Token {
    if (this.current.kind !== "name") throw this.unexpected(`${what} was expected`);
    return this.next();
  }

  unexpected(expectation?: string): SyntaxFault {
    const { kind, value, at, end } = this.current;
    const suffix = expectation === undefined ? "" : `; ${expectation}`;
    if (kind === "end") return new SyntaxFault(`unexpected end of the template${suffix}`, Math.max(0, at - 1), at);
    const what = kind === "data" ? "text" : kind === "string" ? "string" : `"${value}"`;
    return new SyntaxFault(`unexpected ${what}${suffix}`, at, end);
  }

  #at(index: number): Token {
    const token = this.#tokens[Math.min(index, this.#tokens.length - 1)];
    if (token === undefined) throw new TypeError("a token list ends in an end token");
    return token;
  }
}
