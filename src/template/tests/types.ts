import { isList, Namespace, Secret, Undefined, type Value, VaultText } from "../../vars/value.ts";
import { findFilter } from "../filters/registry.ts";
import { isFloat, isInteger, isNumber, isNumeric, toDouble } from "../numbers.ts";
import { Callable, TemplateObject } from "../objects.ts";
import { toText } from "../repr.ts";
import { findTest } from "./registry.ts";
import type { Test, TestTable } from "./test.ts";

function of(check: (value: Value) => boolean): Test {
  return { parameters: [], raw: true, run: (input) => check(input instanceof Secret ? input.value : input) };
}

function isMapping(value: Value): boolean {
  return value instanceof Map || (value instanceof Namespace && !(value instanceof TemplateObject));
}

/** Tests of what kind of value it is. Undefined values are of none. */
export const typeTests: TestTable = {
  defined: of((value) => !(value instanceof Undefined)),
  undefined: of((value) => value instanceof Undefined),
  none: of((value) => value === null),
  boolean: of((value) => typeof value === "boolean"),
  true: of((value) => value === true),
  false: of((value) => value === false),
  // Python's booleans are numbers, too.
  number: of(isNumeric),
  integer: of(isInteger),
  float: of(isFloat),
  string: of((value) => typeof value === "string"),
  mapping: of(isMapping),
  sequence: of((value) => typeof value === "string" || isList(value) || isMapping(value)),
  iterable: of((value) => typeof value === "string" || isList(value) || isMapping(value) || value instanceof Undefined),
  callable: of((value) => value instanceof Callable),
  escaped: of(() => false),
  unsafe: of(() => false),
  vault_encrypted: of(
    (value) => value instanceof VaultText || (typeof value === "string" && value.startsWith("$ANSIBLE_VAULT;")),
  ),
  nan: of((value) => isNumber(value) && Number.isNaN(toDouble(value))),
  isnan: of((value) => isNumber(value) && Number.isNaN(toDouble(value))),
  filter: { parameters: [], run: (input) => findFilter(toText(input)) !== undefined },
  test: { parameters: [], run: (input) => findTest(toText(input)) !== undefined },
};
