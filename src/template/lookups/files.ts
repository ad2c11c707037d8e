import { spawnSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { basename, isAbsolute, join } from "node:path";
import { isList, Secret, type Value } from "../../vars/value.ts";
import { fault } from "../errors.ts";
import { globFiles } from "../glob.ts";
import { splitLines } from "../python-methods-str.ts";
import { toText } from "../repr.ts";
import { templateVariables } from "../template-variables.ts";
import { findFile, mapText, needFile, readSearched } from "./find-file.ts";
import type { LookupCall, LookupTable } from "./lookup.ts";
import { flagOption, textTerms } from "./options.ts";

/** Lookups that read files of the control node, and run commands there. */
export const fileLookups: LookupTable = {
  file: {
    options: ["lstrip", "rstrip"],
    run: (call) => textTerms(call).map((name) => readStripped(needFile(name, call.runtime.context.lookups), call)),
  },
  unvault: {
    options: [],
    run: (call) => textTerms(call).map((name) => readSearched(needFile(name, call.runtime.context.lookups), call.runtime)),
  },
  template: {
    options: ["template_vars", "convert_data", "jinja2_native"],
    run: (call) => textTerms(call).map((name) => renderTemplate(name, call)),
  },
  fileglob: { options: [], run: (call) => textTerms(call).flatMap((pattern) => glob(pattern, call)) },
  first_found: { options: ["files", "paths", "skip"], run: firstFound },
  pipe: { options: [], hasEffects: true, run: (call) => textTerms(call).map((command) => pipe(command, call).trimEnd()) },
  lines: {
    options: [],
    hasEffects: true,
    run: (call) => textTerms(call).flatMap((command) => splitLines(pipe(command, call).trimEnd())),
  },
  url: {
    options: [],
    run: () =>
      fault(
        "unsupported-lookup",
        'the lookup "url" is not supported: templates reach no network',
        "use the module uri or get_url, and register its result",
      ),
  },
};

function readStripped(path: string, call: LookupCall): Value {
  return mapText(
    readSearched(path, call.runtime),
    (text) => {
      const right = flagOption(call, "rstrip", true) ? text.trimEnd() : text;
      return flagOption(call, "lstrip", false) ? right.trimStart() : right;
    },
    call.runtime,
  );
}

function renderTemplate(name: string, call: LookupCall): Value {
  const { runtime } = call;
  const path = needFile(name, runtime.context.lookups, "templates");
  const given = call.options.get("template_vars");
  const { names } = runtime.context;
  const variables = new Map<string, Value>();
  for (const [key, value] of templateVariables(path)) if (names.lookup(key) === undefined) variables.set(key, value());
  if (given instanceof Map) for (const [key, value] of given) variables.set(String(key), value);
  const source = readSearched(path, runtime);
  const result = runtime.machinery.renderFile(runtime, toText(source instanceof Secret ? source.value : source), path, variables);
  return source instanceof Secret ? runtime.conceal(result) : result;
}

function glob(pattern: string, call: LookupCall): readonly string[] {
  if (isAbsolute(pattern)) return globFiles(pattern);
  const folder = pattern.includes("/") ? pattern.slice(0, pattern.lastIndexOf("/")) : "";
  // Only the first folder that exists is searched, as Ansible has it.
  const base = call.runtime.context.lookups
    .searchPath("files")
    .find((one) => statSync(join(one, folder), { throwIfNoEntry: false })?.isDirectory() ?? false);
  return base === undefined ? [] : globFiles(join(base, folder, basename(pattern)));
}

function firstFound(call: LookupCall): readonly Value[] {
  const { lookups } = call.runtime.context;
  const candidates: string[] = [];
  let skip = flagOption(call, "skip", false);
  const split = (value: Value | undefined): readonly string[] => {
    if (value === undefined || value === null) return [];
    return isList(value)
      ? value.flatMap(split)
      : toText(value)
          .split(/[,;]/)
          .map((one) => one.trim());
  };
  const add = (files: readonly string[], paths: readonly string[]): void => {
    if (paths.length === 0) candidates.push(...files);
    for (const path of paths) candidates.push(...(files.length === 0 ? [path] : files.map((file) => join(path, file))));
  };
  add(split(call.options.get("files")), split(call.options.get("paths")));
  for (const term of call.terms.flatMap((one) => (isList(one) ? one : [one]))) {
    if (term instanceof Map) {
      add(split(term.get("files")), split(term.get("paths")));
      skip ||= term.get("skip") === true;
    } else candidates.push(toText(term));
  }
  for (const name of candidates) {
    const found = findFile(name, lookups, "files") ?? findFile(name, lookups, "templates") ?? findFile(name, lookups, "vars");
    if (found !== undefined) return [found];
  }
  if (skip) return [];
  return fault(
    "file-not-found",
    `none of these files exists on the control node: ${candidates.join(", ")}`,
    "skip=true goes on without one",
  );
}

function pipe(command: string, call: LookupCall): string {
  const { workingDirectory } = call.runtime.context.lookups;
  const result = spawnSync("/bin/sh", ["-c", command], { cwd: workingDirectory, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (result.status === 0) return result.stdout;
  const how = result.status === null ? `was ended by ${result.signal ?? "an error"}` : `ended with exit status ${result.status}`;
  return fault("lookup-failed", `the command "${command}" ${how} on the control node`, result.stderr.trim() || undefined);
}

/** Text of a file of the search path, for the lookups that look something up in it. */
export function readDataFile(name: string, call: LookupCall): string {
  return readFileSync(needFile(name, call.runtime.context.lookups), "utf8");
}
