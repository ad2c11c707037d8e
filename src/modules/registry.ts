import { assert } from "./assert.ts";
import { command } from "./command.ts";
import type { Module } from "./contract.ts";
import { debug } from "./debug.ts";
import { addHost, groupBy, includeVars, meta, pause, setFact, validateArgumentSpec } from "./engine-modules.ts";
import { fail } from "./fail.ts";
import { ping } from "./ping.ts";
import { shell } from "./shell.ts";

/** Every module there is. */
const modules: readonly Module[] = [
  addHost,
  assert,
  command,
  debug,
  fail,
  groupBy,
  includeVars,
  meta,
  pause,
  ping,
  setFact,
  shell,
  validateArgumentSpec,
];

const byName = new Map<string, Module>(
  modules.flatMap((module) => [module.name, ...(module.aliases ?? [])].map((name) => [name, module])),
);

/** The module of that name: short, `ansible.builtin.NAME`, `ansible.legacy.NAME`, or an alias such as `ansible.posix.sysctl`. */
export function findModule(name: string): Module | undefined {
  return byName.get(name) ?? byName.get(name.replace(/^ansible\.(builtin|legacy)\./, ""));
}

/** Every name that `findModule` knows without a collection in front, sorted: for suggestions and listings. */
export function moduleNames(): readonly string[] {
  return [...byName.keys()].filter((name) => !name.includes(".")).sort();
}

/** Every module once, sorted by name. */
export function allModules(): readonly Module[] {
  return [...modules].sort((a, b) => (a.name < b.name ? -1 : 1));
}
