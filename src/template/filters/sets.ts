import type { Value } from "../../vars/value.ts";
import { attributeReader, foldCase, needed } from "../attribute-path.ts";
import { iterate } from "../call.ts";
import { identity } from "../compare.ts";
import { makeOwn } from "../objects.ts";
import type { Filter, FilterTable } from "./filter.ts";

/** Filters that treat lists as sets. Members keep the order of their first appearance. */
export const setFilters: FilterTable = {
  unique: {
    parameters: ["case_sensitive?", "attribute?"],
    secrets: "keep",
    run: (input, call) => {
      const read = attributeReader(call.given("attribute"), call.runtime);
      const isSensitive = call.flag("case_sensitive", false);
      const key = (item: Value): string => {
        const value = needed(read(item));
        return identity(isSensitive ? value : foldCase(value));
      };
      return makeOwn(distinct(iterate(input, call.runtime), key));
    },
  },
  union: combining((a, b) => [...a, ...b]),
  intersect: combining((a, b) => {
    const other = identities(b);
    return a.filter((one) => other.has(identity(one)));
  }),
  difference: combining((a, b) => {
    const other = identities(b);
    return a.filter((one) => !other.has(identity(one)));
  }),
  symmetric_difference: combining((a, b) => {
    const left = identities(a);
    const right = identities(b);
    return [...a.filter((one) => !right.has(identity(one))), ...b.filter((one) => !left.has(identity(one)))];
  }),
};

function combining(combine: (a: readonly Value[], b: readonly Value[]) => readonly Value[]): Filter {
  return {
    parameters: ["other"],
    secrets: "keep",
    run: (input, call) =>
      makeOwn(distinct(combine(iterate(input, call.runtime), iterate(call.value("other"), call.runtime)), identity)),
  };
}

function identities(list: readonly Value[]): ReadonlySet<string> {
  return new Set(list.map(identity));
}

function distinct(list: readonly Value[], key: (item: Value) => string): readonly Value[] {
  const seen = new Set<string>();
  return list.filter((one) => {
    const id = key(one);
    if (seen.has(id)) return false;
    seen.add(id);
    return true;
  });
}
