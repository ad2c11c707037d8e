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
    return makeFloat(divideExactly(a, b));
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

// Numbers beyond 2^53 would be rounded before the division and after it; Python rounds once.
function divideExactly(a: Integer, b: Integer): number {
  if (typeof a === "number" && typeof b === "number") return a / b;
  const numerator = BigInt(a) < 0n ? -BigInt(a) : BigInt(a);
  const denominator = BigInt(b) < 0n ? -BigInt(b) : BigInt(b);
  const shift = Math.max(0, denominator.toString(2).length - numerator.toString(2).length + 66);
  const scaled = numerator << BigInt(shift);
  // The last bit says whether anything was left over, which decides ties.
  const quotient = ((scaled / denominator) << 1n) | (scaled % denominator === 0n ? 0n : 1n);
  const result = Number(quotient) / 2 ** (shift + 1);
  if (!Number.isFinite(result)) return badValue("integer division result too large for a float");
  return a < 0 === b < 0 ? result : -result;
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
      const remainder = integerModulo(a, b);
      return operator === "%" ? remainder : (a - remainder) / b;
    }
  }
}

// The sign is the divisor's, as in Python. No sum here leaves the exact range.
function integerModulo(a: number, b: number): number {
  const remainder = a % b;
  return remainder !== 0 && remainder < 0 !== b < 0 ? remainder + b : remainder;
}

function power(a: Integer, b: Integer): PlainValue {
  if (b < 0) {
    if (Number(a) === 0) return badValue("0.0 cannot be raised to a negative power");
    // V8's power is off by one in the last digit where dividing by an exact power is not.
    const inverse = Number(a) ** -Number(b);
    return makeFloat(Number.isSafeInteger(inverse) ? 1 / inverse : Number(a) ** Number(b));
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
      if (!Number.isFinite(a ** b) && Number.isFinite(a) && Number.isFinite(b))
        return badValue("the result of ** is out of range");
      return makeFloat(a ** b);
    case "//":
      return b === 0 ? badValue("float floor division by zero") : makeFloat(floorDivide(a, b));
    case "%":
      return b === 0 ? badValue("float modulo") : makeFloat(floatModulo(a, b));
  }
}

function floatModulo(a: number, b: number): number {
  const remainder = a % b;
  if (remainder === 0) return b < 0 ? -0 : 0;
  return remainder < 0 !== b < 0 ? remainder + b : remainder;
}

// After Python's documentation of divmod for floats: the quotient is the nearest integer to (a - a % b) / b.
function floorDivide(a: number, b: number): number {
  const quotient = (a - floatModulo(a, b)) / b;
  if (quotient === 0) return a / b < 0 || Object.is(a / b, -0) ? -0 : 0;
  const floor = Math.floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

/** Python's round-half-even to `digits` places. */
export function roundHalfEven(value: number, digits: number): number {
  if (!Number.isFinite(value) || digits > 22) return value;
  if (digits >= 0) return Number(toFixed(value, digits));
  const unit = 10 ** -digits;
  return roundHalfEven(value / unit, 0) * unit;
}

/** `digits` places after the point, a tie going to the even digit; JavaScript's own toFixed lets it go up. */
export function toFixed(value: number, digits: number): string {
  const size = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  if (size >= 1e21) return sign + BigInt(size) + (digits > 0 ? `.${"0".repeat(digits)}` : "");
  return sign + evenTie(size.toFixed(Math.min(digits, 100)), size.toFixed(100));
}

/** The same for `1.25e+3`: `digits` places of the mantissa, exponent as JavaScript writes it. */
export function toExponential(value: number, digits: number): string {
  const size = Math.abs(value);
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const rounded = size.toExponential(Math.min(digits, 100));
  const [mantissa = "", exponent = ""] = rounded.split("e");
  const [exact = "", same = ""] = size.toExponential(100).split("e");
  return sign + (exponent === same ? `${evenTie(mantissa, exact)}e${exponent}` : rounded);
}

// `exact` has all the digits of a double that can be tied at all; those of a tie are 5000… behind the cut.
function evenTie(rounded: string, exact: string): string {
  const cut = rounded.includes(".") ? rounded.length : rounded.length + 1;
  const rest = exact.slice(cut);
  if (!/^50*$/.test(rest)) return rounded;
  const truncated = exact.slice(0, rounded.length);
  const last = truncated.at(-1) ?? "0";
  return Number(last) % 2 === 0 ? truncated : rounded;
}
