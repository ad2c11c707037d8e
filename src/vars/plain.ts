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
} from "./value.ts";

/**
 * Values out of parsed JSON and the like: objects become Maps, strings stay plain text, never templates. Members that are
 * undefined are left out. Throws TypeError for what JSON has not (functions, class instances).
 */
export function fromPlain(data: unknown): Value {
  switch (typeof data) {
    case "string":
    case "number":
    case "boolean":
    case "bigint":
      return data;
    case "object":
      return data === null ? null : fromObject(data);
    default:
      throw new TypeError(`a ${typeof data} is no value`);
  }
}

function fromObject(data: object): Value {
  if (Array.isArray(data)) return data.map(fromPlain);
  if (data instanceof Map) return new Map([...data].map(([key, member]): [Key, Value] => [key, fromPlain(member)]));
  const prototype: unknown = Object.getPrototypeOf(data);
  if (prototype === Object.prototype || prototype === null) {
    const map = new Map<Key, Value>();
    for (const [key, member] of Object.entries(data)) {
      if (member !== undefined) map.set(key, fromPlain(member));
    }
    return map;
  }
  const name = data.constructor.name;
  if (isBoxed(data)) return data;
  throw new TypeError(`a ${name} is no value`);
}

/**
 * Plain data out of a value: Maps become objects (keys as Python's JSON writes them), floats numbers, integers that are too
 * large for a number stay bigint. `secret` says what stands for a secret. Anything else that is not data — a secret when
 * `secret` is not given, a template that was not rendered, an undefined — is a bug of the caller and throws TypeError.
 */
export function toPlain(value: Value, secret: (secret: Secret) => unknown = refuseSecret): unknown {
  if (isMap(value)) {
    const object: Record<string, unknown> = {};
    for (const [key, member] of value) define(object, keyText(key), toPlain(member, secret));
    return object;
  }
  if (isList(value)) return value.map((member) => toPlain(member, secret));
  if (value instanceof Secret) return secret(value);
  if (value instanceof Float) return value.value;
  if (value instanceof Namespace) {
    const object: Record<string, unknown> = {};
    for (const key of value.keys()) {
      const member = value.get(key);
      if (member !== undefined) define(object, key, toPlain(member, secret));
    }
    return object;
  }
  if (value instanceof TemplateString) throw new TypeError(`the template "${value.source}" was not rendered`);
  if (value instanceof VaultText) throw new TypeError("a vault text was not decrypted");
  if (value instanceof Undefined) throw new TypeError(`"${value.name}" is undefined`);
  if (value instanceof Omit) throw new TypeError("omit has no value");
  return value;
}

/** A key as text: true is "true" and null "null", as in Python's JSON. */
export function keyText(key: Key): string {
  return String(key);
}

// Assigning to "__proto__" would set the prototype instead of a member.
function define(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
  else object[key] = value;
}

function isBoxed(data: object): data is Float | Secret | Undefined | Omit | Namespace | TemplateString | VaultText {
  return [Float, Secret, Undefined, Omit, Namespace, TemplateString, VaultText].some((kind) => data instanceof kind);
}

function refuseSecret(): never {
  throw new TypeError("a secret must be taken out with reveal");
}
