import { isList, Namespace, Secret, Undefined, type Value } from "../../vars/value.ts";
import { Call } from "../call.ts";
import { NotYetKnown } from "../errors.ts";
import { TemplateObject } from "../objects.ts";
import type { Runtime } from "../runtime.ts";
import { conversionFilters } from "./conversion.ts";
import { cryptFilters } from "./crypt.ts";
import { dateFilters } from "./date.ts";
import { defaultFilters } from "./default.ts";
import { dictFilters } from "./dict.ts";
import { encodingFilters } from "./encoding.ts";
import type { Filter, FilterTable } from "./filter.ts";
import { groupFilters } from "./group.ts";
import { htmlFilters } from "./html.ts";
import { listFilters } from "./list.ts";
import { networkFilters } from "./network.ts";
import { numberFilters } from "./number.ts";
import { pathFilters } from "./path.ts";
import { regexFilters } from "./regex.ts";
import { selectFilters } from "./select.ts";
import { serializationFilters } from "./serialization.ts";
import { setFilters } from "./sets.ts";
import { stringFilters } from "./string.ts";
import { versionFilters } from "./version.ts";

const tables: readonly FilterTable[] = [
  defaultFilters,
  conversionFilters,
  stringFilters,
  htmlFilters,
  listFilters,
  selectFilters,
  groupFilters,
  setFilters,
  dictFilters,
  numberFilters,
  pathFilters,
  regexFilters,
  encodingFilters,
  serializationFilters,
  cryptFilters,
  dateFilters,
  versionFilters,
  networkFilters,
];

const registry: ReadonlyMap<string, Filter> = new Map(tables.flatMap((table) => Object.entries(table)));

/** Collections whose filters and tests are among ours, by their short names. */
const prefix = /^(?:ansible\.(?:builtin|legacy|utils|netcommon|posix)|community\.(?:general|crypto))\./;

export function shortName(name: string): string {
  return name.replace(prefix, "");
}

export function findFilter(name: string): Filter | undefined {
  return registry.get(name) ?? registry.get(shortName(name));
}

export function filterNames(): Iterable<string> {
  return registry.keys();
}

/** Applies a filter to a settled input. Throws TemplateFault, DiagnosticError, NotYetKnown. */
export function applyFilter(
  runtime: Runtime,
  filter: Filter,
  name: string,
  input: Value,
  positional: readonly Value[],
  keyword: ReadonlyMap<string, Value>,
): Value {
  const label = `the filter "${name}"`;
  if (input instanceof Undefined && input.reason === "not-yet-known") throw new NotYetKnown(input.name);
  if (filter.secrets === "raw") return filter.run(input, new Call(label, filter.parameters, positional, keyword, runtime));
  const value = runtime.deep(input);
  const values = positional.length === 0 ? positional : positional.map((one) => runtime.deep(one));
  const names = keyword.size === 0 ? keyword : new Map([...keyword].map(([key, one]) => [key, runtime.deep(one)]));
  if (filter.secrets === "keep") return keeping(runtime, filter, label, value, values, names);
  const opened = runtime.open(value);
  const openedValues = values.map((one) => runtime.open(one));
  const openedNames = [...names].map(([key, one]) => [key, runtime.open(one)] as const);
  const isSecret = opened.secret || openedValues.some((one) => one.secret) || openedNames.some(([, one]) => one.secret);
  const plainNames = new Map(openedNames.map(([key, one]) => [key, one.value]));
  const call = new Call(
    label,
    filter.parameters,
    openedValues.map((one) => one.value),
    plainNames,
    runtime,
  );
  const result = filter.run(opened.value, call);
  return isSecret ? runtime.conceal(result) : result;
}

function keeping(
  runtime: Runtime,
  filter: Filter,
  label: string,
  input: Value,
  positional: readonly Value[],
  keyword: ReadonlyMap<string, Value>,
): Value {
  let isSecret = false;
  const unbox = (value: Value): Value => {
    if (value instanceof Secret) {
      isSecret = true;
      return value.value;
    }
    if (value instanceof Namespace && !(value instanceof TemplateObject)) return runtime.deep(runtime.namespaceMap(value));
    return value;
  };
  const value = unbox(input);
  const names = new Map([...keyword].map(([key, one]) => [key, unbox(one)]));
  const result = filter.run(value, new Call(label, filter.parameters, positional.map(unbox), names, runtime));
  if (!isSecret) return result;
  return isList(result) ? new Secret(result) : runtime.conceal(result);
}
