import { asBytes, pythonRegex } from "../python-regex.ts";
import type { Edit } from "./edited-file.ts";

/** What `blockinfile` was asked for. */
export type BlockWish = {
  readonly state: "present" | "absent";
  readonly block: string;
  readonly marker: string;
  readonly markerBegin: string;
  readonly markerEnd: string;
  readonly insertAfter: string | undefined;
  readonly insertBefore: string | undefined;
  readonly appendNewline: boolean;
  readonly prependNewline: boolean;
};

const linesOf = (text: string): string[] => text.match(/[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$/g) ?? [];

export function blockEdit(wish: BlockWish): Edit {
  const begin = asBytes(`${wish.marker.replaceAll("{mark}", wish.markerBegin)}\n`);
  const end = asBytes(`${wish.marker.replaceAll("{mark}", wish.markerEnd)}\n`);
  const isPresent = wish.state === "present";
  const block = wish.block === "" || wish.block.endsWith("\n") ? wish.block : `${wish.block}\n`;
  const inserted = isPresent && block !== "" ? [begin, ...linesOf(asBytes(block)), end] : [];
  const place = placeFinder(wish);
  return (text) => {
    if (text === undefined && !isPresent) return undefined;
    const lines = linesOf(text ?? "");
    const at = takeOut(lines, begin, end) ?? place(lines, text ?? "");
    const previous = lines[at - 1];
    if (previous !== undefined && !previous.endsWith("\n")) lines[at - 1] = `${previous}\n`;
    const before = isPresent && wish.prependNewline && at > 0 && lines[at - 1] !== "\n" ? ["\n"] : [];
    const next = lines[at];
    const after = isPresent && wish.appendNewline && next !== undefined && next !== "\n" ? ["\n"] : [];
    lines.splice(at, 0, ...before, ...inserted, ...after);
    const result = lines.join("");
    if (result === text) return undefined;
    const message = text === undefined ? "File created" : inserted.length === 0 ? "Block removed" : "Block inserted";
    return { text: result, message };
  };
}

/**
 * Takes the block with its markers out and tells where it was; undefined when there is none. A marker in the last line counts though
 * no newline ends it: Ansible does not see it then, and appends the block once more.
 */
function takeOut(lines: string[], begin: string, end: string): number | undefined {
  const last = lines.length - 1;
  const isLine = (line: string, index: number, marker: string): boolean =>
    line === marker || (index === last && `${line}\n` === marker);
  const first = lines.findLastIndex((line, index) => isLine(line, index, begin));
  const second = lines.findLastIndex((line, index) => isLine(line, index, end));
  if (first < 0 || second < 0) return undefined;
  const start = Math.min(first, second);
  lines.splice(start, Math.max(first, second) - start + 1);
  return start;
}

function placeFinder({ insertAfter, insertBefore }: BlockWish): (lines: readonly string[], text: string) => number {
  const isAfter = insertAfter !== undefined || insertBefore === undefined;
  const anchor = isAfter ? (insertAfter ?? "EOF") : (insertBefore ?? "BOF");
  if (isAfter && anchor === "EOF") return (lines) => lines.length;
  if (!isAfter && anchor === "BOF") return () => 0;
  const { regex, isMultiline } = pythonRegex(isAfter ? "insertafter" : "insertbefore", anchor);
  return (lines, text) => {
    const found = isMultiline ? lineOfMatch(regex.exec(text), isAfter) : lines.findLastIndex((line) => regex.test(line));
    if (found === undefined || found < 0) return lines.length;
    return isAfter ? found + 1 : found;
  };
}

function lineOfMatch(match: RegExpExecArray | null, atEnd: boolean): number | undefined {
  if (match === null) return undefined;
  const position = match.index + (atEnd ? match[0].length : 0);
  return match.input.slice(0, position).split("\n").length - 1;
}
