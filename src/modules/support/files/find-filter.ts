import { ModuleFailure } from "../../contract.ts";
import { pythonRegex } from "../python-regex.ts";
import type { FoundEntry } from "./find-collector.ts";
import { baseName } from "./host-path.ts";
import { modeFrom } from "./symbolic-mode.ts";

/** Which of the files that a search came by are wanted. */
export type FindWish = {
  readonly patterns: readonly string[];
  readonly excludes: readonly string[];
  readonly useRegex: boolean;
  readonly hidden: boolean;
  readonly kind: "any" | "directory" | "file" | "link";
  readonly age: string | undefined;
  readonly ageStamp: "atime" | "ctime" | "mtime";
  readonly size: string | undefined;
  readonly contains: string | undefined;
  readonly readWholeFile: boolean;
  readonly mode: string | undefined;
  readonly exactMode: boolean;
};

/** Throws ModuleFailure at once for a pattern, age or size that means nothing. */
export function findFilter(wish: FindWish): (entry: FoundEntry, now: number) => boolean {
  const isNamed = nameFilter(wish);
  const age = wish.age === undefined ? undefined : amount("age", wish.age, SECONDS);
  const size = wish.size === undefined ? undefined : amount("size", wish.size, BYTES);
  const contains = contentFilter(wish);
  return (entry, now) => {
    const { inode } = entry;
    const name = baseName(entry.path);
    if (!wish.hidden && name.startsWith(".")) return false;
    if (wish.kind !== "any" && wish.kind !== inode.kind) return false;
    if (!isNamed(name)) return false;
    if (age !== undefined && !isAtLeast(now - inode[wish.ageStamp], age)) return false;
    if (size !== undefined && inode.kind === "file" && !isAtLeast(inode.size, size)) return false;
    if (wish.mode !== undefined && !hasMode(inode.mode, wish.mode, inode.kind === "directory", wish.exactMode)) return false;
    return wish.kind !== "file" || contains(entry);
  };
}

// A negative limit is an upper one.
const isAtLeast = (value: number, limit: number): boolean => (limit < 0 ? value <= -limit : value >= limit);

function hasMode(mode: number, wanted: string, isDirectory: boolean, exact: boolean): boolean {
  const bits = modeFrom(wanted, 0, isDirectory);
  return exact ? mode === bits : (mode & bits) !== 0;
}

function nameFilter({ patterns, excludes, useRegex }: FindWish): (name: string) => boolean {
  const compile = (parameter: string, list: readonly string[]): RegExp[] =>
    list.map(
      (one) => pythonRegex(parameter, useRegex ? `\\A(?:${one})` : globPattern(one), { form: "text", dotAll: !useRegex }).regex,
    );
  // Each alone first, so that what is wrong is shown as it was written.
  if (useRegex) for (const one of patterns) pythonRegex("patterns", one, { form: "text" });
  if (useRegex) for (const one of excludes) pythonRegex("excludes", one, { form: "text" });
  const [wanted, unwanted] = [compile("patterns", patterns), compile("excludes", excludes)];
  return (name) => (wanted.length === 0 || wanted.some((one) => one.test(name))) && !unwanted.some((one) => one.test(name));
}

/** A pattern as Python's `fnmatch` reads it: a backslash is nothing special. */
function globPattern(glob: string): string {
  const body = glob.replace(/\[(!?)(\]?[^\]]*)\]|([\s\S])/g, (_all, not?: string, set?: string, one?: string) => {
    if (set !== undefined) return `[${not === "!" ? "^" : ""}${set.replace(/\\/g, "\\\\").replace(/^\^/, "\\^")}]`;
    if (one === "*") return ".*";
    if (one === "?") return ".";
    return (one ?? "").replace(/[$()*+./?[\\\]^{|}]/, "\\$&");
  });
  return `\\A${body}\\Z`;
}

function contentFilter({ contains, readWholeFile }: FindWish): (entry: FoundEntry) => boolean {
  if (contains === undefined) return () => true;
  const { regex } = pythonRegex("contains", contains);
  const start = new RegExp(`^(?:${regex.source})`, regex.flags);
  return ({ path, base64 }) => {
    if (base64 === undefined || base64 === "unreadable") return false;
    if (base64 === "large")
      throw new ModuleFailure(`${path} is too large to be searched for "${contains}"; leave it out with size or excludes`);
    const text = Buffer.from(base64, "base64").toString("latin1");
    if (readWholeFile) return regex.test(text);
    return (text.match(/[^\n]*\n|[^\n]+$/g) ?? []).some((line) => start.test(line));
  };
}

/** The contents that `contains` is searched in: file names as find's -name takes them. */
export function namesToOpen({ contains, useRegex, patterns }: FindWish): readonly string[] | undefined {
  if (contains === undefined) return undefined;
  return useRegex ? [] : patterns.map((one) => asName(one));
}

const asName = (glob: string): string => glob.replaceAll("\\", "\\\\");

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const BYTES = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

function amount(parameter: string, text: string, units: Readonly<Record<string, number>>): number {
  const found = /^(-?\d+)(\w)?$/.exec(text.trim().toLowerCase());
  const unit = found?.[2] === undefined ? 1 : units[found[2]];
  if (found !== null && unit !== undefined) return Number(found[1]) * unit;
  throw new ModuleFailure(
    `${parameter} "${text}" must be a number, with one of ${Object.keys(units).join(", ")} behind it if need be`,
  );
}
