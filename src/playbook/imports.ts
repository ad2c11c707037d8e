import { dirname } from "node:path";
import type { Position } from "../diagnostic.ts";
import { toBoolean } from "../modules/parameters.ts";
import { didYouMean } from "../suggest.ts";
import { keyPosition, positionAt } from "../vars/provenance.ts";
import type { Value, ValueMap } from "../vars/value.ts";
import type { Action } from "./action.ts";
import { meaninglessOnImports } from "./keyword-tables.ts";
import type { ScopeParts } from "./keywords.ts";
import { collect, type Loading, problem, readYaml, shownPath, warning } from "./loading.ts";
import type { Node, Scope } from "./model.ts";
import { loadRole } from "./roles.ts";
import { playOf } from "./scope.ts";
import { renderText } from "./static-value.ts";
import { findTaskFile, taskFolders } from "./task-file.ts";

/** An import or include as it was written. */
export type Written = {
  readonly map: ValueMap;
  readonly action: Action;
  readonly parts: ScopeParts;
  readonly parent: Scope;
  readonly name: Value | undefined;
  readonly position: Position;
};

/** How nodes are loaded: given as a parameter, since that function in turn loads imports. */
export type LoadNodes = (loading: Loading, list: Value | undefined, parent: Scope, position: Position | undefined) => Node[];

/** The tasks of another file in place of the import; its keywords become a scope around them. */
export function importTasks(loading: Loading, written: Written, loadNodes: LoadNodes): readonly Node[] {
  const { action, parent } = written;
  checkImport(loading, written);
  checkNames(loading, action.args, ["file"], "import_tasks");
  const file = requiredText(loading, written, "file");
  if (file === undefined) return [];
  const path = findTaskFile(file, loading.folder, parent);
  if (path === undefined) {
    tellMissingFile(loading, "import_tasks", file, parent, positionAt(action.args, ["file"]) ?? action.position);
    return [];
  }
  return loadTaskFile(loading, path, importScope(written), loadNodes, action.position);
}

/** The nodes of a task file. */
export function loadTaskFile(
  loading: Loading,
  path: string,
  parent: Scope,
  loadNodes: LoadNodes,
  position: Position | undefined,
): Node[] {
  if (loading.files.includes(path)) {
    const chain = [...loading.files.slice(loading.files.indexOf(path)), path].map(shownPath);
    problem(loading, { code: "import-loop", message: `this import never ends: ${chain.join(" -> ")}`, position });
    return [];
  }
  const content = collect(loading, position, () => readYaml(loading.options, path).value);
  const inside = { ...loading, folder: dirname(path), files: [...loading.files, path] };
  return loadNodes(inside, content, parent, { file: shownPath(path), line: 1, column: 1 });
}

/** The tasks of a role in place of the import. */
export function importRole(loading: Loading, written: Written, loadNodes: LoadNodes): readonly Node[] {
  const { action, parent } = written;
  checkImport(loading, written);
  checkNames(loading, action.args, roleArguments, "import_role");
  const name = requiredText(loading, written, "name", "role");
  if (name === undefined) return [];
  const loaded = loadRole(
    loading,
    {
      name,
      position: positionAt(action.args, [action.args.has("name") ? "name" : "role"]) ?? action.position,
      entry: { keywords: {}, vars: undefined, when: [], tags: [] },
      parameters: undefined,
      parent: importScope(written),
      from: readFrom(loading, written),
      isDynamic: false,
      mayRepeat: toBoolean(action.args.get("allow_duplicates")) ?? true,
      validate: toBoolean(action.args.get("rolespec_validate")) ?? true,
    },
    loadNodes,
  );
  if (loaded === undefined) return [];
  // As in Ansible, where an import shows the role's variables to the whole play.
  if (playOf(parent) !== undefined) loading.parts.roles.push(...loaded.roles);
  loading.parts.importedHandlers.push(...loaded.handlers);
  return loaded.nodes;
}

export const roleArguments: readonly string[] = [
  "name",
  "role",
  "tasks_from",
  "vars_from",
  "defaults_from",
  "handlers_from",
  "public",
  "allow_duplicates",
  "rolespec_validate",
];

/** The scope that an import leaves behind. */
function importScope(written: Written): Scope {
  return { parent: written.parent, kind: "include", ...written.parts, role: undefined, position: written.position };
}

function checkImport(loading: Loading, { map, action }: Written): void {
  for (const key of map.keys()) {
    const name = String(key);
    const position = keyPosition(map, key);
    if (name === "loop" || name.startsWith("with_")) {
      const dynamic = action.kind === "import_role" ? "include_role" : "include_tasks";
      problem(loading, { code: "import-loop", message: `${action.kind} cannot have a loop`, position, help: `use ${dynamic}` });
    } else if (meaninglessOnImports.includes(name)) {
      warning(loading, {
        code: "keyword-ignored",
        message: `"${name}" has no meaning on ${action.kind} and is ignored`,
        position,
      });
    }
  }
}

/** Reports the names among `args` that are not in `known`. */
export function checkNames(loading: Loading, args: ValueMap, known: readonly string[], kind: string): void {
  for (const key of args.keys()) {
    const name = String(key);
    if (known.includes(name)) continue;
    problem(loading, {
      code: "unknown-parameter",
      message: `${kind} has no parameter "${name}"${didYouMean(name, known)}`,
      position: keyPosition(args, key),
    });
  }
}

function requiredText(loading: Loading, written: Written, ...keys: readonly string[]): string | undefined {
  const { args, position } = written.action;
  const key = keys.find((one) => args.get(one) !== undefined && args.get(one) !== null);
  if (key === undefined) {
    problem(loading, { code: "parameter", message: `${written.action.kind} needs the parameter "${keys[0]}"`, position });
    return undefined;
  }
  return renderText(loading, args.get(key) ?? null, {
    parent: written.parent,
    vars: written.parts.vars,
    what: `"${key}" of ${written.action.kind}`,
    position: positionAt(args, [key]) ?? position,
  });
}

export type From = {
  readonly tasks: string | undefined;
  readonly vars: string | undefined;
  readonly defaults: string | undefined;
  readonly handlers: string | undefined;
};

function readFrom(loading: Loading, written: Written): From {
  const { args, position } = written.action;
  const text = (key: string): string | undefined => {
    const value = args.get(key);
    if (value === undefined || value === null) return undefined;
    return renderText(loading, value, {
      parent: written.parent,
      vars: written.parts.vars,
      what: `"${key}" of ${written.action.kind}`,
      position: positionAt(args, [key]) ?? position,
    });
  };
  return { tasks: text("tasks_from"), vars: text("vars_from"), defaults: text("defaults_from"), handlers: text("handlers_from") };
}

export function tellMissingFile(
  loading: Loading,
  kind: string,
  file: string,
  scope: Scope,
  position: Position | undefined,
): void {
  problem(loading, {
    code: "missing-file",
    message: `there is no file "${file}" for ${kind}`,
    position,
    help: `looked in ${taskFolders(loading.folder, scope).map(shownPath).join(", ")}`,
  });
}
