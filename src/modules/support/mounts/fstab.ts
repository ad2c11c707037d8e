/** A line of fstab, its fields without escapes. */
export type FstabEntry = {
  readonly src: string;
  readonly path: string;
  readonly fstype: string;
  readonly opts: string;
  readonly dump: string;
  readonly passno: string;
};

/** fstab and the kernel's tables of mounts write a blank in a name as \040. */
export function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_whole, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

function escapeOctal(text: string): string {
  return text.replace(/[\s\\]|^#/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`);
}

/** undefined: a comment, a blank line, or nothing that mount would understand. */
export function parseEntry(line: string): FstabEntry | undefined {
  if (/^\s*(#|$)/.test(line)) return undefined;
  const [src = "", path, fstype, opts = "defaults", dump = "0", passno = "0"] = line.trim().split(/\s+/).map(unescapeOctal);
  return path === undefined || fstype === undefined ? undefined : { src, path, fstype, opts, dump, passno };
}

/** Swap areas have no path: they are told apart by what they are on. */
export const hasNoPath = (path: string): boolean => path === "none" || path === "swap";

const isFor = (entry: FstabEntry | undefined, path: string, src: string | undefined): entry is FstabEntry =>
  entry !== undefined && plain(entry.path) === plain(path) && (!hasNoPath(path) || src === undefined || entry.src === src);

const plain = (path: string): string => (path === "/" ? path : path.replace(/\/+$/, ""));

/** The entry of a path; the first where there are several. */
export function findEntry(text: string, path: string, src?: string): FstabEntry | undefined {
  return linesOf(text)
    .map(parseEntry)
    .find((entry) => isFor(entry, path, src));
}

/** The text with exactly one entry for the path, in the place of the first there was; the rest as it is. */
export function withEntry(text: string, wanted: FstabEntry): string {
  const lines = linesOf(text);
  const places = lines.flatMap((line, index) => (isFor(parseEntry(line), wanted.path, wanted.src) ? [index] : []));
  const written = [wanted.src, wanted.path, wanted.fstype, wanted.opts, wanted.dump, wanted.passno].map(escapeOctal).join(" ");
  const [first, ...others] = places;
  if (first === undefined) return `${[...lines, written].join("\n")}\n`;
  const isRight = isSame(parseEntry(lines[first] ?? ""), wanted);
  if (isRight && others.length === 0) return text;
  const kept = lines.map((line, index) => (index === first && !isRight ? written : line));
  return `${kept.filter((_, index) => !others.includes(index)).join("\n")}\n`;
}

export function withoutEntry(text: string, path: string, src?: string): string {
  const lines = linesOf(text);
  const kept = lines.filter((line) => !isFor(parseEntry(line), path, src));
  if (kept.length === lines.length) return text;
  return kept.length === 0 ? "" : `${kept.join("\n")}\n`;
}

function isSame(entry: FstabEntry | undefined, wanted: FstabEntry): boolean {
  return (
    entry !== undefined &&
    entry.src === wanted.src &&
    entry.fstype === wanted.fstype &&
    entry.opts === wanted.opts &&
    entry.dump === wanted.dump &&
    entry.passno === wanted.passno
  );
}

const linesOf = (text: string): string[] => (text === "" ? [] : text.replace(/\n$/, "").split("\n"));
