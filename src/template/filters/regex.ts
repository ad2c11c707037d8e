import { type Call } from "../call.ts";
import { badValue } from "../errors.ts";
import { toText } from "../repr.ts";
import type { FilterTable } from "./filter.ts";

export type RegexFlags = { readonly ignoreCase?: boolean; readonly multiline?: boolean; readonly sticky?: boolean; readonly global?: boolean };

/** A Python regular expression as one of JavaScript. Throws TemplateFault when it cannot be one. */
export function compileRegex(pattern: string, flags: RegexFlags = {}): RegExp {
  let source = pattern;
  let own = "";
  const leading = /^\(\?([aiLmsux]+)\)/.exec(source);
  if (leading !== null) {
    source = source.slice(leading[0].length);
    own = (leading[1] ?? "").replace(/[^ims]/g, "");
  }
  source = source
    .replace(/\(\?P<(\w+)>/g, "(?<$1>")
    .replace(/\(\?P=(\w+)\)/g, "\\k<$1>")
    .replace(/\\A/g, "(?<![\\s\\S])")
    .replace(/\\Z/g, "(?![\\s\\S])");
  const given = `${flags.ignoreCase === true ? "i" : ""}${flags.multiline === true ? "m" : ""}${flags.sticky === true ? "y" : ""}${flags.global === true ? "g" : ""}`;
  try {
    return new RegExp(source, [...new Set(own + given)].join(""));
  } catch (error) {
    return badValue(`"${pattern}" is no regular expression: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const flagsOf = (call: Call): RegexFlags => ({ ignoreCase: call.flag("ignorecase", false), multiline: call.flag("multiline", false) });

/** Python's replacement text: \1, \g<1>, \g<name>; a dollar is a dollar. */
function expand(replacement: string, match: RegExpExecArray): string {
  return replacement.replace(/\\(?:g<(\w+)>|(\d{1,2})|([nrt\\]))/g, (whole, named: string | undefined, number: string | undefined, escape: string | undefined) => {
    if (escape !== undefined) return { n: "\n", r: "\r", t: "\t", "\\": "\\" }[escape] ?? whole;
    const key = named ?? number ?? "";
    return (/^\d+$/.test(key) ? match[Number(key)] : match.groups?.[key]) ?? "";
  });
}

export const regexFilters: FilterTable = {
  regex_replace: {
    parameters: ["pattern?", "replacement?", "ignorecase?", "multiline?", "count?", "mandatory_count?"],
    run: (input, call) => {
      const text = toText(input);
      const regex = compileRegex(call.text("pattern", ""), { ...flagsOf(call), global: true });
      const replacement = call.text("replacement", "");
      const limit = call.integer("count", 0) || Number.POSITIVE_INFINITY;
      let result = "";
      let from = 0;
      let count = 0;
      for (let found = regex.exec(text); found !== null && count < limit; found = regex.exec(text)) {
        result += text.slice(from, found.index) + expand(replacement, found);
        from = found.index + found[0].length;
        count += 1;
        if (found[0] === "") regex.lastIndex += 1;
      }
      if (count < call.integer("mandatory_count", 0)) badValue(`regex_replace made ${count} replacements, fewer than mandatory_count`);
      return result + text.slice(from);
    },
  },
  regex_search: {
    parameters: ["pattern", "*", "**"],
    run: (input, call) => {
      const named = (name: string): boolean => call.keywords.get(name) === true;
      const found = compileRegex(call.text("pattern"), { ignoreCase: named("ignorecase"), multiline: named("multiline") }).exec(toText(input));
      if (found === null) return null;
      if (call.rest.length === 0) return found[0];
      return call.rest.map((one) => expand(toText(one), found));
    },
  },
  regex_findall: {
    parameters: ["pattern", "multiline?", "ignorecase?"],
    run: (input, call) => {
      const regex = compileRegex(call.text("pattern"), { ...flagsOf(call), global: true });
      return [...toText(input).matchAll(regex)].map((found) => {
        if (found.length === 1) return found[0];
        return found.length === 2 ? (found[1] ?? "") : found.slice(1).map((one) => one ?? "");
      });
    },
  },
  regex_escape: {
    parameters: ["re_type?"],
    run: (input) => toText(input).replace(/[.*+?^${}()|[\]\\#&~\-\s]/g, "\\$&"),
  },
};
