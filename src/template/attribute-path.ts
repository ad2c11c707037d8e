import { isList, Secret, Undefined, type Value } from "../vars/value.ts";
import { badValue } from "./errors.ts";
import { readData } from "./members.ts";
import { toText } from "./repr.ts";
import type { Runtime } from "./runtime.ts";

/** The member under a dotted path, `a.b.0`, boxed if anything on the way is; Undefined when there is none. */
export function readPath(item: Value, path: Value, runtime: Runtime): Value {
  const keys = typeof path === "string" ? path.split(".").map((one) => (/^\d+$/.test(one) ? Number(one) : one)) : [path];
  let value = item;
  for (const key of keys) {
    if (value instanceof Undefined) return value;
    value = memberAt(value, key, runtime);
  }
  return value;
}

/** `value[key]`, with the box of `value` around it. */
export function memberAt(value: Value, key: Value, runtime: Runtime): Value {
  if (value instanceof Secret) {
    const inner = memberAt(value.value, key, runtime);
    return inner instanceof Undefined ? inner : new Secret(inner);
  }
  const wanted = key instanceof Secret ? key.value : key;
  // A number out of a dotted path may be a key written as text.
  let member = readData(value, wanted);
  if (member === undefined && typeof wanted === "number" && value instanceof Map) member = value.get(String(wanted));
  if (member === undefined) return new Undefined(toText(wanted), "undefined", `an item has no "${toText(wanted)}"`);
  return runtime.settle(member);
}

/** The attribute of a filter such as `sort(attribute="a,b")`: one path, or several for a compound key. */
export function attributeReader(attribute: Value | undefined, runtime: Runtime): (item: Value) => Value {
  if (attribute === undefined || attribute === null) return (item) => item;
  if (typeof attribute === "string" && attribute.includes(",")) {
    const paths = attribute.split(",");
    return (item) => paths.map((path) => needed(readPath(item, path, runtime)));
  }
  if (typeof attribute !== "string" && typeof attribute !== "number") return badValue("an attribute must be a name or a number");
  return (item) => readPath(item, attribute, runtime);
}

/** The value, or the complaint that it is not there. */
export function needed(value: Value): Value {
  if (value instanceof Undefined) return badValue(value.hint ?? `"${value.name}" is undefined`);
  return value;
}

/** Strings as Jinja2 compares them unless case matters: folded. */
export function foldCase(value: Value): Value {
  if (typeof value === "string") return value.toLowerCase();
  if (isList(value)) return value.map(foldCase);
  return value instanceof Secret ? foldCase(value.value) : value;
}
