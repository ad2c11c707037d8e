import { isList, Namespace, Secret, Undefined, type Value } from "../../vars/value.ts";
import { attributeReader, foldCase, needed } from "../attribute-path.ts";
import { type Call, iterate, needList } from "../call.ts";
import { characters } from "../characters.ts";
import { compare, lengthOf } from "../compare.ts";
import { badValue } from "../errors.ts";
import { isNumeric, toIndex } from "../numbers.ts";
import { isTuple, makeOwn, makeTuple } from "../objects.ts";
import { applyBinary } from "../operators.ts";
import { PythonRandom, randomBelow } from "../python-random.ts";
import { toText, typeName } from "../repr.ts";
import type { Filter, FilterTable } from "./filter.ts";

const length: Filter = { parameters: [], secrets: "keep", run: (input) => lengthOf(input) };

/** Filters on sequences as a whole, and on one of their members. */
export const listFilters: FilterTable = {
  length,
  count: length,
  first: { parameters: [], secrets: "keep", run: (input, call) => at(input, call, 0) },
  last: { parameters: [], secrets: "keep", run: (input, call) => at(input, call, -1) },
  join: {
    parameters: ["d?", "attribute?"],
    run: (input, call) => {
      const read = attributeReader(call.given("attribute"), call.runtime);
      return iterate(input, call.runtime)
        .map((one) => toText(needed(read(one))))
        .join(call.text("d", ""));
    },
  },
  reverse: {
    parameters: [],
    secrets: "keep",
    run: (input, call) =>
      typeof input === "string" ? characters(input).toReversed().join("") : makeOwn(iterate(input, call.runtime).toReversed()),
  },
  sort: {
    parameters: ["reverse?", "case_sensitive?", "attribute?"],
    secrets: "keep",
    run: (input, call) => {
      const key = sortKey(call);
      const keyed = iterate(input, call.runtime).map((one) => [one, key(one)] as const);
      const reverse = call.flag("reverse", false);
      return makeOwn(keyed.sort(([, a], [, b]) => (reverse ? compare(b, a) : compare(a, b))).map(([one]) => one));
    },
  },
  min: { parameters: ["case_sensitive?", "attribute?"], secrets: "keep", run: (input, call) => extreme(input, call, -1) },
  max: { parameters: ["case_sensitive?", "attribute?"], secrets: "keep", run: (input, call) => extreme(input, call, 1) },
  sum: {
    parameters: ["attribute?", "start?"],
    run: (input, call) => {
      const read = attributeReader(call.given("attribute"), call.runtime);
      let total: Value = call.optional("start") ?? 0;
      for (const one of iterate(input, call.runtime)) {
        const value = needed(read(one));
        if (typeof value === "string") return badValue("sum() can't sum strings; use join");
        total = applyBinary("+", total, value);
      }
      return total;
    },
  },
  batch: {
    parameters: ["linecount", "fill_with?"],
    secrets: "keep",
    run: (input, call) => {
      const size = call.integer("linecount");
      if (size < 1) return badValue("batch needs a size of at least 1");
      const fill = call.given("fill_with");
      const rows: Value[][] = [];
      const items = iterate(input, call.runtime);
      for (let index = 0; index < items.length; index += size) rows.push(items.slice(index, index + size));
      const last = rows.at(-1);
      while (fill !== undefined && last !== undefined && last.length < size) last.push(fill);
      return rows;
    },
  },
  slice: {
    parameters: ["slices", "fill_with?"],
    secrets: "keep",
    run: (input, call) => slices(iterate(input, call.runtime), call.integer("slices"), call.given("fill_with")),
  },
  flatten: {
    parameters: ["levels?", "skip_nulls?"],
    secrets: "keep",
    run: (input, call) => {
      const levels = call.given("levels");
      return flatten(
        needList(input, "flatten"),
        levels === undefined ? Number.POSITIVE_INFINITY : call.integer("levels"),
        call.flag("skip_nulls", true),
      );
    },
  },
  zip: { parameters: ["*"], secrets: "keep", run: (input, call) => zip([input, ...call.rest], call, false) },
  zip_longest: { parameters: ["*", "**"], secrets: "keep", run: (input, call) => zip([input, ...call.rest], call, true) },
  product: {
    parameters: ["*", "**"],
    secrets: "keep",
    run: (input, call) => {
      const lists = [input, ...call.rest].map((one) => iterate(one, call.runtime));
      const repeat = toIndex(call.keywords.get("repeat") ?? 1) ?? 1;
      return product(Array.from({ length: repeat }, () => lists).flat()).map(makeTuple);
    },
  },
  permutations: {
    parameters: ["length?"],
    secrets: "keep",
    run: (input, call) => {
      const items = iterate(input, call.runtime);
      return arrangements(items.length, call.integer("length", items.length), false).map((row) => pick(items, row));
    },
  },
  combinations: {
    parameters: ["length"],
    secrets: "keep",
    run: (input, call) => {
      const items = iterate(input, call.runtime);
      return arrangements(items.length, call.integer("length"), true).map((row) => pick(items, row));
    },
  },
  random: { parameters: ["start?", "step?", "seed?"], secrets: "keep", run: random },
  shuffle: {
    parameters: ["seed?"],
    secrets: "keep",
    run: (input, call) => shuffle(needList(input, "shuffle"), call.given("seed")),
  },
};

function at(input: Value, call: Call, index: number): Value {
  const items = iterate(input, call.runtime);
  const item = items.at(index);
  return item === undefined ? new Undefined(index === 0 ? "first" : "last", "undefined", "the sequence is empty") : item;
}

function sortKey(call: Call): (item: Value) => Value {
  const read = attributeReader(call.given("attribute"), call.runtime);
  const isSensitive = call.flag("case_sensitive", false);
  return (item) => {
    const value = needed(read(item));
    return isSensitive ? value : foldCase(value);
  };
}

function extreme(input: Value, call: Call, sign: number): Value {
  const key = sortKey(call);
  let best: readonly [Value, Value] | undefined;
  for (const one of iterate(input, call.runtime)) {
    const rank = key(one);
    if (best === undefined || compare(rank, best[1]) * sign > 0) best = [one, rank];
  }
  return best === undefined ? new Undefined(sign < 0 ? "min" : "max", "undefined", "the sequence is empty") : best[0];
}

function slices(items: readonly Value[], count: number, fill: Value | undefined): Value {
  if (count < 1) return badValue("slice needs at least 1 slice");
  const size = Math.floor(items.length / count);
  const extra = items.length % count;
  const rows: Value[][] = [];
  let offset = 0;
  for (let row = 0; row < count; row += 1) {
    const end = offset + size + (row < extra ? 1 : 0);
    const part = items.slice(offset, end);
    if (fill !== undefined && row >= extra) part.push(fill);
    rows.push(part);
    offset = end;
  }
  return rows;
}

function flatten(list: readonly Value[], levels: number, skipNulls: boolean): readonly Value[] {
  return list.flatMap((one): readonly Value[] => {
    if (skipNulls && (one === null || one === "None" || one === "null")) return [];
    return isList(one) && levels >= 1 ? flatten(one, levels - 1, skipNulls) : isList(one) ? [one] : [one];
  });
}

function zip(lists: readonly Value[], call: Call, longest: boolean): Value {
  const items = lists.map((one) => iterate(one, call.runtime));
  const lengths = items.map((one) => one.length);
  const size = lengths.length === 0 ? 0 : longest ? Math.max(...lengths) : Math.min(...lengths);
  const fill = call.keywords.get("fillvalue") ?? null;
  return Array.from({ length: size }, (_, index) =>
    makeTuple(items.map((one) => (index < one.length ? (one[index] ?? null) : fill))),
  );
}

/** Every way to take one member of each list, the last list running fastest. */
export function product(lists: readonly (readonly Value[])[]): readonly Value[][] {
  let rows: Value[][] = [[]];
  for (const list of lists) rows = rows.flatMap((row) => list.map((one) => [...row, one]));
  return rows;
}

function arrangements(size: number, wanted: number, ordered: boolean): readonly number[][] {
  let rows: number[][] = wanted > size ? [] : [[]];
  for (let step = 0; step < wanted; step += 1) {
    rows = rows.flatMap((row) =>
      Array.from({ length: size }, (_, index) => index)
        .filter((index) => (ordered ? index > (row.at(-1) ?? -1) : !row.includes(index)))
        .map((index) => [...row, index]),
    );
  }
  return rows;
}

function pick(items: readonly Value[], row: readonly number[]): Value {
  return makeTuple(row.map((index) => items[index] ?? null));
}

function random(input: Value, call: Call): Value {
  const seed = call.given("seed");
  const below = seed === undefined ? randomBelow : new PythonRandom(seedOf(seed)).below;
  if (isNumeric(input) && typeof input !== "boolean") {
    const end = toIndex(input) ?? badValue("random needs an integer");
    const start = call.integer("start", 0);
    const step = call.integer("step", 1);
    const count = Math.ceil((end - start) / step);
    return count < 1 ? badValue(`random has nothing to choose from: ${start} to ${end} by ${step}`) : start + step * below(count);
  }
  if (call.given("start") !== undefined || call.given("step") !== undefined)
    return badValue("start and step can only be used with integer values");
  if (input instanceof Namespace) return badValue(`random cannot choose from a ${typeName(input)}`);
  const items = iterate(input, call.runtime);
  return items.length === 0
    ? new Undefined("random", "undefined", "the sequence is empty")
    : (items[below(items.length)] ?? null);
}

function shuffle(list: readonly Value[], seed: Value | undefined): Value {
  const below = seed === undefined ? randomBelow : new PythonRandom(seedOf(seed)).below;
  const items = [...list];
  for (let index = items.length - 1; index > 0; index -= 1) {
    const other = below(index + 1);
    [items[index], items[other]] = [items[other] ?? null, items[index] ?? null];
  }
  return makeOwn(items);
}

function seedOf(seed: Value): string | number | bigint {
  const bare = seed instanceof Secret ? seed.value : seed;
  if (typeof bare === "string" || typeof bare === "bigint") return bare;
  return toIndex(bare) ?? badValue(`a seed must be a string or an integer, not ${isTuple(bare) ? "tuple" : typeName(bare)}`);
}
