import type { HostInventory } from "./inventory.ts";
import type { VariableNames } from "./store.ts";
import { Namespace, type Value } from "./value.ts";

/** `hostvars`: the variables of other hosts, which are rendered with those hosts' names when they are read. */
export class HostVars extends Namespace {
  readonly label = "hostvars";
  readonly #inventory: HostInventory;
  readonly #namesOf: (host: string) => VariableNames;
  readonly #render: (value: Value, names: VariableNames) => Value;

  constructor(
    inventory: HostInventory,
    namesOf: (host: string) => VariableNames,
    render: (value: Value, names: VariableNames) => Value,
  ) {
    super();
    this.#inventory = inventory;
    this.#namesOf = namesOf;
    this.#render = render;
  }

  get(host: string): Value | undefined {
    if (!this.#inventory.hasHost(host)) return undefined;
    return new OneHostVars(host, this.#namesOf(host), this.#render);
  }

  keys(): Iterable<string> {
    return this.#inventory.hostNames();
  }
}

class OneHostVars extends Namespace {
  readonly label: string;
  readonly #names: VariableNames;
  readonly #render: (value: Value, names: VariableNames) => Value;

  constructor(host: string, names: VariableNames, render: (value: Value, names: VariableNames) => Value) {
    super();
    this.label = `hostvars['${host}']`;
    this.#names = names;
    this.#render = render;
  }

  get(name: string): Value | undefined {
    const value = this.#names.lookup(name);
    return value === undefined ? undefined : this.#render(value, this.#names);
  }

  keys(): Iterable<string> {
    return withoutNamespaces(this.#names);
  }
}

/** `vars`: the variables of this place by name. Their values are templates still, rendered like those of any variable. */
export class ScopeVars extends Namespace {
  readonly label = "vars";
  readonly #names: VariableNames;

  constructor(names: VariableNames) {
    super();
    this.#names = names;
  }

  get(name: string): Value | undefined {
    return this.#names.lookup(name);
  }

  keys(): Iterable<string> {
    return withoutNamespaces(this.#names);
  }
}

// Whoever walks over all of them would never end.
function* withoutNamespaces(names: VariableNames): Iterable<string> {
  for (const name of names.names()) if (name !== "vars" && name !== "hostvars") yield name;
}
