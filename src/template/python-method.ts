import type { Value } from "../vars/value.ts";
import type { Call } from "./call.ts";

/** A method of one of Python's types. */
export type Method<Receiver> = {
  readonly parameters: readonly string[];
  /** The receiver's members need not be settled before. */
  readonly lazy?: true;
  /** Hands members on as they are, boxed ones too; of all others, a secret anywhere in the input makes the result one. */
  readonly keepsBoxes?: true;
  readonly run: (receiver: Receiver, call: Call) => Value;
};

export type MethodTable<Receiver> = ReadonlyMap<string, Method<Receiver>>;

export function methods<Receiver>(table: Readonly<Record<string, Method<Receiver>>>): MethodTable<Receiver> {
  return new Map(Object.entries(table));
}
