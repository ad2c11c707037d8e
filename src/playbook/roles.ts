import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Position } from "../diagnostic.ts";
import { didYouMean } from "../suggest.ts";
import { toPlain } from "../vars/plain.ts";
import { positionAt } from "../vars/provenance.ts";
import type { ValueMap } from "../vars/value.ts";
import { checkOption } from "./argument-specs.ts";
import { holdsTemplate } from "./fields.ts";
import { type From, type LoadNodes, loadTaskFile } from "./imports.ts";
import type { ScopeParts } from "./keywords.ts";
import { type Loading, problem, shownPath, within } from "./loading.ts";
import { mergeMaps } from "./merge.ts";
import type { Node, Role, Scope } from "./model.ts";
import { readArgumentSpec } from "./read-argument-specs.ts";
import { entryFile, readRoleVars, tellMissing } from "./role-files.ts";
import { covers, guardsOf, roleIdentity } from "./role-identity.ts";
import { findRole, roleFolders } from "./role-lookup.ts";
import { readRoleMeta } from "./role-meta.ts";
import { rolesAround } from "./scope.ts";
import { isFolder } from "./task-file.ts";

/** A role that is asked for: by a play, another role, an import or an include. */
export type RoleRequest = {
  readonly name: string;
  readonly position: Position | undefined;
  /** Keywords beside the role's name in `roles:` or `dependencies:`. */
  readonly entry: ScopeParts;
  /** Keys beside it that are no keywords. */
  readonly parameters: ValueMap | undefined;
  readonly parent: Scope;
  readonly from: From;
  readonly isDynamic: boolean;
  /** Runs again although the play has run it: imports and includes do so. */
  readonly mayRepeat: boolean;
  /** Whether its argument specification holds. */
  readonly validate: boolean;
  /** Folders of the roles that depend on it, outermost first. */
  readonly dependents?: readonly string[];
};

export type LoadedRole = {
  readonly role: Role;
  /** It and what it depends on, in the order in which they run; empty when it has run already. */
  readonly roles: readonly Role[];
  readonly nodes: readonly Node[];
  readonly handlers: readonly Node[];
};

/** Loads a role and what it depends on. Undefined, with the problem told, when it cannot be found. */
export function loadRole(outer: Loading, request: RoleRequest, loadNodes: LoadNodes): LoadedRole | undefined {
  const path = findRole(request.name, outer.options, request.parent);
  if (path === undefined) {
    tellMissingRole(outer, request);
    return undefined;
  }
  const dependents = request.dependents ?? [];
  if (dependents.includes(path)) {
    const chain = [...dependents.slice(dependents.indexOf(path)), path].map((one) => basename(one));
    problem(outer, {
      code: "import-loop",
      message: `a role depends on itself: ${chain.join(" -> ")}`,
      position: request.position,
    });
    return undefined;
  }
  const name = request.name.includes("/") ? basename(path) : request.name;
  const loading = within(outer, `role ${name}`);
  const meta = readRoleMeta(loading, path);
  const identity = roleIdentity(path, request);
  const guards = guardsOf(request);
  const running = outer.parts.running.get(identity);
  const isCovered = running !== undefined && covers(running.guards, guards);
  if (isCovered && !request.mayRepeat && !meta.allowDuplicates) return { role: running.role, roles: [], nodes: [], handlers: [] };

  const entryPoint = (request.from.tasks ?? "main").replace(/\.(ya?ml|json)$/, "");
  const dependencies: Role[] = [];
  const handlers: Node[] = [];
  const written = [request.entry.vars, request.parameters].filter((one) => one !== undefined);
  const parameters = written.length === 0 ? undefined : mergeMaps(written);
  const role: Role = {
    name,
    path,
    defaults: readRoleVars(loading, { name, path }, "defaults", request.from.defaults, request.position),
    vars: readRoleVars(loading, { name, path }, "vars", request.from.vars, request.position),
    parameters,
    argumentSpec: request.validate ? readArgumentSpec(loading, meta.argumentSpecs, entryPoint) : undefined,
    handlers,
    dependencies,
    parents: rolesAround(request.parent).map((one) => one.name),
  };
  checkParameters(loading, role);
  outer.parts.running.set(identity, { role, guards });
  const scope: Scope = {
    ...request.entry,
    parent: request.parent,
    kind: "role",
    vars: parameters,
    role,
    position: request.position,
  };
  const before = loadDependencies(loading, meta.dependencies(scope), [...dependents, path], loadNodes);
  dependencies.push(...before.map((one) => one.role));
  const inside: Loading = { ...loading, notify: [], isHandler: false };
  handlers.push(...loadEntry(inside, role, "handlers", request.from.handlers, scope, request.position, loadNodes));
  const nodes = loadEntry(
    { ...loading, isHandler: outer.isHandler },
    role,
    "tasks",
    request.from.tasks,
    scope,
    request.position,
    loadNodes,
  );
  return {
    role,
    roles: [...before.flatMap((one) => one.roles), role],
    nodes: [...before.flatMap((one) => one.nodes), ...nodes],
    handlers: [...before.flatMap((one) => one.handlers), ...handlers],
  };
}

function loadDependencies(
  loading: Loading,
  requests: readonly RoleRequest[],
  dependents: readonly string[],
  loadNodes: LoadNodes,
): readonly LoadedRole[] {
  return requests.flatMap((request) => loadRole(loading, { ...request, dependents }, loadNodes) ?? []);
}

function loadEntry(
  loading: Loading,
  role: Role,
  folder: "tasks" | "handlers",
  from: string | undefined,
  scope: Scope,
  position: Position | undefined,
  loadNodes: LoadNodes,
): readonly Node[] {
  const file = entryFile(role.path, folder, from ?? "main");
  if (file !== undefined) {
    const isHandler = folder === "handlers" || loading.isHandler;
    return loadTaskFile({ ...loading, isHandler, folder: dirname(file) }, file, scope, loadNodes, position);
  }
  if (from !== undefined) tellMissing(loading, role, `${folder}_from`, folder, from, position);
  return [];
}

/** Values that are written out beside the role's name can be checked before anything runs. */
function checkParameters(loading: Loading, role: Role): void {
  const { argumentSpec, parameters } = role;
  if (argumentSpec === undefined || parameters === undefined) return;
  for (const [key, value] of parameters) {
    const name = String(key);
    const option = argumentSpec.options.get(name);
    if (option === undefined || value === null || holdsTemplate(value)) continue;
    for (const message of checkOption(name, option, toPlain(value))) {
      problem(loading, {
        code: "role-variable",
        message,
        position: positionAt(parameters, [key]),
        help: `k3sprov doc role ${role.name}`,
      });
    }
  }
}

function tellMissingRole(loading: Loading, request: RoleRequest): void {
  const folders = roleFolders(loading.options, request.parent);
  const known = folders
    .filter((folder) => basename(folder) === "roles" && isFolder(folder))
    .flatMap((folder) => readdirSync(folder).filter((name) => isFolder(join(folder, name))));
  problem(loading, {
    code: "missing-role",
    message: `there is no role "${request.name}"${didYouMean(request.name, known)}`,
    position: request.position,
    help: `looked in ${folders.map(shownPath).join(", ")}`,
  });
}
