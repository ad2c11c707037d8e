import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Collector, type DigestName, type Question, Unknown } from "../../contract.ts";
import { inPieces, missingPathFunction } from "./missing-path.ts";

export type { DigestName };
export const DIGESTS: readonly DigestName[] = ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"];

/** The answer about a file that is there and may not be read. */
export const UNREADABLE = "unreadable";

/**
 * Digests of files, symbolic links followed; null where there is no regular file. Item: `sha256 /path`. All files of a batch and
 * one algorithm share one process.
 */
export const digestCollector: Collector<string | null> = {
  name: "digest",
  beforeTraits: true,
  script: (items) => joinSh([missingPathFunction, ...groups(items).map(({ name, paths }) => groupScript(name, paths))]),
  decode: (output, items) => {
    const known = new Map<string, string | null | Unknown>();
    const tokens = output.stdout.toString("utf8").split("\0");
    for (const { name, paths } of groups(items)) {
      const answers = decodeGroup(name, paths, tokens, output.stderr.toString("utf8").trim());
      paths.forEach((path, index) => {
        known.set(`${name} ${path}`, answers[index] ?? null);
      });
    }
    return items.map((item) => known.get(item) ?? null);
  },
};

/** Asks for the digest (lower case hex) of a file. */
export function digestQuestion(path: string, name: DigestName = "sha256"): Question<string | null> {
  return { collector: digestCollector, item: `${name} ${path}` };
}

function groups(items: readonly string[]): { readonly name: string; readonly paths: string[] }[] {
  const byName = new Map<string, string[]>();
  for (const item of items) {
    const space = item.indexOf(" ");
    const paths = byName.get(item.slice(0, space)) ?? [];
    byName.set(item.slice(0, space), [...paths, item.slice(space + 1)]);
  }
  return [...byName].flatMap(([name, paths]) => inPieces(paths).map((piece) => ({ name, paths: piece })));
}

// A name with a newline would break the lines of busybox' sha256sum, hence those are read through standard input, one by one.
function groupScript(name: string, paths: readonly string[]): Sh {
  const tool = `${name}sum`;
  return sh`set -- ${paths}
for p do
shift
if [ -f "$p" ]; then
if ! [ -r "$p" ]; then printf 'no\\0'
else case $p in *'
'*) printf '=%s\\0' "$(${tool} < "$p")";; *) printf 'f\\0'; set -- "$@" "$p";; esac
fi
elif [ -e "$p" ]; then printf '0\\0'
else k3_missing "$p"; printf '%s\\0' "$k3_why"
fi
done
if [ $# -gt 0 ]; then ${tool} "$@"; fi
printf '\\0'`;
}

function decodeGroup(name: string, paths: readonly string[], tokens: string[], stderr: string): (string | null | Unknown)[] {
  const statuses = paths.map(() => tokens.shift());
  const lines = (tokens.shift() ?? "").split("\n").filter((line) => line !== "");
  const asked = statuses.filter((status) => status === "f").length;
  const isComplete = lines.length === asked;
  return paths.map((path, index) => {
    const status = statuses[index] ?? "";
    if (status === "0") return null;
    if (status === "no") return UNREADABLE;
    if (status === "!") return new Unknown(`cannot look at ${path}: permission denied`);
    const line = status.startsWith("=")
      ? status.slice(1)
      : status === "f"
        ? isComplete
          ? lines.shift()
          : lineOf(lines, path)
        : undefined;
    const digest = /^\\?([0-9a-f]{32,128}) /.exec(line ?? "")?.[1];
    return digest ?? new Unknown(`cannot compute the ${name} digest of ${path}: ${stderr || "no answer"}`);
  });
}

// One file could not be read: the lines that did come are told apart by their names.
function lineOf(lines: readonly string[], path: string): string | undefined {
  return lines.find((line) => /^[0-9a-f]+ [ *]/.test(line) && line.slice(line.indexOf(" ") + 2) === path);
}
