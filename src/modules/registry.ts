import { apk } from "./apk.ts";
import { apt } from "./apt.ts";
import { assert } from "./assert.ts";
import { blockinfile } from "./blockinfile.ts";
import { command } from "./command.ts";
import type { Module } from "./contract.ts";
import { copy } from "./copy.ts";
import { debug } from "./debug.ts";
import { dnf } from "./dnf.ts";
import { addHost, groupBy, includeVars, meta, pause, setFact, validateArgumentSpec } from "./engine-modules.ts";
import { fail } from "./fail.ts";
import { file } from "./file.ts";
import { group } from "./group.ts";
import { lineinfile } from "./lineinfile.ts";
import { modprobe } from "./modprobe.ts";
import { packageModule } from "./package.ts";
import { ping } from "./ping.ts";
import { service } from "./service.ts";
import { setup } from "./setup.ts";
import { shell } from "./shell.ts";
import { slurp } from "./slurp.ts";
import { stat } from "./stat.ts";
import { sysctl } from "./sysctl.ts";
import { systemd } from "./systemd.ts";
import { template } from "./template.ts";
import { user } from "./user.ts";
import { waitFor } from "./wait-for.ts";
import { zypper } from "./zypper.ts";

/** Every module there is. */
const modules: readonly Module[] = [
  addHost,
  apk,
  apt,
  assert,
  blockinfile,
  command,
  copy,
  debug,
  dnf,
  fail,
  file,
  group,
  groupBy,
  includeVars,
  lineinfile,
  meta,
  modprobe,
  packageModule,
  pause,
  ping,
  service,
  setFact,
  setup,
  shell,
  slurp,
  stat,
  sysctl,
  systemd,
  template,
  user,
  validateArgumentSpec,
  waitFor,
  zypper,
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
