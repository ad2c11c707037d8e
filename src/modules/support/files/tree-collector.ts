import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Collector, type Question, Unknown } from "../../contract.ts";
import { INODE_FORMAT, type Inode, readInode } from "./path-collector.ts";

/** Something in a directory of the host; `path` is relative to it. The inode's times, links and numbers are not asked for: 0. */
export type ListedEntry = { readonly path: string; readonly inode: Inode; readonly digest?: string };

/**
 * Everything below a directory, sorted, with the files' SHA-256; null when the path is not a directory. Item: an absolute path. Links
 * below it are followed, as `copy` follows them on the control node.
 */
export const treeCollector: Collector<readonly ListedEntry[] | null> = {
  name: "tree",
  beforeTraits: true,
  script: (items) => joinSh(items.map(oneTree)),
  decode: (output, items) => {
    const tokens = output.stdout.toString("utf8").split("\0");
    const said = output.stderr.toString("utf8").trim();
    return items.map((item) => (output.rc === 0 ? decodeTree(item, tokens, said) : new Unknown(`cannot list ${item}: ${said}`)));
  },
};

export function treeQuestion(path: string): Question<readonly ListedEntry[] | null> {
  return { collector: treeCollector, item: path };
}

// Names end in NUL; what find tells and what stat and sha256sum say about it come in the same order.
function oneTree(path: string): Sh {
  return sh`if [ -d ${path} ]; then
printf 'd\\0'
( cd ${path} || exit 1
find -L . -mindepth 1 -print0
printf '/\\0'
find -L . -mindepth 1 -exec stat -L -c ${INODE_FORMAT} {} +
printf '\\0'
find -L . -mindepth 1 -type f -exec sha256sum {} +
printf '\\0' ) || exit 1
else printf '0\\0'
fi`;
}

function decodeTree(item: string, tokens: string[], said: string): readonly ListedEntry[] | null | Unknown {
  if (tokens.shift() === "0") return null;
  const end = tokens.indexOf("/");
  if (end < 0) return new Unknown(`cannot list ${item}: ${said || "no answer"}`);
  const names = tokens.splice(0, end + 1).slice(0, -1);
  const stats = lines(tokens.shift());
  const digests = lines(tokens.shift());
  const entries: ListedEntry[] = [];
  for (const [index, name] of names.entries()) {
    const inode = readInode(stats[index] ?? "");
    if (inode === undefined) break;
    const path = name.replace(/^\.\//, "");
    const digest = inode.kind === "file" ? /^\\?([0-9a-f]{64}) /.exec(digests.shift() ?? "")?.[1] : undefined;
    if (inode.kind === "file" && digest === undefined) return new Unknown(`cannot read ${item}/${path}: ${said || "no answer"}`);
    entries.push({ path, inode, ...(digest === undefined ? {} : { digest }) });
  }
  if (stats.length !== names.length || digests.length > 0) return new Unknown(`${item} changed while it was being listed`);
  return entries.sort((a, b) => (a.path < b.path ? -1 : 1));
}

const lines = (token: string | undefined): string[] => (token ?? "").split("\n").filter((line) => line !== "");
