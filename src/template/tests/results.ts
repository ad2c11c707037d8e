import { Namespace, Secret, Undefined, type Value } from "../../vars/value.ts";
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
const changed = of((read) => read("changed"));
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
  started: of((read) => read("started")),
  finished: of((read) => read("finished")),
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
