import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Position } from "../diagnostic.ts";
import { Secret, type Value, type ValueMap } from "../vars/value.ts";
import { asVars } from "./keywords.ts";
import { collect, type Loading, problem, readYaml, shownPath } from "./loading.ts";
import { mergeMaps } from "./merge.ts";
import { isFile, isFolder } from "./task-file.ts";

const ENDINGS = [".yml", ".yaml", ".json"];

/** `main.yml`, or the file that a `…_from` names; undefined when there is none. */
export function entryFile(role: string, folder: string, name: string): string | undefined {
  return [...ENDINGS.map((ending) => `${name}${ending}`), name].map((file) => join(role, folder, file)).find(isFile);
}

/** Variables of `defaults/` or `vars/`: a file, or a folder of that name whose files are read in alphabetical order. */
export function readRoleVars(
  loading: Loading,
  role: { readonly name: string; readonly path: string },
  folder: "defaults" | "vars",
  from: string | undefined,
  position: Position | undefined,
): ValueMap {
  const name = from ?? "main";
  const file = entryFile(role.path, folder, name);
  if (file !== undefined) return readVarsFile(loading, file);
  const below = join(role.path, folder, name);
  if (isFolder(below)) return mergeMaps([new Map(), ...filesBelow(below).map((one) => readVarsFile(loading, one))]);
  if (from !== undefined) tellMissing(loading, role, `${folder}_from`, folder, from, position);
  return new Map();
}

export function tellMissing(
  loading: Loading,
  role: { readonly name: string; readonly path: string },
  key: string,
  folder: string,
  name: string,
  position: Position | undefined,
): void {
  problem(loading, {
    code: "missing-file",
    message: `role ${role.name} has no ${folder}/${name}, which ${key} asks for`,
    position,
    help: `looked in ${shownPath(join(role.path, folder))}`,
  });
}

function filesBelow(folder: string): readonly string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (isFolder(path)) return filesBelow(path);
    return ENDINGS.some((ending) => entry.name.endsWith(ending)) && !entry.name.startsWith(".") ? [path] : [];
  });
}

/** A file of variables; every value of an encrypted one is a secret. */
export function readVarsFile(loading: Loading, path: string): ValueMap {
  const content = collect(loading, undefined, () => readYaml(loading.options, path));
  if (content === undefined || content.value === null) return new Map();
  const vars = asVars(loading, content.value, shownPath(path), { file: shownPath(path), line: 1, column: 1 });
  if (vars === undefined) return new Map();
  return content.isEncrypted ? new Map([...vars].map(([key, value]): [typeof key, Value] => [key, new Secret(value)])) : vars;
}
