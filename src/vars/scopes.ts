import type { Play, Role, Scope } from "../playbook/model.ts";
import type { LayerId } from "./precedence.ts";
import type { ValueMap } from "./value.ts";

/** Variables that were written together, and where they stand in the order of precedence. */
export type LayeredVars = {
  readonly layer: LayerId;
  /** What to call them in a trace: `role proxy`, `group web`; undefined where the layer says it all. */
  readonly label?: string;
  readonly vars: ValueMap;
};

/** The chain of scopes that a task stands in, innermost first. */
export function* scopeChain(scope: Scope): Iterable<Scope> {
  for (let here: Scope | undefined = scope; here !== undefined; here = here.parent) yield here;
}

/** The roles a scope stands in: its own first, then those that include it. */
export function rolesOf(scope: Scope): readonly Role[] {
  const roles: Role[] = [];
  for (const here of scopeChain(scope)) if (here.role !== undefined && !roles.includes(here.role)) roles.push(here.role);
  return roles;
}

/** What a scope sees of the playbook itself, the strongest of each layer first. */
export function scopeVars(scope: Scope): readonly LayeredVars[] {
  const found: LayeredVars[] = [];
  for (const here of scopeChain(scope)) {
    if (here.vars !== undefined && here.vars.size > 0)
      found.push({ layer: layerOfScope(here), vars: here.vars, ...labelOf(here) });
  }
  const roles = rolesOf(scope);
  for (const role of roles) {
    if (role.parameters !== undefined && !found.some((one) => one.vars === role.parameters)) {
      found.push({ layer: "role-parameters", label: `role ${role.name}`, vars: role.parameters });
    }
  }
  for (const role of withDependencies(roles)) found.push(...roleVars(role));
  return found;
}

/** What the static roles of a play show to all of its tasks; of two roles the later one wins. */
export function exportedVars(roles: readonly Role[]): readonly LayeredVars[] {
  return roles.toReversed().flatMap(roleVars);
}

/** Prompted and other variables of a play. */
export function playVars(play: Play): readonly LayeredVars[] {
  return play.vars === undefined ? [] : [{ layer: "play-vars", vars: play.vars }];
}

function roleVars(role: Role): readonly LayeredVars[] {
  const label = `role ${role.name}`;
  return [
    { layer: "role-vars", label, vars: role.vars },
    { layer: "role-defaults", label, vars: role.defaults },
  ];
}

function withDependencies(roles: readonly Role[]): ReadonlySet<Role> {
  const found = new Set<Role>();
  const visit = (role: Role): void => {
    if (found.has(role)) return;
    found.add(role);
    for (const dependency of role.dependencies.toReversed()) visit(dependency);
  };
  // The roles around it come before what it depends on: they are nearer to the task.
  for (const role of roles) found.add(role);
  for (const role of roles) for (const dependency of role.dependencies.toReversed()) visit(dependency);
  return found;
}

function layerOfScope(scope: Scope): LayerId {
  switch (scope.kind) {
    case "play":
      return "play-vars";
    case "role":
      return "role-parameters";
    case "block":
      return "block-vars";
    case "task":
      return "task-vars";
    case "include":
      return "include-parameters";
    default:
      return scope.kind satisfies never;
  }
}

function labelOf(scope: Scope): { label?: string } {
  return scope.kind === "role" && scope.role !== undefined ? { label: `role ${scope.role.name}` } : {};
}
