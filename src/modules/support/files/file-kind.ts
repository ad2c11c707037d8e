import { joinSh, sh } from "../../../sh.ts";
import type { Collector, Json, Question } from "../../contract.ts";
import { inPieces } from "./missing-path.ts";

/** What `file` takes a path for; "unknown" where the host has no such command, or it cannot tell. */
export type FileKindGuess = { readonly mimetype: string; readonly charset: string };

/** Flags as `lsattr` tells them; null where the file system has none, or the host no such command. */
export type FileFlags = { readonly version: string; readonly flags: string } | null;

// Item: "L" (links are followed) or "P", a blank, the path. One process for all paths of a kind; it prints a line for each.
const mimeCollector: Collector<FileKindGuess> = {
  name: "mime-type",
  beforeTraits: true,
  script: (items) =>
    joinSh([
      sh`command -v file >/dev/null 2>&1 || exit 0`,
      ...["L", "P"].flatMap((how) =>
        inPieces(pathsOf(items, how)).map(
          (paths) => sh`file ${how === "L" ? "-L" : "-h"} -b --mime-type --mime-encoding -- ${paths} 2>/dev/null`,
        ),
      ),
      sh`:`,
    ]),
  decode: (output, items) => {
    const lines = output.stdout.toString("utf8").split("\n");
    const asked = ["L", "P"].flatMap((how) => items.filter((item) => item.startsWith(`${how} `)));
    const said = new Map(asked.map((item, index) => [item, lines[index]]));
    return items.map((item) => {
      const found = /^([\w.+-]+\/[\w.+-]+); charset=(\S+)$/.exec(said.get(item) ?? "");
      return { mimetype: found?.[1] ?? "unknown", charset: found?.[2] ?? "unknown" };
    });
  },
};

const pathsOf = (items: readonly string[], how: string): string[] =>
  items.filter((item) => item.startsWith(`${how} `)).map((item) => item.slice(2));

export function mimeQuestion(path: string, follow: boolean): Question<FileKindGuess> {
  return { collector: mimeCollector, item: `${follow ? "L" : "P"} ${path}` };
}

// A path that has no flags has no line, so lines are told apart by their names.
const flagCollector: Collector<FileFlags> = {
  name: "file-flags",
  beforeTraits: true,
  script: (items) =>
    joinSh([
      sh`command -v lsattr >/dev/null 2>&1 || exit 0`,
      ...inPieces(items).map((paths) => sh`lsattr -vd -- ${paths} 2>/dev/null`),
      sh`:`,
    ]),
  decode: (output, items) => {
    const text = `\n${output.stdout.toString("utf8")}`;
    return items.map((item) => {
      const end = text.indexOf(` ${item}\n`);
      const found = end < 0 ? null : /(?:^|\n)\s*(\d+)\s+([-A-Za-z]+)$/.exec(text.slice(0, end));
      return found === null ? null : { version: found[1] ?? "", flags: (found[2] ?? "").replaceAll("-", "") };
    });
  },
};

export function flagsQuestion(path: string): Question<FileFlags> {
  return { collector: flagCollector, item: path };
}

const FLAG_NAMES: Readonly<Record<string, string>> = {
  A: "noatime",
  a: "append",
  c: "compressed",
  C: "nocow",
  d: "nodump",
  D: "dirsync",
  e: "extents",
  E: "encrypted",
  h: "blocksize",
  i: "immutable",
  I: "indexed",
  j: "journalled",
  N: "inline",
  s: "zero",
  S: "synchronous",
  t: "notail",
  T: "blockroot",
  u: "undelete",
  X: "compressedraw",
  Z: "compresseddirty",
};

/** Ansible's names of flags, in their order. */
export function flagFields(found: FileFlags): { readonly [name: string]: Json } {
  const flags = found?.flags ?? "";
  return {
    version: found?.version ?? null,
    attr_flags: flags,
    attributes: [...flags].flatMap((flag) => FLAG_NAMES[flag] ?? []),
  };
}
