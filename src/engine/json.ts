import type { Json } from "../modules/contract.ts";

/** Plain data as JSON: what has no JSON form (functions, not-a-number) becomes null, an undefined member is left out. */
export function toJson(value: unknown): Json {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return value.map(toJson);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, one]) => [String(key), toJson(one)]));
  if (typeof value === "object") {
    const present = Object.entries(value).filter(([, one]) => one !== undefined);
    return Object.fromEntries(present.map(([key, one]) => [key, toJson(one)]));
  }
  return null;
}
