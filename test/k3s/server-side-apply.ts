import { at, type Fields, fieldsAt, isFields, listAt, textAt } from "./fields.ts";

/** Lists whose entries have a name, and which field it is. */
const KEYED: Readonly<Record<string, string>> = { containers: "name", env: "name", volumes: "name", taints: "key" };

export class ApplyConflict extends Error {}

/** Server-side apply: what the manager had applied and no longer does goes, the rest is merged. */
export function applied(present: Fields, declared: Fields, manager: string, force: boolean): Fields {
  const all = listAt(present, "metadata", "managedFields").filter(isFields);
  const before = fieldsAt(
    all.find((one) => one["manager"] === manager && one["operation"] === "Apply"),
    "fieldsV1",
  );
  const { apiVersion: _version, kind: _kind, ...rest } = declared;
  const { name: _name, namespace: _namespace, ...metadata } = fieldsAt(declared, "metadata");
  const owned = ownedOf({ ...rest, ...(Object.keys(metadata).length === 0 ? { metadata: undefined } : { metadata }) }, "");
  const others = all.filter((one) => one["manager"] !== manager);
  const disputed = others.find((one) => differs(present, declared, fieldsAt(one, "fieldsV1")));
  if (disputed !== undefined && !force)
    throw new ApplyConflict(`Apply failed with 1 conflict: conflict with "${textAt(disputed, "manager")}"`);
  const left = without(present, before, owned);
  const next = merged(left, declared, "");
  const entry: Fields = {
    manager,
    operation: "Apply",
    apiVersion: textAt(declared, "apiVersion"),
    time: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    fieldsType: "FieldsV1",
    fieldsV1: owned,
  };
  const result = isFields(next) ? next : declared;
  return { ...result, metadata: { ...fieldsAt(result, "metadata"), managedFields: [...others, entry] } };
}

/** Whether something that another manager owns is declared with another value. */
function differs(present: unknown, declared: unknown, owned: Fields): boolean {
  return Object.entries(owned).some(([mark, below]) => {
    if (!mark.startsWith("f:") || !isFields(declared)) return false;
    const name = mark.slice(2);
    if (!(name in declared)) return false;
    const mine = declared[name];
    const theirs = at(present, name);
    if (isFields(below) && Object.keys(below).length > 0) return differs(theirs, mine, below);
    return JSON.stringify(mine) !== JSON.stringify(theirs);
  });
}

function ownedOf(value: unknown, name: string): Fields {
  const key = KEYED[name];
  if (Array.isArray(value) && key !== undefined)
    return Object.fromEntries(
      value.map((one) => [`k:${JSON.stringify({ [key]: at(one, key) })}`, { ".": {}, ...ownedOf(one, "") }]),
    );
  if (!isFields(value)) return {};
  const there = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(there.map(([field, one]) => [`f:${field}`, ownedOf(one, field)]));
}

function without(value: unknown, before: Fields, after: Fields): unknown {
  if (Array.isArray(value)) {
    return value.flatMap((one: unknown) => {
      const mark = Object.keys(before).find((key) => key.startsWith("k:") && isMarked(one, key));
      if (mark === undefined) return [one];
      return mark in after ? [without(one, fieldsAt(before, mark), fieldsAt(after, mark))] : [];
    });
  }
  if (!isFields(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([field, one]) => {
      const mark = `f:${field}`;
      if (!(mark in before)) return [[field, one]];
      return mark in after ? [[field, without(one, fieldsAt(before, mark), fieldsAt(after, mark))]] : [];
    }),
  );
}

function isMarked(one: unknown, mark: string): boolean {
  const key: unknown = JSON.parse(mark.slice(2));
  return isFields(key) && Object.entries(key).every(([name, value]) => at(one, name) === value);
}

/** Lists with keys are merged by them, other lists and values are replaced. */
export function merged(live: unknown, declared: unknown, name: string): unknown {
  const key = KEYED[name];
  if (Array.isArray(declared) && Array.isArray(live) && key !== undefined) {
    const twin = (list: readonly unknown[], one: unknown): unknown => list.find((other) => at(other, key) === at(one, key));
    return [
      ...live.map((one: unknown) => (twin(declared, one) === undefined ? one : merged(one, twin(declared, one), ""))),
      ...declared.filter((one: unknown) => twin(live, one) === undefined),
    ];
  }
  if (!isFields(declared)) return declared;
  const base = isFields(live) ? live : {};
  return {
    ...base,
    ...Object.fromEntries(Object.entries(declared).map(([field, one]) => [field, merged(base[field], one, field)])),
  };
}

/** A merge patch (RFC 7396): null removes, lists are replaced. */
export function mergePatched(live: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const result: Fields = isFields(live) ? { ...live } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = mergePatched(result[name], value);
  }
  return result;
}
