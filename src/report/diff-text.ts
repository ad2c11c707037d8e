import { structuredPatch } from "diff";
import type { Difference, Json } from "../modules/contract.ts";
import type { Palette } from "./palette.ts";
import { terminalSafe } from "./terminal-safe.ts";

/** Beyond this many added and removed lines a text is replaced, not edited, and comparing it would only cost time. */
const MAX_EDITS = 2000;
const CONTEXT = 3;

/** Differences as people read them: a unified diff for texts, `- name: value` and `+ name: value` for fields. */
export function diffLines(differences: readonly Difference[]): readonly string[] {
  const lines: string[] = [];
  for (const [subject, group] of bySubject(differences)) {
    lines.push(`--- before: ${subject}`, `+++ after: ${subject}`);
    for (const difference of group) lines.push(...(difference.kind === "text" ? textLines(difference) : fieldLines(difference)));
  }
  return lines.map((line) => terminalSafe(line));
}

/** The same, coloured, each line ended; empty when there is nothing to show. */
export function diffText(differences: readonly Difference[], palette: Palette): string {
  const lines = diffLines(differences);
  if (lines.length === 0) return "";
  return `${lines.map((line) => paintLine(line, palette)).join("\n")}\n`;
}

function bySubject(differences: readonly Difference[]): ReadonlyMap<string, readonly Difference[]> {
  const groups = new Map<string, Difference[]>();
  for (const difference of differences) {
    const group = groups.get(difference.subject);
    if (group === undefined) groups.set(difference.subject, [difference]);
    else group.push(difference);
  }
  return groups;
}

function textLines({ before, after }: Extract<Difference, { kind: "text" }>): readonly string[] {
  if (before.includes("\0") || after.includes("\0")) return ["Binary contents differ"];
  const patch = structuredPatch("", "", before, after, undefined, undefined, { context: CONTEXT, maxEditLength: MAX_EDITS });
  if (patch === undefined) return [`(nothing in common: ${count(before)} before, ${count(after)} after)`];
  return patch.hunks.flatMap((hunk) => [
    `@@ -${range(hunk.oldStart, hunk.oldLines)} +${range(hunk.newStart, hunk.newLines)} @@`,
    ...hunk.lines,
  ]);
}

function count(text: string): string {
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  return `${lines} ${lines === 1 ? "line" : "lines"}`;
}

/** A hunk's place as diff(1) writes it: a length of one is left out, and an empty range names the line before it. */
function range(start: number, length: number): string {
  if (length === 0) return `${start - 1},0`;
  return length === 1 ? String(start) : `${start},${length}`;
}

function fieldLines({ name, before, after }: Extract<Difference, { kind: "field" }>): readonly string[] {
  const lines: string[] = [];
  if (before !== null) lines.push(`- ${name}: ${fieldValue(before)}`);
  if (after !== null) lines.push(`+ ${name}: ${fieldValue(after)}`);
  return lines;
}

function fieldValue(value: Json): string {
  return typeof value === "string" && !value.includes("\n") ? value : JSON.stringify(value);
}

function paintLine(line: string, palette: Palette): string {
  if (line.startsWith("@@")) return palette.cyan(line);
  if (line.startsWith("-")) return palette.red(line);
  if (line.startsWith("+")) return palette.green(line);
  return line;
}
