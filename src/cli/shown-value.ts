import { oneLine } from "../report/terminal-safe.ts";
import {
  Float,
  isList,
  isMap,
  type Key,
  Namespace,
  Omit,
  Secret,
  TemplateString,
  Undefined,
  type Value,
  VaultText,
} from "../vars/value.ts";

/** A value as it stands in its file, templates unrendered, secrets masked: JSON data for listings. */
export type Shown = null | boolean | number | string | readonly Shown[] | { readonly [key: string]: Shown };

const MASK = "********";

export function shownValue(value: Value): Shown {
  if (value === null || typeof value === "boolean" || typeof value === "number" || typeof value === "string") return value;
  if (typeof value === "bigint") return value.toString();
  if (isList(value)) return value.map(shownValue);
  if (isMap(value))
    return Object.fromEntries([...value].map(([key, member]): [string, Shown] => [keyText(key), shownValue(member)]));
  if (value instanceof TemplateString) return value.source;
  if (value instanceof Secret || value instanceof VaultText) return MASK;
  if (value instanceof Float) return value.value;
  if (value instanceof Namespace) return `(${value.label})`;
  if (value instanceof Undefined || value instanceof Omit) return null;
  return value satisfies never;
}

/** The text of a name, or undefined when there is none. */
export function shownText(value: Value | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  const shown = shownValue(value);
  return oneLine(typeof shown === "string" ? shown : JSON.stringify(shown));
}

/** The same for one or several. */
export function shownTexts(value: Value): readonly string[] {
  return (isList(value) ? value : [value]).flatMap((one) => shownText(one) ?? []);
}

function keyText(key: Key): string {
  return key === null ? "null" : String(key);
}
