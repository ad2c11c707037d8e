import { execFileSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, isAbsolute, resolve } from "node:path";
import { isList, type Value, VaultText } from "../../vars/value.ts";
import { badValue } from "../errors.ts";
import { globFiles } from "../glob.ts";
import { toText } from "../repr.ts";
import type { Runtime } from "../runtime.ts";
import { flattened, type Lookup, type LookupTable, type Options, splitTerm } from "./lookup.ts";

type Kind = "files" | "templates" | "vars";

function find(name: string, kind: Kind, runtime: Runtime): string | undefined {
  if (isAbsolute(name)) return existsSync(name) ? name : undefined;
  return runtime.context.lookups
    .searchPath(kind)
    .map((folder) => resolve(folder, name))
    .find((path) => existsSync(path));
}

function needFile(name: string, kind: Kind, runtime: Runtime): string {
  const folders = runtime.context.lookups.searchPath(kind).join(", ");
  return find(name, kind, runtime) ?? badValue(`there is no file "${name}" on the control node (looked in ${folders})`);
}

function readText(path: string, runtime: Runtime): Value {
  const text = readFileSync(path, "utf8");
  return text.startsWith("$ANSIBLE_VAULT;") ? runtime.context.decrypt(new VaultText(text)) : text;
}

const file: Lookup = (terms, options, runtime) =>
  flattened(terms).map((term) => {
    const content = readText(needFile(toText(term), "files", runtime), runtime);
    if (typeof content !== "string") return content;
    const right = options.flag("rstrip", true) ? content.trimEnd() : content;
    return options.flag("lstrip", false) ? right.trimStart() : right;
  });

function run(command: string, runtime: Runtime): string {
  try {
    return execFileSync("/bin/sh", ["-c", command], {
      cwd: runtime.context.lookups.workingDirectory,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return badValue(`the command "${command}" failed on the control node: ${said}`);
  }
}

const CHARACTERS: Readonly<Record<string, string>> = {
  ascii_letters: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
  ascii_lowercase: "abcdefghijklmnopqrstuvwxyz",
  ascii_uppercase: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  digits: "0123456789",
  hexdigits: "0123456789abcdefABCDEF",
  punctuation: "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
};

function password(term: string, options: Options, runtime: Runtime): string {
  const { words, options: inline } = splitTerm(term);
  const name = words[0] ?? "";
  const length = Number(inline.get("length") ?? options.text("length", "20"));
  const wanted = inline.get("chars")?.split(",") ?? options.texts("chars");
  const path = isAbsolute(name) ? name : resolve(runtime.context.lookups.workingDirectory, name);
  if (path !== "/dev/null" && existsSync(path)) return (readFileSync(path, "utf8").split("\n")[0] ?? "").replace(/ salt=.*$/, "");
  const sets = wanted.length === 0 ? ["ascii_letters", "digits", ".,:-_"] : wanted;
  const alphabet = [...new Set(sets.map((one) => CHARACTERS[one] ?? one).join(""))];
  const made = Array.from({ length }, () => alphabet[randomInt(alphabet.length)] ?? "").join("");
  if (path !== "/dev/null") {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(path, `${made}\n`, { mode: 0o600 });
  }
  return made;
}

function firstFound(terms: readonly Value[], options: Options, runtime: Runtime): readonly Value[] {
  const texts = (value: Value | undefined): readonly string[] =>
    value === undefined || value === null
      ? []
      : isList(value)
        ? value.map(toText)
        : toText(value)
            .split(/[,;]/)
            .map((one) => one.trim());
  let skip = options.flag("skip", false);
  const names: string[] = [];
  for (const term of terms.length === 0 ? [new Map(options.all)] : flattened(terms)) {
    if (!(term instanceof Map)) names.push(toText(term));
    else {
      if (term.get("skip") === true) skip = true;
      const files = texts(term.get("files"));
      const paths = texts(term.get("paths"));
      names.push(
        ...(paths.length === 0
          ? files
          : files.length === 0
            ? paths
            : paths.flatMap((path) => files.map((one) => `${path}/${one}`))),
      );
    }
  }
  const extra = options.texts("paths");
  const all = extra.length === 0 ? names : extra.flatMap((path) => names.map((one) => `${path}/${one}`));
  for (const name of all) {
    const found = (["files", "templates", "vars"] as const)
      .map((kind) => find(name, kind, runtime))
      .find((path) => path !== undefined);
    if (found !== undefined) return [found];
  }
  if (skip || options.text("errors", "strict") === "ignore") return [];
  return badValue(`none of these files exists: ${all.join(", ")}`);
}

function ini(term: string, options: Options, runtime: Runtime): Value {
  const { words, options: inline } = splitTerm(term);
  const get = (name: string, fallback: string): string => inline.get(name) ?? options.text(name, fallback);
  const wanted = words[0] ?? "";
  const path = needFile(get("file", "ansible.ini"), "files", runtime);
  let section = "";
  for (const line of readFileSync(path, "utf8").split(/\r?\n/)) {
    const header = /^\s*\[([^\]]+)\]/.exec(line);
    if (header !== null) section = header[1] ?? "";
    const pair = /^\s*([^#;=:]+?)\s*[=:]\s*(.*?)\s*$/.exec(line);
    if (
      pair?.[1]?.toLowerCase() === wanted.toLowerCase() &&
      (get("type", "ini") === "properties" || section === get("section", "global"))
    )
      return pair[2] ?? "";
  }
  return get("default", "");
}

function csv(term: string, options: Options, runtime: Runtime): Value {
  const { words, options: inline } = splitTerm(term);
  const get = (name: string, fallback: string): string => inline.get(name) ?? options.text(name, fallback);
  const delimiter = get("delimiter", "TAB");
  const separator = delimiter === "TAB" || delimiter === "t" ? "\t" : delimiter;
  const path = needFile(get("file", "ansible.csv"), "files", runtime);
  for (const line of readFileSync(path, "utf8").split(/\r?\n/)) {
    const cells = cellsOf(line, separator);
    if (cells[Number(get("keycol", "0"))] === words[0]) return cells[Number(get("col", "1"))] ?? "";
  }
  return get("default", "");
}

function cellsOf(line: string, separator: string): readonly string[] {
  const cells: string[] = [];
  let cell = "";
  let quoted = false;
  for (const [index, character] of [...line].entries()) {
    if (character === '"') {
      if (quoted && line[index + 1] === '"') cell += '"';
      else if (line[index - 1] !== '"' || !quoted) quoted = !quoted;
    } else if (character === separator && !quoted) {
      cells.push(cell);
      cell = "";
    } else cell += character;
  }
  return [...cells, cell];
}

/** Lookups that read something on the control node. */
export const controlNodeLookups: LookupTable = {
  file,
  unvault: file,
  template: (terms, options, runtime) =>
    flattened(terms).map((term) => {
      const path = needFile(toText(term), "templates", runtime);
      const vars = options.value("template_vars");
      const extra =
        vars instanceof Map ? new Map([...vars].map(([key, value]) => [String(key), value] as const)) : new Map<string, Value>();
      const source = readText(path, runtime);
      return runtime.machinery.renderFile(runtime, toText(source), path, extra);
    }),
  env: (terms, options) => flattened(terms).map((term) => process.env[toText(term)] ?? options.text("default", "")),
  pipe: (terms, _options, runtime) => flattened(terms).map((term) => run(toText(term), runtime).trimEnd()),
  lines: (terms, _options, runtime) => flattened(terms).flatMap((term) => run(toText(term), runtime).trimEnd().split("\n")),
  fileglob: (terms, _options, runtime) =>
    flattened(terms).flatMap((term) => {
      const pattern = toText(term);
      if (isAbsolute(pattern)) return [...globFiles(pattern)];
      const folder = runtime.context.lookups.searchPath("files").find((one) => globFiles(resolve(one, pattern)).length > 0);
      return folder === undefined ? [] : [...globFiles(resolve(folder, pattern))];
    }),
  first_found: firstFound,
  password: (terms, options, runtime) =>
    flattened(terms).map((term) => runtime.conceal(password(toText(term), options, runtime))),
  ini: (terms, options, runtime) => flattened(terms).map((term) => ini(toText(term), options, runtime)),
  csvfile: (terms, options, runtime) => flattened(terms).map((term) => csv(toText(term), options, runtime)),
  url: () => badValue('the lookup "url" is not supported: fetch it in a task, or with the lookup "pipe" and curl'),
};
