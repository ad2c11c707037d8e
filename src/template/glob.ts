import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Regular files that match a shell pattern (`*`, `?`, `[…]` in any part of the path), sorted. */
export function globFiles(pattern: string): readonly string[] {
  return expand(pattern)
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false)
    .sort();
}

/** Everything that matches, files and folders. */
function expand(pattern: string): string[] {
  let paths = [pattern.startsWith("/") ? "/" : ""];
  for (const part of pattern.split("/").filter((one) => one !== "")) {
    const isPattern = /[*?[]/.test(part);
    const matcher = isPattern ? matcherOf(part) : undefined;
    paths = paths.flatMap((base) => {
      if (matcher === undefined) return [join(base, part)];
      return list(base === "" ? "." : base)
        .filter((name) => matcher.test(name) && (part.startsWith(".") || !name.startsWith(".")))
        .map((name) => join(base, name));
    });
  }
  return paths;
}

function list(folder: string): readonly string[] {
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true ? readdirSync(folder) : [];
}

/** A regular expression for one shell pattern without slashes. */
export function matcherOf(pattern: string): RegExp {
  const source = pattern.replace(/\[!?[^\]]+\]|[*?]|[\s\S]/gu, (one) => {
    if (one === "*") return "[^/]*";
    if (one === "?") return "[^/]";
    if (one.length > 1 && one.startsWith("[")) return one.startsWith("[!") ? `[^${one.slice(2)}` : one;
    return one.replace(/[.+^${}()|[\]\\/]/g, "\\$&");
  });
  return new RegExp(`^${source}$`, "su");
}
