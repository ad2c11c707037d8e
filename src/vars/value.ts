import type { Position } from "../diagnostic.ts";

/**
 * What a variable can hold. Mappings are `Map`s, because a JavaScript object would reorder keys such as `8080` and
 * has properties nobody asked for. Integers are integral `number`s (or `bigint` beyond 2^53), floats are other
 * numbers or, where the number happens to be integral, `Float`: Python prints 1.0, and so must we.
 */
export type Value = PlainValue | Secret;

/** A value that is not a secret itself; a container of one may hold secrets. */
export type PlainValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Float
  | TemplateString
  | VaultText
  | Undefined
  | Omit
  | Namespace
  | readonly Value[]
  | ValueMap;

export type Key = string | number | boolean | null;
export interface ValueMap extends ReadonlyMap<Key, Value> {}

/** A float whose value is integral (`1.0`). */
export class Float {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/**
 * A value that must never be shown. Only secret values are boxed; every operation that reads a box gives a box. What
 * leaves for a host is taken out with `reveal` (vars/taint.ts), which tells the redactor first.
 */
export class Secret {
  readonly value: PlainValue;
  constructor(value: Value) {
    this.value = value instanceof Secret ? value.value : value;
  }
}

/**
 * A string of a source file that holds a template. Only the YAML, INI and command line readers make these, hence text
 * that came from a host (facts, registered output) or out of a template is data and is never templated again.
 */
export class TemplateString {
  readonly source: string;
  readonly position: Position | undefined;
  constructor(source: string, position?: Position) {
    this.source = source;
    this.position = position;
  }
}

/** Ansible Vault ciphertext, decrypted when it is first read. */
export class VaultText {
  readonly ciphertext: string;
  readonly position: Position | undefined;
  constructor(ciphertext: string, position?: Position) {
    this.ciphertext = ciphertext;
    this.position = position;
  }
}

/** The result of reading a name that is not there: an error for everything but `is defined`, `default` and their like. */
export class Undefined {
  /** The name as people know it: `foo.bar`. */
  readonly name: string;
  readonly reason: "undefined" | "not-yet-known";
  /** What to tell beyond the name: 'dict object' has no attribute 'x'; "known only after apply". */
  readonly hint: string | undefined;
  constructor(name: string, reason: "undefined" | "not-yet-known" = "undefined", hint?: string) {
    this.name = name;
    this.reason = reason;
    this.hint = hint;
  }
}

/** `omit`: a parameter with this value is as if it were not written. */
export class Omit {}
export const omit = new Omit();

/** A mapping whose members are computed when they are read: `hostvars`, `vars`, `groups`. */
export abstract class Namespace {
  abstract readonly label: string;
  abstract get(key: string): Value | undefined;
  abstract keys(): Iterable<string>;
}

/** True for text that Jinja2 would treat as a template. */
export function looksLikeTemplate(text: string): boolean {
  return text.includes("{{") || text.includes("{%") || text.includes("{#");
}

export function isMap(value: unknown): value is ValueMap {
  return value instanceof Map;
}

export function isList(value: unknown): value is readonly Value[] {
  return Array.isArray(value);
}
