import { Float, isList, type Key, type Value } from "../vars/value.ts";
import { compare } from "./compare.ts";
import { badValue } from "./errors.ts";
import { floatText, typeName } from "./repr.ts";

export type JsonStyle = {
  /** Blanks a level; undefined keeps all on one line. */
  readonly indent?: number;
  readonly sortKeys?: boolean;
  readonly ensureAscii?: boolean;
  readonly separators?: readonly [string, string];
};

/** JSON as Python's `json.dumps` prints it. */
export function dumpJson(value: Value, style: JsonStyle = {}): string {
  const [comma, colon] = style.separators ?? [style.indent === undefined ? ", " : ",", ": "];
  const write = (one: Value, level: number): string => {
    if (one === null) return "null";
    if (typeof one === "string") return quoteJson(one, style.ensureAscii ?? true);
    if (typeof one === "boolean" || typeof one === "bigint") return String(one);
    if (typeof one === "number") return Number.isInteger(one) ? String(one) : special(one);
    if (one instanceof Float) return special(one.value);
    if (isList(one))
      return wrap(
        "[",
        one.map((member) => write(member, level + 1)),
        "]",
        level,
      );
    if (one instanceof Map) {
      const members: [Key, Value][] = [...one];
      if (style.sortKeys === true) members.sort(([a], [b]) => compare(a, b));
      return wrap(
        "{",
        members.map(([key, member]) => quoteJson(keyText(key), style.ensureAscii ?? true) + colon + write(member, level + 1)),
        "}",
        level,
      );
    }
    return badValue(`a ${typeName(one)} cannot be written as JSON`);
  };
  const wrap = (open: string, items: readonly string[], close: string, level: number): string => {
    if (items.length === 0) return open + close;
    if (style.indent === undefined) return open + items.join(comma) + close;
    const pad = `\n${" ".repeat(style.indent * (level + 1))}`;
    return `${open}${pad}${items.join(comma + pad)}\n${" ".repeat(style.indent * level)}${close}`;
  };
  return write(value, 0);
}

function keyText(key: Key): string {
  if (typeof key === "string") return key;
  return typeof key === "number" && !Number.isInteger(key) ? special(key) : String(key);
}

function special(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "Infinity" : "-Infinity";
  return floatText(value);
}

function quoteJson(text: string, ascii: boolean): string {
  const quoted = JSON.stringify(text);
  if (!ascii) return quoted;
  return quoted.replace(/[\u0080-\uffff]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
