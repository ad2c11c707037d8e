import type { Value } from "../../vars/value.ts";
import type { Runtime } from "../runtime.ts";

/** What a lookup is asked: its terms, settled in depth, and its options by name. */
export type LookupCall = {
  readonly name: string;
  readonly terms: readonly Value[];
  readonly options: ReadonlyMap<string, Value>;
  readonly runtime: Runtime;
};

/** `options`: the names it understands. `hasEffects`: it runs a command or writes a file, so nobody asks it before its task has its turn. */
export type Lookup = {
  readonly options: readonly string[];
  readonly hasEffects?: true;
  readonly run: (call: LookupCall) => readonly Value[];
};
export type LookupTable = Readonly<Record<string, Lookup>>;
