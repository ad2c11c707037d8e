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
export function guardsOf(request: RoleRequest): readonly string[] {
  const { parent } = request;
  return [...whenChain(parent).map((condition) => `when ${condition.source}`), ...tagsOf(parent).map((tag) => `tag ${tag}`)];
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
