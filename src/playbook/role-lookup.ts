import { existsSync, readFileSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { LoaderOptions } from "./loading.ts";
import type { Scope } from "./model.ts";
import { playOf, rolesAround } from "./scope.ts";
import { isFolder } from "./task-file.ts";

/**
 * Folders that roles are looked for in, first to last: `roles/` beside the playbook, the configured path, beside the role that asks, the
 * playbook's own folder, and the roles that k3sprov brings along.
 */
export function roleFolders(options: LoaderOptions, scope: Scope): readonly string[] {
  const play = playOf(scope);
  const base = play === undefined ? undefined : dirname(play.file);
  const siblings = rolesAround(scope).flatMap((role) => [join(role.path, "roles"), dirname(role.path)]);
  const all = [
    ...(base === undefined ? [] : [join(base, "roles")]),
    ...options.rolesPath.map((path) => resolve(path)),
    ...siblings,
    ...(base === undefined ? [] : [base]),
    join(packageRoot(), "roles"),
  ];
  return [...new Set(all)];
}

/**
 * The folder of a role: a name, a path, or a collection's role (`namespace.collection.role`), which is looked for where collections are
 * installed beside the playbook and then by its last part.
 */
export function findRole(name: string, options: LoaderOptions, scope: Scope): string | undefined {
  if (isAbsolute(name)) return isFolder(name) ? name : undefined;
  const folders = roleFolders(options, scope);
  const plain = folders.map((folder) => resolve(folder, name)).find(isFolder);
  if (plain !== undefined) return plain;
  const [namespace, collection, ...parts] = name.split(".");
  if (namespace === undefined || collection === undefined || parts.length === 0) return undefined;
  const role = join(...parts);
  const installed = join("collections", "ansible_collections", namespace, collection, "roles", role);
  const play = playOf(scope);
  const candidates = [
    ...(play === undefined ? [] : [join(dirname(play.file), installed)]),
    ...folders.map((folder) => join(folder, role)),
  ];
  return candidates.find(isFolder);
}

let root: string | undefined;

/** The folder of our own package, whether this file runs from src/ or is part of dist/cli/main.js. */
export function packageRoot(): string {
  if (root !== undefined) return root;
  const here = dirname(fileURLToPath(import.meta.url));
  for (let folder = here; ; folder = dirname(folder)) {
    if (isOurPackage(join(folder, "package.json"))) {
      root = folder;
      return folder;
    }
    if (dirname(folder) === folder) throw new Error(`no package.json of k3sprov is above ${here}`);
  }
}

function isOurPackage(file: string): boolean {
  if (!existsSync(file)) return false;
  const content: unknown = JSON.parse(readFileSync(file, "utf8"));
  return typeof content === "object" && content !== null && "name" in content && content.name === "k3sprov";
}
