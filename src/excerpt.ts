import type { Diagnostic, Position } from "./diagnostic.ts";

const sources = new Map<string, readonly string[]>();

/** Remembers the text of a source file, so that an error can show the line it stands on. */
export function registerSource(file: string, text: string): void {
  sources.set(file, text.split("\n"));
}

/** The line that `position` stands on, when the text of its file is known. */
export function sourceLine(position: Position): string | undefined {
  return sources.get(position.file)?.[position.line - 1];
}

/** The line before and the line of `position`, with a caret line below; empty when the text is not known. */
export function excerpt(position: Position): readonly string[] {
  const lines = sources.get(position.file);
  const line = lines?.[position.line - 1];
  if (lines === undefined || line === undefined) return [];
  const width = String(position.line).length;
  const rendered: string[] = [];
  const before = lines[position.line - 2];
  if (before !== undefined && before.trim() !== "") {
    rendered.push(`${String(position.line - 1).padStart(width)} | ${clean(before)}`);
  }
  rendered.push(`${position.line} | ${clean(line)}`);
  const start = Math.min(position.column, line.length + 1);
  const end = Math.max(start + 1, Math.min(position.endColumn ?? start + 1, line.length + 1));
  rendered.push(`${" ".repeat(width)} | ${" ".repeat(start - 1)}${"^".repeat(end - start)}`);
  return rendered;
}

/** `file:line:column`. */
export function formatPosition(position: Position): string {
  return `${position.file}:${position.line}:${position.column}`;
}

/** A diagnostic as people read it: message, place, excerpt, context, help. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const lines = [`${diagnostic.severity}: ${diagnostic.message}`];
  if (diagnostic.position !== undefined) {
    lines.push(`  ${formatPosition(diagnostic.position)}`);
    lines.push(...excerpt(diagnostic.position).map((line) => `  ${line}`));
  }
  if (diagnostic.context !== undefined && diagnostic.context.length > 0) lines.push(`  in ${diagnostic.context.join(" > ")}`);
  if (diagnostic.help !== undefined) lines.push(`  help: ${diagnostic.help}`);
  return lines.join("\n");
}

function clean(line: string): string {
  return line.replaceAll("\t", " ").trimEnd();
}
