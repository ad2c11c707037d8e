import { type ControlNode, ModuleFailure, type ProbeContext } from "../../contract.ts";
import type { CopyParams } from "../../files/copy.ts";
import { pythonJson } from "../python-json.ts";
import { type WantedAttributes, wantedAttributes } from "./attributes.ts";
import { CONTENT_LIMIT } from "./content-collector.ts";
import { sha1 } from "./content-difference.ts";
import { baseName } from "./host-path.ts";
import { localSource } from "./local-source.ts";
import { bytesSource, type FileSource, type PlaceOptions } from "./place-file.ts";
import type { SingleFile } from "./single-file.ts";
import { octal } from "./symbolic-mode.ts";

/** A file or directory of a source directory. */
export type TreeEntry =
  | { readonly kind: "directory"; readonly path: string; readonly mode: number }
  | { readonly kind: "file"; readonly path: string; readonly mode: number; readonly source: FileSource }
  | { readonly kind: "link"; readonly path: string; readonly target: string };

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
export async function copyInput(given: CopyParams, control: ControlNode, context: ProbeContext): Promise<CopyInput> {
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
    return fileCopy(common, bytesSource(contentBytes(given.content)), undefined, given.checksum);
  }
  if (given.remote_src) return { ...common, kind: "host", src: given.src, checksum: given.checksum };
  const src = control.find(given.src, "files");
  const found = await control.inspect(src);
  if (found.kind === "directory") {
    const name = given.src.endsWith("/") ? "" : baseName(src);
    return { ...common, kind: "tree", src, name, entries: await treeEntries(src, given, control, context) };
  }
  const wanted = preservesMode ? { ...common.wanted, mode: octal(found.mode) } : common.wanted;
  // One small file is read at once; it would have to be read for its digest in any case.
  const source = await localSource(
    src,
    found.size,
    { readUpTo: Math.max(ONE_FILE, showable(context)), decrypt: given.decrypt },
    control,
  );
  return fileCopy({ ...common, wanted }, source, src, given.checksum);
}

function fileCopy(common: Common, source: FileSource, src: string | undefined, expected: string | undefined): FileCopy {
  const checksum = source.kind === "bytes" ? sha1(source.bytes) : source.kind === "local" ? source.sha1 : "";
  if (expected !== undefined && expected.toLowerCase() !== checksum) {
    throw new ModuleFailure(`the source does not match the expected checksum ${expected}; its SHA-1 is ${checksum}`, {
      checksum,
    });
  }
  const name = src === undefined ? undefined : baseName(src);
  return { kind: "file", file: { ...common, name }, source, src, checksum };
}

async function treeEntries(root: string, given: CopyParams, control: ControlNode, context: ProbeContext): Promise<TreeEntry[]> {
  const entries: TreeEntry[] = [];
  for (const { path, mode, size, link } of await control.walk(root, { followLinks: given.local_follow })) {
    if (link !== undefined) entries.push({ kind: "link", path, target: link });
    else if (path.endsWith("/")) entries.push({ kind: "directory", path: path.slice(0, -1), mode });
    else {
      const source = await localSource(
        `${root.replace(/\/$/, "")}/${path}`,
        size,
        { readUpTo: showable(context), decrypt: given.decrypt },
        control,
      );
      entries.push({ kind: "file", path, mode, source });
    }
  }
  return entries;
}

const ONE_FILE = 262_144;
// In check mode a later task may ask for the content, in diff mode it is shown; otherwise digests are enough.
const showable = (context: ProbeContext): number => (context.diff || context.checkMode ? CONTENT_LIMIT : -1);

function contentBytes(content: unknown): Uint8Array {
  if (typeof content === "string") return Buffer.from(content, "utf8");
  if (typeof content === "object" && content !== null) return Buffer.from(pythonJson(content), "utf8");
  if (typeof content === "boolean") return Buffer.from(content ? "True" : "False", "utf8");
  return Buffer.from(String(content ?? ""), "utf8");
}
