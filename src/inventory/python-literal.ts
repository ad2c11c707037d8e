import { narrow, toFloat } from "../source/yaml-scalars.ts";
import type { Key, Value } from "../vars/value.ts";

/** Thrown inside of the reader only: the text is no literal. */
class NoLiteral extends Error {}

const NUMBER =
  /(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|((?:[0-9](?:_?[0-9])*)?\.[0-9](?:_?[0-9])*(?:[eE][-+]?[0-9]+)?|[0-9](?:_?[0-9])*\.(?:[eE][-+]?[0-9]+)?|[0-9](?:_?[0-9])*[eE][-+]?[0-9]+)|[1-9](?:_?[0-9])*|0(?:_?0)*)(?![0-9A-Za-z_.])/y;
const WORD = /(?:True|False|None)(?![A-Za-z0-9_])/y;
const SPACE = /(?:\s|#[^\n]*)*/y;
const WORDS: Readonly<Record<string, Value>> = { True: true, False: false, None: null };
const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\x07",
  b: "\b",
  f: "\f",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
};

/**
 * Reads a value as Ansible's INI inventories do: a Python literal (`[1, 'x']`, `{'a': True}`, `"text"`, `0x1f`, `None`), or
 * undefined when the text is none and hence means itself. Tuples and sets become lists.
 */
export function readPythonLiteral(text: string): Value | undefined {
  try {
    return new Reader(text).document();
  } catch (error) {
    if (error instanceof NoLiteral || error instanceof RangeError) return undefined;
    throw error;
  }
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text.trim();
  }

  document(): Value {
    const first = this.#value();
    const value = this.#peek() === "," ? this.#tuple(first) : first;
    if (this.#peek() !== "") throw new NoLiteral();
    return value;
  }

  /** `1, 2` without parentheses. */
  #tuple(first: Value): Value {
    const items = [first];
    while (this.#take(",")) {
      if (this.#peek() === "") break;
      items.push(this.#value());
    }
    return items;
  }

  #value(): Value {
    const next = this.#peek();
    if (this.#take("[")) return this.#items("]").items;
    if (this.#take("(")) {
      const { items, isSingle } = this.#items(")");
      const [first] = items;
      return isSingle && first !== undefined ? first : items;
    }
    if (this.#take("{")) return this.#braces();
    if (next === "'" || next === '"') return this.#strings();
    if (next === "-" || next === "+") {
      this.#at += 1;
      return this.#signed(next, this.#value());
    }
    const word = this.#word();
    return word === undefined ? this.#number() : word;
  }

  #items(close: string): { readonly items: Value[]; readonly isSingle: boolean } {
    const items: Value[] = [];
    let commas = 0;
    while (!this.#take(close)) {
      items.push(this.#value());
      if (this.#take(",")) commas += 1;
      else if (this.#peek() !== close) throw new NoLiteral();
    }
    return { items, isSingle: items.length === 1 && commas === 0 };
  }

  #braces(): Value {
    const map = new Map<Key, Value>();
    const set: Value[] = [];
    while (!this.#take("}")) {
      const key = this.#value();
      if (this.#take(":")) {
        if (typeof key === "object" && key !== null) throw new NoLiteral();
        map.set(typeof key === "bigint" ? String(key) : key, this.#value());
      } else set.push(key);
      if (!this.#take(",") && this.#peek() !== "}") throw new NoLiteral();
    }
    if (set.length > 0 && map.size > 0) throw new NoLiteral();
    return set.length > 0 ? set : map;
  }

  /** Neighbouring strings are one, as in Python. */
  #strings(): string {
    let text = "";
    for (let next = this.#peek(); next === "'" || next === '"'; next = this.#peek()) text += this.#string(next);
    return text;
  }

  #string(quote: string): string {
    this.#at += 1;
    let text = "";
    for (;;) {
      const char = this.#text[this.#at];
      this.#at += 1;
      if (char === undefined || char === "\n") throw new NoLiteral();
      if (char === quote) return text;
      text += char === "\\" ? this.#escape() : char;
    }
  }

  #escape(): string {
    const rest = this.#text.slice(this.#at);
    const coded = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3}))/.exec(rest);
    if (coded !== null) {
      this.#at += coded[0].length;
      const hex = coded[1] ?? coded[2] ?? coded[3];
      return String.fromCodePoint(hex === undefined ? Number.parseInt(coded[4] ?? "0", 8) : Number.parseInt(hex, 16));
    }
    const char = rest.charAt(0);
    if (char === "" || /[xuUN]/.test(char)) throw new NoLiteral();
    this.#at += 1;
    if (char === "\n") return "";
    return ESCAPES[char] ?? `\\${char}`;
  }

  #signed(sign: string, value: Value): Value {
    if (
      typeof value !== "number" &&
      typeof value !== "bigint" &&
      !(typeof value === "object" && value !== null && "value" in value)
    )
      throw new NoLiteral();
    if (sign === "+") return value;
    if (typeof value === "bigint") return narrow(-value);
    if (typeof value === "number") return value === 0 ? 0 : -value;
    return toFloat(-Number(value.value));
  }

  #word(): Value | undefined {
    WORD.lastIndex = this.#at;
    const match = WORD.exec(this.#text);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return WORDS[match[0]];
  }

  #number(): Value {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (match === null) throw new NoLiteral();
    this.#at += match[0].length;
    const digits = match[0].replaceAll("_", "");
    return match[1] === undefined ? narrow(BigInt(digits.toLowerCase())) : toFloat(Number(digits));
  }

  #peek(): string {
    SPACE.lastIndex = this.#at;
    this.#at += SPACE.exec(this.#text)?.[0].length ?? 0;
    return this.#text.charAt(this.#at);
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false;
    this.#at += 1;
    return true;
  }
}
