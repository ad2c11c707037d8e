import { privateDirectory } from "../../../private-directory.ts";
import { joinSh, Sh, sh } from "../../../sh.ts";
import { type HostTraits, type JsonObject, ModuleFailure, type Output } from "../../contract.ts";
import { splitWords } from "../words.ts";
import { attributeCommands, chconWanted } from "./attribute-script.ts";
import type { AttributeSet, WantedAttributes } from "./attributes.ts";
import { baseName, parentOf } from "./host-path.ts";
import { keptLabels } from "./kept-labels.ts";
import type { Inode } from "./path-collector.ts";

/** One file to be replaced, or made, in one step. */
export type FileWrite = {
  /** Absolute; a symbolic link that is to be followed is resolved already, any other link is replaced. */
  readonly dest: string;
  /** Where the bytes come from: a payload of the script, or another file of the host. */
  readonly from: { readonly payload: string; readonly size: number } | { readonly file: string };
  /** What is at `dest` now, if it is a file whose owner and mode are to be kept where `set` does not say otherwise. */
  readonly previous: Inode | undefined;
  /** Something is at `dest`: what `backup` is made of. */
  readonly replaces: boolean;
  readonly set: AttributeSet;
  readonly wanted: WantedAttributes;
  /** Ansible's: a command line with %s for the new file; no shell reads it. */
  readonly validate?: string | undefined;
  readonly backup: boolean;
  readonly unsafeWrites: boolean;
};

const TMP = new Sh('"$k3_tmp"');
const VALIDATED = new Sh('"$k3_dir/$k3_tmp"');
const DEST = new Sh('"$k3_dest"');
/** Mode of a new file: what the umask of our sessions (022) leaves of 0666. */
export const NEW_FILE_MODE = 0o644;
export const NEW_DIRECTORY_MODE = 0o755;

/**
 * A script that leaves either the old file or the new one, whole, with its owner, mode, ACL, SELinux context, flags and attributes, and nothing else:
 * a temporary file is filled, measured, validated, given its attributes and renamed. It lies in a directory beside the file that nobody else can
 * enter, so that the owner of the place cannot put a link there for root to write through. Its name has no suffix and that of the
 * directory starts with a dot, so that nothing that reads a `*.d` directory takes it up.
 */
export function writeScript(write: FileWrite, traits: HostTraits): Sh {
  const { dest, previous, set } = write;
  return joinSh([
    sh`(
${privateDirectory}
k3_tmp=.k3sprov.new k3_dest=${dest} k3_name=${baseName(dest)} k3_was=$PWD k3_dir=
trap '[ -z "$k3_dir" ] || rm -rf "$k3_dir"' EXIT
trap 'exit 1' HUP INT TERM
k3_fail() { printf '%s\\n' "$1" >&2; exit 1; }
k3_wrote() { k3_size=$1 k3_ids=$2:$3; k3_closed "$8" || k3_open=1; }
${openSource(write)}
if [ -d "$k3_dest" ] && [ ! -L "$k3_dest" ]; then k3_fail "$k3_dest is a directory"; fi
k3_beside ${parentOf(dest)}`,
    ...fillCommands(write),
    ...validateCommands(write.validate),
    ...keptAcl(write),
    ...ownerCommands(previous, set),
    ...(previous === undefined ? [] : [keptLabels]),
    sh`${attributeCommands(TMP, { mode: set.mode ?? previous?.mode ?? NEW_FILE_MODE })} || exit 1`,
    ...contextCommands(write, traits),
    ...(write.backup && write.replaces ? [backupCommand] : []),
    renameCommand(write),
    ...(traits.selinux && previous === undefined && write.wanted.context === undefined ? [restoreContext] : []),
    sh`) || exit 1`,
  ]);
}

/** `backup_file`, when a backup was made. */
export function writtenFields(output: Output): JsonObject {
  const name = /^backup_file=([^\0]*)\0/m.exec(output.stdout.toString("utf8"))?.[1];
  return name === undefined ? {} : { backup_file: name };
}

// Before the directory is entered: the name may be relative.
const openSource = ({ from }: FileWrite): Sh =>
  "payload" in from ? sh`:` : sh`k3_wanted=$(wc -c < ${from.file}) && exec 7< ${from.file} || exit 1`;

// A full disk shows as a failed write or, where the writing tool does not look, as a file that is too short.
function fillCommands(write: FileWrite): Sh[] {
  const { dest, from } = write;
  const fill = "payload" in from ? sh`payload_into ${from.payload} "$k3_tmp"` : sh`cat <&7 > "$k3_tmp"`;
  const trouble = `could not write the new content of ${dest}; is the disk full? Nothing was changed`;
  const size = "payload" in from ? sh`${from.size}` : sh`"$k3_wanted"`;
  return [
    // noclobber: an open that does not follow a link, should the directory not be as closed as it must be, which `stat` then says.
    sh`umask 077; set -C
${fill} && [ -f "$k3_tmp" ] && [ ! -L "$k3_tmp" ] || k3_fail ${trouble}
set +C; umask 022
k3_open=; k3_wrote $(stat -c '%s %u %g %a' "$k3_tmp" .) || exit 1`,
    ...(write.unsafeWrites ? [] : [sh`[ -z "$k3_open" ] || k3_fail ${closedMessage(dest)}`]),
    sh`[ "$k3_size" -eq ${size} ] || k3_fail ${`could not write all of ${dest}; is the disk full? Nothing was changed`}`,
  ];
}

const closedMessage = (dest: string): string =>
  `others could write into the temporary directory beside ${dest}: the file system keeps no permissions, or somebody interferes. Nothing was changed; unsafe_writes: true does without`;

function validateCommands(validate: string | undefined): Sh[] {
  if (validate === undefined) return [];
  return [
    sh`k3_said=$(cd "$k3_was" && ${validationCommand(validate)} 2>&1) || { k3_rc=$?; k3_fail "failed to validate: rc:$k3_rc error:$k3_said"; }`,
  ];
}

/** The command line with the temporary file's absolute name in place of each %s. Throws ModuleFailure when there is none. */
export function validationCommand(validate: string): Sh {
  if (!validate.includes("%s")) throw new ModuleFailure(`validate must contain %s: ${validate}`);
  let words: string[];
  try {
    words = splitWords(validate);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ModuleFailure(`validate is no command line: ${error.message}: ${validate}`);
  }
  // Ansible fills it in with Python's % operator: %% is a %.
  const literal = (text: string): string => (text === "" ? "" : sh`${text.replaceAll("%%", "%")}`.text);
  const quoted = words.map(
    (word) =>
      new Sh(
        word
          .split(/(?<!%)%s/)
          .map(literal)
          .join(VALIDATED.text),
      ),
  );
  return joinSh(quoted, " ");
}

// Named entries come over masked; the chmod that follows sets the mask with the group's bits, so nobody can read too early.
function keptAcl(write: FileWrite): Sh[] {
  if (write.previous === undefined) return [];
  return [
    sh`if command -v getfacl >/dev/null 2>&1 && command -v setfacl >/dev/null 2>&1; then
k3_acl=$(getfacl -c -p -s "$k3_dest" 2>/dev/null)
if [ -n "$k3_acl" ]; then printf '%s\\n' "$k3_acl" | sed 's/^mask::.*/mask::---/' | setfacl --set-file=- "$k3_tmp" || exit 1; fi
fi`,
  ];
}

function ownerCommands(previous: Inode | undefined, set: AttributeSet): Sh[] {
  const owner = set.owner?.id ?? set.owner?.name ?? previous?.uid ?? "";
  const group = set.group?.id ?? set.group?.name ?? previous?.gid ?? "";
  if (owner === "" && group === "") return [];
  if (owner === "") return [sh`chgrp ${group} "$k3_tmp" || exit 1`];
  if (group === "") return [sh`chown ${owner} "$k3_tmp" || exit 1`];
  return [sh`[ "$k3_ids" = ${`${owner}:${group}`} ] || chown ${`${owner}:${group}`} "$k3_tmp" || exit 1`];
}

function contextCommands(write: FileWrite, traits: HostTraits): Sh[] {
  if (!traits.selinux) return [];
  const keep = write.previous === undefined ? [] : [sh`chcon --reference="$k3_dest" "$k3_tmp" || exit 1`];
  const isDefault = write.previous === undefined;
  const byPolicy = sh`if command -v matchpathcon >/dev/null 2>&1; then chcon "$(matchpathcon -n "$k3_dest")" "$k3_tmp" || exit 1; fi`;
  const wanted = chconWanted(TMP, write.wanted, traits);
  return [...keep, ...(isDefault ? [byPolicy] : []), ...(wanted === undefined ? [] : [sh`${wanted} || exit 1`])];
}

const restoreContext = sh`if ! command -v matchpathcon >/dev/null 2>&1 && command -v restorecon >/dev/null 2>&1; then restorecon "$k3_dest"; fi`;

// Two backups in one second must not overwrite each other, hence the counter in the place of Ansible's process number.
const backupCommand = sh`k3_n=$$ k3_now=$(date +%Y-%m-%d@%H:%M:%S)
while [ -e "$k3_dest.$k3_n.$k3_now~" ] || [ -L "$k3_dest.$k3_n.$k3_now~" ]; do k3_n=$((k3_n + 1)); done
k3_backup=$k3_dest.$k3_n.$k3_now~
cp -p "$k3_dest" .k3sprov.old && k3_place .k3sprov.old "$k3_name.$k3_n.$k3_now~" || k3_fail "could not make the backup $k3_backup; nothing was changed"
printf 'backup_file=%s\\0' "$k3_backup"`;

function renameCommand(write: FileWrite): Sh {
  if (!write.unsafeWrites) {
    return sh`k3_place "$k3_tmp" "$k3_name" || k3_fail ${`could not replace ${write.dest}; if it is a mount (a container's file), set unsafe_writes: true`}`;
  }
  const set = { ...write.set };
  const after = attributeCommands(DEST, set, write.previous === undefined ? {} : { keepMode: write.previous.mode });
  return joinSh([
    sh`if ! k3_place "$k3_tmp" "$k3_name" 2>/dev/null; then`,
    sh`cat "$k3_tmp" > "$k3_dest" || k3_fail ${`could not write ${write.dest}; it may hold a part of the new content now`}`,
    ...(after.text === "" ? [] : [sh`${after} || exit 1`]),
    sh`fi`,
  ]);
}
