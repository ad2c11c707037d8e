import { fromPlain } from "../source/json.ts";
import { isMap, Namespace, Secret, Undefined, type Value } from "../vars/value.ts";
import type { ModuleOutcome } from "./outcome.ts";

/** What `register:` stores. Texts in it came from a host: they are data and never templates. */
export function registeredValue(outcome: ModuleOutcome, name = "result", noLog = false): Value {
  const plain = fromPlain(outcome.result);
  const value =
    outcome.incomplete === true && isMap(plain)
      ? new Incomplete(name, new Map([...plain].map(([key, one]) => [String(key), one])))
      : plain;
  return noLog ? new Secret(value) : value;
}

/** The result of something that check mode did not do: what is not known about it says so when it is read. */
class Incomplete extends Namespace {
  readonly label: string;
  readonly #known: ReadonlyMap<string, Value>;
  constructor(label: string, known: ReadonlyMap<string, Value>) {
    super();
    this.label = label;
    this.#known = known;
  }
  get(key: string): Value {
    return this.#known.get(key) ?? new Undefined(`${this.label}.${key}`, "not-yet-known");
  }
  keys(): Iterable<string> {
    return this.#known.keys();
  }
}
