import { dirname, join, resolve } from "node:path";
import { positionAt, sourceMapOf } from "../vars/provenance.ts";
import { isList, type Value } from "../vars/value.ts";
import { described, isTemplated } from "./fields.ts";
import { type Loading, problem, shownPath } from "./loading.ts";
import type { Play } from "./model.ts";
import { readVarsFile } from "./role-files.ts";
import { findIn } from "./search-path.ts";

/** Checks the `vars_files` whose names are known: they must be there and hold variables. Of a list in the list, one must. */
export function checkVarsFiles(loading: Loading, play: Play): void {
  const { varsFiles } = play;
  if (varsFiles === undefined || isTemplated(varsFiles)) return;
  const entries = isList(varsFiles) ? varsFiles : [varsFiles];
  for (const [index, entry] of entries.entries()) {
    const position = isList(varsFiles) ? positionAt(varsFiles, [index]) : (sourceMapOf(varsFiles)?.position ?? play.position);
    const names = isList(entry) ? entry : [entry];
    const wrong = names.find((name) => typeof name !== "string" && !isTemplated(name));
    if (wrong !== undefined) {
      problem(loading, {
        code: "keyword-type",
        message: `"vars_files" must hold names of files, but holds ${described(wrong)}`,
        position,
      });
      continue;
    }
    if (names.some(isTemplated)) continue;
    const path = firstFound(names, play);
    if (path !== undefined) readVarsFile(loading, path);
    else {
      const folder = dirname(play.file);
      problem(loading, {
        code: "missing-file",
        message: `there is no file ${names.map((name) => `"${String(name)}"`).join(" or ")} for vars_files`,
        position,
        help: `looked in ${shownPath(join(folder, "vars"))}, ${shownPath(folder)}`,
      });
    }
  }
}

function firstFound(names: readonly Value[], play: Play): string | undefined {
  const folder = dirname(play.file);
  return names.map((name) => findIn([join(folder, "vars"), resolve(folder)], String(name))).find((path) => path !== undefined);
}
