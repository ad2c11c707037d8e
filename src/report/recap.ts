import type { HostCounts } from "../engine/events.ts";
import type { Palette } from "./palette.ts";
import { oneLine } from "./terminal-safe.ts";

/** Width of Ansible's host column, and of its headers off a terminal. */
const HOST_COLUMN = 26;
export const HEADER_COLUMNS = 80;

/** `TEXT ****…` up to the width, as Ansible writes its headers; at least three stars. */
export function header(text: string, columns: number): string {
  const safe = oneLine(text);
  return `${safe} ${"*".repeat(Math.max(3, columns - safe.length - 1))}`;
}

/** The lines below PLAY RECAP, hosts sorted by name. Scripts read these: the shape, blanks included, is Ansible's. */
export function recapLines(hosts: Readonly<Record<string, HostCounts>>, palette: Palette): readonly string[] {
  return Object.entries(hosts)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([host, counts]) => recapLine(host, counts, palette));
}

function recapLine(host: string, counts: HostCounts, palette: Palette): string {
  const plain: (text: string) => string = (text) => text;
  const painted = (name: keyof HostCounts, paint: (text: string) => string): string => {
    const text = `${name}=${String(counts[name]).padEnd(4)}`;
    return counts[name] > 0 ? paint(text) : text;
  };
  const hostPaint =
    counts.failed > 0 || counts.unreachable > 0
      ? palette.red
      : counts.changed > 0
        ? palette.yellow
        : counts.ok > 0
          ? palette.green
          : plain;
  const name = oneLine(host);
  return [
    `${hostPaint(name)}${" ".repeat(Math.max(0, HOST_COLUMN - name.length))} :`,
    painted("ok", palette.green),
    painted("changed", palette.yellow),
    painted("unreachable", palette.red),
    painted("failed", palette.red),
    painted("skipped", palette.cyan),
    painted("rescued", palette.yellow),
    painted("ignored", palette.magenta),
  ].join(" ");
}
