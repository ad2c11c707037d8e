import type { Position } from "../diagnostic.ts";
import { sourceLine } from "../excerpt.ts";
import { toBoolean } from "../modules/parameters.ts";
import { keyPosition, positionAt } from "../vars/provenance.ts";
import { Float, isList, isMap, type Key, Secret, TemplateString, type Value, type ValueMap, VaultText } from "../vars/value.ts";
import { type Loading, problem } from "./loading.ts";

/** What a keyword's value must be, should it hold no template. */
export type Kind = "bool" | "text" | "int" | "number" | "mapping" | "mappings" | "any";

/** The value of a keyword, checked as far as that is possible before it is rendered; undefined when it is absent or wrong. */
export function field(loading: Loading, map: ValueMap, name: string, kind: Kind): Value | undefined {
  const value = map.get(name);
  // An empty keyword is one that is not written, as in Ansible.
  if (value === undefined || value === null) return undefined;
  const expected = isTemplated(value) ? undefined : mismatch(value, kind);
  if (expected === undefined) return value;
  problem(loading, {
    code: "keyword-type",
    message: `"${name}" must be ${expected}, but is ${described(value)}`,
    position: positionAt(map, [name]),
  });
  return undefined;
}

/** A keyword that must be plain text, for it is needed before anything can be rendered. */
export function staticText(loading: Loading, map: ValueMap, name: string): string | undefined {
  const value = field(loading, map, name, "text");
  if (value === undefined) return undefined;
  if (!isTemplated(value)) return String(plainText(value));
  problem(loading, { code: "keyword-template", message: `"${name}" cannot be a template`, position: positionAt(map, [name]) });
  return undefined;
}

/** A keyword that must be true or false as it stands. */
export function staticBool(loading: Loading, map: ValueMap, name: string, otherwise: boolean): boolean {
  const value = field(loading, map, name, "bool");
  if (value === undefined) return otherwise;
  if (!isTemplated(value)) return toBoolean(value) ?? otherwise;
  problem(loading, { code: "keyword-template", message: `"${name}" cannot be a template`, position: positionAt(map, [name]) });
  return otherwise;
}

/** A keyword that is one text or a list of texts, cut at commas where Ansible does so. */
export function texts(loading: Loading, map: ValueMap, name: string, atCommas: boolean): readonly Value[] {
  const value = map.get(name);
  if (value === undefined || value === null) return [];
  const all: Value[] = [];
  for (const [index, one] of (isList(value) ? value : [value]).entries()) {
    if (isTemplated(one)) all.push(one);
    else if (isScalar(one)) {
      const text = plainText(one);
      const parts = atCommas ? text.split(",").map((part) => part.trim()) : [text];
      all.push(...parts.filter((part) => part !== ""));
    } else {
      problem(loading, {
        code: "keyword-type",
        message: `"${name}" must be text or a list of texts, but ${isList(value) ? "one of them is" : "is"} ${described(one)}`,
        position: positionAt(map, isList(value) ? [name, index] : [name]),
      });
    }
  }
  return all;
}

function mismatch(value: Value, kind: Kind): string | undefined {
  switch (kind) {
    case "any":
      return undefined;
    case "bool":
      return toBoolean(value) === undefined ? "true or false" : undefined;
    case "text":
      return isScalar(value) ? undefined : "text";
    case "int":
      return /^[+-]?\d+$/.test(isScalar(value) ? plainText(value).trim() : "") ? undefined : "a whole number";
    case "number":
      return isScalar(value) && /^[+-]?\d+(\.\d+)?$/.test(plainText(value).trim()) ? undefined : "a number";
    case "mapping":
      return isMap(value) ? undefined : "a mapping";
    case "mappings":
      return (isList(value) ? value : [value]).every((one) => isMap(one) || isTemplated(one)) ? undefined : "a mapping";
    default:
      return kind satisfies never;
  }
}

function isScalar(value: Value): value is string | number | bigint | boolean | Float {
  return ["string", "number", "bigint", "boolean"].includes(typeof value) || value instanceof Float;
}

/** A scalar as Python's `str` writes it. */
function plainText(value: Value): string {
  if (typeof value === "boolean") return value ? "True" : "False";
  return value instanceof Float ? value.value.toFixed(1) : String(value);
}

/** Rendering has to come first: a template, or text that is still encrypted. */
export function isTemplated(value: Value | undefined): value is TemplateString | VaultText | Secret {
  return value instanceof TemplateString || value instanceof VaultText || value instanceof Secret;
}

/** The same for a value and everything in it. */
export function holdsTemplate(value: Value): boolean {
  if (isMap(value)) return [...value.values()].some(holdsTemplate);
  return isList(value) ? value.some(holdsTemplate) : isTemplated(value);
}

/** A value in a sentence: `the text "x"`, `a list`. */
export function described(value: Value | undefined): string {
  if (value === undefined || value === null) return "empty";
  if (isMap(value)) return "a mapping";
  if (isList(value)) return "a list";
  if (isTemplated(value)) return "a template";
  return typeof value === "string" ? `"${value.length > 40 ? `${value.slice(0, 40)}…` : value}"` : plainText(value);
}

/** Position of a member's value, or of its key where the value is on no line of its own. */
export function memberPosition(map: ValueMap, key: Key): Position | undefined {
  return positionAt(map, [key]) ?? keyPosition(map, key);
}

/**
 * Where the text of a scalar begins, given where the scalar does: behind its quote, or on the line below `|`. Positions inside
 * of the text are counted from there.
 */
export function textPosition(position: Position | undefined, text: string): Position | undefined {
  if (position === undefined) return undefined;
  const { file, line, column } = position;
  const source = sourceLine(position)?.slice(column - 1) ?? "";
  if (/^["']/.test(source)) return { file, line, column: column + 1 };
  if (!/^[|>]/.test(source)) return position;
  const first = text.split("\n").findIndex((one) => one.trim() !== "");
  const below = sourceLine({ file, line: line + 1 + Math.max(0, first), column: 1 }) ?? "";
  return { file, line: line + 1, column: Math.max(1, below.length - below.trimStart().length + 1) };
}
