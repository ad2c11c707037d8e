import { Diagnostics, type Position } from "../diagnostic.ts";
import { didYouMean } from "../suggest.ts";
import { toPlain } from "../vars/plain.ts";
import { keyPosition, positionAt, sourceMapOf } from "../vars/provenance.ts";
import { isList, isMap, type Value, type ValueMap } from "../vars/value.ts";
import { checkOption } from "./argument-specs.ts";
import { described, field, holdsTemplate, memberPosition, staticBool, texts } from "./fields.ts";
import { checkKeys } from "./keywords.ts";
import { type LoaderOptions, type Loading, newParts, problem } from "./loading.ts";
import type { ArgumentOption, ArgumentSpec } from "./model.ts";
import { readRules } from "./read-argument-rules.ts";

const TYPES: readonly ArgumentOption["type"][] = [
  "str",
  "int",
  "float",
  "bool",
  "list",
  "dict",
  "path",
  "raw",
  "json",
  "jsonarg",
  "bytes",
  "bits",
];

const OPTION_KEYS = [
  "type",
  "elements",
  "required",
  "default",
  "choices",
  "description",
  "options",
  "no_log",
  "aliases",
  "version_added",
  "apply_defaults",
  "removed_in_version",
  "removed_at_date",
  "removed_from_collection",
  "mutually_exclusive",
  "required_together",
  "required_one_of",
  "required_if",
  "required_by",
  "deprecated_aliases",
  "fallback",
];

/** The specification of one entry point out of `argument_specs:`; undefined when there is none for it. */
export function readArgumentSpec(loading: Loading, specs: Value | undefined, entryPoint: string): ArgumentSpec | undefined {
  if (specs === undefined || specs === null) return undefined;
  if (!isMap(specs)) {
    problem(loading, {
      code: "argument-spec",
      message: `"argument_specs" must be a mapping of entry points, but is ${described(specs)}`,
      position: sourceMapOf(specs)?.position,
    });
    return undefined;
  }
  const spec = specs.get(entryPoint);
  if (spec === undefined || spec === null) return undefined;
  if (!isMap(spec)) {
    problem(loading, {
      code: "argument-spec",
      message: `the entry point "${entryPoint}" must be a mapping, but is ${described(spec)}`,
      position: memberPosition(specs, entryPoint),
    });
    return undefined;
  }
  return {
    entryPoint,
    shortDescription: textOf(spec.get("short_description")),
    ...readLevel(loading, spec),
    position: keyPosition(specs, entryPoint),
  };
}

/** A specification that a task gives as a parameter. Throws DiagnosticError with all that is wrong with it. */
export function readOptionsOf(options: LoaderOptions, written: ValueMap): ArgumentSpec {
  const problems = new Diagnostics();
  const loading: Loading = {
    options,
    problems,
    trail: [],
    folder: "",
    files: [],
    parts: newParts(),
    isHandler: false,
    notify: [],
    lenient: false,
  };
  const level = readLevel(loading, new Map([["options", written]]));
  problems.throwIfErrors();
  return { ...level, entryPoint: "main", shortDescription: undefined, position: sourceMapOf(written)?.position };
}

/** The options of one level and the rules among them. */
function readLevel(loading: Loading, map: ValueMap): Pick<ArgumentSpec, "options" | "rules"> {
  const options = readOptions(loading, map);
  return { options, rules: readRules(loading, map, options) };
}

function readOptions(loading: Loading, map: ValueMap): ReadonlyMap<string, ArgumentOption> {
  const options = new Map<string, ArgumentOption>();
  const value = field(loading, map, "options", "mapping");
  if (value === undefined || !isMap(value)) return options;
  for (const [key, one] of value) {
    const name = String(key);
    const position = keyPosition(value, key);
    if (isMap(one)) options.set(name, readOption(loading, name, one, position));
    else if (one === null) options.set(name, readOption(loading, name, new Map(), position));
    else
      problem(loading, {
        code: "argument-spec",
        message: `the option "${name}" must be a mapping, but is ${described(one)}`,
        position,
      });
  }
  return options;
}

function readOption(loading: Loading, name: string, map: ValueMap, position: Position | undefined): ArgumentOption {
  checkKeys(loading, map, OPTION_KEYS, `the option "${name}"`);
  const type = readType(loading, map, "type") ?? "str";
  const choices = map.get("choices");
  const option: ArgumentOption = {
    type,
    elements: readType(loading, map, "elements"),
    required: staticBool(loading, map, "required", false),
    default: map.get("default") ?? undefined,
    choices: choices !== undefined && isList(choices) ? choices : undefined,
    description: descriptionOf(map.get("description")),
    ...(map.has("options") ? readLevel(loading, map) : { options: undefined, rules: [] }),
    applyDefaults: staticBool(loading, map, "apply_defaults", false),
    noLog: staticBool(loading, map, "no_log", false),
    aliases: readAliases(loading, map),
    deprecation: deprecationOf(map, ["removed_in_version", "removed_at_date"]),
    position,
  };
  if (choices !== undefined && !isList(choices)) {
    problem(loading, {
      code: "argument-spec",
      message: `"choices" must be a list, but is ${described(choices)}`,
      position: positionAt(map, ["choices"]),
    });
  }
  // The default of a mapping may leave out what its own options require; what they are is checked where values come in.
  if (option.default !== undefined && !holdsTemplate(option.default) && option.options === undefined) {
    for (const message of checkOption(name, option, toPlain(option.default))) {
      problem(loading, { code: "argument-spec", message: `the default of ${message}`, position: positionAt(map, ["default"]) });
    }
  }
  return option;
}

function readType(loading: Loading, map: ValueMap, key: "type" | "elements"): ArgumentOption["type"] | undefined {
  const value = map.get(key);
  if (value === undefined || value === null) return undefined;
  const type = TYPES.find((one) => one === value);
  if (type === undefined) {
    const known = `one of ${TYPES.join(", ")}`;
    problem(loading, {
      code: "argument-spec",
      message: `there is no type ${described(value)}${typeof value === "string" ? didYouMean(value, TYPES) : ""}`,
      position: positionAt(map, [key]),
      help: `write ${known}`,
    });
  }
  return type;
}

function readAliases(loading: Loading, map: ValueMap): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const name of texts(loading, map, "aliases", false)) found.set(String(name), "");
  const deprecated = map.get("deprecated_aliases");
  for (const one of deprecated !== undefined && isList(deprecated) ? deprecated : []) {
    if (!isMap(one)) continue;
    found.set(String(one.get("name")), deprecationOf(one, ["version", "date"]) ?? "it will be removed");
  }
  return found;
}

function deprecationOf(map: ValueMap, keys: readonly [version: string, date: string]): string | undefined {
  const [version, date] = keys.map((key) => map.get(key));
  const collection = map.get("collection_name") ?? map.get("removed_from_collection");
  const of = typeof collection === "string" ? ` of ${collection}` : "";
  if (version !== undefined && version !== null) return `it will be removed in version ${plainWords(version)}${of}`;
  return date === undefined || date === null ? undefined : `it will be removed after ${plainWords(date)}`;
}

function textOf(value: Value | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function descriptionOf(value: Value | undefined): string {
  if (value === undefined || value === null) return "";
  return isList(value) ? value.map(plainWords).join(" ") : plainWords(value);
}

// Documentation is not rendered: a template in it is an example.
function plainWords(value: Value): string {
  return typeof value === "object" && value !== null && "source" in value ? value.source : String(value);
}
