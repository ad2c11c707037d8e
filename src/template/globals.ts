import { isList, type Key, Namespace, omit, Secret, type Value } from "../vars/value.ts";
import { Call, toKey } from "./call.ts";
import { currentTime, formatTime } from "./datetime.ts";
import { badValue } from "./errors.ts";
import { callLookup } from "./lookups/registry.ts";
import { type CallArguments, Callable, Cell, makeOwn, NativeFunction, TemplateObject } from "./objects.ts";
import { toText } from "./repr.ts";
import { MandatoryValue } from "./undefined.ts";

const rangeLimit = 1_000_000;

function define(name: string, parameters: readonly string[], run: (call: Call) => Value): readonly [string, Value] {
  return [
    name,
    new NativeFunction(name, ({ positional, keyword, runtime }) =>
      run(new Call(`${name}()`, parameters, positional, keyword, runtime)),
    ),
  ];
}

/** Functions and constants that every template can use, unless a variable has the same name. */
export const globals: ReadonlyMap<string, Value> = new Map<string, Value>([
  ["omit", omit],
  define("range", ["start", "stop?", "step?"], range),
  define("dict", ["*", "**"], dict),
  define("namespace", ["*", "**"], (call) => {
    const cell = new Cell();
    for (const one of call.rest) if (one instanceof Map) for (const [key, value] of one) cell.assign(String(key), value);
    for (const [key, value] of call.keywords) cell.assign(key, value);
    return cell;
  }),
  define("cycler", ["*"], (call) =>
    call.rest.length === 0 ? badValue("at least one item has to be provided") : new Cycler(call.rest),
  ),
  define("joiner", ["sep?"], (call) => new Joiner(call.text("sep", ", "))),
  ["lookup", new NativeFunction("lookup", (args) => callLookup(args, false))],
  ["query", new NativeFunction("query", (args) => callLookup(args, true))],
  ["q", new NativeFunction("q", (args) => callLookup(args, true))],
  define("now", ["utc?", "fmt?"], (call) => {
    const time = currentTime(call.flag("utc", false));
    return call.given("fmt") === undefined ? time : formatTime(call.text("fmt"), time.fields, true);
  }),
  define("undef", ["hint?"], (call) => {
    const hint = call.given("hint");
    return new MandatoryValue(hint === undefined ? undefined : toText(hint));
  }),
]);

function range(call: Call): Value {
  const first = call.integer("start");
  const isShort = call.optional("stop") === undefined;
  const start = isShort ? 0 : first;
  const stop = isShort ? first : call.integer("stop");
  const step = call.integer("step", 1);
  if (step === 0) return badValue("range() arg 3 must not be zero");
  if ((stop - start) / step > rangeLimit) return badValue(`range() gives at most ${rangeLimit} numbers here`);
  const result: number[] = [];
  for (let value = start; step > 0 ? value < stop : value > stop; value += step) result.push(value);
  return result;
}

function dict(call: Call): Value {
  const result = new Map<Key, Value>();
  let isSecret = false;
  // What is made of a secret is one, as a whole.
  const opened = (value: Value): Value => {
    if (!(value instanceof Secret)) return value;
    isSecret = true;
    return value.value;
  };
  for (const one of call.rest) {
    const settled = opened(call.runtime.deep(one));
    if (settled instanceof Map) for (const [key, value] of settled) result.set(key, value);
    else if (settled instanceof Namespace && !(settled instanceof TemplateObject)) {
      for (const [key, value] of call.runtime.namespaceMap(settled)) result.set(key, value);
    } else if (isList(settled)) {
      for (const entry of settled) {
        const pair = opened(entry);
        if (!isList(pair) || pair.length !== 2) return badValue("dict() needs pairs of a key and a value");
        result.set(toKey(pair[0] ?? null), pair[1] ?? null);
      }
    } else return badValue("dict() needs a dict or pairs");
  }
  for (const [key, value] of call.keywords) result.set(key, value);
  return isSecret ? call.runtime.conceal(makeOwn(result)) : makeOwn(result);
}

/** `cycler('odd', 'even')` */
class Cycler extends TemplateObject {
  readonly label = "cycler";
  readonly #items: readonly Value[];
  #index = 0;
  constructor(items: readonly Value[]) {
    super();
    this.#items = items;
  }
  override get(key: string): Value | undefined {
    const current = this.#items[this.#index] ?? null;
    if (key === "current") return current;
    if (key === "reset") {
      return new NativeFunction(key, () => {
        this.#index = 0;
        return null;
      });
    }
    if (key !== "next") return undefined;
    return new NativeFunction(key, () => {
      const item = this.#items[this.#index] ?? null;
      this.#index = (this.#index + 1) % this.#items.length;
      return item;
    });
  }
}

/** `joiner(', ')`: nothing the first time it is called, the separator from then on. */
class Joiner extends Callable {
  readonly label = "joiner";
  readonly #separator: string;
  #isUsed = false;
  constructor(separator: string) {
    super();
    this.#separator = separator;
  }
  override call(_args: CallArguments): Value {
    if (this.#isUsed) return this.#separator;
    this.#isUsed = true;
    return "";
  }
}
