import { badValue } from "./errors.ts";

export type RegexOptions = { readonly ignoreCase?: boolean; readonly multiline?: boolean };

const cache = new Map<string, RegExp>();
const wordClass = "\\p{L}\\p{N}_";

/** A JavaScript expression (global, Unicode) that matches what Python's `re` would. Throws TemplateFault for what it cannot express. */
export function pythonRegex(source: string, options: RegexOptions = {}): RegExp {
  const key = `${options.ignoreCase === true ? "i" : ""}${options.multiline === true ? "m" : ""}/${source}`;
  let regex = cache.get(key);
  if (regex === undefined) {
    regex = new Translator(source, options).translate();
    cache.set(key, regex);
  }
  regex.lastIndex = 0;
  return regex;
}

class Translator {
  readonly #source: string;
  #ignoreCase: boolean;
  #multiline: boolean;
  #dotAll = false;
  #verbose = false;
  #at = 0;

  constructor(source: string, options: RegexOptions) {
    this.#source = source;
    this.#ignoreCase = options.ignoreCase ?? false;
    this.#multiline = options.multiline ?? false;
  }

  translate(): RegExp {
    this.#leadingFlags();
    let result = "";
    while (this.#at < this.#source.length) result += this.#next();
    try {
      return new RegExp(result, this.#ignoreCase ? "giu" : "gu");
    } catch (error) {
      return badValue(`"${this.#source}" is not a regular expression: ${reason(error)}`);
    }
  }

  #leadingFlags(): void {
    const match = /^\(\?([aiLmsux]+)\)/.exec(this.#source);
    if (match === null) return;
    const flags = match[1] ?? "";
    this.#at = match[0].length;
    this.#ignoreCase ||= flags.includes("i");
    this.#multiline ||= flags.includes("m");
    this.#dotAll = flags.includes("s");
    this.#verbose = flags.includes("x");
  }

  #next(): string {
    const source = this.#source;
    const one = String.fromCodePoint(source.codePointAt(this.#at) ?? 0);
    const start = this.#at;
    this.#at += one.length;
    switch (one) {
      case "\\":
        return this.#escape(false);
      case "[":
        return this.#class();
      case "(":
        return this.#group();
      case "^":
        return this.#multiline ? "(?<![^\\n])" : "(?<![\\s\\S])";
      case "$":
        return this.#multiline ? "(?![^\\n])" : "(?=\\n?(?![\\s\\S]))";
      case ".":
        return this.#dotAll ? "[\\s\\S]" : "[^\\n]";
      case "{": {
        const count = /^\{\d*(?:,\d*)?\}/.exec(source.slice(start))?.[0];
        if (count === undefined || count === "{}") return "\\{";
        this.#at = start + count.length;
        return count.replace("{,", "{0,");
      }
      case "]":
      case "}":
        return `\\${one}`;
      case "#":
        if (!this.#verbose) return one;
        while (this.#at < source.length && source[this.#at] !== "\n") this.#at += 1;
        return "";
      default:
        return this.#verbose && /\s/.test(one) ? "" : one;
    }
  }

  #group(): string {
    const rest = this.#source.slice(this.#at);
    const named = /^\?P<(\w+)>/.exec(rest);
    if (named !== null) return this.#take(named[0], `(?<${named[1]}>`);
    const reference = /^\?P=(\w+)\)/.exec(rest);
    if (reference !== null) return this.#take(reference[0], `\\k<${reference[1]}>`);
    const comment = /^\?#[^)]*\)/.exec(rest);
    if (comment !== null) return this.#take(comment[0], "");
    const plain = /^\?(?::|=|!|<=|<!)/.exec(rest);
    if (plain !== null) return this.#take(plain[0], `(${plain[0]}`);
    if (rest.startsWith("?"))
      return badValue(`the regular expression "${this.#source}" uses "(${rest.slice(0, 3)}", which is not supported`);
    return "(";
  }

  #take(text: string, result: string): string {
    this.#at += text.length;
    return result;
  }

  #escape(inClass: boolean): string {
    const one = String.fromCodePoint(this.#source.codePointAt(this.#at) ?? 0);
    if (this.#at >= this.#source.length) return badValue(`the regular expression "${this.#source}" ends in a backslash`);
    this.#at += one.length;
    switch (one) {
      case "A":
        return "(?<![\\s\\S])";
      case "Z":
        return "(?![\\s\\S])";
      case "w":
        return inClass ? wordClass : `[${wordClass}]`;
      case "W":
        return inClass ? "\\W" : `[^${wordClass}]`;
      case "a":
        return "\\x07";
      case "x":
      case "u":
      case "d":
      case "D":
      case "s":
      case "S":
      case "b":
      case "n":
      case "r":
      case "t":
      case "f":
      case "v":
        return `\\${one}`;
      case "B":
        return "\\B";
      default:
        break;
    }
    const octal = /^0[0-7]{0,2}/.exec(one + this.#source.slice(this.#at, this.#at + 2));
    if (octal !== null) {
      this.#at += octal[0].length - 1;
      return `\\x${Number.parseInt(octal[0], 8).toString(16).padStart(2, "0")}`;
    }
    if (/[1-9]/.test(one)) return `(?:\\${one}${this.#digits()})`;
    if (/[\^$\\.*+?()[\]{}|/]/.test(one) || (inClass && one === "-")) return `\\${one}`;
    if (/[a-zA-Z]/.test(one)) return badValue(`the regular expression "${this.#source}" has a bad escape \\${one}`);
    return one;
  }

  #digits(): string {
    const digits = /^\d?/.exec(this.#source.slice(this.#at))?.[0] ?? "";
    this.#at += digits.length;
    return digits;
  }

  #class(): string {
    const source = this.#source;
    let result = "[";
    if (source[this.#at] === "^") {
      result += "^";
      this.#at += 1;
    }
    let first = true;
    let afterClass = false;
    for (;;) {
      if (this.#at >= source.length) return badValue(`the regular expression "${source}" has a set that is not closed`);
      const one = String.fromCodePoint(source.codePointAt(this.#at) ?? 0);
      this.#at += one.length;
      if (one === "]" && !first) return `${result}]`;
      const isEscape = one === "\\";
      const escaped = isEscape ? source[this.#at] : undefined;
      if (isEscape) result += this.#escape(true);
      // A hyphen beside \w and its like, or at the end, stands for itself.
      else if (one === "-" && (afterClass || source[this.#at] === "]" || /^\\[dDsSwW]/.test(source.slice(this.#at))))
        result += "\\-";
      else if (one === "]" || one === "[") result += `\\${one}`;
      else result += one;
      afterClass = escaped !== undefined && /[dDsSwW]/.test(escaped);
      first = false;
    }
  }
}

/** Python's replacement templates: `\1`, `\g<1>`, `\g<name>`, and the usual escapes. */
export function expandReplacement(
  template: string,
  groups: readonly (string | undefined)[],
  named: Readonly<Record<string, string | undefined>>,
): string {
  return template.replace(
    /\\(?:g<([^>]+)>|([1-9]\d?)|([\s\S]))/g,
    (all: string, name?: string, number?: string, other?: string) => {
      const key = name ?? number;
      if (key !== undefined) {
        if (/^\d+$/.test(key)) {
          const index = Number(key);
          return index < groups.length ? (groups[index] ?? "") : badValue(`invalid group reference ${key}`);
        }
        return Object.hasOwn(named, key) ? (named[key] ?? "") : badValue(`unknown group name '${key}'`);
      }
      return { n: "\n", t: "\t", r: "\r", "\\": "\\", "0": "\0", a: "\x07", f: "\f", v: "\v" }[other ?? ""] ?? all;
    },
  );
}

function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.slice(message.lastIndexOf(": ") + 2).toLowerCase();
}
