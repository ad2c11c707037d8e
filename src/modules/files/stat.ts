import { type JsonObject, type ProbeContext, type Questions, stateModule } from "../contract.ts";
import { bool, choice, type ParametersOf, parameters, path } from "../parameters.ts";
import { accessQuestion } from "../support/files/access-collector.ts";
import { DIGESTS, digestQuestion, UNREADABLE } from "../support/files/digest-collector.ts";
import { followed } from "../support/files/file-fields.ts";
import { flagFields, flagsQuestion, mimeQuestion } from "../support/files/file-kind.ts";
import { hostPath } from "../support/files/host-path.ts";
import { Known, questionSet } from "../support/files/known.ts";
import { type Inode, type Present, pathQuestion } from "../support/files/path-collector.ts";
import { statFields } from "../support/files/stat-fields.ts";

const params = parameters({
  path: { ...path(), required: true, aliases: ["dest", "name"], description: "What to look at." },
  follow: { ...bool(), default: false, description: "Tell about what a symbolic link leads to." },
  get_checksum: { ...bool(), default: true, description: "Tell the checksum of a regular file." },
  checksum_algorithm: {
    ...choice(...DIGESTS),
    default: "sha1",
    aliases: ["checksum", "checksum_algo"],
    description: "How the checksum is computed.",
  },
  get_mime: {
    ...bool(),
    default: true,
    aliases: ["mime", "mime_type", "mime-type"],
    description: "Tell what kind of file it is, where the host has the command file.",
  },
  get_attributes: {
    ...bool(),
    default: true,
    aliases: ["attr", "attributes"],
    description: "Tell the flags that chattr sets, where the host has the command lsattr.",
  },
});

type Params = ParametersOf<typeof params>;

export const stat = stateModule<Params, Params, Questions, undefined>({
  name: "stat",
  summary: "Tells about a file, directory or link.",
  description: [
    "Changes nothing. The result has `stat.exists`; everything else only where that is true.",
    'All paths of the tasks that follow are looked at together, by one process. MIME types and flags cost one more for all of them; without the commands that tell them they are "unknown" and empty. ' +
      "Ansible's blocks and block_size are not told.",
  ],
  parameters: params,
  example: `- name: Look at the shadow file
  stat:
    path: /etc/shadow
  register: shadow
- name: Nobody else may read it
  assert:
    that: not shadow.stat.roth`,
  returns: {
    "stat.exists": "whether it is there",
    "stat.path": "the path",
    "stat.mode": 'permissions, like "0644"',
    "stat.isreg": "a regular file? Likewise isdir, islnk, ischr, isblk, isfifo, issock",
    "stat.size": "size in bytes",
    "stat.uid": "number of the user; pw_name: name",
    "stat.gid": "number of the group; gr_name: name",
    "stat.mtime": "time of the last modification, in seconds; atime, ctime likewise",
    "stat.checksum": "checksum of a regular file that can be read",
    "stat.lnk_target": "what a link holds; lnk_source: where it leads",
    "stat.rusr": "may the owner read? Likewise wusr, xusr, rgrp, wgrp, xgrp, roth, woth, xoth, isuid, isgid",
    "stat.readable": "may the task's user read it? writeable, executable likewise",
    "stat.mimetype": 'kind of file, like "text/plain"; charset: its encoding',
    "stat.attr_flags": "flags as lsattr shows them; attributes: their names; version: of the inode",
    "stat.inode": "number of the inode; dev: of the file system; nlink: how many names it has",
  },
  probe(given, { traits }) {
    const path = hostPath(given.path, traits);
    const checksum = given.get_checksum ? [digestQuestion(path, given.checksum_algorithm)] : [];
    return questionSet([
      pathQuestion(path),
      accessQuestion(path),
      ...checksum,
      ...(given.get_mime ? [mimeQuestion(path, given.follow)] : []),
      ...(given.get_attributes ? [flagsQuestion(path)] : []),
    ]);
  },
  readsOnly: true,
  isLight: true,
  plan: () => undefined,
  apply: () => {
    throw new Error("bug: stat has nothing to apply");
  },
  result: (state, given, context) => ({ stat: lookedAt(new Known(state), given, context) }),
});

function lookedAt(known: Known, given: Params, { traits, checkMode }: ProbeContext): JsonObject {
  const path = hostPath(given.path, traits);
  const there = known.path(path);
  const inode = given.follow ? followed(there) : there.kind === "absent" ? undefined : there;
  if (inode === undefined) return { exists: false };
  const asked = known.of(accessQuestion(path));
  const access = checkMode && traits.userId === 0 ? foreseenAccess(asked, inode) : asked;
  const checksum = inode.kind === "file" && given.get_checksum ? known.of(digestQuestion(path, given.checksum_algorithm)) : null;
  return {
    exists: true,
    path: given.path,
    ...statFields(inode),
    readable: access.includes("r"),
    writeable: access.includes("w"),
    executable: access.includes("x"),
    ...(checksum === null || checksum === UNREADABLE ? {} : { checksum }),
    ...linkFields(inode),
    ...(given.get_mime ? known.of(mimeQuestion(path, given.follow)) : {}),
    ...(given.get_attributes ? flagFields(known.of(flagsQuestion(path))) : {}),
  };
}

// What an earlier task would have made, or given another mode, cannot be asked about. root may read and write all of that, but for a file system
// that is read-only: of a path that is there already, the host has said so.
function foreseenAccess(asked: string, inode: Inode): string {
  const isReadOnly = asked.includes("r") && !asked.includes("w");
  return `r${isReadOnly ? "" : "w"}${inode.kind === "directory" || (inode.mode & 0o111) !== 0 ? "x" : ""}`;
}

function linkFields(inode: Present): JsonObject {
  return inode.link === undefined ? {} : { lnk_target: inode.link.target, lnk_source: inode.link.path };
}
