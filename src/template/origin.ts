import type { Position } from "../diagnostic.ts";
import { sourceLine } from "../excerpt.ts";
import type { Syntax } from "./token.ts";

/** Text that was compiled, and where it stands; of a file, how it was read, which holds for what it includes. */
export type Origin = { readonly source: string; readonly position: Position | undefined; readonly syntax?: Syntax };

/**
 * The position in the file of `at` (an offset into the template). A scalar's own position tells where it starts, but
 * neither whether it is quoted nor how a block scalar is indented: the line of the file is looked at for that, and
 * where it differs from the template (escapes, folded lines) the scalar's own position must do.
 */
export function locate(origin: Origin, at: number, end: number = at + 1): Position | undefined {
  const base = origin.position;
  if (base === undefined) return undefined;
  const before = origin.source.slice(0, at);
  const row = count(before, "\n");
  const column = at - (before.lastIndexOf("\n") + 1);
  const text = origin.source.split("\n")[row] ?? "";
  const length = Math.max(1, Math.min(end - at, text.length - column));
  if (base.line === 1 && base.column === 1 && sourceLine({ file: base.file, line: row + 1, column: 1 }) === text) {
    return span(base.file, row + 1, column + 1, length);
  }
  const bare = text.trim();
  const indent = text.length - text.trimStart().length;
  for (const line of [base.line + row, base.line + row + 1]) {
    const start = sourceLine({ file: base.file, line, column: 1 })?.indexOf(bare, line === base.line ? base.column - 1 : 0) ?? -1;
    if (start >= 0 && bare !== "") return span(base.file, line, start + 1 + column - indent, length);
  }
  return base;
}

function span(file: string, line: number, column: number, length: number): Position {
  return { file, line, column, endColumn: column + length };
}

function count(text: string, wanted: string): number {
  return text.split(wanted).length - 1;
}
