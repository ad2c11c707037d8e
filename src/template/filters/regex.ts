import { isList, type Value } from "../../vars/value.ts";
import type { Call } from "../call.ts";
import { badValue } from "../errors.ts";
import { makeTuple } from "../objects.ts";
import { expandReplacement, pythonRegex } from "../python-regex.ts";
import { toText } from "../repr.ts";
import type { FilterTable } from "./filter.ts";

/** Filters with Python's regular expressions. */
export const regexFilters: FilterTable = {
  regex_replace: {
    parameters: ["pattern?", "replacement?", "ignorecase?", "multiline?", "count?", "mandatory_count?"],
    run: (input, call) => {
      const regex = compile(call, "pattern");
      const template = call.text("replacement", "");
      const limit = call.integer("count", 0);
      let count = 0;
      const replace = (text: string): string =>
        text.replace(regex, (all: string, ...rest: unknown[]) => {
          if (limit > 0 && count >= limit) return all;
          count += 1;
          const { groups, named } = matchParts(all, rest);
          return expandReplacement(template, groups, named);
        });
      const result = isList(input) ? input.map((one) => replace(toText(one))) : replace(toText(input));
      const mandatory = call.integer("mandatory_count", 0);
      if (mandatory > 0 && count !== mandatory)
        return badValue(`regex_replace made ${count} replacements, and ${mandatory} were wanted`);
      return result;
    },
  },
  regex_search: {
    parameters: ["regex", "*", "**"],
    run: (input, call) => {
      const options = {
        ignoreCase: call.keywords.get("ignorecase") === true,
        multiline: call.keywords.get("multiline") === true,
      };
      const match = pythonRegex(call.text("regex"), options).exec(toText(input));
      if (match === null) return null;
      if (call.rest.length === 0) return match[0];
      return call.rest.map((one) => group(toText(one), match));
    },
  },
  regex_findall: {
    parameters: ["regex", "multiline?", "ignorecase?"],
    run: (input, call) =>
      [...toText(input).matchAll(compile(call, "regex"))].map((match): Value => {
        if (match.length === 1) return match[0];
        const groups = match.slice(1).map((one) => one ?? "");
        return groups.length === 1 ? (groups[0] ?? "") : makeTuple(groups);
      }),
  },
  regex_escape: {
    parameters: ["re_type?"],
    run: (input, call) => {
      const type = call.text("re_type", "python");
      if (type === "posix_basic") return toText(input).replace(/[\\[\]$.*^]/g, "\\$&");
      if (type !== "python") return badValue(`regex_escape: unknown type "${type}"; there are python and posix_basic`);
      return toText(input).replace(/[\\^$.|?*+()[\]{}#&~\-\s]/g, "\\$&");
    },
  },
};

function compile(call: Call, name: string): RegExp {
  return pythonRegex(call.text(name, ""), {
    ignoreCase: call.flag("ignorecase", false),
    multiline: call.flag("multiline", false),
  });
}

// A replacer gets the groups, then the offset, the whole text and, where groups have names, an object of them.
function matchParts(
  all: string,
  rest: readonly unknown[],
): { groups: readonly (string | undefined)[]; named: Record<string, string | undefined> } {
  const offset = rest.findIndex((one) => typeof one === "number");
  const groups = [all, ...rest.slice(0, offset).map((one) => (typeof one === "string" ? one : undefined))];
  const last = rest.at(-1);
  const named: Record<string, string | undefined> = Object.create(null);
  if (typeof last === "object" && last !== null) {
    for (const [name, value] of Object.entries(last)) named[name] = typeof value === "string" ? value : undefined;
  }
  return { groups, named };
}

function group(reference: string, match: RegExpExecArray): Value {
  const [, number, name] = /^\\(?:(\d+)|g<([^>]+)>)$/.exec(reference) ?? [];
  const key = number ?? name;
  if (key === undefined) return badValue(`regex_search: "${reference}" is no group; write '\\1' or '\\g<name>'`);
  if (/^\d+$/.test(key)) {
    return Number(key) < match.length ? (match[Number(key)] ?? null) : badValue(`regex_search: there is no group ${key}`);
  }
  const groups = match.groups ?? {};
  return Object.hasOwn(groups, key) ? (groups[key] ?? null) : badValue(`regex_search: there is no group "${key}"`);
}
