import { TemplateFault } from "./errors.ts";
import { unescapeString } from "./string-literal.ts";
import type { Syntax, Token, TokenKind } from "./token.ts";

/** A fault whose place is known as offsets into the source. */
export class SyntaxFault extends TemplateFault {
  readonly at: number;
  readonly end: number;
  constructor(message: string, at: number, end: number = at + 1, help?: string) {
    super("template-syntax", message, help);
    this.at = at;
    this.end = end;
  }
}

const namePattern = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*/uy;
const floatPattern = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy;
const integerPattern = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy;
const stringPattern = /'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"/sy;
const operatorPattern = /\/\/|\*\*|==|!=|>=|<=|[-+/*%~[\](){}<>=.:|,;]/y;
const blankPattern = /\s+/y;
const closerOf: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** Tokens of a template: text between tags is "data", whitespace control is already applied to it. */
export function lexTemplate(source: string, syntax: Syntax): readonly Token[] {
  return new Lexer(source, syntax).template();
}

/** Tokens of a bare expression, as `when:` has it. */
export function lexExpression(source: string, syntax: Syntax): readonly Token[] {
  return new Lexer(source, syntax).expression();
}

class Lexer {
  readonly #source: string;
  readonly #length: number;
  readonly #syntax: Syntax;
  readonly #tokens: Token[] = [];
  #at = 0;
  // Where a tag would be the first thing on its line; lstripBlocks looks at it.
  #lineStarting = true;

  constructor(source: string, syntax: Syntax) {
    this.#source = source;
    this.#syntax = syntax;
    // One trailing newline is not part of a template, unless it is asked for.
    this.#length = syntax.keepTrailingNewline ? source.length : source.replace(/(?:\r\n|\r|\n)$/, "").length;
  }

  expression(): readonly Token[] {
    while (this.#at < this.#length) this.#expressionToken([], false);
    this.#push("end", "", this.#length, this.#length);
    return this.#tokens;
  }

  template(): readonly Token[] {
    while (this.#at < this.#length) {
      const tag = this.#nextTag();
      if (tag === undefined) {
        this.#data(this.#at, this.#length);
        this.#at = this.#length;
        break;
      }
      this.#tag(tag.kind, tag.at);
    }
    this.#push("end", "", this.#length, this.#length);
    return this.#tokens;
  }

  #nextTag(): { kind: "variable" | "block" | "comment"; at: number } | undefined {
    const { variableStart, blockStart, commentStart } = this.#syntax;
    let best: { kind: "variable" | "block" | "comment"; at: number; length: number } | undefined;
    for (const [kind, start] of [
      ["comment", commentStart],
      ["block", blockStart],
      ["variable", variableStart],
    ] as const) {
      const at = this.#source.indexOf(start, this.#at);
      if (at < 0 || at >= this.#length) continue;
      // Of two that begin at the same place the longer one is meant (`<%` and `<%=`).
      if (best === undefined || at < best.at || (at === best.at && start.length > best.length))
        best = { kind, at, length: start.length };
    }
    return best;
  }

  #tag(kind: "variable" | "block" | "comment", at: number): void {
    const { variableStart, variableEnd, blockStart, blockEnd, commentStart, commentEnd } = this.#syntax;
    const start = kind === "variable" ? variableStart : kind === "block" ? blockStart : commentStart;
    let inside = at + start.length;
    const sign = this.#source[inside];
    if (sign === "-" || sign === "+") inside += 1;
    this.#data(this.#at, at, sign, kind !== "variable");
    this.#at = inside;
    if (kind === "comment") return this.#comment(at, commentEnd);
    if (kind === "block" && this.#raw(at)) return;
    this.#push(`${kind}-begin`, start, at, inside);
    const open: { close: string; at: number }[] = [];
    const end = kind === "variable" ? variableEnd : blockEnd;
    for (;;) {
      if (this.#at >= this.#length) {
        throw new SyntaxFault(`${start} is not closed; "${end}" is missing`, at, at + start.length);
      }
      if (open.length === 0 && this.#closing(end, kind === "block", `${kind}-end`)) return;
      this.#expressionToken(open, kind === "variable");
    }
  }

  /** Consumes the end of a tag with what its sign strips from the text behind it. */
  #closing(end: string, trims: boolean, token: TokenKind | undefined): boolean {
    const at = this.#at;
    const sign = this.#source[at];
    const signed = (sign === "-" || (sign === "+" && trims)) && this.#source.startsWith(end, at + 1);
    if (!signed && !this.#source.startsWith(end, at)) return false;
    this.#at = at + end.length + (signed ? 1 : 0);
    if (token !== undefined) this.#push(token, end, at, this.#at);
    this.#afterTag(signed ? sign : undefined, trims);
    return true;
  }

  #afterTag(sign: string | undefined, trims: boolean): void {
    const from = this.#at;
    if (sign === "-") {
      blankPattern.lastIndex = from;
      if (blankPattern.test(this.#source)) this.#at = Math.min(blankPattern.lastIndex, this.#length);
    } else if (trims && sign !== "+" && this.#syntax.trimBlocks) {
      if (this.#source.startsWith("\r\n", from)) this.#at = from + 2;
      else if (this.#source[from] === "\n" || this.#source[from] === "\r") this.#at = from + 1;
    }
    this.#lineStarting = this.#source[this.#at - 1] === "\n";
  }

  #comment(at: number, end: string): void {
    const found = this.#source.indexOf(end, this.#at);
    if (found < 0 || found >= this.#length) throw new SyntaxFault(`the comment is not closed; "${end}" is missing`, at, at + 2);
    const sign = this.#source[found - 1];
    this.#at = found + end.length;
    this.#afterTag(found > at + 2 && (sign === "-" || sign === "+") ? sign : undefined, true);
  }

  #raw(at: number): boolean {
    const { blockStart, blockEnd } = this.#syntax;
    const begin = new RegExp(`\\s*raw\\s*(?:-${escape(blockEnd)}\\s*|${escape(blockEnd)})`, "y");
    begin.lastIndex = this.#at;
    if (!begin.test(this.#source)) return false;
    const from = begin.lastIndex;
    const finish = new RegExp(`${escape(blockStart)}([-+]?)\\s*endraw\\s*([-+]?)${escape(blockEnd)}`, "g");
    finish.lastIndex = from;
    const match = finish.exec(this.#source);
    if (match === null) throw new SyntaxFault(`raw is not closed; "${blockStart} endraw ${blockEnd}" is missing`, at, from);
    this.#lineStarting = this.#source[from - 1] === "\n";
    this.#data(from, match.index, match[1], true);
    this.#at = finish.lastIndex;
    this.#afterTag(match[2] === "" ? undefined : match[2], true);
    return true;
  }

  /** Text between tags; `sign` is that of the tag which follows it. */
  #data(from: number, to: number, sign?: string, strips = false): void {
    let text = this.#source.slice(from, to);
    if (sign === "-") text = text.trimEnd();
    else if (sign !== "+" && strips && this.#syntax.lstripBlocks) {
      const line = text.lastIndexOf("\n") + 1;
      if ((line > 0 || this.#lineStarting) && /^\s+$/.test(text.slice(line))) text = text.slice(0, line);
    }
    if (text !== "") this.#push("data", text.replace(/\r\n|\r|\n/g, this.#syntax.newlineSequence), from, to);
  }

  #expressionToken(open: { close: string; at: number }[], inVariable: boolean): void {
    const at = this.#at;
    if (this.#match(blankPattern) !== undefined) return;
    const name = this.#match(namePattern);
    if (name !== undefined) return this.#push("name", name, at, this.#at);
    // `a.1.2` are two items, not the float 1.2.
    const float = this.#source[at - 1] === "." ? undefined : this.#match(floatPattern);
    if (float !== undefined) return this.#push("float", float.replaceAll("_", ""), at, this.#at);
    const integer = this.#match(integerPattern);
    if (integer !== undefined) return this.#push("integer", integer.replaceAll("_", ""), at, this.#at);
    const string = this.#match(stringPattern);
    if (string !== undefined) {
      const body = string.slice(1, -1).replace(/\r\n|\r|\n/g, this.#syntax.newlineSequence);
      const value = inVariable && this.#syntax.literalBackslashes ? body : unescapeString(body);
      return this.#push("string", value, at, this.#at);
    }
    const operator = this.#match(operatorPattern);
    if (operator === undefined) throw this.#unexpected(at);
    const close = closerOf[operator];
    if (close !== undefined) open.push({ close, at });
    else if (operator === ")" || operator === "]" || operator === "}") {
      const expected = open.pop();
      if (expected === undefined && this.#tokens[0]?.kind !== undefined && this.#inTag()) {
        throw new SyntaxFault(`unexpected "${operator}": nothing is open`, at);
      }
      if (expected !== undefined && expected.close !== operator) {
        throw new SyntaxFault(`unexpected "${operator}", "${expected.close}" was expected`, at);
      }
    }
    this.#push("operator", operator, at, this.#at);
  }

  #inTag(): boolean {
    return this.#tokens.some((token) => token.kind === "variable-begin" || token.kind === "block-begin");
  }

  #unexpected(at: number): SyntaxFault {
    const character = String.fromCodePoint(this.#source.codePointAt(at) ?? 0);
    if (character === "'" || character === '"') return new SyntaxFault(`the string is not closed; ${character} is missing`, at);
    if (character === "&" || character === "!") {
      const word = character === "&" ? "and" : "not";
      return new SyntaxFault(`unexpected character "${character}"`, at, at + 1, `write "${word}"`);
    }
    return new SyntaxFault(`unexpected character "${character}"`, at);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#source)?.[0];
    if (match === undefined || this.#at + match.length > this.#length) return undefined;
    this.#at += match.length;
    return match;
  }

  #push(kind: TokenKind, value: string, at: number, end: number): void {
    this.#tokens.push({ kind, value, at, end });
  }
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");
}
