import { isList, type Value } from "../vars/value.ts";
import { type Call, iterate } from "./call.ts";
import { characters, textLength } from "./characters.ts";
import { badValue } from "./errors.ts";
import { makeTuple } from "./objects.ts";
import { methods } from "./python-method.ts";
import { toText, typeName } from "./repr.ts";
import { formatString } from "./string-format.ts";

const cased = /\p{Lu}|\p{Ll}|\p{Lt}/u;
const upper = /\p{Lu}|\p{Lt}/u;
const lower = /\p{Ll}/u;
const letterRun = /\p{L}+/gu;

/** Whole, non-empty text made of the class. */
const all = (pattern: RegExp) => ({ parameters: [], run: (text: string) => pattern.test(text) });

/** Python's methods of `str`, but for those that make bytes: templates have no bytes. */
export const stringMethods = methods<string>({
  capitalize: { parameters: [], run: capitalize },
  casefold: { parameters: [], run: (text) => text.toLowerCase().replaceAll("ß", "ss") },
  center: {
    parameters: ["width", "fillchar?"],
    run: (text, call) => center(text, call.integer("width"), call.text("fillchar", " ")),
  },
  count: {
    parameters: ["sub", "start?", "end?"],
    run: (text, call) => {
      const sub = call.text("sub");
      const part = window(text, call).part;
      return sub === "" ? textLength(part) + 1 : part.split(sub).length - 1;
    },
  },
  endswith: {
    parameters: ["suffix", "start?", "end?"],
    run: (text, call) => affixes(call, "suffix").some((one) => window(text, call).part.endsWith(one)),
  },
  expandtabs: { parameters: ["tabsize?"], run: (text, call) => expandTabs(text, call.integer("tabsize", 8)) },
  find: { parameters: ["sub", "start?", "end?"], run: (text, call) => find(text, call, false) },
  format: { parameters: ["*", "**"], run: (text, call) => formatString(text, call.rest, call.keywords) },
  format_map: {
    parameters: ["mapping"],
    run: (text, call) => {
      const mapping = call.value("mapping");
      if (!(mapping instanceof Map)) return badValue("format_map() needs a dict");
      return formatString(text, [], new Map([...mapping].map(([key, value]) => [String(key), value])));
    },
  },
  index: { parameters: ["sub", "start?", "end?"], run: (text, call) => found(find(text, call, false)) },
  isalnum: all(/^[\p{L}\p{N}]+$/u),
  isalpha: all(/^\p{L}+$/u),
  isascii: all(/^[\x00-\x7f]*$/),
  isdecimal: all(/^\p{Nd}+$/u),
  isdigit: all(/^[\p{Nd}\u00b2\u00b3\u00b9\u2070-\u2079\u2080-\u2089]+$/u),
  isidentifier: all(/^[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*$/u),
  islower: { parameters: [], run: (text) => lower.test(text) && !upper.test(text) },
  isnumeric: all(/^\p{N}+$/u),
  isprintable: { parameters: [], run: (text) => !/[\p{C}\p{Zl}\p{Zp}]|[^\P{Zs} ]/u.test(text) },
  isspace: all(/^\s+$/),
  istitle: { parameters: [], run: (text) => cased.test(text) && text === title(text) },
  isupper: { parameters: [], run: (text) => upper.test(text) && !lower.test(text) },
  join: {
    parameters: ["iterable"],
    run: (text, call) => {
      const items = iterate(call.value("iterable"), call.runtime);
      return items
        .map((one, index) =>
          typeof one === "string" ? one : badValue(`sequence item ${index}: expected str instance, ${typeName(one)} found`),
        )
        .join(text);
    },
  },
  ljust: { parameters: ["width", "fillchar?"], run: (text, call) => text + fill(text, call) },
  lower: { parameters: [], run: (text) => text.toLowerCase() },
  lstrip: { parameters: ["chars?"], run: (text, call) => strip(text, call, true, false) },
  partition: { parameters: ["sep"], run: (text, call) => partition(text, call.text("sep"), false) },
  removeprefix: { parameters: ["prefix"], run: (text, call) => removePrefix(text, call.text("prefix")) },
  removesuffix: { parameters: ["suffix"], run: (text, call) => removeSuffix(text, call.text("suffix")) },
  replace: {
    parameters: ["old", "new", "count?"],
    run: (text, call) => replaceText(text, call.text("old"), call.text("new"), call.integer("count", -1)),
  },
  rfind: { parameters: ["sub", "start?", "end?"], run: (text, call) => find(text, call, true) },
  rindex: { parameters: ["sub", "start?", "end?"], run: (text, call) => found(find(text, call, true)) },
  rjust: { parameters: ["width", "fillchar?"], run: (text, call) => fill(text, call) + text },
  rpartition: { parameters: ["sep"], run: (text, call) => partition(text, call.text("sep"), true) },
  rsplit: {
    parameters: ["sep?", "maxsplit?"],
    run: (text, call) => splitText(text, separator(call), call.integer("maxsplit", -1), true),
  },
  rstrip: { parameters: ["chars?"], run: (text, call) => strip(text, call, false, true) },
  split: {
    parameters: ["sep?", "maxsplit?"],
    run: (text, call) => splitText(text, separator(call), call.integer("maxsplit", -1), false),
  },
  splitlines: { parameters: ["keepends?"], run: (text, call) => splitLines(text, call.flag("keepends", false)) },
  startswith: {
    parameters: ["prefix", "start?", "end?"],
    run: (text, call) => affixes(call, "prefix").some((one) => window(text, call).part.startsWith(one)),
  },
  strip: { parameters: ["chars?"], run: (text, call) => strip(text, call, true, true) },
  swapcase: {
    parameters: [],
    run: (text) => Array.from(text, (one) => (one === one.toUpperCase() ? one.toLowerCase() : one.toUpperCase())).join(""),
  },
  title: { parameters: [], run: title },
  upper: { parameters: [], run: (text) => text.toUpperCase() },
  zfill: {
    parameters: ["width"],
    run: (text, call) => {
      const sign = /^[-+]/.exec(text)?.[0] ?? "";
      return sign + text.slice(sign.length).padStart(call.integer("width") - sign.length, "0");
    },
  },
});

export function capitalize(text: string): string {
  const [first = "", ...rest] = Array.from(text);
  return first.toUpperCase() + rest.join("").toLowerCase();
}

function title(text: string): string {
  return text.replace(letterRun, capitalize);
}

export function center(text: string, width: number, mark = " "): string {
  const missing = width - textLength(text);
  if (missing <= 0) return text;
  // CPython puts the odd blank to the left only when the width is odd, too.
  const left = Math.floor(missing / 2) + (missing & width & 1);
  return mark.repeat(left) + text + mark.repeat(missing - left);
}

function fill(text: string, call: Call): string {
  return call.text("fillchar", " ").repeat(Math.max(0, call.integer("width") - textLength(text)));
}

function window(text: string, call: Call): { part: string; offset: number } {
  const start = call.given("start");
  const end = call.given("end");
  if (start === undefined && end === undefined) return { part: text, offset: 0 };
  const all = characters(text);
  const from = start === undefined ? 0 : call.integer("start");
  const offset = from < 0 ? Math.max(0, from + all.length) : from;
  return { part: all.slice(offset, end === undefined ? all.length : call.integer("end")).join(""), offset };
}

function find(text: string, call: Call, last: boolean): number {
  const { part, offset } = window(text, call);
  const at = last ? part.lastIndexOf(call.text("sub")) : part.indexOf(call.text("sub"));
  return at < 0 ? -1 : textLength(part.slice(0, at)) + offset;
}

function found(at: number): number {
  return at >= 0 ? at : badValue("substring not found");
}

function affixes(call: Call, name: string): readonly string[] {
  const value = call.value(name);
  return isList(value) ? value.map(toText) : [call.text(name)];
}

function expandTabs(text: string, size: number): string {
  return text
    .split("\n")
    .map((line) => {
      let result = "";
      for (const one of line) result += one === "\t" ? " ".repeat(size - (textLength(result) % size)) : one;
      return result;
    })
    .join("\n");
}

function partition(text: string, sep: string, last: boolean): Value {
  if (sep === "") return badValue("empty separator");
  const at = last ? text.lastIndexOf(sep) : text.indexOf(sep);
  if (at < 0) return makeTuple(last ? ["", "", text] : [text, "", ""]);
  return makeTuple([text.slice(0, at), sep, text.slice(at + sep.length)]);
}

export function removePrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text;
}

export function removeSuffix(text: string, suffix: string): string {
  return suffix !== "" && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
}

export function replaceText(text: string, from: string, to: string, count: number): string {
  if (count < 0 && from !== "") return text.split(from).join(to);
  const parts = from === "" ? ["", ...characters(text), ""] : text.split(from);
  if (count < 0 || count >= parts.length - 1) return parts.join(to);
  return (
    parts
      .slice(0, count)
      .map((one) => one + to)
      .join("") + parts.slice(count).join(from)
  );
}

function strip(text: string, call: Call, left: boolean, right: boolean): string {
  const chars = call.given("chars");
  if (chars === undefined) return left && right ? text.trim() : left ? text.trimStart() : text.trimEnd();
  return stripCharacters(text, call.text("chars"), left, right);
}

/** Removes any of `chars` from the ends. */
export function stripCharacters(text: string, chars: string, left = true, right = true): string {
  const set = new Set(characters(chars));
  const all = characters(text);
  let from = 0;
  let to = all.length;
  while (left && from < to && set.has(all[from] ?? "")) from += 1;
  while (right && to > from && set.has(all[to - 1] ?? "")) to -= 1;
  return all.slice(from, to).join("");
}

function separator(call: Call): string | undefined {
  return call.given("sep") === undefined ? undefined : call.text("sep");
}

/** Python's split: without a separator runs of blanks count as one, and blanks at the ends do not count. */
export function splitText(text: string, sep: string | undefined, limit: number, fromRight: boolean): readonly string[] {
  if (sep === "") return badValue("empty separator");
  if (sep !== undefined) {
    const parts = text.split(sep);
    if (limit < 0 || parts.length <= limit + 1) return parts;
    return fromRight
      ? [parts.slice(0, parts.length - limit).join(sep), ...parts.slice(parts.length - limit)]
      : [...parts.slice(0, limit), parts.slice(limit).join(sep)];
  }
  const words = text
    .trim()
    .split(/\s+/)
    .filter((one) => one !== "");
  if (limit < 0 || words.length <= limit + 1) return words;
  let rest = fromRight ? text.trimEnd() : text.trimStart();
  const taken: string[] = [];
  for (let index = 0; index < limit; index += 1) {
    const match = fromRight ? /\s*(\S+)\s*$/.exec(rest) : /^\s*(\S+)\s*/.exec(rest);
    taken.push(match?.[1] ?? "");
    rest = fromRight ? rest.slice(0, match?.index) : rest.slice(match?.[0].length);
  }
  return fromRight ? [rest, ...taken.reverse()] : [...taken, rest];
}

const lineEnd = /\r\n|[\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029]/g;

export function splitLines(text: string, keepEnds = false): readonly string[] {
  const lines: string[] = [];
  let from = 0;
  for (const match of text.matchAll(lineEnd)) {
    lines.push(text.slice(from, keepEnds ? match.index + match[0].length : match.index));
    from = match.index + match[0].length;
  }
  if (from < text.length) lines.push(text.slice(from));
  return lines;
}
