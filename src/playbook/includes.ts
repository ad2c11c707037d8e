import { type Diagnostic, DiagnosticError, Diagnostics } from "../diagnostic.ts";
import { loadTaskFile, tellMissingFile } from "./imports.ts";
import { type LoaderOptions, type Loading, newParts, within } from "./loading.ts";
import { includedScope, roleRequest } from "./make-include.ts";
import type { Include, Node, Role, Scope } from "./model.ts";
import { loadNodes } from "./nodes.ts";
import { loadRole } from "./roles.ts";
import { roleOf, rolesAround, scopes } from "./scope.ts";
import { findTaskFile } from "./task-file.ts";

/**
 * The tasks that an include brings, below its scope and `apply`. `file` is the rendered name. Throws DiagnosticError with
 * everything that is wrong in the file, or when there is none.
 */
export function loadIncludedTasks(include: Include, file: string, options: LoaderOptions): readonly Node[] {
  return loading(include, options, (at) => {
    const path = findTaskFile(file, include.folder, include);
    if (path !== undefined) return loadTaskFile(at, path, includedScope(include), loadNodes, include.position);
    tellMissingFile(at, "include_tasks", file, include, include.position);
    return [];
  });
}

export type IncludedFrom = {
  readonly tasksFrom?: string | undefined;
  readonly varsFrom?: string | undefined;
  readonly defaultsFrom?: string | undefined;
  readonly handlersFrom?: string | undefined;
};

/**
 * The role that an include brings, and its tasks with those of its dependencies in front. The role's handlers include those
 * of its dependencies. Throws DiagnosticError.
 */
export function loadIncludedRole(
  include: Include,
  name: string,
  options: LoaderOptions,
  from: IncludedFrom = {},
): { readonly role: Role; readonly nodes: readonly Node[] } {
  return loading(include, options, (at) => {
    const request = roleRequest(include, name, {
      tasks: from.tasksFrom,
      vars: from.varsFrom,
      defaults: from.defaultsFrom,
      handlers: from.handlersFrom,
    });
    const loaded = loadRole(at, request, loadNodes);
    at.problems.throwIfErrors();
    if (loaded === undefined) throw new TypeError(`role ${name} was not loaded, and no problem was told`);
    return { role: { ...loaded.role, handlers: [...loaded.handlers, ...at.parts.importedHandlers] }, nodes: loaded.nodes };
  });
}

/** The roles that nodes belong to or are below of, outermost first: whose handlers and variables an include brings along. */
export function rolesIn(nodes: readonly Node[]): readonly Role[] {
  const found = new Set<Role>();
  const visit = (node: Node): void => {
    for (const role of [...rolesAround(node)].reverse()) found.add(role);
    if (node.kind === "block") for (const inner of [...node.block, ...node.rescue, ...node.always]) visit(inner);
  };
  for (const node of nodes) visit(node);
  return [...found];
}

function loading<T>(include: Include, options: LoaderOptions, work: (at: Loading) => T): T {
  const base: Loading = {
    options,
    problems: new Diagnostics(),
    trail: trailOf(include),
    folder: include.folder,
    files: [],
    parts: newParts(),
    isHandler: include.isHandler,
    notify: [],
    lenient: false,
  };
  const result = work(within(base, include.moduleName));
  for (const warning of base.problems.warnings) options.warn(warning);
  if (base.problems.errors.length > 0) throw new DiagnosticError(unique(base.problems.errors));
  return result;
}

function trailOf(scope: Scope): readonly string[] {
  const outermost = [...scopes(scope)].at(-1);
  const name = outermost !== undefined && "name" in outermost && typeof outermost.name === "string" ? outermost.name : undefined;
  const role = roleOf(scope);
  return [...(name === undefined ? [] : [`play "${name}"`]), ...(role === undefined ? [] : [`role ${role.name}`])];
}

/** Each problem once: a file that is read twice has its mistakes twice. */
export function unique(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Map<string, Diagnostic>();
  for (const one of diagnostics) {
    const { file, line, column } = one.position ?? { file: "", line: 0, column: 0 };
    const key = `${one.message}\n${file}:${line}:${column}`;
    if (!seen.has(key)) seen.set(key, one);
  }
  return [...seen.values()];
}
