import { isList, type Key, Namespace, Secret, type Value } from "../../vars/value.ts";
import { isTruthy } from "../compare.ts";
import { badValue } from "../errors.ts";
import { subelements } from "../filters/dict.ts";
import { product } from "../filters/list.ts";
import { makeTuple } from "../objects.ts";
import { randomBelow } from "../python-random.ts";
import { toText, typeName } from "../repr.ts";
import type { Lookup, LookupCall, LookupTable } from "./lookup.ts";

const nested: Lookup = {
  options: [],
  run: (call) =>
    product(call.terms.map((one) => flatten([one], 1))).map((row) =>
      makeTuple(row.flatMap((one) => (isList(one) ? one : [one]))),
    ),
};

/** Lookups that arrange their terms: those behind `with_items` and its like. */
export const loopLookups: LookupTable = {
  list: { options: [], run: (call) => call.terms },
  items: { options: [], run: (call) => flatten(call.terms, 1) },
  flattened: { options: [], run: (call) => flatten(call.terms, Number.POSITIVE_INFINITY).filter((one) => one !== null) },
  indexed_items: { options: [], run: (call) => flatten(call.terms, 1).map((one, index) => makeTuple([index, one])) },
  nested,
  cartesian: nested,
  together: {
    options: [],
    run: (call) => {
      const lists = call.terms.map((one) => needList(one, call));
      const size = Math.max(0, ...lists.map((one) => one.length));
      return Array.from({ length: size }, (_, index) => makeTuple(lists.map((one) => one[index] ?? null)));
    },
  },
  dict: { options: [], run: (call) => flatten(call.terms, 1).flatMap((one) => pairs(one, call)) },
  subelements: {
    options: ["skip_missing"],
    run: (call) => {
      const [list = null, path = null, flags = null] =
        call.terms.length === 1 && isList(call.terms[0]) ? call.terms[0] : call.terms;
      const skip = call.options.get("skip_missing") ?? (flags instanceof Map ? (flags.get("skip_missing") ?? false) : false);
      const result = subelements(list, toText(path), isTruthy(skip), call);
      return isList(result) ? result : [];
    },
  },
  random_choice: {
    options: [],
    run: (call) => {
      const items = flatten(call.terms, 1);
      return items.length === 0 ? [] : [items[randomBelow(items.length)] ?? null];
    },
  },
};

/** Ansible's `with_items` flattens one level of lists. */
function flatten(values: readonly Value[], levels: number): readonly Value[] {
  return values.flatMap((one): readonly Value[] => {
    if (one instanceof Secret && isList(one.value)) return flatten(one.value, levels).map((member) => new Secret(member));
    if (!isList(one)) return [one];
    return levels > 1 ? flatten(one, levels - 1) : one;
  });
}

function pairs(value: Value, call: LookupCall): readonly Value[] {
  const isSecret = value instanceof Secret;
  const bare = value instanceof Secret ? value.value : value;
  const map = bare instanceof Namespace ? call.runtime.namespaceMap(bare) : bare;
  if (!(map instanceof Map)) return badValue(`the lookup "dict" takes dicts, not ${typeName(bare)}`);
  return [...map].map(
    ([key, member]) =>
      new Map<Key, Value>([
        ["key", key],
        ["value", isSecret ? new Secret(member) : member],
      ]),
  );
}

function needList(value: Value, call: LookupCall): readonly Value[] {
  if (value instanceof Secret) return needList(value.value, call).map((one) => new Secret(one));
  return isList(value) ? value : badValue(`the lookup "${call.name}" takes lists, not ${typeName(value)}`);
}
