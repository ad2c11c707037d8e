import { Float, type PlainValue, type Value } from "../vars/value.ts";
import { badValue } from "./errors.ts";

/** Python's int: exact at any size. */
export type Integer = number | bigint;

/** An integer in the form that values have: a number while it is exact, a bigint beyond. */
export function makeInteger(value: bigint): Integer {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

/** A float in the form that values have: `Float` when the number is integral. */
export function makeFloat(value: number): PlainValue {
  return Number.isInteger(value) ? new Float(value) : value;
}

export function isInteger(value: unknown): value is Integer {
  return typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value));
}

export function isFloat(value: unknown): value is number | Float {
  return value instanceof Float || (typeof value === "number" && !Number.isInteger(value));
}

export function isNumber(value: unknown): value is number | bigint | Float {
  return typeof value === "number" || typeof value === "bigint" || value instanceof Float;
}

/** Numbers and, as in Python, booleans. */
export function isNumeric(value: unknown): value is number | bigint | Float | boolean {
  return isNumber(value) || typeof value === "boolean";
}

/** The nearest double. */
export function toDouble(value: number | bigint | Float | boolean): number {
  return value instanceof Float ? value.value : Number(value);
}

/** A size or index out of a value: an exact, safe integer, or undefined. Booleans count as 0 and 1. */
export function toIndex(value: Value | undefined): number | undefined {
  if (typeof value === "boolean") return Number(value);
  return typeof value === "number" && Number.isInteger(value) ? value : undefined;
}

export type Arithmetic = "+" | "-" | "*" | "/" | "//" | "%" | "**";

/** Python's arithmetic on two numbers. Throws TemplateFault for a division by zero and absurdly large powers. */
export function calculate(
  operator: Arithmetic,
  a: number | bigint | Float | boolean,
  b: number | bigint | Float | boolean,
): PlainValue {
  const left = typeof a === "boolean" ? Number(a) : a;
  const right = typeof b === "boolean" ? Number(b) : b;
  if (isInteger(left) && isInteger(right)) return onIntegers(operator, left, right);
  return onDoubles(operator, toDouble(left), toDouble(right));
}

function onIntegers(operator: Arithmetic, a: Integer, b: Integer): PlainValue {
  if (operator === "/") {
    if (Number(b) === 0) return badValue("division by zero");
    return makeFloat(Number(a) / Number(b));
  }
  if (operator === "**") return power(a, b);
  if (typeof a === "number" && typeof b === "number") {
    const result = onSafe(operator, a, b);
    if (Number.isSafeInteger(result)) return result === 0 ? 0 : result;
  }
  const left = BigInt(a);
  const right = BigInt(b);
  switch (operator) {
    case "+":
      return makeInteger(left + right);
    case "-":
      return makeInteger(left - right);
    case "*":
      return makeInteger(left * right);
    default: {
      if (right === 0n) return badValue("integer division or modulo by zero");
      const remainder = ((left % right) + right) % right;
      return makeInteger(operator === "%" ? remainder : (left - remainder) / right);
    }
  }
}

function onSafe(operator: Arithmetic, a: number, b: number): number {
  switch (operator) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    default: {
      if (b === 0) return badValue("integer division or modulo by zero");
      const remainder = ((a % b) + b) % b;
      return operator === "%" ? remainder : (a - remainder) / b;
    }
  }
}

function power(a: Integer, b: Integer): PlainValue {
  if (b < 0) {
    if (Number(a) === 0) return badValue("0.0 cannot be raised to a negative power");
    return makeFloat(Number(a) ** Number(b));
  }
  const bits = BigInt(a).toString(2).length * Number(b);
  if (bits > 100_000) return badValue(`${a} ** ${b} is too large`);
  return makeInteger(BigInt(a) ** BigInt(b));
}

function onDoubles(operator: Arithmetic, a: number, b: number): PlainValue {
  switch (operator) {
    case "+":
      return makeFloat(a + b);
    case "-":
      return makeFloat(a - b);
    case "*":
      return makeFloat(a * b);
    case "/":
      return b === 0 ? badValue("float division by zero") : makeFloat(a / b);
    case "**":
      if (a === 0 && b < 0) return badValue("0.0 cannot be raised to a negative power");
      if (a < 0 && !Number.isInteger(b)) return badValue("a negative number has no real power with a fraction");
      return makeFloat(a ** b);
    case "//":
      return b === 0 ? badValue("float floor division by zero") : makeFloat((a - floatModulo(a, b)) / b);
    case "%":
      return b === 0 ? badValue("float modulo") : makeFloat(floatModulo(a, b));
  }
}

function floatModulo(a: number, b: number): number {
  const remainder = a % b;
  if (remainder === 0) return b < 0 ? -0 : 0;
  return remainder < 0 !== b < 0 ? remainder + b : remainder;
}

/** Python's round-half-even to `digits` places. */
export function roundHalfEven(value: number, digits: number): number {
  if (!Number.isFinite(value)) return value;
  if (digits > 15) return value;
  if (digits < 0) {
    const unit = 10 ** -digits;
    return roundHalfEven(value / unit, 0) * unit;
  }
  // toFixed is exact about the double's real value; only a genuine tie needs a decision of ours.
  const shown = Number(value.toFixed(digits));
  const scaled = value * 10 ** digits;
  const isTie = Math.abs(scaled % 1) === 0.5 && Number.isInteger(scaled * 2) && scaled / 10 ** digits === value;
  if (!isTie || digits > 8) return shown;
  const floor = Math.floor(scaled);
  const even = floor % 2 === 0 ? floor : floor + 1;
  // 2.675 is not a tie in binary: 2.675 * 100 only looks like one.
  return isExactTie(value, digits) ? even / 10 ** digits : shown;
}

function isExactTie(value: number, digits: number): boolean {
  const fraction =
    Math.abs(value)
      .toFixed(Math.min(100, digits + 60))
      .split(".")[1] ?? "";
  return /^50*$/.test(fraction.slice(digits));
}
