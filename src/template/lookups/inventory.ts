import { isList, Namespace, type Value } from "../../vars/value.ts";
import { badValue } from "../errors.ts";
import type { LookupCall, LookupTable } from "./lookup.ts";
import { textTerms } from "./options.ts";

/** Lookups that read the inventory, through the variable `groups`. */
export const inventoryLookups: LookupTable = {
  inventory_hostnames: {
    options: [],
    run: (call) => {
      let hosts: readonly Value[] = [];
      for (const part of textTerms(call)
        .flatMap((term) => term.split(/[:,]/))
        .map((one) => one.trim())) {
        if (part.startsWith("!")) hosts = without(hosts, members(part.slice(1), call));
        else if (part.startsWith("&")) hosts = hosts.filter((one) => members(part.slice(1), call).includes(one));
        else hosts = [...new Set([...hosts, ...members(part, call)])];
      }
      return hosts;
    },
  },
};

function members(name: string, call: LookupCall): readonly Value[] {
  const groups = call.runtime.variable("groups");
  const found = groups instanceof Map || groups instanceof Namespace ? groups.get(name) : undefined;
  if (isList(found)) return found;
  const all = groups instanceof Map || groups instanceof Namespace ? groups.get("all") : undefined;
  if (name === "localhost" || (isList(all) && all.includes(name))) return [name];
  return badValue(`there is no group or host "${name}"`);
}

function without(hosts: readonly Value[], others: readonly Value[]): readonly Value[] {
  return hosts.filter((one) => !others.includes(one));
}
