import { isList, Namespace, type Value, type ValueMap } from "../vars/value.ts";
import type { Runtime } from "./runtime.ts";

// Python tells tuples from lists, our values do not: a list that Python would call a tuple is remembered here.
const tuples = new WeakSet<object>();
// Lists and dicts that a template made itself. Only these may be changed by `append` and its like: what a variable
// holds is shared by every task that reads it.
const own = new WeakSet<object>();

export function makeTuple(items: readonly Value[]): readonly Value[] {
  tuples.add(items);
  return items;
}

export function isTuple(value: unknown): boolean {
  return typeof value === "object" && value !== null && tuples.has(value);
}

const fields = new WeakMap<object, readonly string[]>();

/** A tuple whose members have names as well: what `groupby` gives. */
export function makeNamedTuple(names: readonly string[], items: readonly Value[]): readonly Value[] {
  fields.set(items, names);
  return makeTuple(items);
}

export function fieldOf(items: readonly Value[], name: string): Value | undefined {
  const index = fields.get(items)?.indexOf(name) ?? -1;
  return index < 0 ? undefined : items[index];
}

export function makeOwn<T extends readonly Value[] | ValueMap>(container: T): T {
  own.add(container);
  return container;
}

export function isOwn(container: object): boolean {
  return own.has(container);
}

/** What a container holds right now, for output that is put together later. */
export function snapshot(value: Value): Value {
  if (isList(value)) {
    const copy = value.map(snapshot);
    return isTuple(value) ? makeTuple(copy) : copy;
  }
  return value instanceof Map ? new Map([...value].map(([key, member]) => [key, snapshot(member)])) : value;
}

export type CallArguments = {
  readonly positional: readonly Value[];
  readonly keyword: ReadonlyMap<string, Value>;
  readonly runtime: Runtime;
};

/** Something of the template language rather than data: it has members, but cannot leave a template. */
export abstract class TemplateObject extends Namespace {
  get(_key: string): Value | undefined {
    return undefined;
  }
  keys(): Iterable<string> {
    return [];
  }
  /** What it is as text, if it can be printed. */
  shown(): string | undefined {
    return undefined;
  }
}

/** A function, macro or bound method. */
export abstract class Callable extends TemplateObject {
  abstract call(args: CallArguments): Value;
}

/** A callable made of a function. */
export class NativeFunction extends Callable {
  readonly label: string;
  readonly #run: (args: CallArguments) => Value;
  constructor(label: string, run: (args: CallArguments) => Value) {
    super();
    this.label = label;
    this.#run = run;
  }
  override call(args: CallArguments): Value {
    return this.#run(args);
  }
}

/** `namespace(a=1)`: the one kind of object whose members `{% set ns.a = 2 %}` can assign. */
export class Cell extends TemplateObject {
  readonly label = "namespace";
  readonly #members = new Map<string, Value>();
  override get(key: string): Value | undefined {
    return this.#members.get(key);
  }
  override keys(): Iterable<string> {
    return this.#members.keys();
  }
  assign(key: string, value: Value): void {
    this.#members.set(key, value);
  }
}

/** What `{% import %}` binds: the macros and variables that a template defines at its top. */
export class TemplateModule extends TemplateObject {
  readonly label = "template module";
  readonly #members: ReadonlyMap<string, Value>;
  readonly #text: string;
  constructor(members: ReadonlyMap<string, Value>, text: string) {
    super();
    this.#members = members;
    this.#text = text;
  }
  override shown(): string {
    return this.#text;
  }
  override get(key: string): Value | undefined {
    return this.#members.get(key);
  }
  override keys(): Iterable<string> {
    return this.#members.keys();
  }
}
