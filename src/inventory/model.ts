import { isAbsolute } from "node:path";
import { type Diagnostic, Diagnostics, type Position, refuse } from "../diagnostic.ts";
import type { HostInventory } from "../vars/inventory.ts";
import { keyPosition, setSourceMap, sourceMapOf } from "../vars/provenance.ts";
import type { LayeredVars } from "../vars/scopes.ts";
import type { Key, Value, ValueMap } from "../vars/value.ts";
import { FolderVars, type VarsFileReader } from "./group-vars.ts";
import { hostLayers } from "./layers.ts";
import { selectHosts } from "./patterns.ts";

const PRIORITY = "ansible_group_priority";

/** A group of hosts. Everything about it may come from several files; of its variables the later win. */
export class Group {
  readonly name: string;
  readonly position: Position | undefined;
  /** Name -> where it was written that it is a child. */
  readonly children = new Map<string, Position | undefined>();
  readonly parents = new Set<string>();
  readonly hosts = new Set<string>();
  readonly vars: ValueMap[] = [];
  #priority = 1;

  constructor(name: string, position: Position | undefined) {
    this.name = name;
    this.position = position;
  }

  /** Adds variables; `ansible_group_priority` among them is not one, but says how the group ranks. */
  addVars(vars: ValueMap): void {
    const priority = vars.get(PRIORITY);
    if (priority === undefined) {
      if (vars.size > 0) this.vars.push(vars);
      return;
    }
    this.#priority = Number(priority);
    const position = keyPosition(vars, PRIORITY);
    if (!Number.isFinite(this.#priority)) {
      refuse("inventory", `${PRIORITY} of group "${this.name}" must be a number`, position === undefined ? {} : { position });
    }
    const rest = new Map([...vars].filter(([key]) => key !== PRIORITY));
    const map = sourceMapOf(vars);
    if (map !== undefined) setSourceMap(rest, map);
    if (rest.size > 0) this.vars.push(rest);
  }

  /** Among groups of one depth, the higher wins. */
  get priority(): number {
    return this.#priority;
  }
}

/** A host. */
export class Host {
  readonly name: string;
  readonly position: Position | undefined;
  /** The source that it was first found in. */
  readonly source: string;
  readonly vars: ValueMap[] = [];
  /** `localhost`, which is there although no inventory names it. */
  readonly isImplicit: boolean;

  constructor(name: string, source: string, position: Position | undefined, isImplicit = false) {
    this.name = name;
    this.source = source;
    this.position = position;
    this.isImplicit = isImplicit;
  }
}

export const LOCAL_NAMES: readonly string[] = ["localhost", "127.0.0.1", "::1"];
const noVarsFiles: VarsFileReader = () => new Map();

/** Hosts and groups, in the order in which they were written. */
export class Inventory implements HostInventory {
  readonly hosts = new Map<string, Host>();
  readonly groups = new Map<string, Group>();
  readonly sources: readonly string[];
  /** Folders that may have `group_vars/` and `host_vars/`: those of the sources. */
  readonly folders: readonly string[];
  readonly #warnings = new Map<string, Diagnostic>();
  readonly #implicit = new Map<string, Host>();
  readonly #folderVars = new Map<string, FolderVars>();
  readonly #readVars: VarsFileReader;
  #revision = 0;
  #groupMap: ValueMap | undefined;
  #ancestors = new Map<string, readonly Group[]>();

  constructor(
    options: {
      readonly sources?: readonly string[];
      readonly folders?: readonly string[];
      readonly readVars?: VarsFileReader;
    } = {},
  ) {
    this.sources = options.sources ?? [];
    this.folders = options.folders ?? [];
    this.#readVars = options.readVars ?? noVarsFiles;
    this.group("all");
    this.addChild("all", "ungrouped", undefined);
  }

  get revision(): number {
    return this.#revision;
  }

  /** What deserves a look, but is no error: also of patterns that matched nothing, once each. */
  get warnings(): readonly Diagnostic[] {
    return [...this.#warnings.values()];
  }

  warn(diagnostic: Diagnostic): void {
    if (!this.#warnings.has(diagnostic.message)) this.#warnings.set(diagnostic.message, diagnostic);
  }

  /** The group, made if need be. */
  group(name: string, position?: Position): Group {
    let group = this.groups.get(name);
    if (group === undefined) {
      group = new Group(name, position);
      this.groups.set(name, group);
      this.#changed();
    }
    return group;
  }

  addChild(parent: string, child: string, position: Position | undefined): void {
    this.group(parent).children.set(child, this.group(parent).children.get(child) ?? position);
    this.group(child, position).parents.add(parent);
    this.#changed();
  }

  /** The host as a member of a group, made if need be. */
  addMember(group: string, name: string, source: string, position: Position | undefined): Host {
    let host = this.hosts.get(name);
    if (host === undefined) {
      host = new Host(name, source, position);
      this.hosts.set(name, host);
    }
    this.group(group).hosts.add(name);
    this.#changed();
    return host;
  }

  /** Ends the reading of the sources: groups without a parent are children of `all`, hosts without a group in `ungrouped`. */
  settle(problems: Diagnostics = new Diagnostics()): void {
    this.#findCycles(problems);
    for (const group of this.groups.values()) {
      if (group.name !== "all" && group.parents.size === 0) this.addChild("all", group.name, group.position);
    }
    const ungrouped = this.group("ungrouped");
    for (const host of this.hosts.values()) {
      const isGrouped = [...this.groups.values()].some(
        (group) => group.name !== "all" && group !== ungrouped && group.hosts.has(host.name),
      );
      if (isGrouped) ungrouped.hosts.delete(host.name);
      else ungrouped.hosts.add(host.name);
      if (this.groups.has(host.name)) {
        const position = host.position === undefined ? {} : { position: host.position };
        const message = `"${host.name}" is the name of a host and of a group; a pattern with it means both`;
        this.warn({ severity: "warning", code: "host-named-like-group", message, ...position });
      }
    }
    this.#changed();
  }

  hasHost(name: string): boolean {
    return this.hosts.has(name) || LOCAL_NAMES.includes(name);
  }

  /** A host by name; `localhost` is always there. */
  host(name: string): Host | undefined {
    return this.hosts.get(name) ?? this.#implicitHost(name);
  }

  hostNames(): readonly string[] {
    return [...this.hosts.keys()];
  }

  /** Hosts of a group and of the groups below it, its own first. */
  hostsOf(group: string): readonly Host[] {
    const names = new Set<string>();
    for (const one of this.#below(group)) for (const host of one.hosts) names.add(host);
    return [...names].flatMap((name) => this.hosts.get(name) ?? []);
  }

  /**
   * The hosts that a pattern means, in inventory order, and of those only the ones in `limit`. What matches nothing is a
   * warning, in a limit that leaves nothing an error (DiagnosticError, code "limit"); a bad pattern is an error, too.
   */
  select(pattern: string, limit?: string): readonly Host[] {
    return selectHosts(this, pattern, limit);
  }

  /** Groups of a host and all above them, the weakest first: by depth, priority and name. Without `all`. */
  groupsOf(host: string): readonly Group[] {
    let found = this.#ancestors.get(host);
    if (found === undefined) {
      found = this.#sortedAncestors(host);
      this.#ancestors.set(host, found);
    }
    return found;
  }

  groupNamesOf(host: string): readonly string[] {
    return this.groupsOf(host)
      .map((group) => group.name)
      .sort();
  }

  groupMap(): ValueMap {
    this.#groupMap ??= new Map(
      [...this.groups.keys()].map((name): [Key, Value] => [name, this.hostsOf(name).map((host) => host.name)]),
    );
    return this.#groupMap;
  }

  fileOf(host: string): string | undefined {
    const source = this.hosts.get(host)?.source;
    return source !== undefined && isAbsolute(source) ? source : undefined;
  }

  varsOf(host: string, playbookFolder: string | undefined): readonly LayeredVars[] {
    return hostLayers(this, host, playbookFolder);
  }

  /** `group_vars/` and `host_vars/` of a folder; read when a name is first asked for. */
  varsBeside(folder: string): FolderVars {
    let found = this.#folderVars.get(folder);
    if (found === undefined) {
      found = new FolderVars(folder, this.#readVars, (diagnostic) => this.warn(diagnostic));
      this.#folderVars.set(folder, found);
    }
    return found;
  }

  /** `add_host`. True when that changed anything but variables. */
  addHost(name: string, groups: readonly string[], vars: ValueMap): boolean {
    const isNew = !this.hosts.has(name);
    const joined = (groups.length === 0 ? ["all"] : groups).filter(
      (group) => !this.#below("all").some((one) => one.name === group && one.hosts.has(name)),
    );
    for (const group of groups.length === 0 ? ["all"] : groups) this.addMember(group, name, "add_host", undefined);
    if (vars.size > 0) this.hosts.get(name)?.vars.push(vars);
    this.settle();
    return isNew || joined.length > 0;
  }

  /** `group_by`. True when that changed anything. */
  addToGroup(host: string, group: string, parents: readonly string[] = []): boolean {
    const isMember = this.groups.get(group)?.hosts.has(host) ?? false;
    this.addMember(group, host, "group_by", undefined);
    const newParents = parents.filter((parent) => !this.group(parent).children.has(group));
    for (const parent of newParents) this.addChild(parent, group, undefined);
    this.settle();
    return !isMember || newParents.length > 0;
  }

  #implicitHost(name: string): Host | undefined {
    if (!LOCAL_NAMES.includes(name)) return undefined;
    let host = this.#implicit.get(name);
    if (host === undefined) {
      host = new Host(name, "", undefined, true);
      host.vars.push(new Map([["ansible_connection", "local"]]));
      this.#implicit.set(name, host);
    }
    return host;
  }

  #below(name: string): readonly Group[] {
    const found = new Map<string, Group>();
    let next: readonly string[] = [name];
    while (next.length > 0) {
      const groups = next.filter((one) => !found.has(one)).flatMap((one) => this.groups.get(one) ?? []);
      for (const group of groups) found.set(group.name, group);
      next = groups.flatMap((group) => [...group.children.keys()]);
    }
    return [...found.values()];
  }

  #sortedAncestors(host: string): readonly Group[] {
    const found = new Set<Group>();
    const visit = (group: Group): void => {
      if (group.name === "all" || found.has(group)) return;
      found.add(group);
      for (const parent of group.parents) visit(this.group(parent));
    };
    for (const group of this.groups.values()) if (group.hosts.has(host)) visit(group);
    const depths = new Map<Group, number>();
    return [...found]
      .map((group) => ({ group, depth: this.#depth(group, depths), priority: group.priority }))
      .sort((a, b) => a.depth - b.depth || a.priority - b.priority || (a.group.name < b.group.name ? -1 : 1))
      .map(({ group }) => group);
  }

  /** The longest way down from `all`. */
  #depth(group: Group, known: Map<Group, number>): number {
    const before = known.get(group);
    if (before !== undefined) return before;
    known.set(group, 0);
    const depth = Math.max(0, ...[...group.parents].map((parent) => this.#depth(this.group(parent), known) + 1));
    known.set(group, depth);
    return depth;
  }

  #findCycles(problems: Diagnostics): void {
    const done = new Set<string>();
    const visit = (name: string, path: readonly string[]): void => {
      if (done.has(name)) return;
      for (const [child, position] of this.group(name).children) {
        const at = [...path, name].indexOf(child);
        if (at >= 0) {
          const circle = [...[...path, name].slice(at), child].join(" > ");
          problems.error(
            "group-cycle",
            `the group "${child}" is its own ancestor: ${circle}`,
            position === undefined ? {} : { position },
          );
          // Cut, so that the walks over groups end while the rest of the problems is collected.
          this.group(name).children.delete(child);
          this.group(child).parents.delete(name);
        } else visit(child, [...path, name]);
      }
      done.add(name);
    };
    for (const name of this.groups.keys()) visit(name, []);
  }

  #changed(): void {
    this.#revision += 1;
    this.#groupMap = undefined;
    this.#ancestors = new Map();
  }
}
