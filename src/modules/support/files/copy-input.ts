import { type ControlNode, ModuleFailure } from "../../contract.ts";
import type { CopyParams } from "../../files/copy.ts";
import { pythonJson } from "../python-json.ts";
import { type WantedAttributes, wantedAttributes } from "./attributes.ts";
import { sha1 } from "./content-difference.ts";
import { baseName } from "./host-path.ts";
import { bytesSource, type FileSource, type PlaceOptions } from "./place-file.ts";
import type { SingleFile } from "./single-file.ts";
import { octal } from "./symbolic-mode.ts";

/** A file or directory of a source directory. */
export type TreeEntry =
  | { readonly kind: "directory"; readonly path: string; readonly mode: number }
  | { readonly kind: "file"; readonly path: string; readonly mode: number; readonly source: FileSource };

type Common = {
  /** As the task has it. */
  readonly dest: string;
  readonly wanted: WantedAttributes;
  readonly preservesMode: boolean;
  readonly directoryMode: string | undefined;
  readonly options: PlaceOptions;
};

/** A directory of the control node. `name` is "" when its contents are copied, not itself. */
export type TreeCopy = Common & {
  readonly kind: "tree";
  readonly src: string;
  readonly name: string;
  readonly entries: readonly TreeEntry[];
};

/** A file or directory of the host, as the task has it. */
export type HostCopy = Common & { readonly kind: "host"; readonly src: string; readonly checksum: string | undefined };

export type FileCopy = {
  readonly kind: "file";
  readonly file: SingleFile;
  readonly source: FileSource;
  readonly src: string | undefined;
  readonly checksum: string;
};

export type CopyInput = FileCopy | TreeCopy | HostCopy;

/** Finds and reads what is to be copied. */
export async function copyInput(given: CopyParams, control: ControlNode): Promise<CopyInput> {
  if (!given.local_follow)
    throw new ModuleFailure("local_follow: false is not supported; symbolic links in the source are followed");
  if (!given.decrypt) throw new ModuleFailure("decrypt: false is not supported; an encrypted source is copied as plain text");
  const preservesMode = given.mode === "preserve";
  const common: Common = {
    dest: given.dest,
    wanted: wantedAttributes({ ...given, mode: preservesMode ? undefined : given.mode }),
    preservesMode,
    directoryMode: given.directory_mode,
    options: {
      force: given.force,
      backup: given.backup,
      validate: given.validate,
      follow: given.follow,
      unsafeWrites: given.unsafe_writes,
      isSecret: false,
    },
  };
  if (given.src === undefined) {
    if (preservesMode) throw new ModuleFailure('mode "preserve" needs src');
    return fileCopy(common, contentBytes(given.content), undefined, given.checksum);
  }
  if (given.remote_src) return { ...common, kind: "host", src: given.src, checksum: given.checksum };
  const src = control.find(given.src, "files");
  const found = await control.inspect(src);
  if (found.kind === "directory") {
    const name = given.src.endsWith("/") ? "" : baseName(src);
    return { ...common, kind: "tree", src, name, entries: await treeEntries(src, control) };
  }
  const wanted = preservesMode ? { ...common.wanted, mode: octal(found.mode) } : common.wanted;
  return fileCopy({ ...common, wanted }, await control.read(src), src, given.checksum);
}

function fileCopy(common: Common, bytes: Uint8Array, src: string | undefined, expected: string | undefined): FileCopy {
  const checksum = sha1(bytes);
  if (expected !== undefined && expected.toLowerCase() !== checksum) {
    throw new ModuleFailure(`the source does not match the expected checksum ${expected}; its SHA-1 is ${checksum}`, {
      checksum,
    });
  }
  const name = src === undefined ? undefined : baseName(src);
  return { kind: "file", file: { ...common, name }, source: bytesSource(bytes), src, checksum };
}

async function treeEntries(root: string, control: ControlNode): Promise<TreeEntry[]> {
  const entries: TreeEntry[] = [];
  for (const { path, mode } of await control.walk(root)) {
    if (path.endsWith("/")) entries.push({ kind: "directory", path: path.slice(0, -1), mode });
    else
      entries.push({ kind: "file", path, mode, source: bytesSource(await control.read(`${root.replace(/\/$/, "")}/${path}`)) });
  }
  return entries;
}

function contentBytes(content: unknown): Uint8Array {
  if (typeof content === "string") return Buffer.from(content, "utf8");
  if (typeof content === "object" && content !== null) return Buffer.from(pythonJson(content), "utf8");
  if (typeof content === "boolean") return Buffer.from(content ? "True" : "False", "utf8");
  return Buffer.from(String(content ?? ""), "utf8");
}
