import { isList, Undefined, type Value } from "../../vars/value.ts";
import { memberAt } from "../attribute-path.ts";
import { isTruthy } from "../compare.ts";
import { fault } from "../errors.ts";
import { toText, typeName } from "../repr.ts";
import { raiseUndefined } from "../undefined.ts";
import type { Filter, FilterTable } from "./filter.ts";

const fallback: Filter = {
  parameters: ["default_value?", "boolean?"],
  secrets: "raw",
  run: (input, call) => {
    const isMissing = input instanceof Undefined || (call.flag("boolean", false) && !isTruthy(input));
    return isMissing ? call.or("default_value", "") : input;
  },
};

/** Filters about whether there is a value at all. */
export const defaultFilters: FilterTable = {
  default: fallback,
  d: fallback,
  mandatory: {
    parameters: ["msg?"],
    secrets: "raw",
    run: (input, call) => {
      if (!(input instanceof Undefined)) return input;
      const message = call.given("msg");
      if (message === undefined) return raiseUndefined(input);
      return fault("undefined-variable", toText(message));
    },
  },
  ternary: {
    parameters: ["true_val", "false_val", "none_val?"],
    secrets: "raw",
    run: (input, call) => {
      if (input instanceof Undefined) return raiseUndefined(input);
      const whenNone = call.given("none_val");
      if (input === null && whenNone !== undefined) return whenNone;
      return call.value(isTruthy(input) ? "true_val" : "false_val");
    },
  },
  type_debug: { parameters: [], secrets: "raw", run: (input) => typeName(input) },
  attr: {
    parameters: ["name"],
    secrets: "keep",
    // Python's attributes of data are methods, and a method is no use without a call.
    run: (input, call) => {
      const name = call.text("name");
      return new Undefined(`attr("${name}")`, "undefined", `a ${typeName(input)} has no attribute "${name}"`);
    },
  },
  extract: {
    parameters: ["container", "morekeys?"],
    secrets: "raw",
    run: (input, call) => {
      if (input instanceof Undefined) return raiseUndefined(input);
      const more = call.given("morekeys");
      const keys = [input, ...(more === undefined ? [] : isList(more) ? more : [more])];
      let value: Value = call.value("container");
      for (const key of keys) {
        if (value instanceof Undefined) return value;
        value = memberAt(value, key, call.runtime);
      }
      return value;
    },
  },
  safe: { parameters: [], secrets: "keep", run: (input) => input },
};
