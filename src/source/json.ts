import { type Diagnostic, DiagnosticError, type Position } from "../diagnostic.ts";
import { registerSource } from "../excerpt.ts";
import { setSourceMap } from "../vars/provenance.ts";
import { type Key, looksLikeTemplate, TemplateString, type Value } from "../vars/value.ts";
import { narrow, toFloat } from "./yaml-scalars.ts";

export { fromPlain, toPlain } from "../vars/plain.ts";

export type JsonOptions = {
  /** False leaves strings that look like templates as they are. */
  readonly templates?: boolean;
};

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SPACE = /[ \t\r\n]*/y;
const WORDS: readonly (readonly [string, Value])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
  // Python writes and reads these, so programs that print inventories may use them.
  ["NaN", Number.NaN],
  ["Infinity", Number.POSITIVE_INFINITY],
  ["-Infinity", Number.NEGATIVE_INFINITY],
];

/**
 * Reads JSON with the position of everything, as parseYaml does; integers keep all their digits. Throws DiagnosticError (code
 * "json-syntax") at the first problem.
 */
export function parseJson(text: string, file: string, options: JsonOptions = {}): Value {
  registerSource(file, text);
  return new Reader(text, file, options.templates ?? true).document();
}

class Reader {
  readonly #text: string;
  readonly #file: string;
  readonly #templates: boolean;
  readonly #lineStarts: readonly number[];
  #at = 0;

  constructor(text: string, file: string, templates: boolean) {
    this.#text = text;
    this.#file = file;
    this.#templates = templates;
    this.#lineStarts = [0, ...[...text.matchAll(/\n/g)].map((match) => match.index + 1)];
  }

  document(): Value {
    try {
      const value = this.#value();
      this.#space();
      if (this.#at < this.#text.length) this.#refuse("there is text after the end of the JSON value");
      return value;
    } catch (error) {
      if (error instanceof RangeError) this.#refuse("this JSON is nested too deeply to be read");
      throw error;
    }
  }

  #value(): Value {
    this.#space();
    const start = this.#at;
    const first = this.#text[start];
    if (first === "{") return this.#object(start);
    if (first === "[") return this.#array(start);
    if (first === '"') {
      const text = this.#string();
      return this.#templates && looksLikeTemplate(text) ? new TemplateString(text, this.#position(start + 1)) : text;
    }
    for (const [word, value] of WORDS) {
      if (this.#text.startsWith(word, start)) {
        this.#at += word.length;
        return value;
      }
    }
    return this.#number();
  }

  #object(start: number): Value {
    const map = new Map<Key, Value>();
    const keys = new Map<Key, Position>();
    const members = new Map<Key, Position>();
    this.#sequence("}", () => {
      this.#space();
      const keyStart = this.#at;
      if (this.#text[keyStart] !== '"') this.#refuse("a key in double quotes is expected here");
      const key = this.#string();
      if (map.has(key)) this.#refuse(`the key "${key}" stands twice in one object`, keyStart);
      keys.set(key, this.#position(keyStart, this.#at));
      this.#space();
      if (this.#text[this.#at] !== ":") this.#refuse('a ":" is expected here');
      this.#at += 1;
      this.#space();
      const memberStart = this.#at;
      map.set(key, this.#value());
      members.set(key, this.#position(memberStart, this.#at));
    });
    setSourceMap(map, { position: this.#position(start), keys, members });
    return map;
  }

  #array(start: number): Value {
    const list: Value[] = [];
    const members = new Map<Key, Position>();
    this.#sequence("]", () => {
      this.#space();
      const memberStart = this.#at;
      list.push(this.#value());
      members.set(list.length - 1, this.#position(memberStart, this.#at));
    });
    setSourceMap(list, { position: this.#position(start), keys: new Map(), members });
    return list;
  }

  #sequence(close: "}" | "]", item: () => void): void {
    this.#at += 1;
    this.#space();
    if (this.#text[this.#at] === close) {
      this.#at += 1;
      return;
    }
    for (;;) {
      item();
      this.#space();
      const next = this.#text[this.#at];
      if (next !== "," && next !== close) this.#refuse(`a "," or "${close}" is expected here`);
      this.#at += 1;
      if (next === close) return;
    }
  }

  #string(): string {
    STRING.lastIndex = this.#at;
    const match = STRING.exec(this.#text);
    if (match === null) this.#refuse("the string that begins here is not closed, or has a bad escape or a line break in it");
    this.#at += match[0].length;
    return String(JSON.parse(match[0]));
  }

  #number(): Value {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (match === null) this.#refuse("a JSON value is expected here");
    this.#at += match[0].length;
    const isInteger = match[1] === undefined && match[2] === undefined;
    return isInteger ? narrow(BigInt(match[0])) : toFloat(Number(match[0]));
  }

  #space(): void {
    SPACE.lastIndex = this.#at;
    this.#at += SPACE.exec(this.#text)?.[0].length ?? 0;
  }

  #position(start: number, end = start): Position {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#lineStarts[middle] ?? 0) <= start) low = middle;
      else high = middle - 1;
    }
    const lineStart = this.#lineStarts[low] ?? 0;
    const position = { file: this.#file, line: low + 1, column: start - lineStart + 1 };
    const endsHere = end > start && end < (this.#lineStarts[low + 1] ?? Number.POSITIVE_INFINITY);
    return endsHere ? { ...position, endColumn: end - lineStart + 1 } : position;
  }

  #refuse(message: string, at = this.#at): never {
    const problem: Diagnostic = { severity: "error", code: "json-syntax", message, position: this.#position(at) };
    throw new DiagnosticError([problem]);
  }
}
