import { dirname } from "node:path";
import type { Position } from "../diagnostic.ts";
import type { Play, Role, Scope } from "../playbook/model.ts";
import type { Names } from "../template/context.ts";
import { HostFacts, mappingIn } from "./facts.ts";
import type { HostInventory } from "./inventory.ts";
import { environmentOf, type MagicSource, magicNames, magicVariable, type Place, type RunFacts } from "./magic.ts";
import { HostVars, ScopeVars } from "./namespaces.ts";
import { type LayerId, strongestFirst } from "./precedence.ts";
import { keyPosition } from "./provenance.ts";
import { exportedVars, type LayeredVars, playVars, scopeVars } from "./scopes.ts";
import { type Key, Undefined, type Value, type ValueMap } from "./value.ts";

export type StoreOptions = {
  readonly inventory: HostInventory;
  readonly run: RunFacts;
  /** `-e`, later ones winning. */
  readonly extraVars?: readonly ValueMap[];
  /** Renders what `hostvars` reads of another host, with that host's names. */
  readonly render: (value: Value, names: VariableNames) => Value;
};

/** One definition of a name. */
export type Definition = {
  readonly layer: LayerId;
  readonly label: string | undefined;
  /** As written: perhaps a TemplateString. */
  readonly value: Value;
  readonly position: Position | undefined;
};

/** Names that can also say where each comes from. */
export interface VariableNames extends Names {
  /** Every definition of a name, the winner first. */
  definitionsOf(name: string): readonly Definition[];
}

type HostState = {
  readonly facts: HostFacts;
  readonly included: Map<Key, Value>;
  readonly set: Map<Key, Value>;
  readonly files: Map<Play, readonly ValueMap[]>;
};

/** All variables of a run: what was written, and what the run found out and set, host by host. */
export class VariableStore {
  readonly #options: StoreOptions;
  readonly #extra: readonly LayeredVars[];
  readonly #hosts = new Map<string, HostState>();
  readonly #prompted = new Map<Play | undefined, ValueMap>();
  readonly #public = new Map<Play, Role[]>();
  readonly #scopes = new WeakMap<Scope, readonly LayeredVars[]>();
  readonly #exported = new WeakMap<Play, readonly LayeredVars[]>();
  /** What a task sees is asked for several times while it runs on a host. */
  readonly #latest = new Map<
    string,
    { generation: number; play: Play | undefined; scope: Scope | undefined; layers: readonly LayeredVars[] }
  >();
  #revision = -1;
  #changes = 0;
  readonly #inventoryVars = new Map<string, readonly LayeredVars[]>();

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#extra = (options.extraVars ?? []).toReversed().map((vars) => ({ layer: "extra-vars", vars }));
  }

  get inventory(): HostInventory {
    return this.#options.inventory;
  }

  /** Moves when there are other layers than before; what is in a layer may change without it. */
  get generation(): number {
    return this.#changes + this.#options.inventory.revision;
  }

  /** The names that are seen at a place. Cheap to make: everything is looked up when it is asked for. */
  names(place: Place): VariableNames {
    return new PlaceNames(this, place);
  }

  /** Adds facts (`ansible_facts` of a module's result): anything that is no mapping is left out. */
  addFacts(host: string, facts: Value): void {
    const mapping = mappingIn(facts);
    if (mapping !== undefined) this.#host(host).facts.add(mapping);
  }

  /** `meta: clear_facts`. */
  clearFacts(host: string): void {
    this.#host(host).facts.clear();
  }

  factsOf(host: string): ValueMap {
    return this.#host(host).facts.vars;
  }

  setFact(host: string, name: string, value: Value): void {
    this.#host(host).set.set(name, value);
  }

  /** What `run_once` has set on one host holds for another as well, also what is not known yet. */
  copySet(from: string, to: string, names: Iterable<string>): void {
    for (const name of names) {
      const value = this.#host(from).set.get(name);
      if (value !== undefined) this.setFact(to, name, value);
    }
  }

  /** `register`; also Undefined with reason "not-yet-known" for what check mode has not done. */
  setRegistered(host: string, name: string, value: Value): void {
    this.#host(host).set.set(name, value);
  }

  /** Forgets what setFact or setRegistered stored. */
  unset(host: string, name: string): void {
    this.#host(host).set.delete(name);
  }

  /** What set_fact and register have stored for a host. */
  storedOf(host: string): ValueMap {
    return this.#host(host).set;
  }

  /** `include_vars`: adds to what was included before. */
  includeVars(host: string, vars: ValueMap): void {
    const { included } = this.#host(host);
    for (const [name, value] of vars) included.set(name, value);
  }

  /** `vars_files` of a play, which may be other files on each host; later ones win. */
  setPlayFiles(play: Play, host: string, files: readonly ValueMap[]): void {
    this.#host(host).files.set(play, files);
    this.#changes += 1;
  }

  /** Answers to `vars_prompt` of one play, or of all. */
  setPrompted(play: Play | undefined, vars: ValueMap): void {
    this.#prompted.set(play, vars);
    this.#changes += 1;
  }

  /** Shows the variables of a role that was included with `public: true` to the rest of the play. */
  exportRole(play: Play, role: Role): void {
    const roles = this.#public.get(play) ?? [];
    if (roles.includes(role)) return;
    this.#public.set(play, [...roles, role]);
    this.#exported.delete(play);
    this.#changes += 1;
  }

  /** All that is seen at a place, without what is magic, the strongest first. */
  layersAt(place: Place): readonly LayeredVars[] {
    const { play, scope, host } = place;
    const { generation } = this;
    const before = this.#latest.get(host);
    if (before?.generation === generation && before.play === play && before.scope === scope) return before.layers;
    const layers = inOrder([
      this.#extra,
      this.#runVars(host, play),
      scope === undefined ? [] : this.#scopeVars(scope),
      play === undefined ? [] : this.#playVars(play, scope),
      this.#varsOfHost(host, play),
    ]);
    this.#latest.set(host, { generation, play, scope, layers });
    return layers;
  }

  magicAt(place: Place, names: VariableNames): MagicSource {
    const { inventory, run } = this.#options;
    const hostvars = new HostVars(inventory, (host) => this.names({ host }), this.#options.render);
    return { inventory, run, place, roles: this.#rolesOf(place.play), hostvars, vars: new ScopeVars(names) };
  }

  #host(name: string): HostState {
    let state = this.#hosts.get(name);
    if (state === undefined) {
      state = { facts: new HostFacts(), included: new Map(), set: new Map(), files: new Map() };
      this.#hosts.set(name, state);
    }
    return state;
  }

  #runVars(host: string, play: Play | undefined): readonly LayeredVars[] {
    const state = this.#host(host);
    const found: LayeredVars[] = [
      { layer: "set-facts", vars: state.set },
      { layer: "include-vars", vars: state.included },
      { layer: "facts", vars: state.facts.vars },
    ];
    if (play === undefined) return found;
    for (const vars of (state.files.get(play) ?? []).toReversed()) found.push({ layer: "play-files", vars });
    for (const which of [play, undefined]) {
      const vars = this.#prompted.get(which);
      if (vars !== undefined) found.push({ layer: "play-prompt", vars });
    }
    return found;
  }

  #scopeVars(scope: Scope): readonly LayeredVars[] {
    let found = this.#scopes.get(scope);
    if (found === undefined) {
      found = scopeVars(scope);
      this.#scopes.set(scope, found);
    }
    return found;
  }

  #playVars(play: Play, scope: Scope | undefined): readonly LayeredVars[] {
    let exported = this.#exported.get(play);
    if (exported === undefined) {
      exported = exportedVars(this.#rolesOf(play));
      this.#exported.set(play, exported);
    }
    // A scope of the play has it at the end of its chain.
    return scope === undefined ? [...playVars(play), ...exported] : exported;
  }

  #rolesOf(play: Play | undefined): readonly Role[] {
    return play === undefined ? [] : [...play.roles, ...(this.#public.get(play) ?? [])];
  }

  #varsOfHost(host: string, play: Play | undefined): readonly LayeredVars[] {
    const { inventory } = this.#options;
    if (inventory.revision !== this.#revision) {
      this.#inventoryVars.clear();
      this.#revision = inventory.revision;
    }
    const folder = play === undefined ? undefined : dirname(play.file);
    const key = `${host}\n${folder ?? ""}`;
    let found = this.#inventoryVars.get(key);
    if (found === undefined) {
      found = inventory.varsOf(host, folder);
      this.#inventoryVars.set(key, found);
    }
    return found;
  }
}

class PlaceNames implements VariableNames {
  readonly #store: VariableStore;
  readonly #place: Place;
  #ordered: readonly LayeredVars[] = [];
  #generation = -1;
  #magicSource: MagicSource | undefined;

  constructor(store: VariableStore, place: Place) {
    this.#store = store;
    this.#place = place;
  }

  lookup(name: string): Value | undefined {
    const magic = magicVariable(name, this.#magic);
    if (magic !== undefined) return magic;
    for (const { vars } of this.#layers) {
      const value = vars.get(name);
      if (value !== undefined) return value;
    }
    return name === "environment" ? environmentOf(this.#place) : undefined;
  }

  names(): Iterable<string> {
    const all = new Set<string>(magicNames(this.#magic));
    for (const { vars } of this.#layers) for (const key of vars.keys()) all.add(String(key));
    return all;
  }

  definitionsOf(name: string): readonly Definition[] {
    const found: Definition[] = [];
    const magic = magicVariable(name, this.#magic);
    if (magic !== undefined) found.push({ layer: "magic", label: undefined, value: magic, position: undefined });
    const seen = new Set<ValueMap>();
    for (const { layer, label, vars } of this.#layers) {
      const value = vars.get(name);
      // A role that is current is exported too: its files are one definition.
      if (value === undefined || seen.has(vars)) continue;
      seen.add(vars);
      found.push({ layer, label, value, position: keyPosition(vars, name) });
    }
    return found;
  }

  get #magic(): MagicSource {
    this.#magicSource ??= this.#store.magicAt(this.#place, this);
    return this.#magicSource;
  }

  get #layers(): readonly LayeredVars[] {
    if (this.#generation !== this.#store.generation) {
      this.#ordered = this.#store.layersAt(this.#place);
      this.#generation = this.#store.generation;
    }
    return this.#ordered;
  }
}

const rank = new Map(strongestFirst.map((id, index) => [id, index]));

// Sorting is stable, so that within a layer the order of the parts holds.
function inOrder(parts: readonly (readonly LayeredVars[])[]): readonly LayeredVars[] {
  return parts.flat().sort((a, b) => (rank.get(a.layer) ?? 0) - (rank.get(b.layer) ?? 0));
}

/** A value for something that cannot be known yet. */
export function notYetKnown(name: string, hint?: string): Undefined {
  return new Undefined(name, "not-yet-known", hint);
}
