import { Float, isList, Namespace, Undefined, type Value } from "../../vars/value.ts";
import { compare, contains, equals } from "../compare.ts";
import { badValue } from "../errors.ts";
import { filterNames } from "../filters/registry.ts";
import { isFloat, isInteger, isNumber, isNumeric, toDouble } from "../numbers.ts";
import { Callable } from "../objects.ts";
import { toText } from "../repr.ts";
import { testNames } from "./registry.ts";
import type { Test, TestTable } from "./test.ts";

const plain = (run: (input: Value) => boolean): Test => ({ parameters: [], run });
const against = (run: (input: Value, other: Value) => boolean): Test => ({
  parameters: ["other"],
  run: (input, call) => run(input, call.value("other")),
});
const equal = against(equals);
const unequal = against((a, b) => !equals(a, b));
const less = against((a, b) => compare(a, b, "<") < 0);
const atMost = against((a, b) => compare(a, b, "<=") <= 0);
const greater = against((a, b) => compare(a, b, ">") > 0);
const atLeast = against((a, b) => compare(a, b, ">=") >= 0);

const remainder = (input: Value, by: number): number => {
  if (typeof input === "bigint") return Number(input % BigInt(by));
  if (!isNumeric(input)) return badValue("only numbers are odd, even or divisible");
  return toDouble(input) % by;
};

/** The tests of Jinja2 itself (its "List of Builtin Tests"). */
export const jinjaTests: TestTable = {
  defined: { parameters: [], raw: true, run: (input) => !(input instanceof Undefined) },
  undefined: { parameters: [], raw: true, run: (input) => input instanceof Undefined },
  none: plain((input) => input === null),
  boolean: plain((input) => typeof input === "boolean"),
  true: plain((input) => input === true),
  false: plain((input) => input === false),
  integer: plain((input) => isInteger(input)),
  float: plain((input) => isFloat(input)),
  number: plain((input) => isNumber(input) || typeof input === "boolean"),
  string: plain((input) => typeof input === "string"),
  mapping: plain((input) => input instanceof Map || (input instanceof Namespace && !(input instanceof Callable))),
  sequence: plain((input) => isList(input) || typeof input === "string" || input instanceof Map),
  iterable: plain((input) => isList(input) || typeof input === "string" || input instanceof Map || input instanceof Namespace),
  callable: plain((input) => input instanceof Callable),
  lower: plain((input) => toText(input) === toText(input).toLowerCase() && toText(input) !== toText(input).toUpperCase()),
  upper: plain((input) => toText(input) === toText(input).toUpperCase() && toText(input) !== toText(input).toLowerCase()),
  odd: plain((input) => Math.abs(remainder(input, 2)) === 1),
  even: plain((input) => remainder(input, 2) === 0),
  divisibleby: { parameters: ["num"], run: (input, call) => remainder(input, call.integer("num")) === 0 },
  escaped: plain(() => false),
  filter: plain((input) => [...filterNames()].includes(toText(input))),
  test: plain((input) => [...testNames()].includes(toText(input))),
  sameas: against((a, b) => a === b || (a instanceof Float && b instanceof Float && a.value === b.value)),
  in: { parameters: ["seq"], run: (input, call) => contains(call.value("seq"), input) },
  eq: equal,
  "==": equal,
  equalto: equal,
  ne: unequal,
  "!=": unequal,
  lt: less,
  "<": less,
  lessthan: less,
  le: atMost,
  "<=": atMost,
  gt: greater,
  ">": greater,
  greaterthan: greater,
  ge: atLeast,
  ">=": atLeast,
};
