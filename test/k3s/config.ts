import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { isFields } from "./fields.ts";
import { DEFAULTS, FLAGS, SHORT, takes } from "./flags.ts";
import { Fatal } from "./log.ts";
import { WrongUsage } from "./usage.ts";

export type Command = "server" | "agent";

/** What the flags, the files and the environment say together. */
export type Settings = {
  readonly command: Command;
  /** The value, its default, or "". */
  text(name: string): string;
  isOn(name: string): boolean;
  list(name: string): readonly string[];
  isGiven(name: string): boolean;
};

export type Files = {
  /** Undefined where there is no such file. */
  read(path: string): string | undefined;
  names(folder: string): readonly string[];
};

export const realFiles: Files = {
  read: (path) => orMissing(() => readFileSync(path, "utf8")),
  names: (folder) => orMissing(() => readdirSync(folder)) ?? [],
};

export type Loaded = { readonly settings: Settings; readonly warnings: readonly string[]; readonly args: readonly string[] };

const DEFAULT_FILE = "/etc/rancher/k3s/config.yaml";

/**
 * Reads everything that K3s reads at its start: the values of files become arguments in front of those of the command line, and a variable of
 * the environment counts only where its flag appears nowhere.
 */
export function loadSettings(
  command: Command,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>> = process.env,
  files: Files = realFiles,
): Loaded {
  const warnings: string[] = [];
  const given = new Map<string, string[]>();
  const add = (name: string, value: string): void => {
    given.set(name, [...(given.get(name) ?? []), value]);
  };
  const own = parseArguments(command, argv);
  const explicit = own.findLast(([name]) => name === "config")?.[1] ?? env["K3S_CONFIG_FILE"];
  for (const [key, values] of readConfig(explicit, files)) {
    const name = SHORT[key] ?? key;
    if (!takes(command, name)) {
      // Of the commands that start something only `server` is forgiving.
      if (command === "agent") throw new WrongUsage(command, key);
      warnings.push(`Unknown flag --${key} found in config.yaml, skipping`);
      continue;
    }
    for (const value of values) add(name, value);
  }
  for (const [name, value] of own) add(name, value);
  const lastOf = (name: string): string | undefined => given.get(name)?.at(-1) ?? fromEnvironment(name, env);
  const isOn = (name: string): boolean => booleanOf(name, lastOf(name) ?? "false");
  for (const [name, flag] of FLAGS) if (flag.kind === "bool") isOn(name);
  const settings: Settings = {
    command,
    text: (name) => lastOf(name) ?? DEFAULTS[name] ?? "",
    isOn,
    list: (name) => {
      const fallback = fromEnvironment(name, env);
      const values = given.get(name) ?? (fallback === undefined ? [] : [fallback]);
      return values.flatMap((one) => one.split(",")).filter((one) => one !== "");
    },
    isGiven: (name) => lastOf(name) !== undefined,
  };
  const args = [...given].flatMap(([name, values]) => values.map((value) => `--${name}=${value}`));
  return { settings, warnings, args };
}

function fromEnvironment(name: string, env: Readonly<Record<string, string | undefined>>): string | undefined {
  for (const variable of FLAGS.get(name)?.env ?? []) {
    const value = env[variable];
    if (value !== undefined && value !== "") return value;
  }
  return undefined;
}

function booleanOf(name: string, value: string): boolean {
  if (/^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)?$/i.test(value)) return false;
  throw new Fatal(`invalid value "${value}" for flag -${name}: parse error`);
}

/** As the command line has them: `--name value`, `--name=value`, `-t value`; a switch needs no value. */
export function parseArguments(command: Command, argv: readonly string[]): readonly (readonly [string, string])[] {
  const found: (readonly [string, string])[] = [];
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? "";
    const [, shown = "", value] = /^--?([^=]+)(?:=([\s\S]*))?$/.exec(word) ?? [];
    const name = SHORT[shown] ?? shown;
    const flag = FLAGS.get(name);
    if (flag === undefined || !takes(command, name)) {
      if (word.startsWith("-")) throw new WrongUsage(command, shown);
      throw new Fatal(`flag provided but not defined: ${word}`);
    }
    if (value !== undefined) found.push([name, value]);
    else if (flag.kind === "bool") found.push([name, "true"]);
    else {
      index += 1;
      const next = argv[index];
      if (next === undefined) throw new Fatal(`flag needs an argument: -${shown}`);
      found.push([name, next]);
    }
  }
  return found;
}

/** Key -> values of the main file and its drop-ins, in the order in which they count. */
function readConfig(explicit: string | undefined, files: Files): ReadonlyMap<string, readonly string[]> {
  const file = explicit ?? DEFAULT_FILE;
  const merged = new Map<string, readonly string[]>();
  const main = files.read(file);
  const folder = `${file}.d`;
  const names = files
    .names(folder)
    .filter((name) => /\.ya?ml$/i.test(name))
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  if (main === undefined && names.length === 0 && explicit !== undefined)
    throw new Fatal(`open ${file}: no such file or directory`);
  const texts = [...(main === undefined ? [] : [[file, main] as const])];
  for (const name of names) {
    const path = join(folder, name);
    texts.push([path, files.read(path) ?? ""]);
  }
  for (const [path, text] of texts) {
    for (const [key, value] of entriesOf(path, text)) {
      const name = key.replace(/\+$/, "");
      merged.set(name, key === name ? valuesOf(value) : [...(merged.get(name) ?? []), ...valuesOf(value)]);
    }
  }
  return merged;
}

function entriesOf(path: string, text: string): readonly (readonly [string, unknown])[] {
  let value: unknown;
  try {
    value = parse(text, { version: "1.1" });
  } catch (error) {
    throw new Fatal(`failed to parse ${path} in ${dirname(path)}: ${error instanceof Error ? error.message.split("\n")[0] : ""}`);
  }
  if (value === null || value === undefined) return [];
  if (!isFields(value)) throw new Fatal(`yaml: unmarshal errors:\n  line 1: cannot unmarshal !!str into yaml.MapSlice`);
  return Object.entries(value);
}

const valuesOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(shown) : [shown(value)]);

const shown = (value: unknown): string =>
  value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);

function orMissing<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return undefined;
    throw error;
  }
}
