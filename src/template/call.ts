import { didYouMean } from "../suggest.ts";
import { isList, type Key, Namespace, Secret, type Value, type ValueMap } from "../vars/value.ts";
import { isTruthy } from "./compare.ts";
import { badValue } from "./errors.ts";
import { isNumeric, toDouble, toIndex } from "./numbers.ts";
import { toText, typeName } from "./repr.ts";
import type { Runtime } from "./runtime.ts";

/**
 * The arguments of a filter, test, method or function, bound to its parameters. A parameter is written "name", "name?"
 * when it may be left out, "*" takes further positional arguments, "**" further named ones, "/" nothing by name.
 */
export class Call {
  readonly runtime: Runtime;
  readonly rest: readonly Value[];
  readonly keywords: ReadonlyMap<string, Value>;
  readonly #label: string;
  readonly #bound = new Map<string, Value>();

  constructor(
    label: string,
    parameters: readonly string[],
    positional: readonly Value[],
    keyword: ReadonlyMap<string, Value>,
    runtime: Runtime,
  ) {
    this.#label = label;
    this.runtime = runtime;
    const names = parameters.filter((one) => one !== "*" && one !== "**").map((one) => one.replace("?", ""));
    names.forEach((name, index) => {
      const value = positional[index];
      if (value !== undefined) this.#bound.set(name, value);
    });
    this.rest = positional.slice(names.length);
    if (this.rest.length > 0 && !parameters.includes("*")) {
      badValue(
        `${label} takes at most ${names.length} ${names.length === 1 ? "argument" : "arguments"}, not ${positional.length}`,
      );
    }
    const keywords = new Map<string, Value>();
    for (const [name, value] of keyword) {
      if (!names.includes(name)) {
        if (!parameters.includes("**")) badValue(`${label} has no argument "${name}"${didYouMean(name, names)}`);
        keywords.set(name, value);
      } else if (this.#bound.has(name)) badValue(`${label} got the argument "${name}" twice`);
      else this.#bound.set(name, value);
    }
    this.keywords = keywords;
    for (const parameter of parameters) {
      if (parameter.endsWith("?") || parameter.startsWith("*") || this.#bound.has(parameter)) continue;
      badValue(`${label} needs the argument "${parameter}"`);
    }
  }

  get label(): string {
    return this.#label;
  }

  /** The argument, or undefined when it was left out. */
  optional(name: string): Value | undefined {
    return this.#bound.get(name);
  }

  /** The argument, or `fallback` when it was left out; a `None` that was given stays one. */
  or(name: string, fallback: Value): Value {
    const value = this.#bound.get(name);
    return value === undefined ? fallback : value;
  }

  value(name: string): Value {
    const value = this.#bound.get(name);
    if (value === undefined) return badValue(`${this.#label} needs the argument "${name}"`);
    return value;
  }

  /** `None` counts as left out. */
  given(name: string): Value | undefined {
    const value = this.#bound.get(name);
    return value === null ? undefined : value;
  }

  text(name: string, fallback?: string): string {
    const value = fallback === undefined ? this.value(name) : (this.given(name) ?? fallback);
    if (isList(value) || value instanceof Map || value === null) {
      return badValue(`${this.#label}: "${name}" must be a string, not ${typeName(value)}`);
    }
    return toText(value);
  }

  integer(name: string, fallback?: number): number {
    const value = fallback === undefined ? this.value(name) : (this.given(name) ?? fallback);
    const index = toIndex(value) ?? (typeof value === "string" && /^\s*[-+]?\d+\s*$/.test(value) ? Number(value) : undefined);
    return index ?? badValue(`${this.#label}: "${name}" must be an integer, not ${describe(value)}`);
  }

  number(name: string, fallback?: number): number {
    const value = fallback === undefined ? this.value(name) : (this.given(name) ?? fallback);
    return isNumeric(value) ? toDouble(value) : badValue(`${this.#label}: "${name}" must be a number, not ${describe(value)}`);
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.#bound.get(name);
    return value === undefined ? fallback : isTruthy(value);
  }

  list(name: string): readonly Value[] {
    const value = this.value(name);
    return isList(value) ? value : badValue(`${this.#label}: "${name}" must be a list, not ${typeName(value)}`);
  }
}

function describe(value: Value): string {
  return typeof value === "string" ? JSON.stringify(value) : typeName(value);
}

/** The members that Python would iterate over: characters, members, keys. */
export function iterate(value: Value, runtime: Runtime): readonly Value[] {
  if (isList(value)) return value;
  if (typeof value === "string") return Array.from(value);
  if (value instanceof Map) return [...value.keys()];
  if (value instanceof Secret) return iterate(value.value, runtime).map((one) => new Secret(one));
  if (value instanceof Namespace) return [...value.keys()];
  return badValue(`'${typeName(value)}' object is not iterable`);
}

/** The value as a list of a filter's input. Mappings and strings are refused where a filter would take their parts by mistake. */
export function needList(value: Value, label: string): readonly Value[] {
  return isList(value) ? value : badValue(`${label} needs a list, not ${typeName(value)}`);
}

export function needMap(value: Value, label: string): ValueMap {
  return value instanceof Map ? value : badValue(`${label} needs a dict, not ${typeName(value)}`);
}

/** A dict key out of a value; only scalars can be keys here. */
export function toKey(value: Value): Key {
  if (value instanceof Secret) return toKey(value.value);
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (isNumeric(value)) return toDouble(value);
  return badValue(`a ${typeName(value)} cannot be the key of a dict`);
}
