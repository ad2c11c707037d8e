import { DiagnosticError } from "../diagnostic.ts";
import { Float, isList, type Key, Namespace, type Value, type ValueMap } from "../vars/value.ts";
import { Call } from "./call.ts";
import { characters } from "./characters.ts";
import { toIndex } from "./numbers.ts";
import { type Callable, fieldOf, isTuple, NativeFunction, TemplateObject } from "./objects.ts";
import type { Method, MethodTable } from "./python-method.ts";
import { dictMethods, namespaceMethods } from "./python-methods-dict.ts";
import { listMethods, tupleMethods } from "./python-methods-list.ts";
import { numberMethods } from "./python-methods-number.ts";
import { stringMethods } from "./python-methods-str.ts";
import { BrokenVariable } from "./undefined.ts";

// Only these tables and the members of mappings are ever consulted: no property of a JavaScript object is reachable.
function tableOf(target: Value): MethodTable<never> | undefined {
  if (typeof target === "string") return stringMethods;
  if (isList(target)) return isTuple(target) ? tupleMethods : listMethods;
  if (target instanceof Map) return dictMethods;
  if (target instanceof Namespace && !(target instanceof TemplateObject)) return namespaceMethods;
  if (typeof target === "number" || typeof target === "bigint" || target instanceof Float) return numberMethods;
  return undefined;
}

/** The Python method `name` of `target`, bound to it; undefined when its type has none of that name. */
export function methodOf(target: Value, name: string): Callable | undefined {
  const method = tableOf(target)?.get(name);
  if (method === undefined) return undefined;
  return new NativeFunction(name, ({ positional, keyword, runtime }) => {
    const run = bind(method);
    const label = `.${name}()`;
    const named = new Map([...keyword].map(([key, value]) => [key, runtime.deep(value)]));
    const values = positional.map((one) => runtime.deep(one));
    const receiver = method.lazy === true ? target : runtime.deep(target);
    if (method.lazy === true || method.keepsBoxes === true)
      return run(receiver, new Call(label, method.parameters, values, named, runtime));
    const opened = runtime.open([receiver, values, [...named.values()]]);
    if (!opened.secret) return run(receiver, new Call(label, method.parameters, values, named, runtime));
    const [bare, openValues, openNamed] = list(opened.value);
    const names = new Map([...named.keys()].map((key, index) => [key, list(openNamed)[index] ?? null]));
    return runtime.conceal(run(bare ?? null, new Call(label, method.parameters, list(openValues), names, runtime)));
  });
}

function list(value: Value | undefined): readonly Value[] {
  return isList(value) ? value : [];
}

// The table was chosen by the receiver's type, which is what a method of it takes.
function bind(method: Method<never>): (receiver: Value, call: Call) => Value {
  return method.run as (receiver: Value, call: Call) => Value;
}

/** The member of a mapping under a key that Python would find equal: 1, 1.0 and True are one key. */
export function memberOf(map: ValueMap, key: Key): Value | undefined {
  const direct = map.get(key);
  if (direct !== undefined || typeof key === "string" || key === null) return direct;
  if (typeof key === "boolean") return map.get(Number(key));
  return key === 1 || key === 0 ? map.get(key === 1) : undefined;
}

/** `target.name`: the method if there is one, as in Jinja2, and the member otherwise. Unsettled. */
export function readAttribute(target: Value, name: string): Value | undefined {
  const method = methodOf(target, name);
  return method === undefined ? readData(target, name) : method;
}

/** `target[index]`: the member, and the method for want of one. Unsettled. */
export function readItem(target: Value, index: Value): Value | undefined {
  const member = readData(target, index);
  return member === undefined && typeof index === "string" ? methodOf(target, index) : member;
}

/** The member alone, never a method. Unsettled. */
export function readData(target: Value, index: Value): Value | undefined {
  if (target instanceof Map) {
    if (index instanceof Float) return memberOf(target, index.value);
    if (index === null || typeof index === "string" || typeof index === "number" || typeof index === "boolean") {
      return memberOf(target, index);
    }
    return undefined;
  }
  if (target instanceof Namespace) return typeof index === "string" ? readNamespace(target, index) : undefined;
  if (isList(target) && typeof index === "string") return fieldOf(target, index);
  const position = toIndex(index);
  if (position === undefined) return undefined;
  if (isList(target)) return target.at(position);
  if (typeof target === "string") return characters(target).at(position);
  return undefined;
}

// A namespace renders what it answers; what is undefined in there makes the member undefined for whoever reads it here.
function readNamespace(target: Namespace, name: string): Value | undefined {
  try {
    return target.get(name);
  } catch (error) {
    if (error instanceof DiagnosticError && error.diagnostics.every((one) => one.code === "undefined-variable")) {
      return new BrokenVariable(`${target.label}.${name}`, error);
    }
    throw error;
  }
}
