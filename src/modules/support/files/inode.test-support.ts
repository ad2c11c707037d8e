import type { Inode } from "./path-collector.ts";

/** Something of root's that is there. */
export const inodeOf = <K extends "file" | "directory">(kind: K, mode = 0o644): Inode & { readonly kind: K } => ({
  kind,
  mode,
  uid: 0,
  gid: 0,
  owner: "root",
  group: "root",
  size: 1,
  links: 1,
  inode: 1,
  device: 1,
  rawDevice: [0, 0],
  atime: 0,
  mtime: 0,
  ctime: 0,
});
