import { isList, Namespace, Secret, Undefined, type Value } from "../../vars/value.ts";
import type { Call } from "../call.ts";
import { isTruthy } from "../compare.ts";
import { badValue, NotYetKnown } from "../errors.ts";
import { typeName } from "../repr.ts";
import { raiseUndefined } from "../undefined.ts";
import type { Test, TestTable } from "./test.ts";

function of(check: (read: (key: string) => boolean) => boolean): Test {
  return { parameters: [], raw: true, run: (input, call) => check(reader(input, call)) };
}

const failed = of((read) => read("failed"));
const success = of((read) => !read("failed"));
// A loop's result that does not say so itself has changed when one of its items has.
const changed: Test = {
  parameters: [],
  raw: true,
  run: (input, call) => {
    const read = reader(input, call);
    if (read("changed")) return true;
    const items = input instanceof Map && !input.has("changed") ? input.get("results") : undefined;
    return isList(items) && items.some((one) => one instanceof Map && reader(one, call)("changed"));
  },
};
const skipped = of((read) => read("skipped"));

/** Tests of what a task registered. */
export const resultTests: TestTable = {
  failed,
  failure: failed,
  success,
  succeeded: success,
  successful: success,
  changed,
  change: changed,
  skipped,
  skip: skipped,
  // Nothing runs in the background here: a result is that of a task which has started and ended.
  started: of(() => true),
  finished: of(() => true),
  reachable: of((read) => !read("unreachable")),
  unreachable: of((read) => read("unreachable")),
  timedout: of((read) => read("timedout")),
};

function reader(input: Value, call: Call): (key: string) => boolean {
  const value = input instanceof Secret ? input.value : input;
  if (value instanceof Undefined) return raiseUndefined(value);
  if (!(value instanceof Map) && !(value instanceof Namespace)) {
    return badValue(`${call.label} needs what a task registered, not ${typeName(value)}`);
  }
  return (key) => {
    const member = value.get(key);
    if (member === undefined) return false;
    const settled = call.runtime.settle(member);
    if (settled instanceof Undefined && settled.reason === "not-yet-known") throw new NotYetKnown(settled.name);
    return !(settled instanceof Undefined) && isTruthy(settled);
  };
}
