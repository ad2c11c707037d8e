import type { Position } from "../diagnostic.ts";
import { positionAt } from "../vars/provenance.ts";
import { isList, isMap, type Value, type ValueMap } from "../vars/value.ts";
import { described, memberPosition, staticBool } from "./fields.ts";
import { roleKeywords } from "./keyword-tables.ts";
import { readScopeParts } from "./keywords.ts";
import { collect, type Loading, problem, readYaml, shownPath } from "./loading.ts";
import { pick } from "./merge.ts";
import type { Scope } from "./model.ts";
import { entryFile } from "./role-files.ts";
import type { RoleRequest } from "./roles.ts";
import { renderText } from "./static-value.ts";
import { checkTemplates } from "./syntax.ts";

export type RoleMeta = {
  readonly allowDuplicates: boolean;
  /** What it depends on, seen from the role's own scope. */
  dependencies(scope: Scope): readonly RoleRequest[];
  /** By entry point. */
  readonly argumentSpecs: Value | undefined;
};

/** `meta/main.yml` and `meta/argument_specs.yml` of a role. */
export function readRoleMeta(loading: Loading, path: string): RoleMeta {
  const main = readMapping(loading, entryFile(path, "meta", "main"));
  const specs = readMapping(loading, entryFile(path, "meta", "argument_specs"));
  const written = main?.get("dependencies");
  return {
    allowDuplicates: main === undefined ? false : staticBool(loading, main, "allow_duplicates", false),
    dependencies: (scope) =>
      main === undefined ? [] : readRoleList(loading, written, scope, memberPosition(main, "dependencies"), "dependencies"),
    argumentSpecs: specs?.get("argument_specs") ?? main?.get("argument_specs"),
  };
}

function readMapping(loading: Loading, file: string | undefined): ValueMap | undefined {
  if (file === undefined) return undefined;
  const position = { file: shownPath(file), line: 1, column: 1 };
  const value = collect(loading, position, () => readYaml(loading.options, file).value);
  if (value === undefined || value === null) return undefined;
  if (isMap(value)) return value;
  problem(loading, {
    code: "meta-not-a-mapping",
    message: `${shownPath(file)} must hold a mapping, but is ${described(value)}`,
    position,
  });
  return undefined;
}

/** `roles:` of a play or `dependencies:` of a role. */
export function readRoleList(
  loading: Loading,
  list: Value | undefined,
  parent: Scope,
  position: Position | undefined,
  keyword: string,
): readonly RoleRequest[] {
  if (list === undefined || list === null) return [];
  if (!isList(list)) {
    problem(loading, {
      code: "keyword-type",
      message: `"${keyword}" must be a list of roles, but is ${described(list)}`,
      position,
    });
    return [];
  }
  return list.flatMap((entry, index) => readEntry(loading, entry, parent, positionAt(list, [index]) ?? position) ?? []);
}

function readEntry(loading: Loading, entry: Value, parent: Scope, position: Position | undefined): RoleRequest | undefined {
  const request = {
    parent,
    from: { tasks: undefined, vars: undefined, defaults: undefined, handlers: undefined },
    isDynamic: false,
    mayRepeat: false,
    validate: true,
  };
  const what = "the name of a role";
  if (!isMap(entry)) {
    const name = nameOf(loading, entry, parent, undefined, position, what);
    const parts = { keywords: {}, vars: undefined, when: [], tags: [] };
    return name === undefined ? undefined : { ...request, name, position, entry: parts, parameters: undefined };
  }
  const key = ["role", "name", "src"].find((one) => entry.has(one));
  if (key === undefined) {
    problem(loading, { code: "role-entry", message: 'this entry names no role: it needs "role"', position });
    return undefined;
  }
  const parts = readScopeParts(loading, entry, parent);
  const at = memberPosition(entry, key);
  const name = nameOf(loading, entry.get(key) ?? null, parent, parts.vars, at, what);
  const parameters = pick(entry, (one) => !roleKeywords.includes(String(one)) && one !== key);
  checkTemplates(loading, parameters);
  if (name === undefined) return undefined;
  return { ...request, name, position: at, entry: parts, parameters: parameters.size === 0 ? undefined : parameters };
}

function nameOf(
  loading: Loading,
  value: Value,
  parent: Scope,
  vars: ValueMap | undefined,
  position: Position | undefined,
  what: string,
): string | undefined {
  if (typeof value === "string" || (typeof value === "object" && value !== null && "source" in value)) {
    return renderText(loading, value, { parent, vars, what, position });
  }
  problem(loading, { code: "role-entry", message: `a role's name is expected here, but this is ${described(value)}`, position });
  return undefined;
}
