import { isList, Secret, type Value } from "../../vars/value.ts";
import { isTruthy } from "../compare.ts";
import { badValue } from "../errors.ts";
import { toBoolean } from "../filters/conversion.ts";
import { toIndex } from "../numbers.ts";
import { toText, typeName } from "../repr.ts";
import type { LookupCall } from "./lookup.ts";

/** An option as text, or the fallback when it is not given. */
export function textOption(call: LookupCall, name: string, fallback: string): string {
  const value = call.options.get(name);
  return value === undefined || value === null ? fallback : toText(bare(value));
}

export function flagOption(call: LookupCall, name: string, fallback: boolean): boolean {
  const value = call.options.get(name);
  return value === undefined ? fallback : isTruthy(toBoolean(bare(value)));
}

export function integerOption(call: LookupCall, name: string): number | undefined {
  const value = call.options.get(name);
  if (value === undefined || value === null) return undefined;
  const number =
    toIndex(bare(value)) ??
    (/^-?(?:\d+|0x[\da-f]+|0o?[0-7]+)$/i.test(toText(bare(value))) ? Number(toText(bare(value))) : undefined);
  return number ?? badValue(`the lookup "${call.name}": ${name} must be an integer, not "${toText(bare(value))}"`);
}

/** Every term as text. */
export function textTerms(call: LookupCall): readonly string[] {
  return call.terms.flatMap((term) => (isList(term) ? term : [term])).map((term) => needText(bare(term), call));
}

function needText(term: Value, call: LookupCall): string {
  if (term instanceof Map || isList(term) || term === null)
    return badValue(`the lookup "${call.name}" takes strings, not ${typeName(term)}`);
  return toText(term);
}

/** `key=value` words of a term: `"users.ini section=x"`. The words before the first of them are its key. */
export function splitTerm(
  term: string,
  names: readonly string[],
): { readonly key: string; readonly options: ReadonlyMap<string, Value> } {
  const options = new Map<string, Value>();
  const words: string[] = [];
  for (const word of term.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? []) {
    const [, name = "", value = ""] = /^(\w+)=([\s\S]*)$/.exec(word) ?? [];
    if (names.includes(name)) options.set(name, value.replace(/^(["'])([\s\S]*)\1$/, "$2"));
    else words.push(word);
  }
  return { key: words.join(" "), options };
}

function bare(value: Value): Value {
  return value instanceof Secret ? value.value : value;
}
