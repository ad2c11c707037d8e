import { Undefined, type Value } from "../../vars/value.ts";
import { needed, readPath } from "../attribute-path.ts";
import { type Call, iterate } from "../call.ts";
import { isTruthy } from "../compare.ts";
import { badValue } from "../errors.ts";
import { makeOwn } from "../objects.ts";
import { toText } from "../repr.ts";
import type { FilterTable } from "./filter.ts";

/** Filters that apply a filter or a test to every member. */
export const selectFilters: FilterTable = {
  map: { parameters: ["*", "**"], secrets: "keep", run: map },
  select: { parameters: ["*", "**"], secrets: "keep", run: (input, call) => select(input, call, false, true) },
  reject: { parameters: ["*", "**"], secrets: "keep", run: (input, call) => select(input, call, false, false) },
  selectattr: { parameters: ["*", "**"], secrets: "keep", run: (input, call) => select(input, call, true, true) },
  rejectattr: { parameters: ["*", "**"], secrets: "keep", run: (input, call) => select(input, call, true, false) },
};

function map(input: Value, call: Call): Value {
  const items = iterate(input, call.runtime);
  const attribute = call.keywords.get("attribute");
  if (attribute !== undefined) {
    const fallback = call.keywords.get("default");
    return makeOwn(
      items.map((item) => {
        const value = readPath(item, attribute, call.runtime);
        return value instanceof Undefined && value.reason === "undefined" && fallback !== undefined ? fallback : value;
      }),
    );
  }
  const [name, ...rest] = call.rest;
  if (name === undefined) return badValue('map needs the name of a filter, or "attribute"');
  const { machinery } = call.runtime;
  return makeOwn(items.map((item) => machinery.applyFilter(call.runtime, toText(name), item, rest, call.keywords)));
}

function select(input: Value, call: Call, byAttribute: boolean, wanted: boolean): Value {
  const rest = [...call.rest];
  const attribute = byAttribute ? rest.shift() : undefined;
  if (byAttribute && attribute === undefined) return badValue(`${call.label} needs the name of an attribute`);
  const [test, ...args] = rest;
  const { runtime } = call;
  return makeOwn(
    iterate(input, runtime).filter((item) => {
      const value = attribute === undefined ? item : readPath(item, attribute, runtime);
      if (test === undefined) return isTruthy(needed(value)) === wanted;
      return runtime.machinery.applyTest(runtime, toText(test), value, args, call.keywords) === wanted;
    }),
  );
}
