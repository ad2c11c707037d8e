import type { Position } from "../diagnostic.ts";
import { setSourceMap, sourceMapOf } from "../vars/provenance.ts";
import type { Key, Value, ValueMap } from "../vars/value.ts";

/** One mapping out of several, the later ones win; every member keeps its position. */
export function mergeMaps(maps: readonly ValueMap[]): ValueMap {
  const [first] = maps;
  if (first !== undefined && maps.length === 1) return first;
  const merged = new Map<Key, Value>();
  const keys = new Map<Key, Position>();
  const members = new Map<Key, Position>();
  let position: Position | undefined;
  for (const map of maps) {
    const source = sourceMapOf(map);
    position ??= source?.position;
    for (const [key, value] of map) {
      merged.set(key, value);
      const keyAt = source?.keys.get(key);
      const memberAt = source?.members.get(key);
      if (keyAt !== undefined) keys.set(key, keyAt);
      if (memberAt !== undefined) members.set(key, memberAt);
    }
  }
  if (position !== undefined) setSourceMap(merged, { position, keys, members });
  return merged;
}

/** The members of `map` that `keep` accepts, with their positions. */
export function pick(map: ValueMap, keep: (key: Key) => boolean): ValueMap {
  const picked = new Map([...map].filter(([key]) => keep(key)));
  const source = sourceMapOf(map);
  if (source !== undefined) setSourceMap(picked, source);
  return picked;
}
