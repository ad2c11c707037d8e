import { Float } from "../vars/value.ts";

/** What a plain scalar turned out to be. */
export type Scalar = null | boolean | number | bigint | string | Float;

// The tables are those of YAML 1.1 as PyYAML reads it (https://yaml.org/type/), for that is what Ansible sees. Timestamps are
// left out on purpose: Ansible shows them as the text they were written as.
const YES = new Set(["yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"]);
const NO = new Set(["no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"]);
const NULL = new Set(["", "~", "null", "Null", "NULL"]);
const INTEGER =
  /^(?:[-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
// An exponent needs a sign and the mantissa a point: 1e3 is a string.
const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*)$/;
const INFINITE = /^([-+]?)\.(?:inf|Inf|INF)$/;
const NOT_A_NUMBER = /^\.(?:nan|NaN|NAN)$/;

/** Reads a plain (unquoted) scalar by YAML 1.1's rules: `yes` is true, `0644` is 420, `1:30` is 90, `0o644` is a string. */
export function readPlainScalar(text: string): Scalar {
  if (NULL.has(text)) return null;
  if (YES.has(text)) return true;
  if (NO.has(text)) return false;
  const first = text.charCodeAt(0);
  // Numbers begin with a digit or one of + - . only.
  if (first < 43 || first > 57) return text;
  return readInteger(text) ?? readFloat(text) ?? text;
}

/** The integer that `text` writes, or undefined. */
export function readInteger(text: string): number | bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  const digits = text.replaceAll("_", "").replace(/^[-+]/, "");
  const magnitude = magnitudeOf(digits);
  if (magnitude === undefined) return undefined;
  return narrow(text.startsWith("-") ? -magnitude : magnitude);
}

/** The float that `text` writes, or undefined. */
export function readFloat(text: string): number | Float | undefined {
  const infinite = INFINITE.exec(text);
  if (infinite !== null) return infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (NOT_A_NUMBER.test(text)) return Number.NaN;
  if (!FLOAT.test(text)) return undefined;
  const digits = text.replaceAll("_", "").replace(/^[-+]/, "");
  const magnitude = digits.includes(":") ? sexagesimal(digits) : Number(digits);
  return toFloat(text.startsWith("-") ? -magnitude : magnitude);
}

/** A float as `Value` holds it: boxed where the number alone would look like an integer. */
export function toFloat(value: number): number | Float {
  return Number.isInteger(value) ? new Float(value) : value;
}

/** A number where it is exact, otherwise a bigint. */
export function narrow(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

function magnitudeOf(digits: string): bigint | undefined {
  if (digits.startsWith("0b") || digits.startsWith("0x")) return digits.length > 2 ? BigInt(digits) : undefined;
  if (digits.includes(":")) {
    return digits.split(":").reduce((sum, part) => sum * 60n + BigInt(part), 0n);
  }
  return digits.length > 1 && digits.startsWith("0") ? BigInt(`0o${digits.slice(1)}`) : BigInt(digits);
}

function sexagesimal(digits: string): number {
  return digits.split(":").reduce((sum, part) => sum * 60 + Number(part === "" ? "0" : part), 0);
}
