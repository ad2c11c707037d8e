import { dirname } from "node:path";
import { positionAt } from "../vars/provenance.ts";
import { isMap, type Value } from "../vars/value.ts";
import { described, isTemplated } from "./fields.ts";
import { checkNames, type LoadNodes, loadTaskFile, roleArguments, tellMissingFile, type Written } from "./imports.ts";
import { blockKeywords } from "./keyword-tables.ts";
import { checkKeys, readScopeParts } from "./keywords.ts";
import { type Loading, newParts, problem } from "./loading.ts";
import type { Include, Loop, Scope } from "./model.ts";
import { nextId } from "./node-id.ts";
import { loadRole, type RoleRequest } from "./roles.ts";
import { whenChain } from "./scope.ts";
import { checkTemplates } from "./syntax.ts";
import { findTaskFile } from "./task-file.ts";

type Extras = { readonly loop: Loop | undefined; readonly register: string | undefined; readonly listen: readonly string[] };

/** An `include_tasks` or `include_role`. One whose file or role is known already is looked through for mistakes. */
export function makeInclude(loading: Loading, written: Written, extras: Extras, loadNodes: LoadNodes): Include | undefined {
  const { action, parent, parts, position, name } = written;
  const what = action.kind === "include_role" ? "role" : "tasks";
  checkNames(loading, action.args, what === "role" ? [...roleArguments, "apply"] : ["file", "apply"], action.kind);
  checkTemplates(loading, action.args);
  const wanted = what === "role" ? (action.args.get("name") ?? action.args.get("role")) : action.args.get("file");
  if (wanted === undefined || wanted === null) {
    const key = what === "role" ? "name" : "file";
    problem(loading, { code: "parameter", message: `${action.kind} needs the parameter "${key}"`, position: action.position });
    return undefined;
  }
  const include: Include = {
    parent,
    kind: "include",
    ...parts,
    role: undefined,
    id: nextId(),
    name,
    what,
    moduleName: action.moduleName,
    args: action.args,
    apply: readApply(loading, written),
    ...extras,
    isHandler: loading.isHandler,
    position,
    folder: loading.folder,
  };
  if (isTemplated(wanted)) loading.parts.unforeseen ||= what === "role" || loading.isHandler;
  else lookThrough(loading, include, String(wanted), loadNodes);
  return include;
}

function readApply(loading: Loading, written: Written): Include["apply"] {
  const value = written.action.args.get("apply");
  if (value === undefined || value === null) return undefined;
  const position = positionAt(written.action.args, ["apply"]);
  if (!isMap(value)) {
    problem(loading, {
      code: "keyword-type",
      message: `"apply" must be a mapping of keywords, but is ${described(value)}`,
      position,
    });
    return undefined;
  }
  checkKeys(loading, value, blockKeywords, '"apply"');
  return { ...readScopeParts(loading, value, written.parent), role: undefined, position };
}

/** The scope that included tasks stand in: of the include's own keywords only `vars` reach them, the rest is what `apply` says. */
export function includedScope(include: Include): Scope {
  const outer: Scope = {
    parent: include.parent,
    kind: "include",
    keywords: {},
    vars: include.vars,
    when: [],
    tags: [],
    role: undefined,
    position: include.position,
  };
  return include.apply === undefined ? outer : { ...include.apply, parent: outer, kind: "block" };
}

/** Loads what an include would bring, for the problems in it and the handlers it would add; the nodes are dropped. */
function lookThrough(loading: Loading, include: Include, wanted: string, loadNodes: LoadNodes): void {
  const key = `${include.what}\n${wanted}\n${include.folder}\n${String(include.args.get("tasks_from") ?? "")}`;
  if (loading.parts.seen.has(key)) return;
  loading.parts.seen.add(key);
  // Its roles are not the play's: they may never run. What it notifies and may bring is.
  const { seen, notified, brokenHandlers } = loading.parts;
  const parts = { ...newParts(), seen, notified, brokenHandlers };
  const inside: Loading = { ...loading, parts, files: [], notify: [], lenient: loading.lenient || whenChain(include).length > 0 };
  if (include.what === "tasks") lookThroughTasks(loading, inside, include, wanted, loadNodes);
  else {
    const role = loadRole(
      inside,
      roleRequest(include, wanted, {
        tasks: textOf(include, "tasks_from"),
        vars: textOf(include, "vars_from"),
        defaults: textOf(include, "defaults_from"),
        handlers: textOf(include, "handlers_from"),
      }),
      loadNodes,
    );
    loading.parts.possibleHandlers.push(...(role?.handlers ?? []));
  }
  loading.parts.possibleHandlers.push(...parts.importedHandlers, ...parts.possibleHandlers);
  loading.parts.unforeseen ||= parts.unforeseen;
}

function lookThroughTasks(loading: Loading, inside: Loading, include: Include, wanted: string, loadNodes: LoadNodes): void {
  const path = findTaskFile(wanted, include.folder, include);
  if (path === undefined) {
    tellMissingFile(loading, "include_tasks", wanted, include, positionAt(include.args, ["file"]) ?? include.position);
    return;
  }
  const nodes = loadTaskFile({ ...inside, folder: dirname(path) }, path, includedScope(include), loadNodes, include.position);
  if (include.isHandler) loading.parts.possibleHandlers.push(...nodes);
}

// A template here is rendered when the include runs; for looking through it, the entry point `main` has to do.
function textOf(include: Include, key: string): string | undefined {
  const value: Value | undefined = include.args.get(key);
  return typeof value === "string" ? value : undefined;
}

/** What loadRole is asked for an include. */
export function roleRequest(include: Include, name: string, from: RoleRequest["from"]): RoleRequest {
  return {
    name,
    position: positionAt(include.args, [include.args.has("name") ? "name" : "role"]) ?? include.position,
    entry: { keywords: {}, vars: undefined, when: [], tags: [] },
    parameters: undefined,
    parent: includedScope(include),
    from,
    isDynamic: true,
    mayRepeat: true,
    validate: include.args.get("rolespec_validate") !== false,
  };
}
