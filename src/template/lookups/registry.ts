import { isList, Namespace, type Value } from "../../vars/value.ts";
import { badValue, fault } from "../errors.ts";
import { shortName } from "../filters/registry.ts";
import { toText } from "../repr.ts";
import type { Runtime } from "../runtime.ts";
import { controlNodeLookups } from "./control-node.ts";
import { flattened, type Lookup, type LookupTable, Options } from "./lookup.ts";
import { loopLookups } from "./loops.ts";

/** Lookups that read the variables of the run. */
const variableLookups: LookupTable = {
  vars: (terms, options, runtime) =>
    flattened(terms).map((term) => {
      const name = toText(term);
      const value = runtime.variable(name) ?? options.value("default");
      return value === undefined ? badValue(`the lookup "vars": there is no variable "${name}"`) : runtime.deep(value);
    }),
  varnames: (terms, _options, runtime) => {
    const patterns = flattened(terms).map((term) => new RegExp(toText(term)));
    return [...runtime.context.names.names()].filter((name) => patterns.some((pattern) => pattern.test(name))).sort();
  },
  inventory_hostnames: (terms, _options, runtime) => {
    const groups = runtime.variable("groups");
    const members = (name: string): readonly Value[] => {
      const found = groups instanceof Map || groups instanceof Namespace ? groups.get(name) : undefined;
      return isList(found) ? found : name === "localhost" ? [name] : badValue(`there is no group "${name}"`);
    };
    let hosts: readonly Value[] = [];
    for (const part of flattened(terms).flatMap((term) => toText(term).split(/[:,]/))) {
      if (part.startsWith("!")) hosts = hosts.filter((one) => !members(part.slice(1)).includes(one));
      else if (part.startsWith("&")) hosts = hosts.filter((one) => members(part.slice(1)).includes(one));
      else hosts = [...new Set([...hosts, ...members(part)])];
    }
    return hosts;
  },
};

const registry: ReadonlyMap<string, Lookup> = new Map(
  [loopLookups, controlNodeLookups, variableLookups].flatMap((table) => Object.entries(table)),
);

export function lookupNames(): readonly string[] {
  return [...registry.keys()];
}

/** What `lookup(name, …)` and `with_name` give. Throws TemplateFault. */
export function runLookupPlugin(
  runtime: Runtime,
  name: string,
  terms: readonly Value[],
  options: ReadonlyMap<string, Value>,
): readonly Value[] {
  const lookup = registry.get(shortName(name));
  if (lookup === undefined) return fault("unknown-lookup", `there is no lookup "${name}"`);
  return lookup(terms, new Options(name, options), runtime);
}
