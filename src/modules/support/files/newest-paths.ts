import { joinSh, sh } from "../../../sh.ts";
import { type Collector, type ProbeContext, type Question, Unknown } from "../../contract.ts";
import { globWord } from "../words.ts";
import { missingPathFunction } from "./missing-path.ts";

/** A path and when it, or what it leads to, was last changed in any way (ctime), in seconds since 1970 with a fraction. */
export type ChangedPath = { readonly path: string; readonly ctime: number };

/** More of them are not told. */
export const MOST_NEWEST = 5;

/**
 * The last changes at or below some paths, newest first. Item: paths or patterns, one a line. Links count with their own time and with
 * that of what they lead to; what is not there does not count.
 */
const collector: Collector<readonly ChangedPath[]> = {
  name: "newest-paths",
  beforeTraits: true,
  script: (items) =>
    joinSh([
      missingPathFunction,
      ...items.map(
        (item, index) => sh`echo ${`item ${index}`}
(set --
for p in ${item.split("\n").map(globWord)}; do
if [ -e "$p" ] || [ -L "$p" ]; then set -- "$@" "$p"; else k3_missing "$p"; [ "$k3_why" = 0 ] || { echo "no permission to look at $p" >&2; exit 1; }; fi
done
[ $# -gt 0 ] || exit 0
find "$@" -exec stat -c '%Z|%z|%n' {} + && find -L "$@" ! -type l -exec stat -L -c '%Z|%z|%n' {} +) || echo "failed $?"`,
      ),
    ]),
  decode: (output, items) => {
    const blocks = output.stdout
      .toString("utf8")
      .split(/^item \d+\n/m)
      .slice(1);
    return items.map((_, index) => {
      const block = blocks[index];
      if (block === undefined || /^failed \d+$/m.test(block)) {
        return new Unknown(`cannot tell when files were changed: ${output.stderr.toString("utf8").trim()}`);
      }
      const found = new Map<string, number>();
      for (const match of block.matchAll(/^(\d+)\|[\d-]+ [\d:]+(\.\d+)?[^|]*\|(.*)$/gm)) {
        const path = match[3] ?? "";
        found.set(path, Math.max(found.get(path) ?? 0, Number(`${match[1]}${match[2] ?? ""}`)));
      }
      const all = [...found].map(([path, ctime]) => ({ path, ctime }));
      return all.sort((a, b) => b.ctime - a.ctime).slice(0, MOST_NEWEST);
    });
  },
};

/** Asks for the last changes at or below `paths`: absolute, or starting with "~"; patterns are allowed. */
export function newestPaths(paths: readonly string[]): Question<readonly ChangedPath[]> {
  return { collector, item: [...new Set(paths)].sort().join("\n") };
}

/** Paths at or below `patterns` that earlier tasks of a check would have changed, after `sinceMs`. */
export function wouldChangeBelow(patterns: readonly string[], context: ProbeContext, sinceMs = 0): string[] {
  const tests = patterns.map(asTest);
  return [...(context.wouldChange ?? [])]
    .filter(([path, when]) => when > sinceMs && tests.some((test) => test.test(path)))
    .map(([path]) => path);
}

function asTest(pattern: string): RegExp {
  const escaped = pattern.replace(/\/+$/, "").replace(/[.+^${}()|\\]/g, "\\$&");
  const glob = escaped.replace(/\*/g, "[^/]*").replace(/\?/g, "[^/]").replace(/\[!/g, "[^");
  return new RegExp(`^${glob}(/.*)?$`);
}
