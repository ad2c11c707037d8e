import {
  type Change,
  type JsonObject,
  MissingPrerequisite,
  ModuleFailure,
  type Prediction,
  type ProbeContext,
  type Question,
  type Questions,
} from "../../contract.ts";
import type { Plan } from "./apply-plans.ts";
import { contentQuestion } from "./content-collector.ts";
import type { HostCopy, TreeEntry } from "./copy-input.ts";
import { entryQuestions, planEntries, type TreeTarget, treeResult, treeRoot } from "./copy-tree.ts";
import { digestQuestion } from "./digest-collector.ts";
import { followed } from "./file-fields.ts";
import { baseName, hostPath, joinPath } from "./host-path.ts";
import { Known } from "./known.ts";
import { absent, pathCollector, pathQuestion } from "./path-collector.ts";
import type { FileSource } from "./place-file.ts";
import { planSingleFile, type SingleFile, singleFileQuestions, singleFileResult } from "./single-file.ts";
import { octal } from "./symbolic-mode.ts";
import { type ListedEntry, treeQuestion } from "./tree-collector.ts";

// What the source is only the host knows, so both kinds are asked about.
const asFile = (copy: HostCopy, mode?: number): SingleFile => ({
  ...copy,
  name: baseName(copy.src),
  ...(copy.preservesMode && mode !== undefined ? { wanted: { ...copy.wanted, mode: octal(mode) } } : {}),
});
const asTree = (copy: HostCopy): TreeTarget => ({
  dest: copy.dest,
  wanted: copy.wanted,
  preservesMode: copy.preservesMode,
  directoryMode: copy.directoryMode,
  options: copy.options,
  keepsMode: true,
  name: copy.src.endsWith("/") ? "" : baseName(copy.src),
});

export function hostCopyQuestions(copy: HostCopy, context: ProbeContext): Questions {
  const src = hostPath(copy.src, context.traits);
  const more: Question<unknown>[] = [
    pathQuestion(src),
    digestQuestion(src),
    digestQuestion(src, "sha1"),
    treeQuestion(src),
    treeQuestion(rootOf(copy, context)),
    // In check mode a later task may want to know what will be in the copy.
    ...(context.diff || context.checkMode ? [contentQuestion(src)] : []),
    ...entryQuestions(asTree(copy), [], context),
  ];
  return singleFileQuestions(asFile(copy), context, more);
}

export function planHostCopy(
  copy: HostCopy,
  state: Readonly<Record<string, unknown>>,
  context: ProbeContext,
): Change<readonly Plan[]> | undefined {
  const known = new Known(state);
  const src = hostPath(copy.src, context.traits);
  const from = followed(known.path(src));
  if (from === undefined) throw new MissingPrerequisite(`path:${src}`, `Source ${src} not found`);
  if (from.kind === "directory") return planHostTree(copy, src, known, context);
  const digest = known.digest(src);
  if (from.kind !== "file" || digest === null)
    throw new ModuleFailure(`${src} is a ${from.kind}, not a regular file or directory`);
  const sha1 = known.digest(src, "sha1");
  if (copy.checksum !== undefined && sha1 !== copy.checksum.toLowerCase()) {
    throw new ModuleFailure(`the source does not match the expected checksum ${copy.checksum}; its SHA-1 is ${sha1}`);
  }
  const content = context.diff || context.checkMode ? known.content(src) : ({ kind: "none" } as const);
  return planSingleFile(asFile(copy, from.mode), { kind: "host", path: src, size: from.size, digest, content }, state, context);
}

function rootOf(copy: HostCopy, context: ProbeContext): string {
  return treeRoot(asTree(copy), context);
}

function planHostTree(copy: HostCopy, src: string, known: Known, context: ProbeContext): Change<readonly Plan[]> | undefined {
  const root = rootOf(copy, context);
  if (copy.wanted.flags !== undefined)
    throw new ModuleFailure(`cannot set attributes of what is copied from the directory ${src}; set them afterwards with file`);
  if (root === src || root.startsWith(`${src}/`)) throw new ModuleFailure(`cannot copy ${src} into itself (${root})`);
  const entries = (known.of(treeQuestion(src)) ?? []).map((entry) => sourceEntry(entry, src));
  const there = new Map((known.of(treeQuestion(root)) ?? []).map((entry) => [entry.path, entry]));
  return planEntries(
    asTree(copy),
    entries,
    known.with(entries.flatMap(({ path }) => answersFromListing(joinPath(root, path), there.get(path)))),
    context,
  );
}

function sourceEntry({ path, inode, digest }: ListedEntry, src: string): TreeEntry {
  if (inode.kind === "directory") return { kind: "directory", path, mode: inode.mode };
  if (inode.kind !== "file" || digest === undefined)
    throw new ModuleFailure(`${src}/${path} is a ${inode.kind}, which cannot be copied`);
  const source: FileSource = { kind: "host", path: joinPath(src, path), size: inode.size, digest, content: { kind: "none" } };
  return { kind: "file", path, mode: inode.mode, source };
}

// The listing of the destination answers what would otherwise be asked about each file of it.
function answersFromListing(path: string, entry: ListedEntry | undefined): Prediction[] {
  return [
    { question: pathQuestion(path), answer: entry?.inode ?? absent },
    { question: digestQuestion(path), answer: entry?.digest ?? null },
  ];
}

/** The listing of the destination after the change. */
export function predictHostCopy(
  copy: HostCopy,
  predictions: readonly Prediction[],
  state: Readonly<Record<string, unknown>>,
  context: ProbeContext,
): Prediction[] {
  const known = new Known(state);
  const root = rootOf(copy, context);
  const entries = new Map((known.of(treeQuestion(root)) ?? []).map((entry) => [entry.path, entry]));
  const after = known.with(predictions);
  for (const { question } of predictions) {
    if (question.collector.name !== pathCollector.name || !question.item.startsWith(`${root}/`)) continue;
    const path = question.item.slice(root.length + 1);
    const inode = after.path(question.item);
    const digest = after.has(digestQuestion(question.item)) ? after.digest(question.item) : entries.get(path)?.digest;
    if (inode.kind !== "absent") entries.set(path, { path, inode, ...(typeof digest === "string" ? { digest } : {}) });
  }
  return [{ question: treeQuestion(root), answer: [...entries.values()] }];
}

export function hostCopyResult(copy: HostCopy, state: Readonly<Record<string, unknown>>, context: ProbeContext): JsonObject {
  const known = new Known(state);
  const src = hostPath(copy.src, context.traits);
  if (followed(known.path(src))?.kind === "directory") return treeResult({ ...asTree(copy), src: copy.src }, state, context);
  const checksum = known.digest(src, "sha1");
  return { ...singleFileResult(asFile(copy), state, context), src: copy.src, ...(checksum === null ? {} : { checksum }) };
}
