/**
 * What a pattern is matched against: text, or bytes as text of one character each (Ansible searches files as bytes here and there).
 * Of text, `\w`, `\d`, `\s`, `\b` and ignoring case know every script; of bytes, ASCII only.
 */
export type RegexForm = "text" | "bytes";

export type RegexSettings = {
  readonly form: RegexForm;
  readonly ignoreCase?: boolean;
  readonly multiline?: boolean;
  readonly dotAll?: boolean;
};

/** A JavaScript expression; `isMultiline` where `(?m)` or the settings asked for it. */
export type TranslatedRegex = { readonly source: string; readonly flags: string; readonly isMultiline: boolean };

type Refuse = (why: string) => never;
type Modes = {
  readonly ignoreCase: boolean;
  readonly multiline: boolean;
  readonly dotAll: boolean;
  readonly verbose: boolean;
};
type Piece = { readonly text: string; readonly end: number };

/**
 * Translates a pattern of Python's `re`: `$` also matches before a last newline, `.` only stops at a newline, `\A`, `\Z`, `(?P<name>)`,
 * `{,n}`, inline flags. `refuse` is told about what is no pattern there, or has no counterpart here.
 */
export function translateRegex(pattern: string, settings: RegexSettings, refuse: Refuse): TranslatedRegex {
  const flags = /^\(\?([aimsxLu]+)\)/.exec(pattern);
  const has = (flag: string): boolean => flags?.[1]?.includes(flag) ?? false;
  const modes: Modes = {
    ignoreCase: settings.ignoreCase === true || has("i"),
    multiline: settings.multiline === true || has("m"),
    dotAll: settings.dotAll === true || has("s"),
    verbose: has("x"),
  };
  const source = new Translator(pattern, settings.form, modes, refuse).translate(flags?.[0].length ?? 0);
  // Not "v", with which Node 20 ignores a lookbehind that is repeated. Bytes get both cases written out, because ignoring case would take
  // bytes of other characters for letters.
  const js = settings.form === "text" && modes.ignoreCase ? "iu" : "u";
  try {
    new RegExp(source, js);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    refuse(message.slice(message.lastIndexOf(": ") + 2).replace(/^./, (first) => first.toLowerCase()));
  }
  return { source, flags: js, isMultiline: modes.multiline };
}

const SPACE = {
  text: "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000",
  bytes: "\\t-\\r\\x20",
};
const WORD = { text: "\\p{L}\\p{N}_", bytes: "0-9A-Za-z_" };
const DIGIT = { text: "\\p{Nd}", bytes: "0-9" };
const literal = (one: string): string => (/^[$()*+./?[\\\]^{|}]$/.test(one) ? `\\${one}` : one);
const literalInSet = (one: string): string => (/^[\p{L}\p{N}\s_\u0080-\u{10ffff}'"]$/u.test(one) ? one : `\\x${hex(one)}`);
const hex = (one: string): string => (one.codePointAt(0) ?? 0).toString(16).padStart(2, "0");
const ESCAPED: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", f: "\f", v: "\v", a: "\x07", "\\": "\\" };

class Translator {
  readonly #source: string;
  readonly #form: RegexForm;
  readonly #refuse: Refuse;
  #modes: Modes;
  /** Modes to go back to at each closing parenthesis. */
  readonly #outer: Modes[] = [];

  constructor(source: string, form: RegexForm, modes: Modes, refuse: Refuse) {
    this.#source = source;
    this.#form = form;
    this.#modes = modes;
    this.#refuse = refuse;
  }

  translate(start: number): string {
    let result = "";
    for (let at = start; at < this.#source.length; ) {
      const { text, end } = this.#next(at);
      result += text;
      at = end;
    }
    return result;
  }

  #charAt(at: number): string {
    const code = this.#source.codePointAt(at);
    return code === undefined ? "" : String.fromCodePoint(code);
  }

  #next(at: number): Piece {
    const one = this.#charAt(at);
    const end = at + one.length;
    switch (one) {
      case "\\":
        return this.#escape(at);
      case "[":
        return this.#set(at);
      case "(":
        return this.#group(at);
      case ")":
        this.#modes = this.#outer.pop() ?? this.#modes;
        return { text: ")", end };
      case "^":
        return { text: this.#modes.multiline ? "(?<![^\\n])" : "(?<![\\s\\S])", end };
      case "$":
        return { text: this.#modes.multiline ? "(?![^\\n])" : "(?=\\n?(?![\\s\\S]))", end };
      case ".":
        return { text: this.#modes.dotAll ? "[\\s\\S]" : "[^\\n]", end };
      case "{": {
        const count = /^\{\d*(?:,\d*)?\}/.exec(this.#source.slice(at))?.[0];
        if (count === undefined || count === "{}") return { text: "\\{", end };
        return { text: count.replace("{,", "{0,"), end: at + count.length };
      }
      case "*":
      case "+":
      case "?":
        if (this.#source[end] === "+") return this.#refuse(`${one}+ is not supported`);
        return { text: one, end };
      case "|":
        return { text: one, end };
      default:
        return this.#plain(one, at, end);
    }
  }

  #plain(one: string, at: number, end: number): Piece {
    if (this.#modes.verbose && /\s/.test(one)) return { text: "", end };
    if (this.#modes.verbose && one === "#") {
      const comment = /^#[^\n]*/.exec(this.#source.slice(at));
      return { text: "", end: at + (comment?.[0].length ?? 1) };
    }
    return { text: this.#either(literal(one), one), end };
  }

  #either(text: string, one: string): string {
    if (this.#form === "text" || !this.#modes.ignoreCase || !/^[A-Za-z]$/.test(one)) return text;
    return `[${one.toLowerCase()}${one.toUpperCase()}]`;
  }

  #group(at: number): Piece {
    const rest = this.#source.slice(at);
    const open = (text: string, length: number, modes: Modes = this.#modes): Piece => {
      this.#outer.push(this.#modes);
      this.#modes = modes;
      return { text, end: at + length };
    };
    const named = /^\(\?P<([A-Za-z_]\w*)>/.exec(rest);
    if (named !== null) return open(`(?<${named[1]}>`, named[0].length);
    const again = /^\(\?P=(\w+)\)/.exec(rest);
    if (again !== null) return { text: this.#reference(`\\k<${again[1]}>`), end: at + again[0].length };
    const comment = /^\(\?#[^)]*\)/.exec(rest);
    if (comment !== null) return { text: "", end: at + comment[0].length };
    const known = /^\(\?(?::|=|!|<=|<!)/.exec(rest);
    if (known !== null) return open(known[0], known[0].length);
    const flags = /^\(\?([imsx]*)(?:-([imsx]+))?:/.exec(rest);
    if (flags !== null) return open("(?:", flags[0].length, this.#scoped(flags[1] ?? "", flags[2] ?? "", flags[0]));
    if (!rest.startsWith("(?")) return open("(", 1);
    return this.#refuse(`${/^\(\?[^)]?[^)]?/.exec(rest)?.[0] ?? "(?"}… is not supported`);
  }

  #scoped(on: string, off: string, shown: string): Modes {
    const mode = (flag: string, current: boolean): boolean => on.includes(flag) || (current && !off.includes(flag));
    const ignoreCase = mode("i", this.#modes.ignoreCase);
    if (this.#form === "text" && ignoreCase !== this.#modes.ignoreCase) return this.#refuse(`${shown}… is not supported`);
    return {
      ignoreCase,
      multiline: mode("m", this.#modes.multiline),
      dotAll: mode("s", this.#modes.dotAll),
      verbose: mode("x", this.#modes.verbose),
    };
  }

  #reference(text: string): string {
    if (this.#form === "bytes" && this.#modes.ignoreCase) return this.#refuse("a back-reference with (?i) is not supported");
    return `(?:${text})`;
  }

  #escape(at: number): Piece {
    const one = this.#charAt(at + 1);
    const end = at + 1 + one.length;
    const word = `[${WORD[this.#form]}]`;
    switch (one) {
      case "":
        return this.#refuse("it ends in a backslash");
      case "A":
        return { text: "(?<![\\s\\S])", end };
      case "Z":
        return { text: "(?![\\s\\S])", end };
      case "b":
        return { text: `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`, end };
      case "B":
        return { text: `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`, end };
      default:
        break;
    }
    const kind = this.#kind(one);
    if (kind !== undefined) return { text: kind, end };
    const reference = /^[1-9]\d?(?!\d)|^[1-9](?=\d{2})/.exec(this.#source.slice(at + 1));
    const octal = /^(?:0[0-7]{0,2}|[1-3][0-7]{2})/.exec(this.#source.slice(at + 1));
    if (octal === null && reference !== null) {
      const digits = /^[1-9]\d?/.exec(this.#source.slice(at + 1))?.[0] ?? one;
      return { text: this.#reference(`\\${digits}`), end: at + 1 + digits.length };
    }
    const { text: char, end: after } = this.#character(at);
    return { text: this.#either(literal(char), char), end: after };
  }

  /** `\d` and its like, in a set and outside. */
  #kind(one: string): string | undefined {
    const ranges = { d: DIGIT, w: WORD, s: SPACE }[one.toLowerCase()]?.[this.#form];
    if (ranges === undefined) return undefined;
    return one === one.toLowerCase() ? `[${ranges}]` : `[^${ranges}]`;
  }

  /** The one character that an escape stands for, in a set or outside. */
  #character(at: number): Piece {
    const rest = this.#source.slice(at + 1);
    const one = this.#charAt(at + 1);
    if (one === "") return this.#refuse("it ends in a backslash");
    const octal = /^(?:0[0-7]{0,2}|[1-3][0-7]{2})/.exec(rest)?.[0];
    if (octal !== undefined) return { text: String.fromCharCode(Number.parseInt(octal, 8)), end: at + 1 + octal.length };
    const code = /^(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))/.exec(rest);
    if (code !== null) {
      const point = Number.parseInt(code[1] ?? code[2] ?? code[3] ?? "", 16);
      if (point > 0x10ffff || (this.#form === "bytes" && code[1] === undefined)) return this.#refuse(`bad escape \\${code[0]}`);
      return { text: String.fromCodePoint(point), end: at + 1 + code[0].length };
    }
    const known = ESCAPED[one];
    if (known !== undefined) return { text: known, end: at + 2 };
    if (/^[A-Za-z0-9]$/.test(one)) return this.#refuse(`bad escape \\${one}`);
    return { text: one, end: at + 1 + one.length };
  }

  #set(start: number): Piece {
    let at = start + 1;
    const negated = this.#source[at] === "^";
    if (negated) at += 1;
    let members = "";
    const complements: string[] = [];
    for (let first = true; ; first = false) {
      const one = this.#charAt(at);
      if (one === "") return this.#refuse("a [ is not closed");
      if (one === "]" && !first) return { text: setOf(members, complements, negated), end: at + 1 };
      const low = this.#member(at);
      const lowAt = at;
      at = low.end;
      const isRange = this.#source[at] === "-" && this.#source[at + 1] !== "]" && at + 1 < this.#source.length;
      if (!isRange) {
        if (low.kind?.startsWith("[^") === true) complements.push(low.kind);
        else members += low.kind?.slice(1, -1) ?? this.#bothCases(low.text, low.text);
        continue;
      }
      const high = this.#member(at + 1);
      if (low.kind !== undefined || high.kind !== undefined || (low.text.codePointAt(0) ?? 0) > (high.text.codePointAt(0) ?? 0))
        return this.#refuse(`bad character range ${this.#source.slice(lowAt, high.end)}`);
      members += this.#bothCases(low.text, high.text);
      at = high.end;
    }
  }

  #member(at: number): Piece & { readonly kind?: string } {
    const one = this.#charAt(at);
    if (one !== "\\") return { text: one, end: at + one.length };
    const next = this.#charAt(at + 1);
    const kind = this.#kind(next);
    if (kind !== undefined) return { text: "", kind, end: at + 2 };
    if (next === "b") return { text: "\b", end: at + 2 };
    return this.#character(at);
  }

  #bothCases(low: string, high: string): string {
    const range = (from: string, to: string): string =>
      from === to ? literalInSet(from) : `${literalInSet(from)}-${literalInSet(to)}`;
    const itself = range(low, high);
    if (this.#form === "text" || !this.#modes.ignoreCase) return itself;
    const overlap = (from: string, to: string, turned: (one: string) => string): string => {
      const [first, last] = [low > from ? low : from, high < to ? high : to];
      return first > last ? "" : range(turned(first), turned(last));
    };
    return `${itself}${overlap("a", "z", (one) => one.toUpperCase())}${overlap("A", "Z", (one) => one.toLowerCase())}`;
  }
}

/** A set; what is not in another one (`[\W]`) cannot stand within brackets. */
function setOf(members: string, complements: readonly string[], negated: boolean): string {
  if (complements.length === 0) return `[${negated ? "^" : ""}${members}]`;
  const any = [...(members === "" ? [] : [`[${members}]`]), ...complements].join("|");
  return negated ? `(?:(?!${any})[\\s\\S])` : `(?:${any})`;
}

/** The groups of a match: what a replacement is filled from. */
export type MatchGroups = {
  readonly numbered: readonly (string | undefined)[];
  readonly named: Readonly<Record<string, string | undefined>>;
};

/** Fills a match into a replacement as Python does: `\1`, `\g<1>`, `\g<name>`, octal escapes, `\n` and its like. */
export function expandTemplate(template: string, groups: MatchGroups, refuse: Refuse): string {
  const group = (name: string): string => {
    if (!/^\d+$/.test(name))
      return Object.hasOwn(groups.named, name) ? (groups.named[name] ?? "") : refuse(`there is no group ${name}`);
    const number = Number(name);
    return number < groups.numbered.length ? (groups.numbered[number] ?? "") : refuse(`there is no group ${number}`);
  };
  return template.replace(
    /\\(?:g<([^>]*)>|(0[0-7]{0,2}|[1-3][0-7]{2})|([1-9]\d?)|([\s\S]?))/g,
    (all: string, name?: string, octal?: string, number?: string, char?: string) => {
      if (name !== undefined) return group(name);
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      if (number !== undefined) return group(number);
      const letter = char ?? "";
      if (letter === "") return refuse("it ends in a backslash");
      return (letter === "b" ? "\b" : ESCAPED[letter]) ?? (/[A-Za-z]/.test(letter) ? refuse(`bad escape ${all}`) : all);
    },
  );
}
