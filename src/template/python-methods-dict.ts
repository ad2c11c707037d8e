import { type Key, type Namespace, Undefined, type Value, type ValueMap } from "../vars/value.ts";
import { toKey } from "./call.ts";
import { badValue } from "./errors.ts";
import { isOwn, makeOwn, makeTuple } from "./objects.ts";
import { methods } from "./python-method.ts";
import { toRepr } from "./repr.ts";

export const dictMethods = methods<ValueMap>({
  keys: { parameters: [], lazy: true, run: (map) => [...map.keys()] },
  values: { parameters: [], keepsBoxes: true, run: (map) => [...map.values()] },
  items: { parameters: [], keepsBoxes: true, run: (map) => [...map].map(([key, value]) => makeTuple([key, value])) },
  get: {
    parameters: ["key", "default?"],
    lazy: true,
    run: (map, call) => {
      const value = map.get(toKey(call.value("key")));
      return value === undefined ? (call.optional("default") ?? null) : call.runtime.settle(value);
    },
  },
  copy: { parameters: [], keepsBoxes: true, run: (map) => makeOwn(new Map(map)) },
  update: {
    parameters: ["other?", "**"],
    lazy: true,
    run: (map, call) => {
      const target = changeable(map, "update");
      const other = call.optional("other");
      if (other instanceof Map) for (const [key, value] of other) target.set(key, value);
      else if (other !== undefined) return badValue("update() needs a dict");
      for (const [key, value] of call.keywords) target.set(key, value);
      return null;
    },
  },
  setdefault: {
    parameters: ["key", "default?"],
    lazy: true,
    run: (map, call) => {
      const key = toKey(call.value("key"));
      const present = map.get(key);
      if (present !== undefined) return call.runtime.settle(present);
      const value = call.optional("default") ?? null;
      changeable(map, "setdefault").set(key, value);
      return value;
    },
  },
  pop: {
    parameters: ["key", "default?"],
    lazy: true,
    run: (map, call) => {
      const key = toKey(call.value("key"));
      const value = map.get(key);
      const fallback = call.optional("default");
      if (value === undefined) return fallback === undefined ? badValue(`the dict has no key ${toRepr(key)}`) : fallback;
      changeable(map, "pop").delete(key);
      return call.runtime.settle(value);
    },
  },
  popitem: {
    parameters: [],
    lazy: true,
    run: (map, call) => {
      const last = [...map].at(-1);
      if (last === undefined) return badValue("popitem(): dictionary is empty");
      changeable(map, "popitem").delete(last[0]);
      return makeTuple([last[0], call.runtime.settle(last[1])]);
    },
  },
  clear: {
    parameters: [],
    lazy: true,
    run: (map) => {
      changeable(map, "clear").clear();
      return null;
    },
  },
});

/** What `hostvars`, `groups` and `vars` have of a dict. */
export const namespaceMethods = methods<Namespace>({
  keys: { parameters: [], lazy: true, run: (namespace) => [...namespace.keys()] },
  values: { parameters: [], lazy: true, run: (namespace, call) => [...call.runtime.namespaceMap(namespace).values()] },
  items: {
    parameters: [],
    lazy: true,
    run: (namespace, call) => [...call.runtime.namespaceMap(namespace)].map(([key, value]) => makeTuple([key, value])),
  },
  get: {
    parameters: ["key", "default?"],
    lazy: true,
    run: (namespace, call) => {
      const value = namespace.get(call.text("key"));
      const settled = value === undefined ? undefined : call.runtime.settle(value);
      return settled === undefined || (settled instanceof Undefined && settled.reason === "undefined")
        ? (call.optional("default") ?? null)
        : settled;
    },
  },
});

function changeable(map: ValueMap, method: string): Map<Key, Value> {
  if (!isOwn(map) || !(map instanceof Map)) {
    return badValue(
      `${method}() would change a dict that a variable shares with other tasks`,
      'work on a copy, or use "| combine(…)"',
    );
  }
  return map;
}
