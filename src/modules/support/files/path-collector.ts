import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Collector, type Question, Unknown } from "../../contract.ts";
import { inPieces, missingPathFunction } from "./missing-path.ts";

export type FileKind = "file" | "directory" | "link" | "fifo" | "socket" | "block" | "character";

/** What `stat` says about one inode. Times are seconds since 1970, with their fraction where the host tells it. */
export type Inode = {
  readonly kind: FileKind;
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number;
  /** null in predictions only: the account will be made by an earlier task. */
  readonly uid: number | null;
  readonly gid: number | null;
  /** Name, or the number as text when no account has it. */
  readonly owner: string;
  readonly group: string;
  readonly size: number;
  readonly links: number;
  readonly inode: number;
  readonly device: number;
  readonly rawDevice: readonly [major: number, minor: number];
  readonly atime: number;
  readonly mtime: number;
  readonly ctime: number;
};

/** Where a symbolic link leads. `path` is "" when directories on the way are missing, `inode` is null when it dangles. */
export type LinkEnd = { readonly target: string; readonly path: string; readonly inode: Inode | null };

/** Something that is there; `link` for symbolic links only. */
export type Present = Inode & { readonly link?: LinkEnd };

export type PathState = { readonly kind: "absent" } | Present;

export const absent: PathState = { kind: "absent" };

// A format of `stat -c`. Only what GNU, busybox and uutils print alike: %x and %y add the fraction of a second, %t %T are hexadecimal.
export const INODE_FORMAT = "@%f|%u|%g|%U|%G|%s|%X|%Y|%Z|%x|%y|%z|%h|%i|%d|%t|%T|";
const RECORD =
  /^@([0-9a-f]+)\|(\d+)\|(\d+)\|([^|]*)\|([^|]*)\|(\d+)\|(-?\d+)\|(-?\d+)\|(-?\d+)\|([^|\n]*)\|([^|\n]*)\|([^|\n]*)\|(\d+)\|(\d+)\|(\d+)\|([0-9a-f]+)\|([0-9a-f]+)\|/;

/**
 * What is at a path (not followed), and where it leads if it is a symbolic link. Item: an absolute path. All paths of a batch
 * share one `stat`; each link costs three processes more.
 */
export const pathCollector: Collector<PathState> = {
  name: "path",
  beforeTraits: true,
  light: true,
  script: (items) => joinSh([missingPathFunction, ...inPieces(items).map(pieceScript)]),
  decode: (output, items) => {
    if (output.rc !== 0) return items.map(() => new Unknown(`stat failed: ${output.stderr.toString("utf8").trim()}`));
    const tokens = output.stdout.toString("utf8").split("\0");
    return inPieces(items).flatMap((piece) => decodePaths(piece, tokens));
  },
};

/** Asks what is at an absolute path. */
export function pathQuestion(path: string): Question<PathState> {
  return { collector: pathCollector, item: path };
}

const pieceScript = (items: readonly string[]): Sh => joinSh([sh`set -- ${items}`, statArguments]);

/**
 * Describes the paths that are the positional parameters; for `decodePaths`. Needs `missingPathFunction`. busybox' readlink -f takes
 * a dangling relative link to start at the working directory, hence the cd.
 */
export const statArguments: Sh = sh`command -v stat >/dev/null || { echo 'the host has no "stat" command' >&2; exit 127; }
stat -c ${`${INODE_FORMAT}%n`} -- "$@" 2>/dev/null
printf '\\0'
for p do
if [ -L "$p" ]; then
printf 'l\\0'; readlink -n -- "$p"; printf '\\0'; (cd "\${p%/*}/" && readlink -n -f -- "$p"); printf '\\0'
stat -L -c ${INODE_FORMAT} -- "$p" 2>/dev/null; printf '\\0'
elif [ -e "$p" ]; then printf 'e\\0'
else k3_missing "$p"; printf '%s\\0' "$k3_why"
fi
done`;

/** Takes from `tokens`, pieces of the output between NUL bytes, what `statArguments` said of these paths. */
export function decodePaths(items: readonly string[], tokens: string[]): (PathState | Unknown)[] {
  const records = splitRecords(tokens.shift() ?? "", items);
  return items.map((item) => {
    const status = tokens.shift();
    const link =
      status === "l" ? { target: tokens.shift() ?? "", path: tokens.shift() ?? "", record: tokens.shift() ?? "" } : undefined;
    if (status === "0") return absent;
    if (status === "!") return new Unknown(`cannot look at ${item}: permission denied`);
    const inode = records.get(item);
    if (inode === undefined || (inode.kind === "link") !== (link !== undefined)) {
      return new Unknown(`cannot look at ${item}: stat said nothing, or it changed meanwhile`);
    }
    if (link === undefined) return inode;
    return { ...inode, link: { target: link.target, path: link.path, inode: inodeOf(link.record)?.inode ?? null } };
  });
}

// Records stand in the order of the items, missing ones left out; names are matched whole, so that a newline in one does no harm.
function splitRecords(text: string, items: readonly string[]): Map<string, Inode> {
  const found = new Map<string, Inode>();
  let rest = text;
  for (const item of items) {
    const record = inodeOf(rest);
    if (record === undefined) break;
    const after = rest.slice(record.length);
    if (!after.startsWith(`${item}\n`)) continue;
    found.set(item, record.inode);
    rest = after.slice(item.length + 1);
  }
  return found;
}

// The file type bits of a mode (S_IFMT), shifted right by 12.
const KINDS: Readonly<Record<number, FileKind>> = {
  1: "fifo",
  2: "character",
  4: "directory",
  6: "block",
  8: "file",
  10: "link",
  12: "socket",
};

/** Reads what `stat -c INODE_FORMAT` printed about one inode. */
export function readInode(text: string): Inode | undefined {
  return inodeOf(text)?.inode;
}

function inodeOf(text: string): { readonly inode: Inode; readonly length: number } | undefined {
  const match = RECORD.exec(text);
  if (match === null) return undefined;
  const field = (index: number): string => match[index] ?? "";
  const bits = Number.parseInt(field(1), 16);
  const kind = KINDS[bits >> 12];
  if (kind === undefined) return undefined;
  const named = (name: string, id: string): string => (name === "UNKNOWN" || name === "" ? id : name);
  const time = (seconds: string, human: string): number => Number(`${seconds}${/:\d\d(\.\d+)/.exec(human)?.[1] ?? ""}`);
  const inode: Inode = {
    kind,
    mode: bits & 0o7777,
    uid: Number(field(2)),
    gid: Number(field(3)),
    owner: named(field(4), field(2)),
    group: named(field(5), field(3)),
    size: Number(field(6)),
    atime: time(field(7), field(10)),
    mtime: time(field(8), field(11)),
    ctime: time(field(9), field(12)),
    links: Number(field(13)),
    inode: Number(field(14)),
    device: Number(field(15)),
    rawDevice: [Number.parseInt(field(16), 16), Number.parseInt(field(17), 16)],
  };
  return { inode, length: match[0].length };
}
