import { isList, Namespace, Omit, Secret, Undefined, type Value } from "../vars/value.ts";
import { compareText, textLength } from "./characters.ts";
import { badValue } from "./errors.ts";
import { isNumeric, toDouble } from "./numbers.ts";
import { isTuple } from "./objects.ts";
import { typeName } from "./repr.ts";

/** Python's truth: empty containers, empty text, zero and None are false. */
export function isTruthy(value: Value): boolean {
  if (value === null || value === false || value === "" || value === 0 || value === 0n) return false;
  if (typeof value !== "object") return true;
  if (value instanceof Secret) return isTruthy(value.value);
  if (isNumeric(value)) return toDouble(value) !== 0;
  if (isList(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  if (value instanceof Undefined) return badValue(`"${value.name}" is undefined`);
  return true;
}

/** Python's `==`. Boxes are looked into. */
export function equals(a: Value, b: Value): boolean {
  if (a === b) return !Number.isNaN(a);
  if (a instanceof Secret) return equals(a.value, b);
  if (b instanceof Secret) return equals(a, b.value);
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b) === 0;
  if (isList(a) && isList(b)) {
    return a.length === b.length && isTuple(a) === isTuple(b) && a.every((one, index) => equals(one, b[index] ?? null));
  }
  if (a instanceof Map && b instanceof Map) {
    if (a.size !== b.size) return false;
    for (const [key, member] of a) {
      const other: Value | undefined = b.get(key);
      if (other === undefined || !equals(member, other)) return false;
    }
    return true;
  }
  return false;
}

function compareNumbers(a: Parameters<typeof toDouble>[0], b: Parameters<typeof toDouble>[0]): number {
  if (typeof a === "bigint" || typeof b === "bigint") {
    const left = typeof a === "bigint" ? a : toDouble(a);
    const right = typeof b === "bigint" ? b : toDouble(b);
    if (Number.isNaN(Number(left)) || Number.isNaN(Number(right))) return Number.NaN;
    return left < right ? -1 : left > right ? 1 : 0;
  }
  return toDouble(a) - toDouble(b);
}

/** Negative, zero or positive as Python's `<` and `>` would tell; NaN when a number is not one. Throws for types that have no order. */
export function compare(a: Value, b: Value, operator = "<"): number {
  if (a instanceof Secret) return compare(a.value, b, operator);
  if (b instanceof Secret) return compare(a, b.value, operator);
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if (isNumeric(a) && isNumeric(b)) {
    const left = toDouble(a);
    const right = toDouble(b);
    // Infinity - Infinity is not a number, but they are equal.
    return left === right && typeof a !== "bigint" && typeof b !== "bigint" ? 0 : compareNumbers(a, b);
  }
  if (isList(a) && isList(b) && isTuple(a) === isTuple(b)) {
    for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
      const left = a[index] ?? null;
      const right = b[index] ?? null;
      if (!equals(left, right)) return compare(left, right, operator);
    }
    return a.length - b.length;
  }
  return badValue(`'${operator}' not supported between instances of '${typeName(a)}' and '${typeName(b)}'`);
}

/** Python's `needle in haystack`. */
export function contains(haystack: Value, needle: Value): boolean {
  if (haystack instanceof Secret) return contains(haystack.value, needle);
  const wanted = needle instanceof Secret ? needle.value : needle;
  if (typeof haystack === "string") {
    if (typeof wanted !== "string") return badValue(`'in <string>' requires string as left operand, not ${typeName(wanted)}`);
    return haystack.includes(wanted);
  }
  if (isList(haystack)) return haystack.some((one) => equals(one, wanted));
  if (haystack instanceof Map) {
    if (isList(wanted) || wanted instanceof Map) return badValue(`unhashable type: '${typeName(wanted)}'`);
    return [...haystack.keys()].some((key) => equals(key, wanted));
  }
  if (haystack instanceof Namespace) return typeof wanted === "string" && haystack.get(wanted) !== undefined;
  return badValue(`argument of type '${typeName(haystack)}' is not iterable`);
}

/** Python's `len()`. */
export function lengthOf(value: Value): number {
  if (typeof value === "string") return textLength(value);
  if (isList(value)) return value.length;
  if (value instanceof Map) return value.size;
  if (value instanceof Secret) return lengthOf(value.value);
  if (value instanceof Namespace) return [...value.keys()].length;
  return badValue(`object of type '${typeName(value)}' has no len()`);
}

/** Text under which equal values fall together, for unions and the like; Python would hash them. */
export function identity(value: Value): string {
  if (value instanceof Secret) return identity(value.value);
  if (typeof value === "string") return `s${value}`;
  if (isNumeric(value)) return `n${toDouble(value)}${typeof value === "bigint" ? String(value) : ""}`;
  if (value === null) return "0";
  if (isList(value)) return `${isTuple(value) ? "t" : "l"}[${value.map((one) => lengthPrefixed(identity(one))).join("")}]`;
  if (value instanceof Map) {
    const members = [...value].map(([key, member]) => lengthPrefixed(identity(key)) + lengthPrefixed(identity(member)));
    return `d{${members.sort().join("")}}`;
  }
  if (value instanceof Omit) return "omit";
  return badValue(`unhashable type: '${typeName(value)}'`);
}

function lengthPrefixed(text: string): string {
  return `${text.length}:${text}`;
}
