import { Float, isList, type Value } from "../../vars/value.ts";
import { iterate, needList } from "../call.ts";
import { badValue } from "../errors.ts";
import { isInteger, isNumeric, makeFloat, makeInteger, toDouble } from "../numbers.ts";
import { makeOwn } from "../objects.ts";
import { toText } from "../repr.ts";
import type { FilterTable } from "./filter.ts";

const trueWords: ReadonlySet<string> = new Set(["yes", "on", "1", "true", "y", "t"]);

/** Filters that turn a value into another type. */
export const conversionFilters: FilterTable = {
  bool: { parameters: [], run: toBoolean },
  int: {
    parameters: ["default?", "base?"],
    run: (input, call) => toInteger(input, call.integer("base", 10)) ?? call.or("default", 0),
  },
  float: { parameters: ["default?"], run: (input, call) => toFloat(input) ?? call.or("default", new Float(0)) },
  string: { parameters: [], run: toText },
  list: { parameters: [], secrets: "keep", run: (input, call) => makeOwn([...iterate(input, call.runtime)]) },
};

/** Ansible's rule: yes, on, 1 and true are true, whatever their case; other texts are false. */
export function toBoolean(value: Value): Value {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "string") return trueWords.has(value.toLowerCase());
  return isNumeric(value) && toDouble(value) === 1;
}

/** Python's `int()` and, where that fails, `int(float())`; undefined when neither reads it. */
export function toInteger(value: Value, base = 10): Value | undefined {
  if (typeof value === "string") return integerOf(value, base) ?? (base === 10 ? truncated(floatOf(value)) : undefined);
  if (typeof value === "boolean") return Number(value);
  if (isInteger(value)) return value;
  return isNumeric(value) ? truncated(toDouble(value)) : undefined;
}

function truncated(value: number | undefined): Value | undefined {
  if (value === undefined || Number.isNaN(value)) return undefined;
  if (!Number.isFinite(value)) return badValue("infinity cannot be converted to an integer");
  return makeInteger(BigInt(Math.trunc(value)));
}

const prefixes: Readonly<Record<number, RegExp>> = { 16: /^0x/i, 8: /^0o/i, 2: /^0b/i };

function integerOf(text: string, base: number): Value | undefined {
  const match = /^\s*([-+]?)([\da-z]+(?:_[\da-z]+)*|0[xob]_?[\da-z_]+)\s*$/i.exec(text);
  const [, sign, raw] = match ?? [];
  if (raw === undefined) return undefined;
  let radix = base;
  let digits = raw.replaceAll("_", "").toLowerCase();
  if (base === 0) radix = /^0x/.test(digits) ? 16 : /^0o/.test(digits) ? 8 : /^0b/.test(digits) ? 2 : 10;
  const prefix = prefixes[radix];
  if (prefix !== undefined) digits = digits.replace(prefix, "");
  if (radix < 2 || radix > 36) return badValue("int() base must be >= 2 and <= 36, or 0");
  let value = 0n;
  for (const digit of digits) {
    const weight = Number.parseInt(digit, 36);
    if (weight >= radix) return undefined;
    value = value * BigInt(radix) + BigInt(weight);
  }
  return makeInteger(sign === "-" ? -value : value);
}

export function toFloat(value: Value): Value | undefined {
  const number = typeof value === "string" ? floatOf(value) : isNumeric(value) ? toDouble(value) : undefined;
  return number === undefined ? undefined : makeFloat(number);
}

function floatOf(text: string): number | undefined {
  const bare = text.trim().toLowerCase();
  if (/^[-+]?(?:\d+(?:_\d+)*)?\.?(?:\d+(?:_\d+)*)?(?:e[-+]?\d+)?$/.test(bare) && /\d/.test(bare))
    return Number(bare.replaceAll("_", ""));
  if (/^[-+]?inf(?:inity)?$/.test(bare)) return bare.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return /^[-+]?nan$/.test(bare) ? Number.NaN : undefined;
}

/** The input as texts: a list's members, or the one text that it is. */
export function toTexts(value: Value, label: string): readonly string[] {
  return isList(value) ? needList(value, label).map(toText) : [toText(value)];
}
