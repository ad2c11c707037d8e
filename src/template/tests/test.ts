import type { Value } from "../../vars/value.ts";
import type { Call } from "../call.ts";

/** A test. Its input and arguments are settled in depth and without boxes, unless it is `raw`: then they are what the template had. */
export type Test = {
  readonly parameters: readonly string[];
  readonly raw?: true;
  readonly run: (input: Value, call: Call) => boolean;
};

export type TestTable = Readonly<Record<string, Test>>;
