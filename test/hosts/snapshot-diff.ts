import type { FileEntry, Snapshot } from "./snapshot.ts";

export type DiffOptions = {
  /**
   * `written`: any write counts, even one that put back what was there, and any restart of a unit: what check mode must not do.
   * `state` (default): only what a host's user can see counts: kind, mode, owner and contents of files, states of units.
   */
  readonly by?: "written" | "state";
  /** Paths, with everything below them, package names and unit names that may differ. */
  readonly ignore?: readonly string[];
};

/** What differs between two looks at a host, one line each: `changed /etc/hosts: mode 644 -> 600`. Empty when nothing does. */
export function diffSnapshots(before: Snapshot, after: Snapshot, options: DiffOptions = {}): readonly string[] {
  const strict = options.by === "written";
  const ignored = (name: string) =>
    (options.ignore ?? []).some((one) => name === one || name.startsWith(`${one.replace(/\/$/, "")}/`));
  return [
    ...compare("", before.files, after.files, ignored, (a, b) => fileDifferences(a, b, strict)),
    ...compare("package ", before.packages, after.packages, ignored, (a, b) => (a === b ? [] : [`${a} -> ${b}`])),
    ...compare("unit ", before.units, after.units, ignored, (a, b) => [
      ...(a.state === b.state ? [] : [`${a.state} -> ${b.state}`]),
      ...(strict && a.state === b.state && a.run !== b.run ? ["was started again"] : []),
    ]),
    ...compare("", before.accounts, after.accounts, ignored, (a, b) => (a === b ? [] : [`${a} -> ${b}`])),
    ...compare("sysctl ", before.sysctls, after.sysctls, ignored, (a, b) => (a === b ? [] : [`${a} -> ${b}`])),
  ];
}

function compare<T>(
  prefix: string,
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  ignored: (name: string) => boolean,
  differences: (before: T, after: T) => readonly string[],
): readonly string[] {
  const found: [name: string, texts: readonly string[]][] = [];
  const note = (name: string, texts: readonly string[]) => {
    if (texts.length > 0 && !ignored(name)) found.push([name, texts]);
  };
  for (const [name, a] of before) {
    const b = after.get(name);
    note(
      name,
      b === undefined ? [`removed ${prefix}${name}`] : differences(a, b).map((text) => `changed ${prefix}${name}: ${text}`),
    );
  }
  for (const name of after.keys()) if (!before.has(name)) note(name, [`added ${prefix}${name}`]);
  return found.sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, texts]) => texts);
}

function fileDifferences(a: FileEntry, b: FileEntry, strict: boolean): readonly string[] {
  // Looks at one host share what has not changed between them.
  if (a === b) return [];
  const found: string[] = [];
  if (a.type !== b.type) found.push(`${a.type} -> ${b.type}`);
  if (a.mode !== b.mode) found.push(`mode ${a.mode} -> ${b.mode}`);
  if (a.owner !== b.owner) found.push(`owner ${a.owner} -> ${b.owner}`);
  if (a.type === b.type && a.content !== b.content)
    found.push(a.type === "symlink" ? `${a.content} -> ${b.content}` : "contents");
  if (found.length === 0 && strict && a.identity !== b.identity) found.push("was written, with the same result");
  return found;
}
