import type { HostCounts } from "../engine/events.ts";
import { displayWidth, fillTo } from "./display-width.ts";
import type { Palette } from "./palette.ts";
import { count } from "./phrases.ts";
import { oneLine } from "./terminal-safe.ts";

/** More hosts than this: those that nothing happened on are counted, not listed. */
const MAX_HOSTS = 40;
const always = ["ok", "changed", "failed"] as const;
const sometimes = ["unreachable", "skipped", "rescued", "ignored"] as const;
type Column = keyof HostCounts;

/** The recap for a person at a terminal: only the columns that say something, and lines that fit. */
export function recapTable(hosts: Readonly<Record<string, HostCounts>>, columns: number, palette: Palette): readonly string[] {
  const all = Object.entries(hosts).sort(([a], [b]) => (a < b ? -1 : 1));
  const shown = all.length <= MAX_HOSTS ? all : all.filter(([, counts]) => isNotable(counts));
  const names: readonly Column[] = [...always, ...sometimes.filter((name) => all.some(([, counts]) => counts[name] > 0))];
  const cells = names.map((name) => ({ name, width: Math.max(name.length, 4) }));
  const right = cells.reduce((sum, cell) => sum + cell.width + 2, 0);
  const widest = Math.max(4, ...shown.map(([host]) => displayWidth(oneLine(host))));
  const hostColumns = Math.max(8, Math.min(widest, columns - right));
  const lines = [
    palette.dim(`${fillTo("host", hostColumns)}${cells.map((cell) => `  ${cell.name.padStart(cell.width)}`).join("")}`),
  ];
  for (const [host, counts] of shown) {
    const numbers = cells.map((cell) => {
      const text = `  ${String(counts[cell.name]).padStart(cell.width)}`;
      return counts[cell.name] > 0 ? paintOf(cell.name, palette)(text) : palette.dim(text);
    });
    const name = fillTo(oneLine(host), hostColumns);
    lines.push(`${hostPaint(counts, palette)(name)}${numbers.join("")}`);
  }
  const rest = all.length - shown.length;
  if (rest > 0) lines.push(palette.dim(`… and ${count(rest, "host")} where nothing changed and nothing failed`));
  return lines;
}

function isNotable(counts: HostCounts): boolean {
  return counts.changed + counts.failed + counts.unreachable + counts.rescued + counts.ignored > 0;
}

function hostPaint(counts: HostCounts, palette: Palette): (text: string) => string {
  if (counts.failed + counts.unreachable > 0) return palette.red;
  return counts.changed > 0 ? palette.yellow : palette.green;
}

function paintOf(name: Column, palette: Palette): (text: string) => string {
  switch (name) {
    case "ok":
      return palette.green;
    case "changed":
    case "rescued":
      return palette.yellow;
    case "failed":
    case "unreachable":
      return palette.red;
    case "skipped":
      return palette.cyan;
    case "ignored":
      return palette.magenta;
  }
}
