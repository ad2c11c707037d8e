import {
  isList,
  type Key,
  Namespace,
  Omit,
  Secret,
  TemplateString,
  Undefined,
  type Value,
  type ValueMap,
  VaultText,
} from "../vars/value.ts";
import type { EvaluationContext } from "./context.ts";
import { TemplateObject } from "./objects.ts";
import { EmptyChoice, raiseUndefined } from "./undefined.ts";

/** The parts of the engine that values and functions call back into; `render.ts` puts them together. */
export type Machinery = {
  /** Renders a variable's own template. `name`: the variable, for the message about a cycle. */
  readonly renderVariable: (template: TemplateString, runtime: Runtime, name: string | undefined) => Value;
  readonly applyFilter: (
    runtime: Runtime,
    name: string,
    input: Value,
    positional: readonly Value[],
    keyword: ReadonlyMap<string, Value>,
  ) => Value;
  readonly applyTest: (
    runtime: Runtime,
    name: string,
    input: Value,
    positional: readonly Value[],
    keyword: ReadonlyMap<string, Value>,
  ) => boolean;
  /** Renders the text of a template file with this runtime's variables, some of them overridden. */
  readonly renderFile: (runtime: Runtime, source: string, path: string, variables: ReadonlyMap<string, Value>) => Value;
};

/**
 * One evaluation's view of the world. "Settled" below means: neither a template nor vault text itself; containers may
 * still hold such members, which are settled when they are read.
 */
export class Runtime {
  readonly context: EvaluationContext;
  readonly machinery: Machinery;
  /** Variables that go before the context's: `template_vars` of a template lookup. */
  readonly extra: ReadonlyMap<string, Value>;

  constructor(context: EvaluationContext, machinery: Machinery, extra: ReadonlyMap<string, Value> = new Map()) {
    this.context = context;
    this.machinery = machinery;
    this.extra = extra;
  }

  /** The settled value of a variable, or undefined when there is none of that name. */
  variable(name: string): Value | undefined {
    const first = this.extra.get(name);
    const value = first === undefined ? this.context.names.lookup(name) : first;
    return value === undefined || typeof value !== "object" ? value : this.settle(value, name);
  }

  settle(value: Value, name?: string): Value {
    if (value instanceof TemplateString) return this.machinery.renderVariable(value, this, name);
    if (value instanceof VaultText) return this.context.decrypt(value);
    // A file that is encrypted as a whole holds secrets that are templates.
    if (value instanceof Secret && (value.value instanceof TemplateString || value.value instanceof VaultText)) {
      return new Secret(this.settle(value.value, name));
    }
    return value;
  }

  /** Settles every member, drops omitted ones; refuses undefined ones. Answers the same object when nothing had to change. */
  deep(value: Value): Value {
    if (typeof value !== "object" || value === null) return value;
    const settled = this.settle(value);
    if (settled instanceof EmptyChoice) return "";
    if (settled instanceof Undefined) return raiseUndefined(settled);
    if (settled instanceof Secret) {
      const inner = this.deep(settled.value);
      return inner === settled.value ? settled : new Secret(inner);
    }
    if (isList(settled)) return this.#deepList(settled);
    if (settled instanceof Map) return this.#deepMap(settled);
    return settled;
  }

  #deepList(list: readonly Value[]): Value {
    let copy: Value[] | undefined;
    for (let index = 0; index < list.length; index += 1) {
      const member = list[index];
      if (member === undefined) continue;
      const result = typeof member === "object" && member !== null ? this.deep(member) : member;
      if (copy === undefined && (result !== member || result instanceof Omit)) copy = list.slice(0, index);
      if (copy !== undefined && !(result instanceof Omit)) copy.push(result);
    }
    return copy ?? list;
  }

  #deepMap(map: ValueMap): Value {
    let changed = false;
    const copy = new Map<Key, Value>();
    for (const [key, member] of map) {
      const result = this.deep(member);
      if (result !== member || result instanceof Omit) changed = true;
      if (!(result instanceof Omit)) copy.set(key, result);
    }
    return changed ? copy : map;
  }

  /** The result of an operation on secret input: boxed, and its text told, so that it is masked wherever it turns up. */
  conceal(value: Value): Value {
    if (value instanceof Secret || value instanceof Undefined || value instanceof Omit) return value;
    if (typeof value === "string" && value !== "") this.context.onSecret(value);
    return new Secret(value);
  }

  /** A copy of `value` without boxes, and whether there were any. Namespaces become mappings. */
  open(value: Value): { readonly value: Value; readonly secret: boolean } {
    if (typeof value !== "object" || value === null) return { value, secret: false };
    let secret = false;
    const walk = (one: Value): Value => {
      if (typeof one !== "object" || one === null) return one;
      if (one instanceof Secret) {
        secret = true;
        return walk(one.value);
      }
      if (isList(one)) return mapList(one, walk);
      if (one instanceof Map) return mapValues(one, walk);
      if (one instanceof Namespace && !(one instanceof TemplateObject)) return walk(this.deep(this.namespaceMap(one)));
      return one;
    };
    const opened = walk(value);
    return { value: opened, secret };
  }

  /** The members of a computed mapping (`hostvars`, `groups`) as an ordinary one. Throws NotYetKnown for an incomplete one. */
  namespaceMap(namespace: Namespace): ValueMap {
    // The result of a task that check mode did not run answers so for any key: it cannot be listed.
    const any = namespace.get("");
    if (any instanceof Undefined && any.reason === "not-yet-known")
      return raiseUndefined(new Undefined(namespace.label, "not-yet-known"));
    const map = new Map<string, Value>();
    for (const key of namespace.keys()) {
      const member = namespace.get(key);
      if (member !== undefined) map.set(key, this.settle(member));
    }
    return map;
  }
}

function mapList(list: readonly Value[], change: (value: Value) => Value): readonly Value[] {
  let copy: Value[] | undefined;
  list.forEach((member, index) => {
    const result = change(member);
    if (copy === undefined && result !== member) copy = list.slice(0, index);
    copy?.push(result);
  });
  return copy ?? list;
}

function mapValues(map: ValueMap, change: (value: Value) => Value): ValueMap {
  let changed = false;
  const copy = new Map<Key, Value>();
  for (const [key, member] of map) {
    const result = change(member);
    if (result !== member) changed = true;
    copy.set(key, result);
  }
  return changed ? copy : map;
}
