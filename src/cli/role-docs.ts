import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { loadYamlFileSync } from "../source/yaml.ts";
import { isList, isMap, type Value, type ValueMap } from "../vars/value.ts";
import { expandHome } from "./settings.ts";
import { shownText, shownValue } from "./shown-value.ts";
import { packageFolder } from "./version.ts";

export type RoleOptionDoc = {
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly default: string | undefined;
  readonly choices: readonly string[];
  readonly description: string;
  readonly options: readonly RoleOptionDoc[];
};

export type RoleDoc = {
  readonly name: string;
  readonly path: string;
  readonly summary: string;
  readonly description: readonly string[];
  readonly options: readonly RoleOptionDoc[];
};

/** Folders of roles by name: those beside the current folder, in `--roles-path`, and those that come with k3sprov. */
export function roleFoldersByName(rolesPath: readonly string[], cwd: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const places = [join(cwd, "roles"), ...rolesPath.map((path) => resolve(cwd, expandHome(path))), join(packageFolder(), "roles")];
  for (const place of places) {
    if (!existsSync(place)) continue;
    for (const name of readdirSync(place).sort()) {
      const path = join(place, name);
      if (!found.has(name) && !name.startsWith(".") && statSync(path).isDirectory()) found.set(name, path);
    }
  }
  return found;
}

/** The documentation of a role out of its `meta/argument_specs.yml`. Throws DiagnosticError when that cannot be read. */
export function readRoleDoc(name: string, path: string): RoleDoc {
  const file = ["argument_specs.yml", "argument_specs.yaml"].map((one) => join(path, "meta", one)).find(existsSync);
  const specs = file === undefined ? undefined : member(loadYamlFileSync(file, { templates: false }), "argument_specs");
  const main = member(specs, "main");
  return {
    name,
    path,
    summary: shownText(member(main, "short_description")) ?? "",
    description: texts(member(main, "description")),
    options: optionDocs(member(main, "options")),
  };
}

function optionDocs(value: Value | undefined): readonly RoleOptionDoc[] {
  if (!isMap(value)) return [];
  return [...value].map(([key, one]) => optionDoc(String(key), isMap(one) ? one : new Map()));
}

function optionDoc(name: string, map: ValueMap): RoleOptionDoc {
  const elements = shownText(map.get("elements"));
  const type = shownText(map.get("type")) ?? "str";
  const preset = map.get("default");
  return {
    name,
    type: elements === undefined ? type : `${type} of ${elements}`,
    required: map.get("required") === true,
    default: preset === undefined || preset === null ? undefined : JSON.stringify(shownValue(preset)),
    choices: texts(map.get("choices")),
    description: texts(map.get("description")).join(" "),
    options: optionDocs(map.get("options")),
  };
}

function member(value: Value | undefined, key: string): Value | undefined {
  return isMap(value) ? value.get(key) : undefined;
}

function texts(value: Value | undefined): readonly string[] {
  if (value === undefined || value === null) return [];
  return (isList(value) ? value : [value]).flatMap((one) => shownText(one) ?? []);
}
