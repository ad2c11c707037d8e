import type { Value } from "../vars/value.ts";
import type { Call } from "./call.ts";
import { compare, equals, isTruthy } from "./compare.ts";
import { badValue } from "./errors.ts";
import { isOwn, makeOwn } from "./objects.ts";
import { type Method, methods } from "./python-method.ts";
import { toRepr } from "./repr.ts";

type List = readonly Value[];

const reading: Readonly<Record<string, Method<List>>> = {
  count: {
    parameters: ["value"],
    keepsBoxes: true,
    run: (list: List, call: Call) => list.filter((one) => equals(one, call.value("value"))).length,
  },
  index: {
    parameters: ["value", "start?", "stop?"],
    keepsBoxes: true,
    run: (list: List, call: Call) => {
      const from = call.integer("start", 0);
      const to = call.integer("stop", list.length);
      const found = list.findIndex((one, index) => index >= from && index < to && equals(one, call.value("value")));
      return found >= 0 ? found : badValue(`${toRepr(call.value("value"))} is not in list`);
    },
  },
};

export const tupleMethods = methods<List>(reading);

/** Those that change the list work on lists that the template made itself; they stay lazy so that identity is kept. */
export const listMethods = methods<List>({
  ...reading,
  copy: { parameters: [], keepsBoxes: true, run: (list) => makeOwn([...list]) },
  append: {
    parameters: ["value"],
    lazy: true,
    run: (list, call) => change(list, "append", (own) => own.push(call.value("value"))),
  },
  extend: {
    parameters: ["values"],
    lazy: true,
    run: (list, call) => change(list, "extend", (own) => own.push(...call.list("values"))),
  },
  insert: {
    parameters: ["index", "value"],
    lazy: true,
    run: (list, call) => change(list, "insert", (own) => own.splice(call.integer("index"), 0, call.value("value"))),
  },
  pop: {
    parameters: ["index?"],
    lazy: true,
    run: (list, call) => {
      const index = call.integer("index", -1);
      const value = list.at(index);
      if (value === undefined) return badValue("pop index out of range");
      change(list, "pop", (own) => own.splice(index, 1));
      return value;
    },
  },
  remove: {
    parameters: ["value"],
    lazy: true,
    run: (list, call) => {
      const index = list.findIndex((one) => equals(one, call.value("value")));
      if (index < 0) return badValue("list.remove(x): x not in list");
      return change(list, "remove", (own) => own.splice(index, 1));
    },
  },
  clear: { parameters: [], lazy: true, run: (list) => change(list, "clear", (own) => own.splice(0)) },
  reverse: { parameters: [], lazy: true, run: (list) => change(list, "reverse", (own) => own.reverse()) },
  sort: {
    parameters: ["reverse?"],
    lazy: true,
    run: (list, call) => {
      const reverse = isTruthy(call.optional("reverse") ?? false);
      return change(list, "sort", (own) => own.sort((a, b) => (reverse ? compare(b, a) : compare(a, b))));
    },
  },
});

function change(list: List, method: string, work: (own: Value[]) => unknown): null {
  if (!isOwn(list)) {
    return badValue(
      `${method}() would change a list that a variable shares with other tasks`,
      "work on a copy: (the_list + []), or join lists with +",
    );
  }
  // Marked by makeOwn: this very array was made by a template.
  work(list as Value[]);
  return null;
}
