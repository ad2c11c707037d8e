import { bool, float, int, str } from "../modules/parameters.ts";
import { didYouMean } from "../suggest.ts";
import { toPlain } from "../vars/plain.ts";
import type { ArgumentOption, ArgumentSpec } from "./model.ts";

type OptionType = ArgumentOption["type"];

/**
 * What is wrong with the variables of a role, by its specification; empty when they are right. `get` gives the rendered value of a
 * variable as plain data, or undefined. As in Ansible, null is the same as not given, and a default counts as given.
 */
export function validateArguments(spec: ArgumentSpec, get: (name: string) => unknown): string[] {
  return [...spec.options].flatMap(([name, option]) => checkOption(name, option, get(name)));
}

/** The same for one option, whose name in messages is `path`. */
export function checkOption(path: string, option: ArgumentOption, value: unknown): string[] {
  if (value === undefined || value === null) {
    return option.required && option.default === undefined ? [`"${path}" is required, but not set${why(option)}`] : [];
  }
  const converted = convert(value, option.type);
  if (converted === undefined) return [`"${path}" is ${shown(value, option)}, but must be ${typeTitles[option.type]}`];
  const { result } = converted;
  const problems = option.elements === undefined ? choiceProblems(path, option, result) : elementProblems(path, option, result);
  return [...problems, ...suboptionProblems(path, option, result)];
}

function why(option: ArgumentOption): string {
  return option.description === "" ? "" : ` (${option.description.replace(/\.$/, "")})`;
}

function choiceProblems(path: string, option: ArgumentOption, value: unknown): string[] {
  if (option.choices === undefined) return [];
  const choices = option.choices.map((one) => toPlain(one));
  const given = Array.isArray(value) ? value : [value];
  return given
    .filter((one) => !choices.some((choice) => isSame(choice, one, option.elements ?? option.type)))
    .map((one) => `"${path}" is ${shown(one, option)}, but must be one of ${choices.map(String).join(", ")}`);
}

function isSame(choice: unknown, value: unknown, type: OptionType): boolean {
  if (choice === value) return true;
  return type === "str" && (typeof choice !== "object" || choice === null) && convert(choice, "str")?.result === value;
}

function elementProblems(path: string, option: ArgumentOption, value: unknown): string[] {
  const { elements } = option;
  if (!Array.isArray(value) || elements === undefined) return choiceProblems(path, option, value);
  return value.flatMap((one: unknown, index) => {
    const at = `${path}[${index}]`;
    const converted = convert(one, elements);
    if (converted === undefined) return [`"${at}" is ${shown(one, option)}, but must be ${typeTitles[elements]}`];
    return choiceProblems(at, option, converted.result);
  });
}

function suboptionProblems(path: string, option: ArgumentOption, value: unknown): string[] {
  const { options } = option;
  if (options === undefined) return [];
  if (option.type === "list" && Array.isArray(value)) {
    return value.flatMap((one: unknown, index) => membersProblems(`${path}[${index}]`, options, one));
  }
  return membersProblems(path, options, value);
}

function membersProblems(path: string, options: ReadonlyMap<string, ArgumentOption>, value: unknown): string[] {
  if (!isRecord(value)) return [];
  const known = [...options.keys()];
  const unknown = Object.keys(value)
    .filter((name) => !options.has(name))
    .map((name) => `"${path}" has no option "${name}"${didYouMean(name, known)}`);
  return [...unknown, ...[...options].flatMap(([name, option]) => checkOption(`${path}.${name}`, option, value[name]))];
}

const typeTitles: Readonly<Record<OptionType, string>> = {
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
function convert(value: unknown, type: OptionType): { readonly result: unknown } | undefined {
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

function shown(value: unknown, option: ArgumentOption): string {
  if (option.noLog) return "a value that is not shown";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
