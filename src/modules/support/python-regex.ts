import { ModuleFailure } from "../contract.ts";

/** Bytes as text of one character each, the form that `pythonRegex` is matched against: Ansible searches files as bytes, too. */
export const asBytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
export const fromBytes = (bytes: string): string => Buffer.from(bytes, "latin1").toString("utf8");

const SPACE = " \\t\\n\\r\\f\\v";
/** Escapes that mean the same in both languages, outside of a class. */
const SHARED = new Set([..."bBdDwWnrtfvx0123456789"]);

/** A regular expression of Python's, compiled; `isMultiline` where `(?m)` was given. */
export type PythonRegex = { readonly regex: RegExp; readonly isMultiline: boolean };

/**
 * Translates a pattern of Python's `re`, as it works on bytes: `$` also matches before a last newline, `\Z`, `(?P<name>)`, inline flags
 * at the start, `.` that only stops at a newline. Throws ModuleFailure for what is no pattern or has no counterpart.
 */
export function pythonRegex(parameter: string, pattern: string): PythonRegex {
  const refuse = (why: string): never => {
    throw new ModuleFailure(`${parameter} "${pattern}" is not a regular expression that can be used: ${why}`);
  };
  const flags = /^\(\?([aimsxLu]+)\)/.exec(pattern);
  const has = (flag: string): boolean => flags?.[1]?.includes(flag) ?? false;
  const rest = asBytes(pattern.slice(flags?.[0].length ?? 0));
  const source = translate(rest, { multiline: has("m"), dotAll: has("s"), verbose: has("x") }, refuse);
  try {
    return { regex: new RegExp(source, has("i") ? "i" : ""), isMultiline: has("m") };
  } catch (error) {
    return refuse(
      error instanceof Error ? error.message.replace(/^Invalid regular expression: \/.*\/[a-z]*: /s, "") : String(error),
    );
  }
}

type Flags = { readonly multiline: boolean; readonly dotAll: boolean; readonly verbose: boolean };

function translate(pattern: string, flags: Flags, refuse: (why: string) => never): string {
  let out = "";
  for (let at = 0; at < pattern.length; ) {
    const char = pattern.charAt(at);
    if (char === "\\") {
      out += escapeOutside(pattern.charAt(at + 1), refuse);
      at += 2;
    } else if (char === "[") {
      const set = translateClass(pattern, at, refuse);
      out += set.text;
      at = set.end;
    } else if (char === "(" && pattern.charAt(at + 1) === "?") {
      const group = translateGroup(pattern.slice(at), refuse);
      out += group.text;
      at += group.length;
    } else if (flags.verbose && (/\s/.test(char) || char === "#")) {
      const comment = /^#[^\n]*/.exec(pattern.slice(at));
      at += comment?.[0].length ?? 1;
    } else if (char === "{") {
      const range = /^\{,(\d+)\}/.exec(pattern.slice(at));
      out += range === null ? char : `{0,${range[1]}}`;
      at += range?.[0].length ?? 1;
    } else {
      out += anchor(char, flags);
      at += 1;
    }
  }
  return out;
}

function anchor(char: string, flags: Flags): string {
  if (char === ".") return flags.dotAll ? "[^]" : "[^\\n]";
  if (char === "^") return flags.multiline ? "(?<![^\\n])" : "(?<![^])";
  if (char === "$") return flags.multiline ? "(?![^\\n])" : "(?=\\n?(?![^]))";
  return char;
}

function escapeOutside(char: string, refuse: (why: string) => never): string {
  if (char === "") return refuse("it ends in a backslash");
  if (char === "A") return "(?<![^])";
  if (char === "Z") return "(?![^])";
  if (char === "s") return `[${SPACE}]`;
  if (char === "S") return `[^${SPACE}]`;
  if (char === "a") return "\\x07";
  if (/[A-Za-z]/.test(char) && !SHARED.has(char)) return refuse(`bad escape \\${char}`);
  return `\\${char}`;
}

function translateClass(
  pattern: string,
  start: number,
  refuse: (why: string) => never,
): { readonly text: string; readonly end: number } {
  let out = "[";
  let at = start + 1;
  if (pattern.charAt(at) === "^") {
    out += "^";
    at += 1;
  }
  for (let first = true; ; first = false) {
    const char = pattern.charAt(at);
    if (char === "") return refuse("a [ is not closed");
    if (char === "]" && !first) return { text: `${out}]`, end: at + 1 };
    if (char === "\\") {
      const next = pattern.charAt(at + 1);
      if (next === "S") return refuse("\\S inside of [ ] is not supported");
      if (/[A-Za-z]/.test(next) && !SHARED.has(next) && next !== "s" && next !== "a") return refuse(`bad escape \\${next}`);
      out += next === "s" ? SPACE : next === "a" ? "\\x07" : `\\${next}`;
      at += 2;
    } else {
      // A ] that comes first, and any [, are themselves in Python.
      out += char === "]" || char === "[" ? `\\${char}` : char;
      at += 1;
    }
  }
}

function translateGroup(rest: string, refuse: (why: string) => never): { readonly text: string; readonly length: number } {
  const named = /^\(\?P<(\w+)>/.exec(rest);
  if (named !== null) return { text: `(?<${named[1]}>`, length: named[0].length };
  const again = /^\(\?P=(\w+)\)/.exec(rest);
  if (again !== null) return { text: `\\k<${again[1]}>`, length: again[0].length };
  const comment = /^\(\?#[^)]*\)/.exec(rest);
  if (comment !== null) return { text: "", length: comment[0].length };
  const known = /^\(\?(?::|=|!|<=|<!)/.exec(rest);
  if (known !== null) return { text: known[0], length: known[0].length };
  const start = /^\(\?[^)]?[^)]?/.exec(rest)?.[0] ?? "(?";
  return refuse(`${start}… is not supported`);
}

/** Fills a match into a replacement as Python's `match.expand` does: \1, \g<1>, \g<name>, \n and its like. Both in byte form. */
export function expand(match: RegExpExecArray, replacement: string, refuse: (why: string) => never): string {
  const group = (name: string): string => {
    const value = /^\d+$/.test(name) ? match[Number(name)] : match.groups?.[name];
    const exists = /^\d+$/.test(name) ? Number(name) < match.length : Object.hasOwn(match.groups ?? {}, name);
    return exists ? (value ?? "") : refuse(`there is no group ${name}`);
  };
  return replacement.replace(/\\(?:g<(\w+)>|([1-9]\d?)|([\s\S]))/g, (_whole, named?: string, number?: string, char?: string) => {
    if (named !== undefined) return group(named);
    if (number !== undefined) return group(number);
    const known: Readonly<Record<string, string>> = {
      n: "\n",
      t: "\t",
      r: "\r",
      a: "\x07",
      b: "\b",
      f: "\f",
      v: "\v",
      "\\": "\\",
      "0": "\0",
    };
    const letter = char ?? "";
    return known[letter] ?? (/[A-Za-z]/.test(letter) ? refuse(`bad escape \\${letter}`) : `\\${letter}`);
  });
}
