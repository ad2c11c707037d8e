import { statSync } from "node:fs";
import { dirname, isAbsolute, join, resolve } from "node:path";
import type { Scope } from "./model.ts";
import { playOf, rolesAround } from "./scope.ts";

/** Folders of a relative name in `import_tasks` or `include_tasks`: beside the task file, in the roles' tasks/, beside the playbook. */
export function taskFolders(folder: string, scope: Scope): readonly string[] {
  const play = playOf(scope);
  const base = play === undefined ? undefined : dirname(play.file);
  const folders = [
    folder,
    ...rolesAround(scope).flatMap((role) => [join(role.path, "tasks"), role.path]),
    ...(base === undefined ? [] : [base, join(base, "tasks")]),
  ];
  return [...new Set(folders)];
}

/** The file that `import_tasks` or `include_tasks` means. */
export function findTaskFile(name: string, folder: string, scope: Scope): string | undefined {
  const candidates = isAbsolute(name) ? [name] : taskFolders(folder, scope).map((one) => resolve(one, name));
  return candidates.find(isFile);
}

export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
