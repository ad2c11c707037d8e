import { isList, type Value } from "../vars/value.ts";
import { compare } from "./compare.ts";
import { TemplateFault } from "./errors.ts";
import { isTuple } from "./objects.ts";
import { toRepr } from "./repr.ts";

const width = 80;

/** Python's `pprint`: sorted keys, one member a line where the whole does not fit into 80 columns. */
export function prettyText(value: Value): string {
  return pretty(value, 0, 1);
}

function pretty(value: Value, indent: number, allowance: number): string {
  const sorted = sortKeys(value);
  const flat = toRepr(sorted);
  if (flat.length <= width - indent - allowance) return flat;
  if (isList(sorted)) {
    const [open, close] = isTuple(sorted) ? ["(", ")"] : ["[", "]"];
    const last = sorted.length - 1;
    const items = sorted.map((one, index) => pretty(one, indent + 1, index === last ? allowance + 1 : 1));
    const comma = isTuple(sorted) && sorted.length === 1 ? "," : "";
    return `${open}${items.join(`,\n${" ".repeat(indent + 1)}`)}${comma}${close}`;
  }
  if (sorted instanceof Map) {
    const members = [...sorted];
    const items = members.map(([key, member], index) => {
      const label = `${toRepr(key)}: `;
      return label + pretty(member, indent + 1 + label.length, index === members.length - 1 ? allowance + 1 : 1);
    });
    return `{${items.join(`,\n${" ".repeat(indent + 1)}`)}}`;
  }
  return flat;
}

function sortKeys(value: Value): Value {
  if (isList(value)) return isTuple(value) ? value : value.map(sortKeys);
  if (!(value instanceof Map)) return value;
  const members = [...value].map(([key, member]) => [key, sortKeys(member)] as const);
  try {
    members.sort(([a], [b]) => compare(a, b));
  } catch (error) {
    // Keys of several types have no order; they stay as they are.
    if (!(error instanceof TemplateFault)) throw error;
  }
  return new Map(members);
}
