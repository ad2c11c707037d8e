import { type Sh, sh } from "../../../sh.ts";
import {
  type Difference,
  type HostTraits,
  MissingPrerequisite,
  ModuleFailure,
  type Prediction,
  type Question,
} from "../../contract.ts";
import { NEW_FILE_MODE, writeScript } from "./atomic-write.ts";
import { attributeCommands } from "./attribute-script.ts";
import {
  type AttributeSet,
  accountQuestions,
  labelQuestions,
  newInode,
  planAttributes,
  resolveAttributes,
  type WantedAttributes,
  withAttributes,
} from "./attributes.ts";
import { CONTENT_LIMIT, type Content, contentOf, contentQuestion } from "./content-collector.ts";
import { contentDifference, digestOf, sha256 } from "./content-difference.ts";
import { DIGESTS, type DigestName, digestQuestion } from "./digest-collector.ts";
import { followed } from "./file-fields.ts";
import { flagChange, flagPredictions, lettersOf, withFlags } from "./file-flags.ts";
import { parentOf } from "./host-path.ts";
import type { Known } from "./known.ts";
import { type Inode, type PathState, type Present, pathQuestion } from "./path-collector.ts";
import { refuseForeignLink, refusePlantedLink } from "./planted-link.ts";

/**
 * Where a file's new content comes from: bytes at hand, a file of the control node that nobody has read yet, a file of the host. For the
 * latter, `content` is known where it was asked for.
 */
export type FileSource =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array; readonly digest: string }
  | { readonly kind: "local"; readonly path: string; readonly size: number; readonly digest: string; readonly sha1: string }
  | { readonly kind: "host"; readonly path: string; readonly size: number; readonly digest: string; readonly content: Content };

export type PlaceOptions = {
  /** False: a file that is there stays as it is. */
  readonly force: boolean;
  readonly backup: boolean;
  readonly validate: string | undefined;
  /** A symbolic link at the target is followed; otherwise it is replaced. */
  readonly follow: boolean;
  readonly unsafeWrites: boolean;
  readonly isSecret: boolean;
};

/** A file that has to be written or given other attributes. */
export type FilePlan = {
  readonly kind: "file";
  readonly target: string;
  /** `target`, or where the link there leads. */
  readonly real: string;
  readonly source: FileSource;
  readonly write: boolean;
  readonly set: AttributeSet;
  readonly wanted: WantedAttributes;
  readonly options: PlaceOptions;
  readonly before: PathState;
  /** The inode whose owner and mode are kept. */
  readonly previous: Inode | undefined;
  readonly differences: readonly Difference[];
};

export const bytesSource = (bytes: Uint8Array): FileSource => ({ kind: "bytes", bytes, digest: sha256(bytes) });

/** What has to be known about a file and its directory. */
export function fileQuestions(
  target: string,
  wanted: WantedAttributes,
  traits: HostTraits,
  withContent: boolean,
): Question<unknown>[] {
  const accounts = accountQuestions(wanted);
  return [
    pathQuestion(target),
    pathQuestion(parentOf(target)),
    digestQuestion(target),
    ...(withContent ? [contentQuestion(target)] : []),
    accounts.owner,
    accounts.group,
    ...labelQuestions(target, wanted, traits),
  ];
}

/** How a file differs from what is wanted; undefined when it does not. `isMade`: the plans before this one make that directory. */
export function planFile(
  target: string,
  source: FileSource,
  wanted: WantedAttributes,
  options: PlaceOptions,
  known: Known,
  context: { readonly traits: HostTraits; readonly diff: boolean },
  isMade: (path: string) => boolean = () => false,
): FilePlan | undefined {
  const before = known.path(target);
  const end = options.follow ? followed(before) : before.kind === "absent" ? undefined : before;
  const fields = { dest: target };
  if (before.kind === "absent") requireParent(target, known, isMade, fields);
  else if (!options.force) return undefined;
  if (followed(before)?.kind === "directory") throw new ModuleFailure(`${target} is a directory, not a file`, fields);
  if (end !== undefined && end.kind !== "file" && end.kind !== "link")
    throw new ModuleFailure(`${target} is a ${end.kind}, not a regular file`, fields);
  if (before.kind !== "absent" && before.kind === "link" && options.follow) {
    refusePlantedLink(target, before, known.path(parentOf(target)), context.traits);
    if (before.link?.path === "")
      throw new ModuleFailure(`${target} is a symbolic link to ${before.link.target}, whose directory does not exist`, fields);
  }
  const real = options.follow && before.kind !== "absent" ? (before.link?.path ?? target) : target;
  const isReplacedLink = end?.kind === "link";
  const previous = isReplacedLink ? undefined : end;
  const accounts = known.accounts(wanted);
  const plan = { kind: "file", target, real, source, wanted, options, before, previous } as const;
  const present = end === undefined || isReplacedLink ? null : known.digest(target);
  const isSame = present === source.digest && previous !== undefined;
  const kept = isSame ? planAttributes(target, previous, wanted, accounts, known.labels(target)) : undefined;
  if (isSame && kept === undefined) return undefined;
  if (options.follow) refuseForeignLink(target, before, context.traits);
  if (kept !== undefined) return { ...plan, write: false, set: kept.set, differences: kept.differences };
  const labels = { ...known.labels(target), context: "" };
  const planned = previous === undefined ? undefined : planAttributes(target, previous, wanted, accounts, labels);
  const stateBefore = isReplacedLink ? "link" : "absent";
  const differences: Difference[] = [
    ...(previous === undefined ? [field(target, "state", stateBefore, "file")] : []),
    contentDifference(
      target,
      { before: present, after: source.digest },
      {
        diff: context.diff,
        isSecret: options.isSecret,
        ...(known.has(contentQuestion(target)) && !isReplacedLink ? { before: known.content(target) } : {}),
        ...knownBytes(source),
      },
    ),
    ...(planned?.differences ?? []),
  ];
  const set = resolveAttributes(wanted, accounts, previous?.mode ?? NEW_FILE_MODE, false);
  if (wanted.flags === undefined) return { ...plan, write: true, set, differences };
  const letters = lettersOf(target, wanted.flags, labels.flags);
  const flags = flagChange(target, previous === undefined ? "" : letters, wanted.flags);
  return { ...plan, write: true, set: { ...set, flags }, differences };
}

const field = (subject: string, name: string, before: string, after: string): Difference => ({
  kind: "field",
  subject,
  name,
  before,
  after,
});

function knownBytes(source: FileSource): { readonly after?: Uint8Array } {
  if (source.kind === "bytes") return { after: source.bytes };
  if (source.kind === "local" || source.content.kind !== "file") return {};
  return { after: Buffer.from(source.content.base64, "base64") };
}

const sizeOf = (source: FileSource): number => (source.kind === "bytes" ? source.bytes.byteLength : source.size);

function requireParent(target: string, known: Known, isMade: (path: string) => boolean, fields: { readonly dest: string }): void {
  const parent = parentOf(target);
  if (isMade(parent)) return;
  const state = followed(known.path(parent));
  if (state === undefined) throw new MissingPrerequisite(`path:${parent}`, `Destination directory ${parent} does not exist`);
  if (state.kind !== "directory") throw new ModuleFailure(`${parent} is a ${state.kind}, not a directory`, fields);
}

/** `payload`: the name that the bytes travel under. */
export function fileScript(plan: FilePlan, payload: string, traits: HostTraits): Sh {
  if (!plan.write) {
    const commands = attributeCommands(
      sh`${plan.real}`,
      plan.set,
      plan.previous === undefined ? {} : { keepMode: plan.previous.mode },
    );
    return sh`${commands} || exit 1`;
  }
  const { source, options } = plan;
  const { flags, ...set } = plan.set;
  const write = writeScript(
    {
      dest: plan.real,
      from: source.kind === "host" ? { file: source.path } : { payload, size: sizeOf(source) },
      previous: plan.previous,
      replaces: followed(plan.before) !== undefined,
      set,
      wanted: plan.wanted,
      validate: options.validate,
      backup: options.backup,
      unsafeWrites: options.unsafeWrites,
    },
    traits,
  );
  return flags === undefined ? write : sh`${withFlags(sh`${plan.real}`, flags, sh`(${write})`)} || exit 1`;
}

/** What there will be at the target and, where a link leads elsewhere, there: inode, digests, content. */
export function predictFile(plan: FilePlan, traits: HostTraits): Prediction[] {
  const { source, before, previous } = plan;
  const size = sizeOf(source);
  const base: Inode =
    previous === undefined
      ? newInode("file", NEW_FILE_MODE, traits, size)
      : { ...previous, ...(plan.write ? { size, links: 1 } : {}) };
  const { link: _, ...inode }: Present = withAttributes(base, plan.set);
  const isLinkKept = before.kind !== "absent" && before.link !== undefined && plan.options.follow;
  const at: PathState = isLinkKept && before.link !== undefined ? { ...before, link: { ...before.link, inode } } : inode;
  const paths = plan.real === plan.target ? [plan.target] : [plan.target, plan.real];
  const inodes = paths.map((path) => ({ question: pathQuestion(path), answer: path === plan.target ? at : inode }));
  const kept = [...inodes, ...paths.flatMap((path) => flagPredictions(path, plan.set.flags))];
  return plan.write ? [...kept, ...paths.flatMap((path) => contentPredictions(path, source))] : kept;
}

function contentPredictions(path: string, source: FileSource): Prediction[] {
  const bytes = knownBytes(source).after;
  const digests = DIGESTS.flatMap((name) => {
    const digest = bytes === undefined ? knownDigest(source, name) : digestOf(name, bytes);
    return digest === undefined ? [] : [{ question: digestQuestion(path, name), answer: digest }];
  });
  const content = contentAfter(source);
  return content === undefined ? digests : [...digests, { question: contentQuestion(path), answer: content }];
}

function knownDigest(source: FileSource, name: DigestName): string | undefined {
  if (name === "sha256") return source.digest;
  return name === "sha1" && source.kind === "local" ? source.sha1 : undefined;
}

function contentAfter(source: FileSource): Content | undefined {
  if (source.kind === "bytes") return contentOf(source.bytes);
  if (source.kind === "host") return source.content.kind === "file" ? source.content : undefined;
  return source.size > CONTENT_LIMIT ? { kind: "too-large", size: source.size } : undefined;
}
