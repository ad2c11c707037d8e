import { Float, isList, isMap, Secret, TemplateString, type Value, VaultText } from "../vars/value.ts";
import type { RoleRequest } from "./roles.ts";
import { tagsOf, whenChain } from "./scope.ts";

/** What makes two entries of a play the same role: its folder, parameters, conditions, tags and entry points. */
export function roleIdentity(path: string, request: RoleRequest): string {
  const { entry, parameters, from } = request;
  const when = entry.when.map((condition) => condition.source);
  return JSON.stringify([path, fingerprint(entry.vars), fingerprint(parameters), when, entry.tags, from]);
}

/** What may keep a role from running that its own entry does not say: conditions and tags of what is around it. */
export type Guards = { readonly when: readonly string[]; readonly tags: readonly string[] };

export function guardsOf({ parent }: RoleRequest): Guards {
  return { when: whenChain(parent).map((condition) => String(condition.source)), tags: [...tagsOf(parent)].sort() };
}

/**
 * Whether a role that runs under `first` has run whenever the same one comes up under `second`: it has no condition that
 * `second` has not, and --tags select both or neither. Otherwise both run; the second finds nothing to do where the first has run.
 */
export function covers(first: Guards, second: Guards): boolean {
  return first.when.every((one) => second.when.includes(one)) && first.tags.join() === second.tags.join();
}

function fingerprint(value: Value | undefined): unknown {
  if (value === undefined) return null;
  if (isMap(value)) return [...value].map(([key, one]) => [String(key), fingerprint(one)]).sort();
  if (isList(value)) return ["list", ...value.map(fingerprint)];
  if (value instanceof TemplateString) return ["template", value.source];
  if (value instanceof VaultText) return ["vault", value.ciphertext];
  if (value instanceof Secret) return fingerprint(value.value);
  if (value instanceof Float) return ["float", value.value];
  return typeof value === "bigint" ? String(value) : value;
}
