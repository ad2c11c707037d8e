import { dirname, resolve } from "node:path";
import { type Diagnostic, DiagnosticError, Diagnostics, type Position } from "../diagnostic.ts";
import { keyPosition, positionAt, sourceMapOf } from "../vars/provenance.ts";
import { isList, isMap, type Value, type ValueMap } from "../vars/value.ts";
import { described, memberPosition } from "./fields.ts";
import { unique } from "./includes.ts";
import { playKeywords } from "./keyword-tables.ts";
import { checkKeys, readScopeParts, type ScopeParts } from "./keywords.ts";
import { collect, type LoaderOptions, type Loading, newParts, problem, readYaml, shownPath } from "./loading.ts";
import { mergeMaps } from "./merge.ts";
import type { Play, Playbook } from "./model.ts";
import { bareName, unknownModule } from "./module-names.ts";
import { loadPlay } from "./play.ts";
import { renderText } from "./static-value.ts";
import { isFile } from "./task-file.ts";

export type { LoaderOptions, ModuleRegistry, VaultReader } from "./loading.ts";

/**
 * Loads a playbook and everything it needs: imported files, roles, what they depend on. Throws one DiagnosticError with all
 * problems of all files; warnings go to `options.warn`.
 */
export function loadPlaybook(file: string, options: LoaderOptions): Playbook {
  const path = resolve(file);
  const problems = new Diagnostics();
  const loading: Loading = {
    options,
    problems,
    trail: [],
    folder: dirname(path),
    files: [],
    parts: newParts(),
    isHandler: false,
    notify: [],
    lenient: false,
  };
  const plays = loadFile(loading, path, undefined, undefined);
  for (const warning of inOrder(unique(problems.warnings))) options.warn(warning);
  if (problems.errors.length > 0) throw new DiagnosticError(inOrder(unique(problems.errors)));
  return { file, plays };
}

/** By file, in the order in which the files were first mentioned, and within a file from top to bottom. */
function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const files = [...new Set(diagnostics.map((one) => one.position?.file))];
  return diagnostics.toSorted((a, b) => {
    const byFile = files.indexOf(a.position?.file) - files.indexOf(b.position?.file);
    const byLine = (a.position?.line ?? 0) - (b.position?.line ?? 0);
    return byFile || byLine || (a.position?.column ?? 0) - (b.position?.column ?? 0);
  });
}

function loadFile(outer: Loading, path: string, position: Position | undefined, imported: ScopeParts | undefined): Play[] {
  const start = { file: shownPath(path), line: 1, column: 1 };
  const content = collect(outer, position, () => readYaml(outer.options, path));
  if (content === undefined) return [];
  const loading: Loading = { ...outer, folder: dirname(path), files: [...outer.files, path] };
  const { value } = content;
  if (!isList(value) || value.length === 0) {
    problem(loading, {
      code: "playbook",
      message: `a playbook is a list of plays, but ${start.file} ${value === null || isList(value) ? "is empty" : `holds ${described(value)}`}`,
      position: sourceMapOf(value)?.position ?? start,
      ...(isMap(value) ? { help: 'begin each play with "- "' } : {}),
    });
    return [];
  }
  return value.flatMap((entry, index) => loadEntry(loading, entry, path, positionAt(value, [index]) ?? start, imported));
}

function loadEntry(
  loading: Loading,
  entry: Value,
  path: string,
  position: Position,
  imported: ScopeParts | undefined,
): readonly Play[] {
  if (!isMap(entry)) {
    problem(loading, { code: "play-not-a-mapping", message: `a play must be a mapping, but is ${described(entry)}`, position });
    return [];
  }
  const key = [...entry.keys()].map(String).find((name) => ["import_playbook", "include"].includes(bareName(name)));
  if (key !== undefined && bareName(key) === "include") {
    problem(loading, {
      code: "misplaced-import",
      message: '"include" is no longer in Ansible',
      position: keyPosition(entry, key),
      help: "use import_playbook",
    });
    return [];
  }
  if (key !== undefined) return importPlaybook(loading, entry, key, imported);
  if (looksLikeTask(loading, entry)) {
    problem(loading, {
      code: "playbook",
      message: "this is a task, but a playbook is a list of plays",
      position: sourceMapOf(entry)?.position ?? position,
      help: 'put it below "tasks:" of a play, or import this file there with import_tasks',
    });
    return [];
  }
  const play = loadPlay({ ...loading, parts: newParts() }, entry, path, position, imported);
  return play === undefined ? [] : [play];
}

function looksLikeTask(loading: Loading, entry: ValueMap): boolean {
  if (entry.has("hosts") || entry.has("tasks") || entry.has("roles")) return false;
  const { registry } = loading.options;
  return [...entry.keys()].map(String).some((key) => {
    if (playKeywords.includes(key)) return false;
    return (
      ["block", "action", "local_action"].includes(key) ||
      registry.findModule(key) !== undefined ||
      unknownModule(key, registry).isAnsible
    );
  });
}

function importPlaybook(loading: Loading, map: ValueMap, key: string, around: ScopeParts | undefined): readonly Play[] {
  checkKeys(loading, map, [key, "name", "vars", "when", "tags", "collections"], "import_playbook");
  const own = readScopeParts(loading, map, undefined);
  const position = memberPosition(map, key);
  const file = renderText(loading, map.get(key) ?? null, {
    parent: undefined,
    vars: own.vars === undefined ? around?.vars : mergeMaps([own.vars, ...(around?.vars === undefined ? [] : [around.vars])]),
    what: '"import_playbook"',
    position,
  });
  if (file === undefined) return [];
  const path = resolve(loading.folder, file);
  if (loading.files.includes(path)) {
    const chain = [...loading.files.slice(loading.files.indexOf(path)), path].map(shownPath);
    problem(loading, { code: "import-loop", message: `this import never ends: ${chain.join(" -> ")}`, position });
    return [];
  }
  if (!isFile(path)) {
    problem(loading, { code: "missing-file", message: `there is no playbook ${shownPath(path)}`, position });
    return [];
  }
  return loadFile(loading, path, position, combined(around, own));
}

function combined(outer: ScopeParts | undefined, inner: ScopeParts): ScopeParts {
  if (outer === undefined) return inner;
  const vars = [inner.vars, outer.vars].filter((one) => one !== undefined);
  return {
    keywords: {},
    vars: vars.length === 0 ? undefined : mergeMaps(vars),
    when: [...outer.when, ...inner.when],
    tags: [...new Set([...outer.tags, ...inner.tags])],
  };
}
