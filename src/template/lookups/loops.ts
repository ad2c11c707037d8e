import { isList, type Key, type Value } from "../../vars/value.ts";
import { badValue } from "../errors.ts";
import { percentFormat } from "../percent-format.ts";
import { toText } from "../repr.ts";
import { flattened, type LookupTable, splitTerm } from "./lookup.ts";

const lists = (terms: readonly Value[], name: string): readonly (readonly Value[])[] =>
  terms.map((one) => (isList(one) ? one : badValue(`with_${name} needs lists`)));

/** Lookups that rearrange what they are given: the older ways to write a loop. */
export const loopLookups: LookupTable = {
  items: flattened,
  list: (terms) => terms,
  flattened: (terms) => deep(terms),
  indexed_items: (terms) => flattened(terms).map((one, index) => [index, one]),
  dict: (terms) =>
    terms.flatMap((term) => {
      if (!(term instanceof Map)) return badValue("with_dict needs a mapping");
      return [...term].map(
        ([key, value]) =>
          new Map<Key, Value>([
            ["key", key],
            ["value", value],
          ]),
      );
    }),
  nested: (terms) => product(lists(terms, "nested")),
  cartesian: (terms) => product(lists(terms, "cartesian")),
  together: (terms) => {
    const all = lists(terms, "together");
    const length = Math.max(0, ...all.map((one) => one.length));
    return Array.from({ length }, (_, index) => all.map((one) => one[index] ?? null));
  },
  subelements: (terms) => {
    const [from, path, flags] = terms;
    const skip = flags instanceof Map && [true, "true", "True", "yes"].includes(toPlainFlag(flags.get("skip_missing")));
    const items =
      from instanceof Map ? [...from.values()] : isList(from) ? from : badValue("with_subelements needs a list or a mapping");
    const keys = toText(path ?? "").split(".");
    return items.flatMap((item) => {
      let found: Value | undefined = item;
      for (const key of keys) found = found instanceof Map ? found.get(key) : undefined;
      if (found === undefined) return skip ? [] : badValue(`with_subelements: an item has no "${keys.join(".")}"`);
      return isList(found) ? found.map((one) => [item, one]) : badValue(`with_subelements: "${keys.join(".")}" must be a list`);
    });
  },
  random_choice: (terms) => {
    const all = flattened(terms);
    return all.length === 0 ? [] : [all[Math.floor(Math.random() * all.length)] ?? null];
  },
  sequence: (terms, options) => {
    if (terms.length === 0) return sequence((name) => (options.all.has(name) ? toText(options.value(name) ?? "") : undefined));
    return terms.flatMap((term) => {
      const text = toText(term);
      const short = /^(?:(-?\w+)-)?(-?\w+)(?:\/(-?\w+))?(?::(.+))?$/.exec(text);
      const { options: named } = splitTerm(text);
      if (named.size > 0) return sequence((name) => named.get(name));
      if (short === null) return badValue(`with_sequence does not understand "${text}"`);
      const given: Readonly<Record<string, string | undefined>> = {
        start: short[1],
        end: short[2],
        stride: short[3],
        format: short[4],
      };
      return sequence((name) => given[name]);
    });
  },
};

function toPlainFlag(value: Value | undefined): boolean | string {
  return typeof value === "boolean" ? value : value === undefined ? "" : toText(value);
}

function sequence(get: (name: string) => string | undefined): readonly Value[] {
  const number = (name: string): number | undefined => {
    const text = get(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    return Number.isInteger(value) ? value : badValue(`with_sequence: ${name} is "${text}", but must be a whole number`);
  };
  const start = number("start") ?? 1;
  const count = number("count");
  const stride = number("stride") ?? (number("end") !== undefined && (number("end") ?? 0) < start ? -1 : 1);
  const end = count === undefined ? number("end") : start + stride * (count - 1);
  if (end === undefined) return badValue("with_sequence needs an end or a count");
  if (count === 0) return [];
  if (stride === 0) return badValue("with_sequence: stride must not be 0");
  const format = get("format") ?? "%d";
  const numbers: Value[] = [];
  for (let value = start; stride > 0 ? value <= end : value >= end; value += stride) numbers.push(percentFormat(format, value));
  return numbers;
}

function product(all: readonly (readonly Value[])[]): readonly Value[] {
  return all.reduce<readonly (readonly Value[])[]>((rows, list) => rows.flatMap((row) => list.map((one) => [...row, one])), [[]]);
}

function deep(terms: readonly Value[]): readonly Value[] {
  return terms.flatMap((one) => (isList(one) ? deep(one) : [one]));
}
