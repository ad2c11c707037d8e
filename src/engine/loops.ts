import { DiagnosticError } from "../diagnostic.ts";
import type { Loop } from "../playbook/model.ts";
import { runLookup } from "../template/template.ts";
import { Float, isList, type Key, Secret, type Value } from "../vars/value.ts";
import type { Evaluator } from "./evaluator.ts";

/** The items of a loop, rendered. Throws DiagnosticError when `loop:` is no list. */
export function loopItems(loop: Loop, evaluator: Evaluator): readonly Value[] {
  const rendered = evaluator.render(loop.value);
  if (loop.lookup !== "loop") return runLookup(loop.lookup, rendered, evaluator.context);
  const value = rendered instanceof Secret ? rendered.value : rendered;
  if (!isList(value)) {
    throw new DiagnosticError([
      {
        severity: "error",
        code: "loop-not-a-list",
        message: `loop needs a list, but this is ${kindOf(value)}`,
        ...(loop.position === undefined ? {} : { position: loop.position }),
        help: kindOf(value) === "a mapping" ? "turn it into a list: {{ mapping | dict2items }}" : "wrap it: [ … ]",
      },
    ]);
  }
  return rendered instanceof Secret ? value.map((item) => new Secret(item)) : value;
}

/** The variables that one pass of a loop sees: the item, its index, and `ansible_loop` if it is asked for. */
export function itemNames(loop: Loop, items: readonly Value[], index: number, extended: boolean): ReadonlyMap<string, Value> {
  const item = items[index] ?? null;
  const names = new Map<string, Value>([
    [loop.control.loopVar, item],
    ["ansible_loop_var", loop.control.loopVar],
  ]);
  if (loop.control.indexVar !== undefined) {
    names.set(loop.control.indexVar, index);
    names.set("ansible_index_var", loop.control.indexVar);
  }
  if (extended) names.set("ansible_loop", extendedLoop(items, index));
  return names;
}

function extendedLoop(items: readonly Value[], index: number): Value {
  const length = items.length;
  const entries: [Key, Value][] = [
    ["allitems", items],
    ["index", index + 1],
    ["index0", index],
    ["revindex", length - index],
    ["revindex0", length - index - 1],
    ["first", index === 0],
    ["last", index === length - 1],
    ["length", length],
  ];
  const before = items[index - 1];
  const after = items[index + 1];
  if (index > 0 && before !== undefined) entries.push(["previtem", before]);
  if (after !== undefined) entries.push(["nextitem", after]);
  return new Map(entries);
}

function kindOf(value: Value): string {
  if (value === null) return "null";
  if (typeof value === "string") return `the text "${value.length > 40 ? `${value.slice(0, 40)}…` : value}"`;
  if (typeof value === "boolean") return `the boolean ${value}`;
  if (typeof value === "number" || typeof value === "bigint" || value instanceof Float) return "a number";
  return value instanceof Map ? "a mapping" : "something else";
}
