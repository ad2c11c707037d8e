import { isList, type Key, Namespace, Secret, Undefined, type Value, type ValueMap } from "../../vars/value.ts";
import { foldCase, memberAt, needed, readPath } from "../attribute-path.ts";
import { type Call, needList, needMap, toKey } from "../call.ts";
import { compare, identity } from "../compare.ts";
import { badValue } from "../errors.ts";
import { makeOwn, makeTuple } from "../objects.ts";
import { toText, typeName } from "../repr.ts";
import type { FilterTable } from "./filter.ts";

const merges = ["replace", "keep", "append", "prepend", "append_rp", "prepend_rp"];

/** Filters on dicts, and on lists of them. */
export const dictFilters: FilterTable = {
  items: {
    parameters: [],
    secrets: "raw",
    // Of something undefined there are no items, as Jinja2 has it.
    run: (input, call) => {
      if (input instanceof Undefined) return [];
      const isSecret = input instanceof Secret;
      const bare = call.runtime.deep(isSecret ? input.value : input);
      const map = bare instanceof Namespace ? call.runtime.namespaceMap(bare) : needMap(bare, "items");
      const items = [...map].map(([key, value]) => makeTuple([key, value]));
      return isSecret ? new Secret(items) : items;
    },
  },
  counter: {
    parameters: [],
    run: (input) => {
      const counts = new Map<Key, number>();
      for (const one of needList(input, "counter")) counts.set(toKey(one), (counts.get(toKey(one)) ?? 0) + 1);
      return counts;
    },
  },
  dictsort: {
    parameters: ["case_sensitive?", "by?", "reverse?"],
    secrets: "keep",
    run: (input, call) => {
      const by = call.text("by", "key");
      if (by !== "key" && by !== "value") return badValue('You can only sort by either "key" or "value"');
      const rank = ([key, value]: readonly [Key, Value]): Value => {
        const one = by === "key" ? key : value;
        return call.flag("case_sensitive", false) ? one : foldCase(one);
      };
      const sign = call.flag("reverse", false) ? -1 : 1;
      return [...needMap(input, "dictsort")].sort((a, b) => sign * compare(rank(a), rank(b))).map((one) => makeTuple(one));
    },
  },
  dict2items: {
    parameters: ["key_name?", "value_name?"],
    secrets: "keep",
    run: (input, call) => {
      const key = call.text("key_name", "key");
      const value = call.text("value_name", "value");
      const items = [...needMap(input, "dict2items")];
      return items.map(
        ([one, member]) =>
          new Map<Key, Value>([
            [key, one],
            [value, member],
          ]),
      );
    },
  },
  items2dict: {
    parameters: ["key_name?", "value_name?"],
    secrets: "keep",
    run: (input, call) => {
      const key = call.text("key_name", "key");
      const value = call.text("value_name", "value");
      const result = new Map<Key, Value>();
      for (const item of needList(input, "items2dict")) {
        const member = memberAt(item, value, call.runtime);
        const name = memberAt(item, key, call.runtime);
        if (member instanceof Undefined || name instanceof Undefined)
          return badValue(`items2dict needs items with "${key}" and "${value}"`);
        result.set(toKey(name), member);
      }
      return result;
    },
  },
  combine: {
    parameters: ["*", "**"],
    secrets: "keep",
    run: combine,
  },
  rekey_on_member: {
    parameters: ["key", "duplicates?"],
    secrets: "keep",
    run: (input, call) => {
      const items = input instanceof Map ? [...input.values()] : needList(input, "rekey_on_member");
      const duplicates = call.text("duplicates", "error");
      const result = new Map<Key, Value>();
      for (const item of items) {
        const key = memberAt(item, call.value("key"), call.runtime);
        if (key instanceof Undefined) return badValue(`rekey_on_member: an item has no "${toText(call.value("key"))}"`);
        if (result.has(toKey(key)) && duplicates !== "overwrite")
          return badValue(`rekey_on_member: the key ${toText(key)} is not unique`);
        result.set(toKey(key), item);
      }
      return result;
    },
  },
  subelements: {
    parameters: ["subelements", "skip_missing?"],
    secrets: "keep",
    run: (input, call) => subelements(input, call.value("subelements"), call.flag("skip_missing", false), call),
  },
};

function combine(input: Value, call: Call): Value {
  for (const name of call.keywords.keys()) {
    if (name !== "recursive" && name !== "list_merge") return badValue(`combine has no argument "${name}"`);
  }
  const isRecursive = call.keywords.get("recursive") === true;
  const merge = toText(call.keywords.get("list_merge") ?? "replace");
  if (!merges.includes(merge)) return badValue(`combine: list_merge must be one of ${merges.join(", ")}, not "${merge}"`);
  const flat = (value: Value): readonly Value[] => (isList(value) ? value.flatMap(flat) : [value]);
  const dicts = [input, ...call.rest].flatMap(flat);
  let result: ValueMap = new Map();
  for (const one of dicts) {
    const bare = one instanceof Secret ? one.value : one;
    if (!(bare instanceof Map)) return badValue(`combine needs dicts, not ${typeName(bare)}`);
    const map: ValueMap = one instanceof Secret ? new Map([...bare].map(([key, value]) => [key, new Secret(value)])) : bare;
    result = mergeMaps(result, map, isRecursive, merge);
  }
  return makeOwn(result);
}

/** Ansible's merge of dicts; the second goes before the first. */
function mergeMaps(first: ValueMap, second: ValueMap, isRecursive: boolean, merge: string): ValueMap {
  const result = new Map<Key, Value>(first);
  for (const [key, value] of second) {
    const before = result.get(key);
    if (before instanceof Map && value instanceof Map && isRecursive)
      result.set(key, mergeMaps(before, value, isRecursive, merge));
    else if (isList(before) && isList(value)) result.set(key, mergeLists(before, value, merge));
    else result.set(key, value);
  }
  return result;
}

function mergeLists(first: readonly Value[], second: readonly Value[], merge: string): readonly Value[] {
  const without = (list: readonly Value[], other: readonly Value[]): readonly Value[] => {
    const drop = new Set(other.map(identity));
    return list.filter((one) => !drop.has(identity(one)));
  };
  switch (merge) {
    case "keep":
      return first;
    case "append":
      return [...first, ...second];
    case "prepend":
      return [...second, ...first];
    case "append_rp":
      return [...without(first, second), ...second];
    case "prepend_rp":
      return [...second, ...without(first, second)];
    default:
      return second;
  }
}

/** Pairs of an item and each member of a list inside of it. */
export function subelements(input: Value, path: Value, skipMissing: boolean, call: Pick<Call, "runtime">): Value {
  const items = input instanceof Map ? [...input.values()] : needList(input, "subelements");
  const steps: Value = isList(path) ? path.map(toText).join(".") : path;
  return items.flatMap((item) => {
    const list = readPath(item, steps, call.runtime);
    if (list instanceof Undefined && skipMissing) return [];
    const members = needed(list);
    if (!isList(members)) return badValue(`subelements: "${toText(steps)}" must be a list, not ${typeName(members)}`);
    return members.map((one) => makeTuple([item, one]));
  });
}
