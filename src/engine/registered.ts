import { fromPlain } from "../source/json.ts";
import { isList, isMap, Namespace, Secret, Undefined, type Value, type ValueMap } from "../vars/value.ts";
import type { ModuleOutcome } from "./outcome.ts";

/** What `register:` stores. Texts in it came from a host: they are data and never templates. */
export function registeredValue(outcome: ModuleOutcome, name = "result", noLog = false): Value {
  const plain = fromPlain(outcome.result);
  const value = outcome.incomplete === true && isMap(plain) ? incomplete(name, plain) : plain;
  return noLog ? new Secret(value) : value;
}

function incomplete(name: string, known: ValueMap): Incomplete {
  const members = new Map([...known].map(([key, one]): [string, Value] => [String(key), one]));
  const results = members.get("results");
  // What is not known of a loop is not known of its items.
  if (isList(results)) {
    members.set(
      "results",
      results.map((one, index) => (isMap(one) ? incomplete(`${name}.results[${index}]`, one) : one)),
    );
  }
  return new Incomplete(name, members);
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
