import { joinSh, sh } from "../../../sh.ts";
import { type Collector, Unknown } from "../../contract.ts";
import { globWord } from "../words.ts";
import type { Lists } from "./package-manager.ts";

type Where = { readonly fetched: readonly string[]; readonly sources: readonly string[]; readonly evidence: string };

/**
 * Asks how old the package lists are: by the newest mtime of `fetched`, compared with the newest ctime of `sources`. Without any file that
 * matches `evidence` there are none (images come with the directories, but empty).
 */
export function listsCollector(name: string, where: Where): Collector<Lists> {
  return {
    name,
    beforeTraits: true,
    script: () =>
      joinSh([
        sh`echo "now $(date +%s)"`,
        sh`e=; for p in ${globWord(where.evidence)}; do [ -e "$p" ] && e=1; break; done`,
        sh`set --; for p in ${where.fetched.map(globWord)}; do [ -e "$p" ] && set -- "$@" "$p"; done`,
        sh`[ -n "$e" ] && [ $# -gt 0 ] && stat -c 'fetched %Y' "$@"`,
        sh`set --; for p in ${where.sources.map(globWord)}; do [ -e "$p" ] && set -- "$@" "$p"; done`,
        sh`[ $# -gt 0 ] && stat -c 'source %Z' "$@"`,
        sh`:`,
      ]),
    decode: (output, items) => {
      const text = output.stdout.toString("utf8");
      const times = (key: string): number[] =>
        [...text.matchAll(new RegExp(`^${key} (\\d+)$`, "gm"))].map((match) => Number(match[1]));
      const now = times("now")[0];
      if (now === undefined) {
        return items.map(
          () => new Unknown(`cannot tell how old the package lists are: ${output.stderr.toString("utf8").trim()}`),
        );
      }
      const fetched = Math.max(...times("fetched"));
      const answer: Lists = {
        kind: "lists",
        ageSeconds: Number.isFinite(fetched) ? Math.max(0, now - fetched) : null,
        ...(Number.isFinite(fetched) ? { fetchedAt: fetched } : {}),
        areOlderThanSources: Math.max(0, ...times("source")) > fetched,
      };
      return items.map(() => answer);
    },
  };
}
