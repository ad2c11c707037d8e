import type { Position } from "../diagnostic.ts";
import type { Module } from "../modules/contract.ts";
import { didYouMean } from "../suggest.ts";
import { keyPosition, positionAt } from "../vars/provenance.ts";
import { isMap, type Key, type Value, type ValueMap } from "../vars/value.ts";
import { described, isTemplated, memberPosition } from "./fields.ts";
import { type FreeForm, freeFormArgs } from "./free-form-args.ts";
import { type Loading, problem, warning } from "./loading.ts";
import { mergeMaps, pick } from "./merge.ts";
import { bareName, unknownModule } from "./module-names.ts";

/** What a task does, as it was written. */
export type Action = {
  readonly moduleName: string;
  /** Where the module's name stands. */
  readonly position: Position | undefined;
  readonly args: ValueMap;
  readonly templatedArgs: Value | undefined;
  /** `local_action`. */
  readonly isLocal: boolean;
} & ({ readonly kind: "module"; readonly module: Module } | { readonly kind: ImportOrInclude });

export type ImportOrInclude = "include_tasks" | "include_role" | "import_tasks" | "import_role";
const importsAndIncludes: readonly string[] = ["include_tasks", "include_role", "import_tasks", "import_role"];

type Named = {
  readonly name: string;
  readonly value: Value;
  readonly position: Position | undefined;
  readonly at: Position | undefined;
};

/** Finds out what a task does. Undefined when that cannot be said; the problem is told then. */
export function readAction(loading: Loading, map: ValueMap, keywords: readonly string[], position: Position): Action | undefined {
  const found: (Named & { readonly isLocal: boolean })[] = [];
  let slips = 0;
  for (const [key, value] of map) {
    const name = String(key);
    if (name === "action" || name === "local_action") {
      const named = readActionKeyword(loading, map, name, value);
      if (named === undefined) slips += 1;
      else found.push({ ...named, isLocal: name === "local_action" });
      continue;
    }
    if (keywords.includes(name) || name.startsWith("with_")) continue;
    if (!isModuleName(loading, name)) {
      slips += 1;
      tellUnknownKey(loading, map, name, keywords);
      continue;
    }
    found.push({ name, value, position: keyPosition(map, name), at: positionAt(map, [name]), isLocal: false });
  }
  const [first, second] = found;
  if (second !== undefined && first !== undefined) {
    problem(loading, {
      code: "two-modules",
      message: `a task runs one module, but this one has ${found.map((one) => `"${one.name}"`).join(" and ")}`,
      position: second.position,
      help: "make two tasks of it",
    });
  }
  if (first === undefined) {
    if (slips === 0) problem(loading, { code: "no-module", message: "this task says no module to run", position });
    return undefined;
  }
  return resolve(loading, map, first, first.isLocal);
}

function isModuleName(loading: Loading, name: string): boolean {
  const bare = bareName(name);
  if (loading.options.registry.findModule(name) !== undefined || importsAndIncludes.includes(bare)) return true;
  return bare === "include" || bare === "import_playbook" || unknownModule(name, loading.options.registry).isAnsible;
}

function tellUnknownKey(loading: Loading, map: ValueMap, name: string, keywords: readonly string[]): void {
  const known = [...keywords, ...loading.options.registry.moduleNames(), ...importsAndIncludes];
  problem(loading, {
    code: "unknown-keyword",
    message: `"${name}" is not a keyword or module${didYouMean(name, known)}`,
    position: keyPosition(map, name),
  });
}

/** `action: copy src=a dest=b`, or `action: { module: copy, src: a }`. */
function readActionKeyword(loading: Loading, map: ValueMap, keyword: string, value: Value): Named | undefined {
  const position = memberPosition(map, keyword);
  if (isMap(value)) {
    const name = value.get("module");
    if (typeof name === "string") {
      const rest = pick(value, (key) => key !== "module");
      return { name, value: rest, position: positionAt(value, ["module"]), at: positionAt(map, [keyword]) };
    }
  } else if (typeof value === "string" || (isTemplated(value) && "source" in value)) {
    const text = typeof value === "string" ? value : value.source;
    const [, name, rest] = /^\s*(\S+)\s*(.*)$/s.exec(text) ?? [];
    if (name !== undefined && !name.includes("{{")) return { name, value: rest ?? "", position, at: position };
  }
  problem(loading, {
    code: "keyword-type",
    message: `"${keyword}" must be a module's name and its parameters, or a mapping with "module", but is ${described(value)}`,
    position,
  });
  return undefined;
}

function resolve(loading: Loading, map: ValueMap, named: Named, isLocal: boolean): Action | undefined {
  const { name, position } = named;
  const bare = bareName(name);
  if (bare === "include" || bare === "import_playbook") {
    problem(loading, {
      code: "misplaced-import",
      message: bare === "include" ? '"include" is no longer in Ansible' : '"import_playbook" cannot stand among tasks',
      position,
      help: bare === "include" ? "use include_tasks or import_tasks" : "it stands in the list of plays",
    });
    return undefined;
  }
  const kind = asImportOrInclude(bare);
  const module = kind === undefined ? loading.options.registry.findModule(name) : undefined;
  if (kind === undefined && module === undefined) {
    tellUnknownModule(loading, named);
    return undefined;
  }
  const own = argsOf(loading, named, module, kind);
  if (own === undefined) return undefined;
  const more = readArgsKeyword(loading, map, freeFormParameter(module, kind));
  const args = more.args === undefined ? own : mergeMaps([more.args, own]);
  const action = { moduleName: name, position, args, templatedArgs: more.template, isLocal };
  return module === undefined ? (kind === undefined ? undefined : { ...action, kind }) : { ...action, kind: "module", module };
}

function asImportOrInclude(bare: string): ImportOrInclude | undefined {
  if (bare === "include_tasks" || bare === "include_role" || bare === "import_tasks" || bare === "import_role") return bare;
  return undefined;
}

function tellUnknownModule(loading: Loading, { name, position }: Named): void {
  const { message, isAnsible, isRefused, help } = unknownModule(name, loading.options.registry);
  const told = {
    code: isAnsible ? "missing-module" : "unknown-module",
    message,
    position,
    ...(help === undefined ? {} : { help }),
  };
  if (isAnsible && isRefused !== true && loading.lenient) warning(loading, told);
  else problem(loading, told);
}

function argsOf(
  loading: Loading,
  named: Named,
  module: Module | undefined,
  kind: ImportOrInclude | undefined,
): ValueMap | undefined {
  const { name, value, position, at } = named;
  if (value === null) return new Map();
  const parameter = freeFormParameter(module, kind);
  if (isMap(value)) return renamed(value, parameter);
  if (Array.isArray(value)) {
    problem(loading, {
      code: "parameters",
      message: `the parameters of ${name} must be a mapping, but are a list`,
      position: at ?? position,
      help: 'write "name: value" lines without dashes',
    });
    return undefined;
  }
  const style: FreeForm = { name, parameter, isCommand: module?.kind === "action" && module.freeForm !== undefined };
  return freeFormArgs(loading, value, style, at ?? position);
}

function freeFormParameter(module: Module | undefined, kind: ImportOrInclude | undefined): string | undefined {
  if (kind === undefined) return module?.freeForm;
  return kind.endsWith("_tasks") ? "file" : undefined;
}

// `_raw_params` is what Ansible itself calls the free-form text.
function renamed(args: ValueMap, parameter: string | undefined): ValueMap {
  const raw = args.get("_raw_params");
  if (raw === undefined || parameter === undefined) return args;
  const rest = pick(args, (key) => key !== "_raw_params");
  return mergeMaps([rest, new Map<Key, Value>([[parameter, raw]])]);
}

function readArgsKeyword(
  loading: Loading,
  map: ValueMap,
  parameter: string | undefined,
): { readonly args?: ValueMap; readonly template: Value | undefined } {
  const value = map.get("args");
  if (value === undefined || value === null) return { template: undefined };
  if (isMap(value)) return { args: renamed(value, parameter), template: undefined };
  if (isTemplated(value)) return { template: value };
  problem(loading, {
    code: "keyword-type",
    message: `"args" must be a mapping of parameters, but is ${described(value)}`,
    position: positionAt(map, ["args"]),
  });
  return { template: undefined };
}
