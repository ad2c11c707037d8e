import type { Json, JsonObject } from "../../contract.ts";
import type { Inode } from "./path-collector.ts";
import { octal } from "./symbolic-mode.ts";

/** What `stat` and `find` tell about an inode, under Ansible's names. */
export const statFields = (inode: Inode): JsonObject => ({ ...inodeFields(inode), ...permissionFields(inode.mode) });

function inodeFields(inode: Inode): JsonObject {
  const { kind } = inode;
  const [major, minor] = inode.rawDevice;
  return {
    isreg: kind === "file",
    isdir: kind === "directory",
    islnk: kind === "link",
    ischr: kind === "character",
    isblk: kind === "block",
    isfifo: kind === "fifo",
    issock: kind === "socket",
    uid: inode.uid,
    gid: inode.gid,
    pw_name: inode.owner,
    gr_name: inode.group,
    mode: octal(inode.mode),
    size: inode.size,
    nlink: inode.links,
    inode: inode.inode,
    dev: inode.device,
    device_type: (major << 8) | minor,
    atime: inode.atime,
    mtime: inode.mtime,
    ctime: inode.ctime,
  };
}

const BITS = ["xoth", "woth", "roth", "xgrp", "wgrp", "rgrp", "xusr", "wusr", "rusr"];

function permissionFields(mode: number): JsonObject {
  const fields: Record<string, Json> = Object.fromEntries(BITS.map((name, bit) => [name, (mode & (1 << bit)) !== 0]));
  return { ...fields, isuid: (mode & 0o4000) !== 0, isgid: (mode & 0o2000) !== 0 };
}
