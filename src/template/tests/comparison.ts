import type { Value } from "../../vars/value.ts";
import type { Comparison } from "../ast.ts";
import { contains, isTruthy } from "../compare.ts";
import { badValue } from "../errors.ts";
import { runVersion, versionParameters } from "../filters/version.ts";
import { calculate, isFloat, isInteger, isNumeric, toIndex } from "../numbers.ts";
import { applyComparison } from "../operators.ts";
import { typeName } from "../repr.ts";
import type { Test, TestTable } from "./test.ts";

function comparing(operator: Comparison): Test {
  return { parameters: ["other"], run: (input, call) => applyComparison(operator, input, call.value("other")) };
}

const equal = comparing("==");
const unequal = comparing("!=");
const less = comparing("<");
const lessEqual = comparing("<=");
const greater = comparing(">");
const greaterEqual = comparing(">=");
const version: Test = { parameters: versionParameters, run: runVersion };

/** Tests that compare. */
export const comparisonTests: TestTable = {
  "==": equal,
  eq: equal,
  equalto: equal,
  "!=": unequal,
  ne: unequal,
  "<": less,
  lt: less,
  lessthan: less,
  "<=": lessEqual,
  le: lessEqual,
  ">": greater,
  gt: greater,
  greaterthan: greater,
  ">=": greaterEqual,
  ge: greaterEqual,
  sameas: { parameters: ["other"], run: (input, call) => isSame(input, call.value("other")) },
  in: { parameters: ["seq"], run: (input, call) => contains(call.value("seq"), input) },
  odd: { parameters: [], run: (input) => remainder(input, 2) !== 0 },
  even: { parameters: [], run: (input) => remainder(input, 2) === 0 },
  divisibleby: {
    parameters: ["num"],
    run: (input, call) => remainder(input, toIndex(call.value("num")) ?? badValue("divisibleby needs an integer")) === 0,
  },
  truthy: {
    parameters: ["convert_bool?"],
    run: (input, call) => isTruthy(call.flag("convert_bool", false) ? fromWord(input) : input),
  },
  falsy: {
    parameters: ["convert_bool?"],
    run: (input, call) => !isTruthy(call.flag("convert_bool", false) ? fromWord(input) : input),
  },
  version,
  version_compare: version,
};

// Identity of Python's small values; containers are never the same object here once they have passed a filter.
function isSame(a: Value, b: Value): boolean {
  return a === b && (typeof a !== "number" || isInteger(a) || isFloat(a));
}

function remainder(value: Value, divisor: number): number {
  if (!isNumeric(value)) return badValue(`a ${typeName(value)} cannot be divided`, 'convert it first: "| int"');
  const result = calculate("%", value, divisor);
  return typeof result === "number" ? result : Number(result instanceof Object && "value" in result ? result.value : result);
}

function fromWord(value: Value): Value {
  if (typeof value !== "string") return value;
  if (["yes", "on", "1", "true", "y", "t"].includes(value.toLowerCase())) return true;
  return ["no", "off", "0", "false", "n", "f"].includes(value.toLowerCase()) ? false : value;
}
