import { iterate } from "../call.ts";
import { contains, identity, isTruthy } from "../compare.ts";
import type { Test, TestTable } from "./test.ts";

const subset: Test = {
  parameters: ["other"],
  run: (input, call) => {
    const other = new Set(iterate(call.value("other"), call.runtime).map(identity));
    return iterate(input, call.runtime).every((one) => other.has(identity(one)));
  },
};
const superset: Test = {
  parameters: ["other"],
  run: (input, call) => {
    const own = new Set(iterate(input, call.runtime).map(identity));
    return iterate(call.value("other"), call.runtime).every((one) => own.has(identity(one)));
  },
};

/** Tests of what is in a collection. */
export const collectionTests: TestTable = {
  contains: { parameters: ["value"], run: (input, call) => contains(input, call.value("value")) },
  subset,
  issubset: subset,
  superset,
  issuperset: superset,
  any: { parameters: [], run: (input, call) => iterate(input, call.runtime).some(isTruthy) },
  all: { parameters: [], run: (input, call) => iterate(input, call.runtime).every(isTruthy) },
};
