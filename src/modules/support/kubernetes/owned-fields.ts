import { at, type Fields, fieldsAt, isFields, listAt, textAt } from "../cluster/data.ts";
import type { FieldDifference } from "./compare.ts";

/** FieldsV1 of metadata.managedFields: "f:name" for fields, "k:{…}" for entries of keyed lists, "v:…" for those of sets. */
export type OwnedFields = { readonly [key: string]: unknown };

/** What a manager has last applied to an object; undefined when it never has. */
export function ownedBy(manager: string, object: Fields): OwnedFields | undefined {
  const entries = listAt(object, "metadata", "managedFields").filter(
    (one) => textAt(one, "manager") === manager && textAt(one, "operation") === "Apply" && textAt(one, "subresource") === "",
  );
  return entries.length === 0 ? undefined : Object.assign({}, ...entries.map((one) => fieldsAt(one, "fieldsV1")));
}

export function isOwned(owned: OwnedFields | undefined, name: string): boolean {
  return owned !== undefined && Object.hasOwn(owned, `f:${name}`);
}

/** Fields that the manager has applied and that are no longer declared: applying without them removes them. */
export function abandoned(owned: OwnedFields, declared: unknown, live: unknown, path = ""): readonly FieldDifference[] {
  return Object.entries(owned).flatMap(([key, below]) => {
    if (key.startsWith("f:")) {
      const name = key.slice(2);
      const here = path === "" ? name : `${path}.${name}`;
      const found = at(live, name);
      if (found === undefined) return [];
      const wanted = at(declared, name);
      if (wanted === undefined || wanted === null)
        return isLeaf(below) || !isFields(found) ? [gone(here, found)] : abandoned(fields(below), undefined, found, here);
      return isLeaf(below) ? [] : abandoned(fields(below), wanted, found, here);
    }
    if (key.startsWith("k:") && Array.isArray(live)) {
      const keys = parsed(key.slice(2));
      const found = live.find((one) => isEntry(one, keys, false));
      if (!isFields(keys) || found === undefined) return [];
      const here = `${path}[${Object.values(keys).join("/")}]`;
      const wanted = Array.isArray(declared) ? declared.find((one) => isEntry(one, keys, true)) : undefined;
      return wanted === undefined ? [gone(here, found)] : abandoned(fields(below), wanted, found, here);
    }
    if (key.startsWith("v:") && Array.isArray(live)) {
      const value = parsed(key.slice(2));
      if (!live.includes(value) || (Array.isArray(declared) && declared.includes(value))) return [];
      return [gone(`${path}[${String(value)}]`, value)];
    }
    return [];
  });
}

const gone = (path: string, before: unknown): FieldDifference => ({ path, before, after: undefined });
const fields = (value: unknown): OwnedFields => (isFields(value) ? value : {});
const isLeaf = (value: unknown): boolean => Object.keys(fields(value)).filter((one) => one !== ".").length === 0;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// A declared entry may leave out a key that has a default (the protocol of a port).
function isEntry(entry: unknown, keys: unknown, mayLack: boolean): boolean {
  return (
    isFields(entry) &&
    isFields(keys) &&
    Object.entries(keys).every(([name, value]) => entry[name] === value || (mayLack && entry[name] === undefined))
  );
}
