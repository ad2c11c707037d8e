import { Undefined, type Value } from "../../vars/value.ts";
import { attributeReader, foldCase, needed } from "../attribute-path.ts";
import { iterate } from "../call.ts";
import { compare, equals } from "../compare.ts";
import { makeNamedTuple } from "../objects.ts";
import type { FilterTable } from "./filter.ts";

/** `groupby`: pairs of a value and the members that have it, in the order of the values. */
export const groupFilters: FilterTable = {
  groupby: {
    parameters: ["attribute", "default?", "case_sensitive?"],
    secrets: "keep",
    run: (input, call) => {
      const read = attributeReader(call.value("attribute"), call.runtime);
      const fallback = call.optional("default");
      const isSensitive = call.flag("case_sensitive", false);
      const keyed = iterate(input, call.runtime).map((item) => {
        const value = read(item);
        const key = needed(value instanceof Undefined && fallback !== undefined ? fallback : value);
        return { item, key, rank: isSensitive ? key : foldCase(key) };
      });
      keyed.sort((a, b) => compare(a.rank, b.rank));
      const groups: { key: Value; rank: Value; items: Value[] }[] = [];
      for (const { item, key, rank } of keyed) {
        const last = groups.at(-1);
        if (last !== undefined && equals(last.rank, rank)) last.items.push(item);
        else groups.push({ key, rank, items: [item] });
      }
      return groups.map(({ key, items }) => makeNamedTuple(["grouper", "list"], [key, items]));
    },
  },
};
