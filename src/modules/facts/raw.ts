import type { HostTraits, JsonObject } from "../contract.ts";

/** What the script of the facts printed, taken apart but not yet understood. */
export type RawFacts = {
  /** Lines of a file; none when it is not there. */
  lines(path: string): readonly string[];
  /** The first line, trimmed; undefined when there is none. */
  first(path: string): string | undefined;
  /** Paths of files whose lines are known, below a directory. */
  below(directory: string): readonly string[];
  /** Paths that exist, of those of which only that is asked; and "chroot". */
  readonly marks: ReadonlySet<string>;
  section(name: string): readonly string[];
  /** Local facts: file name and text. */
  readonly local: ReadonlyMap<string, string>;
};

/** One family of facts; names without "ansible_". */
export type FactFamily = (raw: RawFacts, traits: HostTraits) => JsonObject;

export function rawFacts(text: string): RawFacts {
  const sections = new Map<string, string[]>();
  const local = new Map<string, string>();
  for (const block of text.split(/^\n?@k3sprov:/m).slice(1)) {
    const end = block.indexOf("\n");
    const name = block.slice(0, end);
    const body = block.slice(end + 1);
    if (name.startsWith("fact:")) local.set(name.slice("fact:".length), body);
    else sections.set(name, body.replace(/\n+$/, "").split("\n"));
  }
  const files = new Map<string, string[]>();
  for (const line of sections.get("files") ?? []) {
    const colon = line.indexOf(":");
    // A path of /sys may hold colons itself (PCI addresses), but not before its first line's colon in the files that are read.
    const path = line.slice(0, colon);
    const lines = files.get(path);
    if (lines === undefined) files.set(path, [line.slice(colon + 1)]);
    else lines.push(line.slice(colon + 1));
  }
  return {
    lines: (path) => files.get(path) ?? [],
    first: (path) => files.get(path)?.[0]?.trim(),
    below: (directory) => [...files.keys()].filter((path) => path.startsWith(`${directory}/`)),
    marks: new Set(sections.get("marks") ?? []),
    section: (name) => (sections.get(name) ?? []).filter((line) => line !== ""),
    local,
  };
}

/** `KEY=value` lines, quotes removed. */
export function assignments(lines: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    lines.flatMap((line): [string, string][] => {
      const match = /^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line);
      if (match === null) return [];
      const value = (match[2] ?? "").trim();
      return [[match[1] ?? "", value.replace(/^(["'])(.*)\1$/, "$2").replace(/\\(.)/g, "$1")]];
    }),
  );
}
