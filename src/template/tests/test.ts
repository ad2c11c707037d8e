import type { Value } from "../../vars/value.ts";
import type { Call } from "../call.ts";

/** A test (`x is NAME`). Input and arguments come without boxes and settled; with `raw` as they are, undefined ones too. */
export type Test = {
  readonly parameters: readonly string[];
  readonly raw?: true;
  readonly run: (input: Value, call: Call) => boolean;
};

export type TestTable = Readonly<Record<string, Test>>;
