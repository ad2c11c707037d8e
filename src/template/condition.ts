import { looksLikeTemplate, type Value } from "../vars/value.ts";
import { isTruthy } from "./compare.ts";
import { fault } from "./errors.ts";

const words: ReadonlyMap<string, boolean> = new Map([
  ["yes", true],
  ["true", true],
  ["on", true],
  ["1", true],
  ["no", false],
  ["false", false],
  ["off", false],
  ["0", false],
]);

/** The truth of what a condition gave; `path` is set when the condition is nothing but the name of a variable. */
export function conditionTruth(value: Value, path: string | undefined): boolean {
  if (typeof value === "boolean") return value;
  if (value === null) return false;
  if (typeof value !== "string") return isTruthy(value);
  const word = words.get(value.trim().toLowerCase());
  if (word !== undefined) return word;
  if (value.trim() === "") return false;
  if (path === undefined) return true;
  return fault(
    "condition-not-boolean",
    `the condition "${path}" is a text, not a boolean`,
    `say what is asked for: ${path} | length > 0, ${path} == "…", or ${path} | bool`,
  );
}

/**
 * The bare expression of a condition. Braces around all of it are a common slip, and harmless; anywhere else they would make
 * an expression out of data, and are refused.
 */
export function bareCondition(source: string): string {
  if (!looksLikeTemplate(source)) return source;
  const inner = /^\s*\{\{((?:(?!\{\{|\}\})[\s\S])*)\}\}\s*$/.exec(source)?.[1];
  if (inner !== undefined) return inner;
  return fault(
    "condition-with-template",
    "a condition is an expression already; it cannot hold templates",
    "write the variables without braces: a == b",
  );
}

/** True for `foo`, `foo.bar` and the like. */
export function isPlainPath(source: string): boolean {
  return (
    /^\s*[A-Za-z_]\w*(?:\.\w+|\[\s*(?:'[^']*'|"[^"]*"|\d+)\s*\])*\s*$/.test(source) &&
    !/^\s*(?:true|false|none)\s*$/i.test(source)
  );
}
