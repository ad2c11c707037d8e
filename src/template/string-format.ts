import { isList, type Value } from "../vars/value.ts";
import { characters, textLength } from "./characters.ts";
import { badValue } from "./errors.ts";
import { isFloat, isInteger, isNumeric, toDouble } from "./numbers.ts";
import { formatDouble } from "./percent-format.ts";
import { floatText, toRepr, toText, typeName } from "./repr.ts";

/** Python's `str.format`: fields by position or name, members by `.x` and `[x]`, conversions and format specifications. */
export function formatString(format: string, positional: readonly Value[], keyword: ReadonlyMap<string, Value>): string {
  let automatic = 0;
  const render = (text: string, depth: number): string => {
    let result = "";
    for (let index = 0; index < text.length; index += 1) {
      const character = text[index] ?? "";
      if ((character === "{" || character === "}") && text[index + 1] === character) {
        result += character;
        index += 1;
      } else if (character === "{") {
        const end = closing(text, index);
        result += field(text.slice(index + 1, end), depth);
        index = end;
      } else if (character === "}") return badValue("single '}' encountered in format string");
      else result += character;
    }
    return result;
  };
  const field = (body: string, depth: number): string => {
    if (depth > 2) return badValue("the format string is nested too deeply");
    const match = /^([^!:]*(?:\[[^\]]*\][^!:]*)*)(?:!([sra]))?(?::([\s\S]*))?$/.exec(body);
    if (match === null) return badValue(`the replacement field {${body}} cannot be read`);
    const [, path = "", conversion, specification = ""] = match;
    const value = lookup(path);
    const spec = specification.includes("{") ? render(specification, depth + 1) : specification;
    if (conversion === undefined) return formatValue(value, spec);
    return formatValue(conversion === "s" ? toText(value) : toRepr(value), spec);
  };
  const lookup = (path: string): Value => {
    const [first = ""] = /^[^.[]*/.exec(path) ?? [];
    let value: Value | undefined;
    if (first === "") {
      value = positional[automatic];
      automatic += 1;
    } else value = /^\d+$/.test(first) ? positional[Number(first)] : keyword.get(first);
    if (value === undefined) return badValue(`the format string has no argument for {${path}}`);
    for (const [, name, index] of path.slice(first.length).matchAll(/\.([^.[]+)|\[([^\]]+)\]/g)) {
      const key = name ?? index ?? "";
      let member: Value | undefined;
      if (value instanceof Map) member = value.get(key) ?? (/^\d+$/.test(key) ? value.get(Number(key)) : undefined);
      else if (isList(value) && /^\d+$/.test(key)) member = value[Number(key)];
      if (member === undefined) return badValue(`{${path}} has no member "${key}"`);
      value = member;
    }
    return value;
  };
  return render(format, 0);
}

function closing(text: string, from: number): number {
  let depth = 0;
  for (let index = from; index < text.length; index += 1) {
    if (text[index] === "{") depth += 1;
    if (text[index] === "}") depth -= 1;
    if (depth === 0) return index;
  }
  return badValue("expected '}' before end of string");
}

const specificationPattern = /^(?:([\s\S])?([<>=^]))?([-+ ])?(#)?(0)?(\d+)?([,_])?(?:\.(\d+))?([a-zA-Z%])?$/u;

/** Python's `format(value, specification)`. */
export function formatValue(value: Value, specification: string): string {
  if (specification === "") return toText(value);
  const match = specificationPattern.exec(specification);
  if (match === null) return badValue(`invalid format specification "${specification}"`);
  const [, filler, align, sign = "-", alternate, zero, width, group, precision, type] = match;
  const digits = precision === undefined ? undefined : Number(precision);
  const numeric = isNumeric(value) && !(typeof value === "boolean" && (type === undefined || type === "s"));
  let body: string;
  if (!numeric) {
    if (type !== undefined && type !== "s")
      return badValue(`unknown format code '${type}' for a value of type '${typeName(value)}'`);
    const text = toText(value);
    body = digits === undefined ? text : characters(text).slice(0, digits).join("");
  } else body = formatNumber(value, type, digits, sign, alternate !== undefined, group);
  const missing = Number(width ?? 0) - textLength(body);
  if (missing <= 0) return body;
  const mark = filler ?? (zero === undefined ? " " : "0");
  switch (align ?? (zero !== undefined && numeric ? "=" : numeric ? ">" : "<")) {
    case "<":
      return body + mark.repeat(missing);
    case ">":
      return mark.repeat(missing) + body;
    case "^":
      return mark.repeat(Math.floor(missing / 2)) + body + mark.repeat(Math.ceil(missing / 2));
    default: {
      const head = /^[-+ ]?(?:0[xXob])?/.exec(body)?.[0] ?? "";
      return head + mark.repeat(missing) + body.slice(head.length);
    }
  }
}

// Without a type a float stays recognisable as one.
function withPoint(text: string): string {
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function formatNumber(
  value: Parameters<typeof toDouble>[0],
  type: string | undefined,
  digits: number | undefined,
  sign: string,
  alternate: boolean,
  group: string | undefined,
): string {
  let text: string;
  if (type === undefined && !isFloat(value)) text = String(typeof value === "boolean" ? Number(value) : value);
  else if (type === undefined)
    text = digits === undefined ? floatText(toDouble(value)) : withPoint(formatDouble(toDouble(value), "g", digits));
  else if ("dn".includes(type)) {
    if (isFloat(value)) return badValue(`unknown format code '${type}' for a value of type 'float'`);
    text = String(typeof value === "boolean" ? Number(value) : value);
  } else if ("xXob".includes(type)) {
    if (!isInteger(value)) return badValue(`unknown format code '${type}' for a value of type '${typeName(value)}'`);
    const radix = { x: 16, X: 16, o: 8 }[type] ?? 2;
    const bare = BigInt(value).toString(radix);
    const shown = type === "X" ? bare.toUpperCase() : bare;
    text = alternate ? shown.replace(/^-?/, (minus) => `${minus}0${type}`) : shown;
  } else if (type === "c") text = String.fromCodePoint(toDouble(value));
  else if (type === "%") text = `${formatDouble(toDouble(value) * 100, "f", digits ?? 6)}%`;
  else if ("eEfFgG".includes(type)) text = formatDouble(toDouble(value), type, digits ?? 6);
  else return badValue(`unknown format code '${type}'`);
  if (group !== undefined) text = text.replace(/\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, group));
  return text.startsWith("-") || sign === "-" ? text : sign + text;
}
