import { dirname } from "node:path";
import type { Play, Role, Scope } from "../playbook/model.ts";
import type { HostInventory } from "./inventory.ts";
import { rolesOf, scopeChain } from "./scopes.ts";
import { type Key, omit, Undefined, type Value } from "./value.ts";

/** What does not change in a run. */
export type RunFacts = {
  readonly checkMode: boolean;
  readonly diff: boolean;
  readonly forks: number;
  readonly verbosity: number;
  readonly tags: readonly string[];
  readonly skipTags: readonly string[];
  readonly limit?: string;
  readonly configFile?: string;
  /** k3sprov's own. */
  readonly version: string;
  /** Names of the roles that the run applies to a host; undefined while that depends on what is not known yet. Absent outside of runs. */
  readonly rolesOf?: (host: string) => readonly string[] | undefined;
};

/** Hosts of a play: all of them, those still in it, and those of the batch at hand. */
export type PlayHosts = {
  readonly all: readonly string[];
  readonly active: () => readonly string[];
  readonly batch: () => readonly string[];
};

/** Where a name is looked up. */
export type Place = {
  readonly host: string;
  readonly play?: Play | undefined;
  readonly scope?: Scope | undefined;
  readonly hosts?: PlayHosts | undefined;
};

export type MagicSource = {
  readonly inventory: HostInventory;
  readonly run: RunFacts;
  readonly place: Place;
  /** All static roles of the play and those that were made public. */
  readonly roles: readonly Role[];
  readonly hostvars: Value;
  readonly vars: Value;
};

type Magic = (source: MagicSource) => Value | undefined;

// Playbooks compare this with versions of Ansible: ours reads what 2.17 reads.
const ANSIBLE_VERSION = new Map<Key, Value>([
  ["full", "2.17.0"],
  ["major", 2],
  ["minor", 17],
  ["revision", 0],
  ["string", "2.17.0"],
]);

const table = new Map<string, Magic>(
  Object.entries({
    inventory_hostname: ({ place }) => place.host,
    inventory_hostname_short: ({ place }) => place.host.split(".")[0] ?? place.host,
    group_names: ({ inventory, place }) => inventory.groupNamesOf(place.host),
    groups: ({ inventory }) => inventory.groupMap(),
    hostvars: ({ hostvars }) => hostvars,
    vars: ({ vars }) => vars,
    omit: () => omit,
    inventory_file: ({ inventory, place }) => inventory.fileOf(place.host),
    inventory_dir: ({ inventory, place }) => parentOf(inventory.fileOf(place.host)),
    ansible_inventory_sources: ({ inventory }) => inventory.sources,
    playbook_dir: ({ place }) => parentOf(place.play?.file),
    play_hosts: ({ place }) => place.hosts?.batch(),
    ansible_play_batch: ({ place }) => place.hosts?.batch(),
    ansible_play_hosts: ({ place }) => place.hosts?.active(),
    ansible_play_hosts_all: ({ place }) => place.hosts?.all,
    ansible_playbook_python: () => "/usr/bin/python3",
    ansible_play_name: ({ place }) => place.play && (place.play.name ?? place.play.hosts),
    ansible_play_role_names: ({ place }) => place.play && unique(place.play.roles.map((role) => role.name)),
    ansible_role_names: ({ place, roles }) => place.play && unique(roles.map((role) => role.name)),
    ansible_dependent_role_names: ({ roles, place }) => place.play && unique(roles.flatMap(dependencyNames)),
    role_name: ({ place }) => currentRole(place)?.name,
    ansible_role_name: ({ place }) => currentRole(place)?.name,
    role_path: ({ place }) => currentRole(place)?.path,
    ansible_parent_role_names: ({ place }) => parentRoles(place)?.map((name) => name),
    ansible_parent_role_paths: ({ place }) => outerRoles(place)?.map((role) => role.path),
    ansible_check_mode: ({ run }) => run.checkMode,
    ansible_diff_mode: ({ run }) => run.diff,
    ansible_forks: ({ run }) => run.forks,
    ansible_verbosity: ({ run }) => run.verbosity,
    ansible_version: () => ANSIBLE_VERSION,
    k3sprov_version: ({ run }) => run.version,
    k3sprov_roles: ({ run, place }) =>
      run.rolesOf && (run.rolesOf(place.host) ?? new Undefined("k3sprov_roles", "not-yet-known")),
    ansible_run_tags: ({ run }) => (run.tags.length === 0 ? ["all"] : run.tags),
    ansible_skip_tags: ({ run }) => run.skipTags,
    ansible_limit: ({ run }) => run.limit,
    ansible_config_file: ({ run }) => run.configFile ?? null,
  } satisfies Record<string, Magic>),
);

/** `environment`, the keyword's values from the outside in; people use that name for variables of their own, which win. */
export function environmentOf(place: Place): Value | undefined {
  if (place.scope === undefined) return undefined;
  return [...scopeChain(place.scope)].flatMap((scope) => scope.keywords.environment ?? []).toReversed();
}

/** Names that are magic in some place or other. */
export function isMagicName(name: string): boolean {
  return table.has(name);
}

/** The magic variable `name`; undefined where it has no meaning (`role_path` outside of a role). */
export function magicVariable(name: string, source: MagicSource): Value | undefined {
  return table.get(name)?.(source);
}

/** The magic variables that have a meaning here. */
export function magicNames(source: MagicSource): readonly string[] {
  return [...table].filter(([, magic]) => magic(source) !== undefined).map(([name]) => name);
}

function currentRole(place: Place): Role | undefined {
  return place.scope === undefined ? undefined : rolesOf(place.scope)[0];
}

// The roles that include this one, the nearest first: those of the scopes around it, or what the role itself says.
function outerRoles(place: Place): readonly Role[] | undefined {
  if (place.scope === undefined) return undefined;
  const outer = rolesOf(place.scope).slice(1);
  return outer.length === 0 ? undefined : outer;
}

function parentRoles(place: Place): readonly string[] | undefined {
  const parents = currentRole(place)?.parents ?? [];
  if (parents.length > 0) return parents;
  return outerRoles(place)?.map((role) => role.name);
}

function dependencyNames(role: Role): readonly string[] {
  return role.dependencies.flatMap((one) => [one.name, ...dependencyNames(one)]);
}

function parentOf(file: string | undefined): string | undefined {
  return file === undefined ? undefined : dirname(file);
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}
