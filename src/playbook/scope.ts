import type { Value, ValueMap } from "../vars/value.ts";
import type { Condition, Inheritable, Play, Role, Scope } from "./model.ts";

/** The scope and those around it, innermost first. */
export function* scopes(scope: Scope): Generator<Scope> {
  for (let here: Scope | undefined = scope; here !== undefined; here = here.parent) yield here;
}

/**
 * What `keyword` is for a task: the nearest scope that writes it decides. `moduleDefaults` adds up instead: where several
 * scopes write it, the answer is the list of them, outermost first.
 */
export function keywordOf(scope: Scope, keyword: keyof Inheritable): Value | undefined {
  const written: Value[] = [];
  for (const here of scopes(scope)) {
    const value = here.keywords[keyword];
    if (value === undefined || value === null) continue;
    if (keyword !== "moduleDefaults") return value;
    written.unshift(...(Array.isArray(value) ? value : [value]));
  }
  return written.length > 1 ? written : written[0];
}

/** Every condition that must hold, outermost first: as in Ansible, a block's `when` is asked before its tasks'. */
export function whenChain(scope: Scope): readonly Condition[] {
  return [...scopes(scope)].reverse().flatMap((here) => here.when);
}

/** Tags of the scope and of all around it, each once, outermost first. */
export function tagsOf(scope: Scope): readonly string[] {
  return [...new Set([...scopes(scope)].reverse().flatMap((here) => here.tags))];
}

/** The `vars:` that a scope sees, outermost first; role parameters among them. */
export function varsChain(scope: Scope): readonly ValueMap[] {
  return [...scopes(scope)].reverse().flatMap((here) => (here.vars === undefined ? [] : [here.vars]));
}

/** The role that a task belongs to: the nearest one. */
export function roleOf(scope: Scope): Role | undefined {
  for (const here of scopes(scope)) if (here.role !== undefined) return here.role;
  return undefined;
}

/** All roles around a scope, nearest first: the search path for files, and the sources of role variables. */
export function rolesAround(scope: Scope): readonly Role[] {
  return [...new Set([...scopes(scope)].flatMap((here) => (here.role === undefined ? [] : [here.role])))];
}

/** The play around a scope; undefined for a scope that stands alone (`apply:`). */
export function playOf(scope: Scope): Play | undefined {
  for (const here of scopes(scope)) if (isPlay(here)) return here;
  return undefined;
}

function isPlay(scope: Scope): scope is Play {
  return scope.kind === "play" && "hosts" in scope;
}
