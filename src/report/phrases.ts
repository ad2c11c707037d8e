import { oneLine } from "./terminal-safe.ts";

/** `node1, node2, node3 and 297 more`: hosts for a sentence, never a screenful. */
export function hostList(hosts: readonly string[], most = 5): string {
  const shown = hosts.slice(0, most).map(oneLine).join(", ");
  return hosts.length <= most ? shown : `${shown} and ${hosts.length - most} more`;
}

/** `1 host`, `3 hosts`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

/** `840 ms`, `4.2 s`, `3 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return seconds < 3600
    ? `${Math.floor(seconds / 60)} min ${seconds % 60} s`
    : `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** `312 B`, `4.1 kB`, `2.0 MB`. */
export function bytes(number: number): string {
  if (number < 1000) return `${number} B`;
  return number < 1_000_000 ? `${(number / 1000).toFixed(1)} kB` : `${(number / 1_000_000).toFixed(1)} MB`;
}
