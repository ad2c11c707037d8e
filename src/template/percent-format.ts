import { isList, type Value } from "../vars/value.ts";
import { characters } from "./characters.ts";
import { badValue } from "./errors.ts";
import { isInteger, isNumeric, toDouble, toExponential, toFixed } from "./numbers.ts";
import { isTuple } from "./objects.ts";
import { toRepr, toText, typeName } from "./repr.ts";

const conversion = /%(?:\(([^)]*)\))?([-#0 +]*)(\*|\d+)?(?:\.(\*|\d+)?)?[hlL]?([\s\S]?)/g;

/** Python's `format % values`. */
export function percentFormat(format: string, values: Value): string {
  const positional = isTuple(values) && isList(values) ? [...values] : [values];
  let used = 0;
  let named = false;
  const next = (): Value => {
    const value = positional[used];
    used += 1;
    return value === undefined ? badValue("not enough arguments for format string") : value;
  };
  const text = format.replace(
    conversion,
    (
      all: string,
      key: string | undefined,
      flags: string,
      width: string | undefined,
      precision: string | undefined,
      type: string,
    ) => {
      if (type === "%") return "%";
      if (type === "") return badValue("incomplete format");
      let value: Value;
      const wanted = width === "*" ? Number(toText(next())) : Number(width ?? 0);
      const digits = all.includes(".") ? (precision === "*" ? Number(toText(next())) : Number(precision ?? 0)) : undefined;
      if (key === undefined) value = next();
      else {
        named = true;
        if (!(values instanceof Map)) return badValue("format requires a mapping");
        const member: Value | undefined = values.get(key);
        if (member === undefined) return badValue(`the mapping has no key '${key}'`);
        value = member;
      }
      return pad(convert(type, value, digits, flags), wanted, flags, type);
    },
  );
  if (!named && used < positional.length && !(values instanceof Map))
    return badValue("not all arguments converted during string formatting");
  return text;
}

function convert(type: string, value: Value, digits: number | undefined, flags: string): string {
  switch (type) {
    case "s":
    case "r":
    case "a": {
      const text = type === "s" ? toText(value) : toRepr(value);
      return digits === undefined ? text : characters(text).slice(0, digits).join("");
    }
    case "c":
      return isInteger(value) ? String.fromCodePoint(Number(value)) : toText(value);
    case "d":
    case "i":
    case "u":
      if (!isNumeric(value)) return badValue(`%${type} format: a real number is required, not ${typeName(value)}`);
      return signed(isInteger(value) ? String(value) : String(BigInt(Math.trunc(toDouble(value)))), flags, digits);
    case "x":
    case "X":
    case "o": {
      const number = typeof value === "boolean" ? Number(value) : value;
      if (!isInteger(number)) return badValue(`%${type} format: an integer is required, not ${typeName(value)}`);
      const radix = type === "o" ? 8 : 16;
      const prefix = flags.includes("#") ? (type === "o" ? "0o" : `0${type}`) : "";
      const text = BigInt(number).toString(radix);
      const shown = type === "X" ? text.toUpperCase() : text;
      return signed(shown.startsWith("-") ? `-${prefix}${shown.slice(1)}` : prefix + shown, flags, digits);
    }
    case "e":
    case "E":
    case "f":
    case "F":
    case "g":
    case "G":
      if (!isNumeric(value)) return badValue(`must be real number, not ${typeName(value)}`);
      return signed(formatDouble(toDouble(value), type, digits ?? 6), flags, undefined);
    default:
      return badValue(`unsupported format character '${type}'`);
  }
}

/** A double by C's conversions e, f and g. */
export function formatDouble(value: number, type: string, digits: number): string {
  let text: string;
  if (!Number.isFinite(value)) text = Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  else if (type === "f" || type === "F") text = toFixed(value, digits);
  else if (type === "e" || type === "E") text = exponential(value, digits);
  else text = general(value, digits === 0 ? 1 : digits);
  return type === type.toUpperCase() ? text.toUpperCase() : text;
}

function exponential(value: number, digits: number): string {
  const [mantissa = "", exponent = "0"] = toExponential(value, digits).split("e");
  const power = Number(exponent);
  return `${mantissa}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

function general(value: number, digits: number): string {
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const power = Number(toExponential(value, digits - 1).split("e")[1]);
  const text = power < -4 || power >= digits ? exponential(value, digits - 1) : toFixed(value, Math.max(0, digits - 1 - power));
  const [mantissa = "", exponent] = text.split("e");
  const short = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  return exponent === undefined ? short : `${short}e${exponent}`;
}

function signed(text: string, flags: string, digits: number | undefined): string {
  const negative = text.startsWith("-");
  let body = negative ? text.slice(1) : text;
  if (digits !== undefined) body = body.padStart(digits, "0");
  return (negative ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "") + body;
}

function pad(text: string, width: number, flags: string, type: string): string {
  const missing = width - characters(text).length;
  if (missing <= 0) return text;
  if (flags.includes("-")) return text + " ".repeat(missing);
  if (!flags.includes("0") || "src".includes(type)) return " ".repeat(missing) + text;
  const sign = /^[-+ ]?(?:0[xXo])?/.exec(text)?.[0] ?? "";
  return sign + "0".repeat(missing) + text.slice(sign.length);
}
