import { privateDirectory } from "../../../private-directory.ts";
import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Difference, ModuleFailure } from "../../contract.ts";
import { attributeCommands } from "../files/attribute-script.ts";
import {
  type Accounts,
  type AttributeSet,
  planAttributes,
  resolveAttributes,
  type WantedAttributes,
} from "../files/attributes.ts";
import { modeFrom, octal } from "../files/symbolic-mode.ts";
import type { Keeps } from "./extra-options.ts";
import { type Member, unpackerScript } from "./list-archive.ts";
import { partsOf, type Selected } from "./selection.ts";
import type { Found } from "./unpacked-state.ts";

/** One path below the destination that is not as the archive has it. */
export type Step = {
  readonly path: string;
  readonly member: Member;
  /** The content, or the thing itself, is taken from the archive. */
  readonly take: boolean;
  readonly set: AttributeSet;
  readonly differences: readonly Difference[];
};

const DIRECTORY_MODE = 0o755;
const FILE_MODE = 0o644;

/** How a path differs from its member; undefined when it does not. */
export function planMember(
  { member, path }: Selected,
  found: Found,
  dest: string,
  wanted: WantedAttributes,
  accounts: Accounts,
  keeps: Keeps,
): Step | undefined {
  if (stays(member, found, keeps)) return undefined;
  const subject = `${dest}/${path}`;
  const isDirectory = member.kind === "directory";
  const own = attributesOf(member, wanted, isDirectory);
  const make = (before: string | null, after: string): Step => {
    const set = resolveAttributes(own, accounts, isDirectory ? DIRECTORY_MODE : FILE_MODE, isDirectory);
    const difference: Difference = { kind: "field", subject, name: before === null ? "state" : "content", before, after };
    return { path, member, take: true, set, differences: [difference] };
  };
  if (found.kind === "absent") return make(null, member.target === undefined ? member.kind : `link to ${member.target}`);
  const { inode } = found;
  if (isDirectory) {
    const end = found.leadsTo ?? inode;
    if (end.kind !== "directory") throw new ModuleFailure(`${subject} is a ${inode.kind}, where the archive has a directory`);
    const planned = found.leadsTo === undefined ? planAttributes(subject, end, own, accounts) : undefined;
    return planned === undefined ? undefined : { path, member, take: false, ...planned };
  }
  if (inode.kind === "directory") throw new ModuleFailure(`${subject} is a directory, where the archive has a ${member.kind}`);
  if (member.kind === "link") {
    if (found.target !== member.target) return make(found.target ?? inode.kind, `link to ${member.target ?? ""}`);
    const { mode: _, ...owned } = own;
    const planned = planAttributes(subject, inode, owned, accounts);
    return planned === undefined ? undefined : { path, member, take: false, ...planned };
  }
  if (inode.kind !== "file" || found.digest !== member.digest) {
    return make(found.digest === undefined ? inode.kind : `sha256:${found.digest}`, `sha256:${member.digest ?? ""}`);
  }
  const planned = planAttributes(subject, inode, own, accounts);
  return planned === undefined ? undefined : { path, member, take: false, ...planned };
}

function stays({ kind, mtime }: Member, found: Found, keeps: Keeps): boolean {
  if (keeps === "nothing" || kind === "directory" || found.kind === "absent" || found.inode.kind === "directory") return false;
  return keeps === "all" || (mtime !== undefined && Math.floor(found.inode.mtime) > mtime);
}

// A mode that is asked for is one for files; who may read a directory of them may enter it as well.
function attributesOf(member: Member, wanted: WantedAttributes, isDirectory: boolean): WantedAttributes {
  if (wanted.mode === undefined) return member.mode === undefined ? wanted : { ...wanted, mode: octal(member.mode) };
  if (!isDirectory) return wanted;
  const base = modeFrom(wanted.mode, member.mode ?? DIRECTORY_MODE, true);
  return { ...wanted, mode: octal(base | ((base & 0o444) >> 2)) };
}

/**
 * Unpacks everything into a private directory of the destination, so that a full disk changes nothing, and then puts what differs into
 * place, each by a rename.
 */
export function unpackScript(steps: readonly Step[], dest: string, stage: string, archive: string | undefined): Sh {
  const taken = steps.filter(({ take }) => take);
  const unpack = sh`umask 022
k3_stage=${stage}
${privateDirectory}
(umask 077; mkdir "$k3_stage") && k3_enter "$k3_stage" && k3_closed "$(stat -c %a .)" && (umask 077; mkdir tree) || { echo ${`cannot make a directory of our own in ${dest}`} >&2; exit 1; }
k3_archive=${archive ?? "./archive"}
${archive === undefined ? sh`(umask 077; : > "$k3_archive") && payload_into archive "$k3_archive" || { echo ${`could not bring the archive to ${dest}; is the disk full? Nothing was changed`} >&2; exit 1; }` : sh`:`}
${unpackerScript}
if [ -n "$k3_un" ]; then $k3_un <"$k3_archive" | ( cd tree && tar -xpof - )
else unzip -q -o "$k3_archive" -d tree >/dev/null; fi || { echo ${`could not unpack the archive to ${dest}; is the disk full? Nothing was changed`} >&2; exit 1; }
k3_put() {
case $2 in */*) mkdir -p ${dest}/"\${2%/*}" || exit 1;; esac
[ -e "tree/$1" ] || [ -L "tree/$1" ] || { echo "the archive has not given $1" >&2; exit 1; }
if [ -L ${dest}/"$2" ]; then rm -f ${dest}/"$2"; fi
mv -f "tree/$1" ${dest}/"$2" || exit 1
}`;
  return joinSh([...(taken.length === 0 ? [] : [unpack]), ...steps.map((step) => stepScript(step, dest))]);
}

function stepScript({ member, path, take, set }: Step, dest: string): Sh {
  const target = `${dest}/${path}`;
  if (!take)
    return sh`${attributeCommands(sh`${target}`, set, { link: member.kind === "link", follow: member.kind === "directory" })} || exit 1`;
  if (member.kind === "directory") {
    const attributes = attributeCommands(sh`${target}`, set, { follow: true });
    return joinSh([sh`mkdir -p ${target} || exit 1`, ...(attributes.text === "" ? [] : [sh`${attributes} || exit 1`])]);
  }
  const from = partsOf(member.name).join("/");
  const attributes = attributeCommands(sh`${`tree/${from}`}`, set, { link: member.kind === "link" });
  return joinSh([...(attributes.text === "" ? [] : [sh`${attributes} || exit 1`]), sh`k3_put ${from} ${path}`]);
}
