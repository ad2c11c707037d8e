import { didYouMean } from "../suggest.ts";
import { isList, omit, type Value } from "../vars/value.ts";
import { Call, iterate } from "./call.ts";
import { badValue, fault } from "./errors.ts";
import { shortName } from "./filters/registry.ts";
import { lookupNames, runLookupPlugin } from "./lookups/registry.ts";
import { type CallArguments, Callable, Cell, makeOwn, NativeFunction, TemplateObject } from "./objects.ts";
import { toText } from "./repr.ts";
import { MandatoryValue } from "./undefined.ts";

const MOST = 100_000;

/** `range(stop)`, `range(start, stop[, step])`; limited, since one typing error can ask for billions. */
function range({ positional }: CallArguments): Value {
  const numbers = positional.map((one) =>
    typeof one === "number" ? one : badValue(`range() needs integers, not ${toText(one)}`),
  );
  const [start, stop, step] =
    numbers.length === 1 ? [0, numbers[0] ?? 0, 1] : [numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 1];
  if (step === 0) return badValue("range() arg 3 must not be zero");
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (length > MOST) return badValue(`range() of ${length} numbers is more than the ${MOST} that are allowed`);
  return makeOwn(Array.from({ length }, (_, index) => start + index * step));
}

function dict({ positional, keyword, runtime }: CallArguments): Value {
  const [from] = positional;
  const entries: (readonly [string, Value])[] = [];
  if (from instanceof Map) for (const [key, value] of from) entries.push([String(key), value]);
  else if (from !== undefined) {
    for (const pair of iterate(runtime.deep(from), runtime)) {
      if (!isList(pair) || pair.length !== 2) return badValue("dict() needs pairs of key and value");
      entries.push([toText(pair[0] ?? null), pair[1] ?? null]);
    }
  }
  return makeOwn(new Map([...entries, ...keyword]));
}

class Cycler extends TemplateObject {
  readonly label = "cycler";
  readonly #items: readonly Value[];
  #index = 0;
  constructor(items: readonly Value[]) {
    super();
    this.#items = items;
  }
  override get(key: string): Value | undefined {
    switch (key) {
      case "current":
        return this.#items[this.#index];
      case "next":
        return new NativeFunction("next", () => {
          const current = this.#items[this.#index] ?? null;
          this.#index = (this.#index + 1) % this.#items.length;
          return current;
        });
      case "reset":
        return new NativeFunction("reset", () => {
          this.#index = 0;
          return null;
        });
      default:
        return undefined;
    }
  }
}

class Joiner extends Callable {
  readonly label = "joiner";
  readonly #separator: string;
  #used = false;
  constructor(separator: string) {
    super();
    this.#separator = separator;
  }
  override call(): Value {
    if (this.#used) return this.#separator;
    this.#used = true;
    return "";
  }
}

function namespace({ positional, keyword }: CallArguments): Value {
  const cell = new Cell();
  const [from] = positional;
  if (from instanceof Map) for (const [key, value] of from) cell.assign(String(key), value);
  for (const [key, value] of keyword) cell.assign(key, value);
  return cell;
}

/** `lookup(name, terms…, wantlist=…, errors=…)`. `query` gives a list, `lookup` text joined by commas or the single value. */
function lookup(isQuery: boolean) {
  return ({ positional, keyword, runtime }: CallArguments): Value => {
    const [plugin, ...terms] = positional.map((one) => runtime.deep(one));
    const name = shortName(toText(plugin ?? ""));
    if (![...lookupNames()].includes(name))
      return fault("unknown-lookup", `there is no lookup "${name}"${didYouMean(name, lookupNames())}`);
    const options = new Map([...keyword].map(([key, value]) => [key, runtime.deep(value)] as const));
    const wantsList = isQuery || options.get("wantlist") === true;
    const errors = toText(options.get("errors") ?? "strict");
    options.delete("wantlist");
    options.delete("errors");
    const isSecret = terms.some((one) => runtime.open(one).secret);
    let found: readonly Value[];
    try {
      found = runLookupPlugin(
        runtime,
        name,
        terms.map((one) => runtime.open(one).value),
        options,
      );
    } catch (error) {
      if (errors === "ignore" || errors === "warn") return wantsList ? [] : null;
      throw error;
    }
    const result = wantsList ? makeOwn([...found]) : joined(found);
    return isSecret ? runtime.conceal(result) : result;
  };
}

function joined(found: readonly Value[]): Value {
  if (found.length === 1) return found[0] ?? null;
  return found.every((one) => typeof one === "string") ? found.join(",") : makeOwn([...found]);
}

/** The time, as Python's datetime prints it; `.strftime` and the parts are there as members. */
class Moment extends TemplateObject {
  readonly label = "datetime";
  readonly #parts: ReadonlyMap<string, number>;
  readonly #text: string;
  constructor(date: Date, utc: boolean) {
    super();
    const pick = (local: number, universal: number): number => (utc ? universal : local);
    this.#parts = new Map([
      ["year", pick(date.getFullYear(), date.getUTCFullYear())],
      ["month", pick(date.getMonth(), date.getUTCMonth()) + 1],
      ["day", pick(date.getDate(), date.getUTCDate())],
      ["hour", pick(date.getHours(), date.getUTCHours())],
      ["minute", pick(date.getMinutes(), date.getUTCMinutes())],
      ["second", pick(date.getSeconds(), date.getUTCSeconds())],
      ["microsecond", date.getMilliseconds() * 1000],
    ]);
    const two = (name: string): string => String(this.#parts.get(name) ?? 0).padStart(2, "0");
    this.#text = `${two("year")}-${two("month")}-${two("day")} ${two("hour")}:${two("minute")}:${two("second")}`;
  }
  override get(key: string): Value | undefined {
    if (key === "isoformat") return new NativeFunction("isoformat", () => this.#text.replace(" ", "T"));
    return this.#parts.get(key);
  }
  get text(): string {
    return this.#text;
  }
}

function now({ positional, keyword, runtime }: CallArguments): Value {
  const call = new Call("now()", ["utc?", "fmt?"], positional, keyword, runtime);
  const moment = new Moment(new Date(), call.flag("utc", false));
  const format = call.given("fmt");
  return format === undefined ? moment.text : runtime.machinery.applyFilter(runtime, "strftime", toText(format), [], new Map());
}

/** Functions and values that every template has. */
export const globals: ReadonlyMap<string, Value> = new Map<string, Value>([
  ["range", new NativeFunction("range", range)],
  ["dict", new NativeFunction("dict", dict)],
  ["namespace", new NativeFunction("namespace", namespace)],
  [
    "cycler",
    new NativeFunction("cycler", ({ positional }) =>
      positional.length === 0 ? badValue("cycler() needs items") : new Cycler(positional),
    ),
  ],
  ["joiner", new NativeFunction("joiner", ({ positional }) => new Joiner(toText(positional[0] ?? ", ")))],
  ["lookup", new NativeFunction("lookup", lookup(false))],
  ["query", new NativeFunction("query", lookup(true))],
  ["q", new NativeFunction("q", lookup(true))],
  ["now", new NativeFunction("now", now)],
  [
    "undef",
    new NativeFunction("undef", ({ keyword, positional }) => {
      const hint = keyword.get("hint") ?? positional[0];
      return new MandatoryValue(hint === undefined ? undefined : toText(hint), {
        origin: { source: "", position: undefined },
        at: 0,
        end: 0,
      });
    }),
  ],
  ["omit", omit],
]);
