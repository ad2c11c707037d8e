import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Play, Role, Scope } from "../playbook/model.ts";
import type { HostInventory } from "./inventory.ts";
import type { RunFacts } from "./magic.ts";
import { type LayerId, layers } from "./precedence.ts";
import { setSourceMap } from "./provenance.ts";
import type { LayeredVars } from "./scopes.ts";
import { notYetKnown, VariableStore } from "./store.ts";
import { isMap, Namespace, omit, Secret, TemplateString, type Value, type ValueMap } from "./value.ts";

const run: RunFacts = { checkMode: true, diff: false, forks: 5, verbosity: 0, tags: [], skipTags: ["slow"], version: "0.1.0" };

function inventoryOf(vars: Readonly<Record<string, readonly LayeredVars[]>>): HostInventory & { revision: number } {
  return {
    revision: 1,
    sources: ["/i/hosts"],
    hostNames: () => Object.keys(vars),
    hasHost: (name) => name in vars,
    groupNamesOf: () => ["db", "web"],
    groupMap: () => new Map([["all", Object.keys(vars)]]),
    fileOf: () => "/i/hosts",
    varsOf: (host) => vars[host] ?? [],
  };
}

const map = (entries: Readonly<Record<string, Value>>): ValueMap => new Map(Object.entries(entries));

function roleOf(
  name: string,
  vars: Partial<Pick<Role, "defaults" | "vars" | "parameters" | "dependencies" | "parents">> = {},
): Role {
  return {
    name,
    path: `/roles/${name}`,
    defaults: new Map(),
    vars: new Map(),
    parameters: undefined,
    argumentSpec: undefined,
    handlers: [],
    dependencies: [],
    parents: [],
    ...vars,
  };
}

function scopeOf(
  kind: Scope["kind"],
  parent: Scope | undefined,
  rest: Partial<Pick<Scope, "vars" | "role" | "keywords">> = {},
): Scope {
  return { kind, parent, keywords: {}, vars: undefined, when: [], tags: [], role: undefined, position: undefined, ...rest };
}

function playOf(roles: readonly Role[], vars?: ValueMap): Play {
  return {
    ...scopeOf("play", undefined, { vars }),
    kind: "play",
    name: new TemplateString("{{ title }}"),
    hosts: "all",
    gatherFacts: undefined,
    gatherSubset: undefined,
    gatherTimeout: undefined,
    strategy: "linear",
    serial: undefined,
    order: undefined,
    maxFailPercentage: undefined,
    forceHandlers: undefined,
    varsFiles: undefined,
    varsPrompt: [],
    roles,
    preTasks: [],
    roleTasks: [],
    tasks: [],
    postTasks: [],
    handlers: [],
    file: "/playbooks/site.yml",
    position: { file: "/playbooks/site.yml", line: 1, column: 3 },
  };
}

const storeOf = (inventory: HostInventory, extraVars: readonly ValueMap[] = []) =>
  new VariableStore({
    inventory,
    run,
    extraVars,
    render: (value) => (value instanceof TemplateString ? `rendered ${value.source}` : value),
  });

/** A store and a place in which `x` is defined on each of the given layers, by the layer's name. */
function everywhere(chosen: ReadonlySet<LayerId>) {
  const x = (layer: LayerId): ValueMap => (chosen.has(layer) ? map({ x: layer }) : new Map());
  const inventoryLayers = layers.map((layer) => layer.id).filter((id) => /^(inventory|playbook)-/.test(id));
  const store = storeOf(inventoryOf({ h: inventoryLayers.map((layer) => ({ layer, vars: x(layer) })) }), [x("extra-vars")]);
  const role = roleOf("r", { defaults: x("role-defaults"), vars: x("role-vars"), parameters: x("role-parameters") });
  const play = playOf([role], x("play-vars"));
  store.addFacts("h", x("facts"));
  store.setPlayFiles(play, "h", [x("play-files")]);
  store.setPrompted(play, x("play-prompt"));
  store.includeVars("h", x("include-vars"));
  for (const [name, value] of x("set-facts")) store.setFact("h", String(name), value);
  const inRole = scopeOf("role", play, { role, vars: role.parameters ?? new Map() });
  const include = scopeOf("include", inRole, { vars: x("include-parameters") });
  const block = scopeOf("block", include, { vars: x("block-vars") });
  const scope = scopeOf("task", block, { vars: x("task-vars") });
  return store.names({ host: "h", play, scope });
}

describe("VariableStore: precedence", () => {
  it("gives the strongest of any layers, and all of them in order", () => {
    const ids = layers.map((layer) => layer.id).filter((id) => id !== "magic");
    fc.assert(
      fc.property(fc.subarray(ids), (chosen) => {
        const names = everywhere(new Set(chosen));
        expect(names.lookup("x")).toBe(chosen.at(-1));
        expect(names.definitionsOf("x").map((one) => one.layer)).toEqual(chosen.toReversed());
      }),
    );
  });

  it("lets the nearest win within a layer", () => {
    const store = storeOf(inventoryOf({ h: [] }), [map({ e: 1 }), map({ e: 2 })]);
    const play = playOf([]);
    const outer = scopeOf("block", play, { vars: map({ b: "outer", o: "outer" }) });
    const inner = scopeOf("block", outer, { vars: map({ b: "inner" }) });
    const names = store.names({ host: "h", play, scope: inner });
    expect(["b", "o", "e", "nothing"].map((name) => names.lookup(name))).toEqual(["inner", "outer", 2, undefined]);
  });

  it("shows the static roles of a play to all of its tasks, the current one first, then the later ones", () => {
    const dependency = roleOf("dep", { defaults: map({ d: "dep" }) });
    const first = roleOf("first", {
      defaults: map({ x: "first", d: "first" }),
      vars: map({ v: "first" }),
      dependencies: [dependency],
    });
    const second = roleOf("second", { defaults: map({ x: "second" }), vars: map({ v: "second" }) });
    const play = playOf([dependency, first, second]);
    const store = storeOf(inventoryOf({ h: [] }));
    const inFirst = store.names({ host: "h", play, scope: scopeOf("task", scopeOf("role", play, { role: first })) });
    expect(["x", "v", "d"].map((name) => inFirst.lookup(name))).toEqual(["first", "first", "first"]);
    const outside = store.names({ host: "h", play, scope: scopeOf("task", play) });
    expect(["x", "v", "d"].map((name) => outside.lookup(name))).toEqual(["second", "second", "first"]);
  });

  it("shows an included role to the rest of the play only when it is made public", () => {
    const store = storeOf(inventoryOf({ h: [] }));
    const play = playOf([]);
    const names = store.names({ host: "h", play });
    expect(names.lookup("x")).toBeUndefined();
    store.exportRole(play, roleOf("later", { defaults: map({ x: 1 }) }));
    expect(names.lookup("x")).toBe(1);
  });

  it("says where each definition was written", () => {
    const vars = map({ x: 1 });
    const position = { file: "g.yml", line: 4, column: 2 };
    setSourceMap(vars, { position, keys: new Map([["x", position]]), members: new Map() });
    const store = storeOf(inventoryOf({ h: [{ layer: "inventory-group", label: "group web", vars }] }));
    expect(store.names({ host: "h" }).definitionsOf("x")).toEqual([
      { layer: "inventory-group", label: "group web", value: 1, position },
    ]);
  });
});

describe("VariableStore: what a run finds out", () => {
  it("stores facts with and without their prefix, but none that say how a host is reached", () => {
    const store = storeOf(inventoryOf({ h: [] }));
    const names = store.names({ host: "h" });
    expect(names.lookup("ansible_facts")).toEqual(new Map());
    store.addFacts(
      "h",
      map({ ansible_distribution: "Debian", ansible_become_user: "evil", ansible_host: "evil", services: [], ansible_local: 1 }),
    );
    expect(names.lookup("ansible_distribution")).toBe("Debian");
    expect(names.lookup("services")).toEqual([]);
    expect(names.lookup("ansible_become_user")).toBeUndefined();
    expect(names.lookup("ansible_host")).toBeUndefined();
    const facts = names.lookup("ansible_facts");
    expect(isMap(facts) ? [...facts.keys()] : facts).toEqual([
      "distribution",
      "become_user",
      "host",
      "services",
      "ansible_local",
    ]);
    store.clearFacts("h");
    expect(names.lookup("ansible_distribution")).toBeUndefined();
    store.addFacts("h", new Secret(map({ ansible_x: 1 })));
    expect(names.lookup("ansible_x")).toEqual(new Secret(1));
  });

  it("keeps hosts apart, and what is not known yet", () => {
    const store = storeOf(inventoryOf({ a: [], b: [] }));
    store.setRegistered("a", "out", notYetKnown("out"));
    expect(store.names({ host: "a" }).lookup("out")).toEqual(notYetKnown("out"));
    expect(store.names({ host: "b" }).lookup("out")).toBeUndefined();
    store.unset("a", "out");
    expect(store.names({ host: "a" }).lookup("out")).toBeUndefined();
  });

  it("notices a changed inventory", () => {
    const hosts: Record<string, LayeredVars[]> = { h: [] };
    const inventory = inventoryOf(hosts);
    const names = storeOf(inventory).names({ host: "h" });
    expect(names.lookup("x")).toBeUndefined();
    hosts["h"] = [{ layer: "inventory-host", vars: map({ x: 1 }) }];
    inventory.revision += 1;
    expect(names.lookup("x")).toBe(1);
  });
});

describe("VariableStore: magic variables", () => {
  const outer = roleOf("outer");
  const role = roleOf("inner");
  const play = playOf([role]);
  const store = storeOf(
    inventoryOf({ "h.example.org": [{ layer: "inventory-host", vars: map({ own: new TemplateString("{{ y }}") }) }] }),
  );
  const inner = scopeOf("role", scopeOf("role", play, { role: outer }), { role });
  const scope = scopeOf("task", inner, { keywords: { environment: map({ A: "1" }) } });
  const hosts = { all: ["a", "b", "c"], active: () => ["a", "b"], batch: () => ["a"] };
  const names = store.names({ host: "h.example.org", play, scope, hosts });

  it.each<[string, unknown]>([
    ["inventory_hostname", "h.example.org"],
    ["inventory_hostname_short", "h"],
    ["group_names", ["db", "web"]],
    ["groups", new Map([["all", ["h.example.org"]]])],
    ["omit", omit],
    ["inventory_file", "/i/hosts"],
    ["inventory_dir", "/i"],
    ["playbook_dir", "/playbooks"],
    ["ansible_play_hosts_all", ["a", "b", "c"]],
    ["ansible_play_hosts", ["a", "b"]],
    ["ansible_play_batch", ["a"]],
    ["play_hosts", ["a"]],
    ["ansible_play_name", new TemplateString("{{ title }}")],
    ["role_name", "inner"],
    ["role_path", "/roles/inner"],
    ["ansible_parent_role_names", ["outer"]],
    ["ansible_parent_role_paths", ["/roles/outer"]],
    ["ansible_play_role_names", ["inner"]],
    ["ansible_dependent_role_names", []],
    ["ansible_check_mode", true],
    ["ansible_run_tags", ["all"]],
    ["ansible_skip_tags", ["slow"]],
    ["ansible_limit", undefined],
    ["k3sprov_version", "0.1.0"],
    ["environment", [map({ A: "1" })]],
  ])("%s", (name, value) => {
    expect(names.lookup(name)).toEqual(value);
  });

  it("cannot be overridden, but for `environment`", () => {
    const other = storeOf(inventoryOf({ h: [] }), [map({ inventory_hostname: "x", environment: "prod" })]).names({
      host: "h",
      scope,
    });
    expect(other.lookup("inventory_hostname")).toBe("h");
    expect(other.lookup("environment")).toBe("prod");
    expect(other.definitionsOf("inventory_hostname").map((one) => one.layer)).toEqual(["magic", "extra-vars"]);
  });

  it("reads other hosts' variables as those hosts see them, and says so of hosts that are not there", () => {
    const hostvars = names.lookup("hostvars");
    if (!(hostvars instanceof Namespace)) throw new Error("hostvars is no namespace");
    expect([...hostvars.keys()]).toEqual(["h.example.org"]);
    const one = hostvars.get("h.example.org");
    if (!(one instanceof Namespace)) throw new Error("a host is no namespace");
    expect(one.label).toBe("hostvars['h.example.org']");
    expect(one.get("own")).toBe("rendered {{ y }}");
    expect(one.get("nothing")).toBeUndefined();
    expect([...one.keys()]).not.toContain("hostvars");
    expect(hostvars.get("nobody")).toBeUndefined();
  });

  it("offers its own names as `vars`", () => {
    const vars = names.lookup("vars");
    expect(vars instanceof Namespace && vars.get("own")).toEqual(new TemplateString("{{ y }}"));
    expect(vars instanceof Namespace && [...vars.keys()].includes("role_name")).toBe(true);
    expect(vars instanceof Namespace && [...vars.keys()].includes("vars")).toBe(false);
  });
});
