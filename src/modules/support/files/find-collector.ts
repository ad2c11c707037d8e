import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Collector, type Question, Unknown } from "../../contract.ts";
import type { DigestName } from "./digest-collector.ts";
import { INODE_FORMAT, type Inode, readInode } from "./path-collector.ts";

/** What is searched, and what is to be told about it. */
export type Search = {
  readonly path: string;
  /** How many levels down; undefined: all of them. */
  readonly depth: number | undefined;
  readonly follow: boolean;
  readonly kind: "any" | "directory" | "file" | "link";
  readonly digest: DigestName | undefined;
  /** Contents of files that have one of these names (patterns of the shell); [] for every name. */
  readonly contents: readonly string[] | undefined;
};

export type FoundEntry = { readonly path: string; readonly inode: Inode; readonly digest?: string; readonly base64?: string };

/** `now`: the host's clock, in seconds. `hidden`: directories that may not be read, and why. */
export type Found = {
  readonly now: number;
  readonly examined: number;
  readonly entries: readonly FoundEntry[];
  readonly hidden: Readonly<Record<string, string>>;
};

/** Files above this size are not looked into. */
export const SEARCHED_LIMIT = 1024 * 1024;

/** What is below a directory; null where there is none. Item: JSON of a Search. Several passes of `find`, which busybox has too. */
const findCollector: Collector<Found | null> = {
  name: "find",
  beforeTraits: true,
  script: (items) => joinSh(items.map((item) => searchScript(parseItem(item)))),
  decode: (output, items) => {
    const tokens = output.stdout.toString("utf8").split("\0");
    const said = output.stderr.toString("utf8").trim();
    return items.map((item) => decodeSearch(parseItem(item), tokens, said));
  },
};

export function findQuestion(search: Search): Question<Found | null> {
  return { collector: findCollector, item: JSON.stringify(search) };
}

// findQuestion is the only maker of items.
const parseItem = (item: string): Search => JSON.parse(item) as Search;

const KINDS: Readonly<Record<Search["kind"], readonly string[]>> = {
  any: [],
  directory: ["-type", "d"],
  file: ["-type", "f"],
  link: ["-type", "l"],
};

function searchScript(search: Search): Sh {
  const { path } = search;
  // With -L a link is what it leads to, and only one that leads nowhere is still a link.
  const kind = search.follow && search.kind !== "any" ? [] : KINDS[search.kind];
  const depth = search.depth === undefined ? [] : ["-maxdepth", search.depth];
  const find = sh`find ${search.follow ? ["-L"] : []} ${path === "/" ? path : `${path}/`} -mindepth 1 ${depth}`;
  const each = (script: Sh): Sh => sh`-exec sh -c ${script.text} k3 {} +`;
  return sh`if [ -d ${path} ]; then
printf 'd\\0'; date +%s; printf '\\0'
${find} ${each(sh`echo $#`)}; printf '\\0'
${find} ${kind} -print0; printf '/\\0'
${find} ${kind} -exec stat -c ${INODE_FORMAT} -- {} +; printf '\\0'
${search.digest === undefined ? sh`:` : sh`${find} ${kind} ${each(digests(search.digest))}`}; printf '\\0'
${search.contents === undefined ? sh`:` : sh`${find} ${kind} ${each(contents(search.contents))}`}; printf '/\\0'
else printf '0\\0'; fi`;
}

// Of a link nothing is told, as the name says only what it leads to.
const digests = (name: DigestName): Sh => sh`for f do
if [ -f "$f" ] && [ ! -L "$f" ]; then ${`${name}sum`} < "$f" 2>/dev/null || echo unreadable; else echo; fi
done`;

function contents(names: readonly string[]): Sh {
  // Patterns of the shell are what they are only without quotes; find's own -name takes them quoted.
  const wanted =
    names.length === 0
      ? sh`:`
      : joinSh(
          names.map((name) => sh`[ -n "$(find "$f" -prune -name ${name})" ]`),
          " || ",
        );
  return sh`for f do
if [ -f "$f" ] && [ ! -L "$f" ] && { ${wanted}; }; then
if [ "$(wc -c < "$f" 2>/dev/null || echo 0)" -gt ${SEARCHED_LIMIT} ]; then printf large
elif [ -r "$f" ]; then printf =; base64 < "$f"; else printf unreadable; fi
fi
printf '\\0'
done`;
}

function decodeSearch(search: Search, tokens: string[], said: string): Found | null | Unknown {
  const first = tokens.shift();
  if (first === "0") return null;
  if (first !== "d") return new Unknown(`cannot search ${search.path}: ${said || "no answer"}`);
  const now = Number(tokens.shift());
  const examined = linesOf(tokens.shift()).reduce((all, one) => all + Number(one), 0);
  const names = upTo(tokens);
  const stats = linesOf(tokens.shift());
  const digests = (tokens.shift() ?? "").split("\n");
  const contents = upTo(tokens);
  const hidden: Record<string, string> = {};
  for (const line of said.split("\n").filter((one) => one !== "")) {
    const denied = /^find: ['`]?(.+?)'?: (Permission denied|No such file or directory)$/.exec(line);
    if (denied === null) return new Unknown(`cannot search ${search.path}: ${line}`);
    if (denied[2] === "Permission denied" && denied[1]?.startsWith(`${search.path}/`) === true)
      hidden[denied[1]] = "Permission denied";
  }
  if (stats.length !== names.length) return new Unknown(`${search.path} changed while it was being searched`);
  const entries = names.flatMap((path, index): FoundEntry[] => {
    const inode = readInode(stats[index] ?? "");
    if (inode === undefined) return [];
    const digest = /^([0-9a-f]{32,128}) /.exec(digests[index] ?? "")?.[1];
    const content = contents[index];
    return [
      {
        path,
        inode,
        ...(digest === undefined ? {} : { digest }),
        ...(content === undefined || content === ""
          ? {}
          : { base64: content.startsWith("=") ? content.slice(1).replace(/\s/g, "") : content }),
      },
    ];
  });
  return { now, examined, entries, hidden };
}

// The tokens before the one that ends them.
function upTo(tokens: string[]): string[] {
  const end = tokens.indexOf("/");
  return end < 0 ? [] : tokens.splice(0, end + 1).slice(0, -1);
}

const linesOf = (token: string | undefined): string[] => (token ?? "").split("\n").filter((line) => line !== "");
