import { at, canonical, type Fields, isFields, textAt } from "../cluster/data.ts";
import { isBuiltInGroup, keyOf, keysOf } from "./list-keys.ts";
import { isOwned, type OwnedFields } from "./owned-fields.ts";
import { isSameQuantity } from "./quantity.ts";

/** A field that is not as declared. `after` is undefined where it is to go. */
export type FieldDifference = { readonly path: string; readonly before: unknown; readonly after: unknown };

type Place = {
  readonly path: string;
  readonly name: string;
  readonly isBuiltIn: boolean;
  readonly isQuantity: boolean;
  readonly isSecret: boolean;
  /** What the field manager owns here; undefined when it has never applied the object. */
  readonly owned: OwnedFields | undefined;
};

/**
 * What of a declared object the live one lacks or has otherwise. Fields that were not declared do not count: defaults, status, what
 * others have added.
 */
export function differencesOf(declared: Fields, live: Fields, owned: OwnedFields | undefined): readonly FieldDifference[] {
  const apiVersion = textAt(declared, "apiVersion");
  const place: Place = {
    path: "",
    name: "",
    isBuiltIn: isBuiltInGroup(apiVersion),
    isQuantity: false,
    isSecret: textAt(declared, "kind") === "Secret" && apiVersion === "v1",
    owned,
  };
  const { apiVersion: _version, kind: _kind, ...rest } = declared;
  return compareFields(rest, live, place);
}

const QUANTITIES = new Set(
  "limits requests capacity hard sizeLimit storage default defaultRequest max min maxLimitRequestRatio divisor overhead averageValue".split(
    " ",
  ),
);

function inside(place: Place, name: string): Place {
  return {
    ...place,
    path: place.path === "" ? name : `${place.path}.${name}`,
    name,
    isQuantity: place.isQuantity || QUANTITIES.has(name),
    owned: isFields(place.owned?.[`f:${name}`]) ? (place.owned[`f:${name}`] as OwnedFields) : undefined,
  };
}

function compareFields(declared: Fields, live: Fields, place: Place): readonly FieldDifference[] {
  return Object.entries(declared).flatMap(([name, wanted]) => {
    const found = Object.hasOwn(live, name) ? live[name] : undefined;
    return compare(wanted, found, inside(place, name), isOwned(place.owned, name));
  });
}

function compare(wanted: unknown, found: unknown, place: Place, isApplied: boolean): readonly FieldDifference[] {
  const differs = [{ path: place.path, before: found, after: wanted ?? undefined }];
  if (wanted === null || wanted === undefined) return found === null || found === undefined ? [] : differs;
  if (found === undefined || found === null) {
    if (isEmpty(wanted)) return [];
    // What equals a type's zero is often not kept. That it was declared shows in the fields that the manager owns.
    return isZero(wanted) && isApplied ? [] : differs;
  }
  if (isFields(wanted)) return isFields(found) ? compareFields(wanted, found, place) : differs;
  if (Array.isArray(wanted)) return Array.isArray(found) ? compareLists(wanted, found, place) : differs;
  if (wanted === found) return [];
  if (place.isQuantity && isSameQuantity(wanted, found)) return [];
  if (place.isSecret && place.path.startsWith("data.") && isSameBase64(wanted, found)) return [];
  return differs;
}

function compareLists(wanted: readonly unknown[], found: readonly unknown[], place: Place): readonly FieldDifference[] {
  const keys = keysOf(place.name, wanted, place.isBuiltIn);
  if (keys !== undefined && wanted.every(isFields)) {
    const there = new Map(found.filter(isFields).map((one) => [keyOf(one, keys), one]));
    return wanted.flatMap((one) => {
      const path = `${place.path}[${keys
        .map((key) => one[key])
        .filter((value) => value !== undefined)
        .join("/")}]`;
      const match = there.get(keyOf(one, keys));
      return match === undefined
        ? [{ path, before: undefined, after: one }]
        : compareFields(one, match, { ...place, path, owned: entryOwned(place.owned, one, keys) });
    });
  }
  const differs = [{ path: place.path, before: found, after: wanted }];
  if (place.name === "finalizers") return wanted.every((one) => found.includes(one)) ? [] : differs;
  if (wanted.length !== found.length) return differs;
  // Replaced as a whole, yet its entries may have got defaults.
  return wanted.every((one, index) => compare(one, found[index], { ...place, owned: undefined }, true).length === 0)
    ? []
    : differs;
}

function entryOwned(owned: OwnedFields | undefined, entry: Fields, keys: readonly string[]): OwnedFields | undefined {
  for (const [name, value] of Object.entries(owned ?? {})) {
    if (!name.startsWith("k:") || !isFields(value)) continue;
    const parsed: unknown = JSON.parse(name.slice(2));
    if (isFields(parsed) && keyOf(parsed, keys) === keyOf(entry, keys)) return value;
  }
  return undefined;
}

const isEmpty = (value: unknown): boolean =>
  Array.isArray(value) ? value.length === 0 : isFields(value) && Object.keys(value).length === 0;
const isZero = (value: unknown): boolean => value === false || value === 0 || value === "";

function isSameBase64(a: unknown, b: unknown): boolean {
  return typeof a === "string" && typeof b === "string" && Buffer.from(a, "base64").equals(Buffer.from(b, "base64"));
}

/** The live object with the declared fields laid over it, as the API would merge them. null removes; `strategic` merges lists by key. */
export function merged(live: unknown, declared: unknown, options: { readonly isStrategic: boolean }, name = ""): unknown {
  if (isFields(declared)) {
    const result: Record<string, unknown> = isFields(live) ? { ...live } : {};
    for (const [key, value] of Object.entries(declared)) {
      if (value === null) delete result[key];
      else result[key] = merged(result[key], value, options, key);
    }
    return result;
  }
  const keys = Array.isArray(declared) && options.isStrategic ? keysOf(name, declared, true) : undefined;
  if (!Array.isArray(declared) || keys === undefined || !Array.isArray(live)) return declared;
  const left = new Map(declared.filter(isFields).map((one) => [keyOf(one, keys), one]));
  const result = live.map((one: unknown) => {
    const match = isFields(one) ? left.get(keyOf(one, keys)) : undefined;
    if (match === undefined || !isFields(one)) return one;
    left.delete(keyOf(one, keys));
    return merged(one, match, options);
  });
  return [...result, ...left.values()];
}

/** Is null anywhere in it? Such a field is to be removed, whoever owns it. */
export function holdsNull(value: unknown): boolean {
  if (value === null) return true;
  if (Array.isArray(value)) return value.some(holdsNull);
  return isFields(value) && Object.values(value).some(holdsNull);
}

export const isSameValue = (a: unknown, b: unknown): boolean => canonical(a) === canonical(b);
export const generationOf = (object: Fields): number => Number(at(object, "metadata", "generation") ?? 0);
