import { existsSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import type { Scope } from "./model.ts";
import { playOf, rolesAround } from "./scope.ts";

/**
 * Folders in which a task's files are looked for, nearest first: its role, the roles around that, the folder of the task
 * file, the playbook's folder; in each first the folder named after the kind.
 */
export function searchPath(scope: Scope, folder: string, kind: "files" | "templates" | "vars"): readonly string[] {
  const play = playOf(scope);
  const bases = [...rolesAround(scope).map((role) => role.path), folder, ...(play === undefined ? [] : [dirname(play.file)])];
  return [...new Set(bases)].flatMap((base) => [join(base, kind), base]);
}

/** The first of `folders` that holds `name`. */
export function findIn(folders: readonly string[], name: string): string | undefined {
  if (isAbsolute(name)) return existsSync(name) ? name : undefined;
  return folders.map((folder) => resolve(folder, name)).find((path) => existsSync(path));
}
