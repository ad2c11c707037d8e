import { accessSync, closeSync, constants, openSync, readdirSync, readSync, type Stats, statSync } from "node:fs";
import { dirname, extname, isAbsolute, join, resolve } from "node:path";
import { type Diagnostic, Diagnostics } from "../diagnostic.ts";
import { registerSource } from "../excerpt.ts";
import { parseJson } from "../source/json.ts";
import { parseYaml, readTextSync } from "../source/yaml.ts";
import { badVariableName } from "../vars/names.ts";
import { keyPosition } from "../vars/provenance.ts";
import type { Key, Value, ValueMap } from "../vars/value.ts";
import { isVaultText } from "../vault/format.ts";
import type { VaultSecrets } from "../vault/secrets.ts";
import { loadVarsFileSync } from "../vault/vars-file.ts";
import { addExecutableInventory } from "./executable.ts";
import { addIniInventory } from "./ini.ts";
import { Inventory } from "./model.ts";
import { RangeProblem, readHostAddress } from "./ranges.ts";
import { addYamlInventory } from "./yaml.ts";

export type InventoryOptions = {
  readonly vault: VaultSecrets;
  /** Folder that relative sources start from. */
  readonly cwd: string;
  /** Limit for each run of an inventory program; 60 s unless told. */
  readonly programTimeoutMs?: number;
  readonly signal?: AbortSignal;
};

// What Ansible passes over in a folder of inventories.
const IGNORED_ENDINGS = [".pyc", ".pyo", ".swp", ".bak", "~", ".rpm", ".md", ".txt", ".rst", ".orig", ".cfg", ".retry"];
const IGNORED_FOLDERS = new Set(["group_vars", "host_vars", "vars_plugins"]);

/**
 * Reads inventories: YAML, JSON and INI files, programs, folders of these, and lists such as `web1,web2,`. Later sources win. Throws
 * DiagnosticError with all problems; what is no error is in `inventory.warnings`.
 */
export async function loadInventory(sources: readonly string[], options: InventoryOptions): Promise<Inventory> {
  const problems = new Diagnostics();
  const places = sources.map((source) => place(source, options.cwd, problems));
  const inventory: Inventory = new Inventory({
    sources: places.map((one) => one.source),
    folders: [...new Set(places.flatMap((one) => one.folder ?? []))],
    readVars: (file) => {
      const vars = loadVarsFileSync(file, options.vault);
      warnOfNames(inventory, vars);
      return vars;
    },
  });
  for (const one of places) {
    if (one.kind === "list") addList(inventory, one.source, problems);
    for (const file of one.files) {
      if (file !== one.source && file.endsWith(SETTINGS)) inventory.warn(notRead(file));
      else await addFile(inventory, file, problems, options);
    }
  }
  inventory.settle(problems);
  problems.throwIfErrors();
  for (const owner of [...inventory.groups.values(), ...inventory.hosts.values()])
    for (const vars of owner.vars) warnOfNames(inventory, vars);
  return inventory;
}

type Place = {
  readonly kind: "list" | "files";
  readonly source: string;
  readonly folder?: string;
  readonly files: readonly string[];
};

/** Configuration of inventory programs is named so, hence Ansible passes over these, too; but that is worth a word. */
const SETTINGS = ".ini";

function notRead(file: string): Diagnostic {
  return {
    severity: "warning",
    code: "inventory-ignored",
    message: `${file} is not read: in a folder, .ini files are no inventories`,
    help: "rename it, or name it with -i",
  };
}

function place(source: string, cwd: string, problems: Diagnostics): Place {
  const path = isAbsolute(source) ? source : resolve(cwd, source);
  const stats = statOf(path);
  if (stats === undefined) {
    if (source.includes(",")) return { kind: "list", source, files: [] };
    const help = /^[\w.-]+$/.test(source) ? `for a host of that name write "${source},"` : undefined;
    problems.error("inventory", `there is no inventory ${source}`, help === undefined ? {} : { help });
    return { kind: "files", source: path, files: [] };
  }
  if (stats.isDirectory()) return { kind: "files", source: path, folder: path, files: filesBelow(path) };
  return { kind: "files", source: path, folder: dirname(path), files: [path] };
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder)
    .sort()
    .filter((name) => !name.startsWith(".") && !IGNORED_ENDINGS.some((ending) => name.endsWith(ending)))
    .flatMap((name) => {
      const path = join(folder, name);
      if (statOf(path)?.isDirectory() !== true) return [path];
      return IGNORED_FOLDERS.has(name) ? [] : filesBelow(path);
    });
}

async function addFile(inventory: Inventory, file: string, problems: Diagnostics, options: InventoryOptions): Promise<void> {
  const inner = new Diagnostics();
  try {
    if (isProgram(file)) {
      const limits = options.programTimeoutMs === undefined ? {} : { timeoutMs: options.programTimeoutMs };
      const signal = options.signal === undefined ? {} : { signal: options.signal };
      await addExecutableInventory(inventory, file, inner, { ...limits, ...signal });
    } else addText(inventory, file, inner, options.vault);
  } catch (error) {
    inner.collect(() => {
      throw error;
    });
  }
  problems.add(inner.all);
}

function addText(inventory: Inventory, file: string, problems: Diagnostics, vault: VaultSecrets): void {
  const raw = readTextSync(file);
  const isVault = isVaultText(raw);
  const text = isVault ? vault.decryptFile(raw, file).toString("utf8") : raw;
  if (extname(file) === ".json") {
    addYamlInventory(inventory, parseJson(text, file), file, problems);
    return;
  }
  if (extname(file) === ".yml" || extname(file) === ".yaml" || /^\s*(?:---|#[^\n]*\n---|\w+:\s*\n)/.test(text)) {
    addYamlInventory(inventory, parseYaml(text, file, { excerpts: !isVault }), file, problems);
    return;
  }
  if (!isVault) registerSource(file, text);
  addIniInventory(inventory, text, file, problems);
}

function addList(inventory: Inventory, source: string, problems: Diagnostics): void {
  for (const text of source.split(",").map((one) => one.trim())) {
    if (text === "") continue;
    try {
      const { names, port } = readHostAddress(text);
      for (const name of names) {
        const host = inventory.addMember("ungrouped", name, source, undefined);
        if (port !== undefined) host.vars.push(new Map<Key, Value>([["ansible_port", port]]));
      }
    } catch (error) {
      if (!(error instanceof RangeProblem)) throw error;
      problems.error("inventory", `-i "${source}": ${error.message}`);
    }
  }
}

// A file that is merely marked executable (as all are on some file systems) is a program only when it begins like one.
function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
  } catch {
    return false;
  }
  const handle = openSync(file, "r");
  try {
    const start = Buffer.alloc(4);
    readSync(handle, start, 0, 4, 0);
    return start.toString("latin1").startsWith("#!") || start.toString("latin1") === "\x7fELF";
  } finally {
    closeSync(handle);
  }
}

function warnOfNames(inventory: Inventory, vars: ValueMap): void {
  for (const key of vars.keys()) {
    const message = badVariableName(key);
    if (message === undefined) continue;
    const position = keyPosition(vars, key);
    inventory.warn({ severity: "warning", code: "variable-name", message, ...(position === undefined ? {} : { position }) });
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG") return undefined;
    throw error;
  }
}
