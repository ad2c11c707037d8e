import { bool, float, int, str } from "../modules/parameters.ts";
import type { ArgumentOption } from "./model.ts";

export type OptionType = ArgumentOption["type"];

export const typeTitles: Readonly<Record<OptionType, string>> = {
  str: "text",
  int: "a whole number",
  float: "a number",
  bool: "a boolean (true or false)",
  list: "a list",
  dict: "a mapping",
  path: "a path",
  raw: "anything",
  json: "JSON",
  jsonarg: "JSON",
  bytes: 'a size in bytes, such as 1048576 or "1M"',
  bits: 'a size in bits, such as 1048576 or "1Mb"',
};

/** The value as its type, by the conversions that Ansible makes; undefined when it cannot be one. */
export function convert(value: unknown, type: OptionType): { readonly result: unknown } | undefined {
  const parsed = (checked: { readonly success: boolean; readonly data?: unknown }) =>
    checked.success ? { result: checked.data } : undefined;
  switch (type) {
    case "raw":
      return { result: value };
    case "str":
    case "path":
      return parsed(str().type.safeParse(value));
    case "int":
      return parsed(int().type.safeParse(value));
    case "float":
      return parsed(float().type.safeParse(value));
    case "bool":
      return parsed(bool().type.safeParse(value));
    case "list":
      return toList(value);
    case "dict":
      return toDict(value);
    case "json":
    case "jsonarg":
      return typeof value === "object" || isJson(value) ? { result: value } : undefined;
    case "bytes":
    case "bits":
      return isSize(value) ? { result: value } : undefined;
    default:
      return type satisfies never;
  }
}

function toList(value: unknown): { readonly result: unknown } | undefined {
  if (Array.isArray(value)) return { result: value };
  if (typeof value === "string") return { result: value === "" ? [] : value.split(",").map((one) => one.trim()) };
  return typeof value === "number" ? { result: [String(value)] } : undefined;
}

function toDict(value: unknown): { readonly result: unknown } | undefined {
  if (isRecord(value)) return { result: value };
  if (typeof value !== "string") return undefined;
  if (value.trimStart().startsWith("{")) {
    const parsed: unknown = isJson(value) ? JSON.parse(value) : undefined;
    return isRecord(parsed) ? { result: parsed } : undefined;
  }
  const pairs = value
    .split(/[,\s]+/)
    .filter((one) => one !== "")
    .map((one) => /^([^=]+)=(.*)$/s.exec(one));
  if (pairs.length === 0 || pairs.some((one) => one === null)) return undefined;
  return { result: Object.fromEntries(pairs.map((one) => [one?.[1] ?? "", one?.[2] ?? ""])) };
}

function isJson(value: unknown): value is string {
  if (typeof value !== "string") return false;
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}

function isSize(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  return typeof value === "string" && /^\s*\d+(\.\d+)?\s*([YZEPTGMK]?[bB]?|[YZEPTGMK]?(bits|bytes))\s*$/.test(value);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
