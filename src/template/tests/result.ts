import { isList, Namespace, Undefined, type Value } from "../../vars/value.ts";
import { isTruthy } from "../compare.ts";
import { badValue, NotYetKnown } from "../errors.ts";
import { typeName } from "../repr.ts";
import type { Test, TestTable } from "./test.ts";

/** Reads a field of what a task registered. A loop's result answers for its items where it says nothing itself. */
function field(result: Value, name: string): boolean {
  const members =
    result instanceof Map || result instanceof Namespace
      ? result
      : badValue(`a task's result is needed here, not ${typeName(result)}`);
  const value = members.get(name);
  if (value instanceof Undefined && value.reason === "not-yet-known") throw new NotYetKnown(value.name);
  if (value !== undefined && !(value instanceof Undefined)) return isTruthy(value);
  const results = members.get("results");
  return name === "changed" && isList(results) && results.some((one) => one instanceof Map && field(one, name));
}

const of = (run: (result: Value) => boolean): Test => ({ parameters: [], raw: true, run: (input) => run(present(input)) });

function present(input: Value): Value {
  return input instanceof Undefined ? badValue(`"${input.name}" is undefined, so it is no task's result`) : input;
}

const failed = of((result) => field(result, "failed"));
const succeeded = of((result) => !field(result, "failed"));
const changed = of((result) => field(result, "changed"));
const skipped = of((result) => field(result, "skipped"));

/** What people ask of registered results. */
export const resultTests: TestTable = {
  failed,
  failure: failed,
  succeeded,
  success: succeeded,
  successful: succeeded,
  changed,
  change: changed,
  skipped,
  skip: skipped,
  // Nothing runs in the background here, so a result is that of a task which has started and ended.
  started: of(() => true),
  finished: of(() => true),
  reachable: of((result) => !field(result, "unreachable")),
  unreachable: of((result) => field(result, "unreachable")),
  timedout: of((result) => field(result, "timedout")),
};
