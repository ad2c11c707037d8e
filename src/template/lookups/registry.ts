import { DiagnosticError } from "../../diagnostic.ts";
import { didYouMean } from "../../suggest.ts";
import { isList, Secret, Undefined, type Value } from "../../vars/value.ts";
import { fault, NotYetKnown, TemplateFault } from "../errors.ts";
import { shortName } from "../filters/registry.ts";
import type { CallArguments } from "../objects.ts";
import { toText } from "../repr.ts";
import type { Runtime } from "../runtime.ts";
import { dataLookups } from "./data.ts";
import { fileLookups } from "./files.ts";
import { inventoryLookups } from "./inventory.ts";
import type { Lookup } from "./lookup.ts";
import { loopLookups } from "./loops.ts";

const registry = new Map<string, Lookup>([
  ...Object.entries(fileLookups),
  ...Object.entries(loopLookups),
  ...Object.entries(dataLookups),
  ...Object.entries(inventoryLookups),
]);

/** Adds a lookup that needs what templates do not know, such as the inventory. */
export function registerLookup(name: string, lookup: Lookup): void {
  registry.set(name, lookup);
}

export function findLookup(name: string): Lookup | undefined {
  return registry.get(name) ?? registry.get(shortName(name));
}

export function lookupNames(): ReadonlySet<string> {
  return new Set(registry.keys());
}

export function unknownLookup(name: string): string {
  return `there is no lookup "${name}"${didYouMean(name, registry.keys())}`;
}

// Every lookup takes these; `wantlist` and `errors` are about how its answer is handed on.
const common = new Set(["wantlist", "errors"]);

/** The items that a lookup finds. Secrets among the terms make secrets of them. Throws TemplateFault, DiagnosticError, NotYetKnown. */
export function performLookup(
  name: string,
  terms: readonly Value[],
  options: ReadonlyMap<string, Value>,
  runtime: Runtime,
): readonly Value[] {
  const lookup = findLookup(name);
  if (lookup === undefined) return fault("unknown-lookup", unknownLookup(name));
  for (const option of options.keys()) {
    if (!lookup.options.includes(option) && !common.has(option)) {
      return fault("template-value", `the lookup "${name}" has no option "${option}"${didYouMean(option, lookup.options)}`);
    }
  }
  if (lookup.hasEffects === true && runtime.context.isAhead === true) throw new NotYetKnown(`lookup('${name}')`);
  const settled = terms.map((term) => runtime.deep(term));
  const settledOptions = new Map(
    [...options].map(([key, value]) => [key, value instanceof Undefined ? value : runtime.deep(value)]),
  );
  const isSecret = settled.some((term) => term instanceof Secret);
  const bare = settled.map((term) =>
    term instanceof Secret && !isList(term.value) && !(term.value instanceof Map) ? term.value : term,
  );
  const items = lookup.run({ name, terms: bare, options: settledOptions, runtime });
  return isSecret ? items.map((item) => runtime.conceal(item)) : items;
}

/** `lookup('name', …)`: one text, or the item itself when it is no text; `query` and wantlist=true give the list. */
export function callLookup({ positional, keyword, runtime }: CallArguments, asList: boolean): Value {
  const [first, ...terms] = positional;
  if (first === undefined) return fault("template-value", "lookup needs the name of a lookup");
  const name = toText(runtime.open(runtime.deep(first)).value);
  const wantsList = asList || keyword.get("wantlist") === true;
  const errors = keyword.get("errors") ?? "strict";
  let items: readonly Value[];
  try {
    items = performLookup(name, terms, keyword, runtime);
  } catch (error) {
    const isLookupError = error instanceof TemplateFault || error instanceof DiagnosticError;
    if (!isLookupError || (errors !== "ignore" && errors !== "warn") || findLookup(name) === undefined) throw error;
    return wantsList ? [] : null;
  }
  if (wantsList) return items;
  const opened = runtime.open(items);
  if (isList(opened.value) && opened.value.every((one) => typeof one === "string")) {
    const text = opened.value.join(",");
    return opened.secret ? runtime.conceal(text) : text;
  }
  return items.length === 1 ? (items[0] ?? null) : items;
}
