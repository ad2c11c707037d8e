import type { Position } from "../diagnostic.ts";
import type { Key } from "./value.ts";

/** Where a mapping or list, its keys and its members were written. Kept aside, so that values stay plain. */
export type SourceMap = {
  readonly position: Position;
  readonly keys: ReadonlyMap<Key, Position>;
  readonly members: ReadonlyMap<Key, Position>;
};

const positions = new WeakMap<object, SourceMap>();

export function setSourceMap(container: object, map: SourceMap): void {
  positions.set(container, map);
}

/** The source map of a mapping or list that a reader made; undefined for a computed one. */
export function sourceMapOf(container: unknown): SourceMap | undefined {
  return typeof container === "object" && container !== null ? positions.get(container) : undefined;
}

/** The position of the value at `path` inside `container`, or of the nearest enclosing thing that has one. */
export function positionAt(container: unknown, path: readonly Key[]): Position | undefined {
  let here: unknown = container;
  let found = sourceMapOf(here)?.position;
  for (const key of path) {
    const map = sourceMapOf(here);
    if (map === undefined) break;
    found = map.members.get(key) ?? found;
    here = here instanceof Map ? here.get(key) : Array.isArray(here) && typeof key === "number" ? here[key] : undefined;
  }
  return found;
}

/** The position of a key itself (for "unknown keyword"), or of the mapping. */
export function keyPosition(container: unknown, key: Key): Position | undefined {
  const map = sourceMapOf(container);
  return map?.keys.get(key) ?? map?.position;
}
