/** Options of one section of a .repo file; a value may have several lines. */
export type Section = ReadonlyMap<string, string>;

/** A piece of a .repo file: what stands before the first section has no name. */
type Piece = { readonly name: string | undefined; readonly lines: readonly string[] };

function piecesOf(text: string): Piece[] {
  const pieces: { name: string | undefined; lines: string[] }[] = [{ name: undefined, lines: [] }];
  for (const line of text === "" ? [] : text.replace(/\n$/, "").split("\n")) {
    const head = /^\[([^\]]+)\]\s*$/.exec(line);
    if (head?.[1] !== undefined) pieces.push({ name: head[1], lines: [line] });
    else pieces.at(-1)?.lines.push(line);
  }
  return pieces;
}

/** The options of a section, or undefined when there is none of that name. */
export function sectionOf(text: string, name: string): Section | undefined {
  const piece = piecesOf(text).find((one) => one.name === name);
  if (piece === undefined) return undefined;
  const options = new Map<string, string>();
  let last: string | undefined;
  for (const line of piece.lines.slice(1)) {
    if (/^\s*([#;]|$)/.test(line)) continue;
    const option = /^([^\s=:][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line);
    if (option?.[1] !== undefined) {
      last = option[1].toLowerCase();
      options.set(last, option[2] ?? "");
    } else if (last !== undefined && /^\s/.test(line)) options.set(last, `${options.get(last) ?? ""}\n${line.trim()}`);
  }
  return options;
}

/** Do two sections say the same? */
export function isSameSection(a: Section | undefined, b: Section): boolean {
  return a !== undefined && a.size === b.size && [...b].every(([name, value]) => a.get(name) === value);
}

/** The text with the section saying this and nothing else; other sections and their comments stay as they are. */
export function withSection(text: string, name: string, options: Section): string {
  if (isSameSection(sectionOf(text, name), options)) return text;
  const lines = [`[${name}]`, ...[...options].map(([key, value]) => `${key} = ${value.replaceAll("\n", "\n\t")}`)];
  const pieces = piecesOf(text);
  const at = pieces.findIndex((one) => one.name === name);
  if (at < 0) return joined([...pieces, { name, lines: [...lines, ""] }]);
  return joined(pieces.map((piece, index) => (index === at ? { name, lines: [...lines, ""] } : piece)));
}

/** The text without the section; undefined when no section is left. */
export function withoutSection(text: string, name: string): string | undefined {
  const pieces = piecesOf(text);
  const kept = pieces.filter((piece) => piece.name !== name);
  if (kept.length === pieces.length) return text;
  return kept.some((piece) => piece.name !== undefined) ? joined(kept) : undefined;
}

function joined(pieces: readonly Piece[]): string {
  const blocks = pieces.filter((piece) => piece.lines.length > 0);
  return `${blocks.map((piece, index) => separated(piece.lines, index === blocks.length - 1)).join("\n")}\n`;
}

// One empty line between sections, none at the end.
function separated(lines: readonly string[], isLast: boolean): string {
  const text = lines.join("\n").replace(/\n+$/, "");
  return isLast ? text : `${text}\n`;
}
