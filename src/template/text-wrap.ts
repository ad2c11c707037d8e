import { characters, textLength } from "./characters.ts";

/** Lines of at most `width` characters, broken where Python's textwrap breaks: at blanks, after hyphens, and inside of words only if nothing else helps. */
export function wrapText(
  text: string,
  width: number,
  options: { readonly breakLongWords: boolean; readonly breakOnHyphens: boolean },
): readonly string[] {
  const chunks = chunksOf(text, options.breakOnHyphens).reverse();
  const lines: string[] = [];
  while (chunks.length > 0) {
    const line: string[] = [];
    let length = 0;
    if (lines.length > 0 && isBlank(chunks.at(-1))) chunks.pop();
    while (chunks.length > 0) {
      const size = textLength(chunks.at(-1) ?? "");
      if (length + size > width) break;
      line.push(chunks.pop() ?? "");
      length += size;
    }
    const next = chunks.at(-1);
    if (next !== undefined && textLength(next) > width) {
      const room = options.breakLongWords ? Math.max(1, width - length) : 0;
      if (options.breakLongWords) {
        const all = characters(next);
        line.push(all.slice(0, room).join(""));
        chunks[chunks.length - 1] = all.slice(room).join("");
      } else if (line.length === 0) line.push(chunks.pop() ?? "");
    }
    if (isBlank(line.at(-1))) line.pop();
    if (line.length > 0) lines.push(line.join(""));
  }
  return lines;
}

function chunksOf(text: string, onHyphens: boolean): string[] {
  const words = text.split(/(\s+)/).filter((one) => one !== "");
  if (!onHyphens) return words;
  return words.flatMap((word) => (isBlank(word) ? [word] : word.split(/(?<=[\p{L}\d_!"'&.,?][\p{L}]-)(?=[\p{L}][\p{L}\d_-])/u)));
}

function isBlank(chunk: string | undefined): boolean {
  return chunk !== undefined && chunk.trim() === "";
}
