import { Float, isList, Namespace, Omit, Secret, TemplateString, Undefined, type Value, VaultText } from "../vars/value.ts";
import { badValue } from "./errors.ts";
import { isTuple, TemplateObject } from "./objects.ts";

/** Python's name of the value's type, for messages and `type_debug`. */
export function typeName(value: Value): string {
  if (value === null) return "NoneType";
  if (typeof value === "string") return "str";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return "int";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float";
  if (value instanceof Float) return "float";
  if (isList(value)) return isTuple(value) ? "tuple" : "list";
  if (value instanceof Map) return "dict";
  if (value instanceof Secret) return typeName(value.value);
  if (value instanceof Namespace) return value.label;
  if (value instanceof Undefined) return "Undefined";
  if (value instanceof Omit) return "Omit";
  return "str";
}

/** Python's `str()`. The value has to be settled and without boxes. */
export function toText(value: Value): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" && Number.isInteger(value)) return String(value === 0 ? 0 : value);
  return toRepr(value);
}

/** Python's `repr()`. */
export function toRepr(value: Value): string {
  if (value === null) return "None";
  switch (typeof value) {
    case "string":
      return quoteText(value);
    case "boolean":
      return value ? "True" : "False";
    case "bigint":
      return String(value);
    case "number":
      return Number.isInteger(value) ? String(value === 0 ? 0 : value) : floatText(value);
    default:
      break;
  }
  if (value instanceof Float) return floatText(value.value);
  if (isList(value)) {
    const items = value.map(toRepr).join(", ");
    if (!isTuple(value)) return `[${items}]`;
    return value.length === 1 ? `(${items},)` : `(${items})`;
  }
  if (value instanceof Map) {
    return `{${[...value].map(([key, member]) => `${toRepr(key)}: ${toRepr(member)}`).join(", ")}}`;
  }
  if (value instanceof Secret) return toRepr(value.value);
  if (value instanceof TemplateObject) return value.shown() ?? `<${value.label}>`;
  if (value instanceof Omit) return badValue("omit stands for a parameter that is left out; it cannot be part of a text");
  if (value instanceof Undefined) return badValue(`"${value.name}" is undefined`);
  if (value instanceof Namespace) return `<${value.label}>`;
  if (value instanceof TemplateString || value instanceof VaultText)
    throw new TypeError("a value must be settled before it becomes text");
  throw new TypeError("unknown kind of value");
}

/** A float as Python prints it: 1.0, 1e+16, 1e-05, inf, nan. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (Object.is(value, -0)) return "-0.0";
  if (value === 0) return "0.0";
  const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power < -4 || power >= 16) {
    const sign = power < 0 ? "-" : "+";
    return `${mantissa}e${sign}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  const sign = mantissa.startsWith("-") ? "-" : "";
  const digits = mantissa.replace(/[-.]/g, "");
  if (power < 0) return `${sign}0.${"0".repeat(-power - 1)}${digits}`;
  const whole = digits.slice(0, power + 1).padEnd(power + 1, "0");
  return `${sign}${whole}.${digits.slice(power + 1) || "0"}`;
}

const escapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\" };

function quoteText(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  let result = mark;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (character === mark) result += `\\${mark}`;
    else if (escapes[character] !== undefined) result += escapes[character];
    else if (code < 0x20 || (code >= 0x7f && code < 0xa1) || code === 0xad) result += `\\x${code.toString(16).padStart(2, "0")}`;
    else if (code > 0xa0 && /[\p{C}\p{Zl}\p{Zp}\p{Zs}]/u.test(character)) {
      result += code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
    } else result += character;
  }
  return result + mark;
}
