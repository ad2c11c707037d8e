import { privateDirectory } from "../../../private-directory.ts";
import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Difference, type HostTraits, PendingAnswer, type Prediction, type Resource } from "../../contract.ts";
import { NEW_FILE_MODE } from "./atomic-write.ts";
import { attributeCommands, chconWanted } from "./attribute-script.ts";
import { type AttributeSet, newInode, type WantedAttributes, withAttributes } from "./attributes.ts";
import { bytesOf, type Content, contentOf, contentQuestion } from "./content-collector.ts";
import { digestOf } from "./content-difference.ts";
import { DIGESTS, digestQuestion } from "./digest-collector.ts";
import { flagPredictions } from "./file-flags.ts";
import { baseName, parentOf } from "./host-path.ts";
import { absent, type Inode, type LinkEnd, type PathState, type Present, pathQuestion } from "./path-collector.ts";
import { type DirectoryPlan, directoryScript, predictDirectory, withNewInode } from "./place-directory.ts";
import { predictRecursion, type RecurseStep, recursionScript } from "./recursion.ts";
import { type Times, touchTimes } from "./times.ts";

type Shown = { readonly path: string; readonly differences: readonly Difference[] };

/** One thing that the `file` module does. */
export type FileStep =
  | DirectoryPlan
  | (Shown & {
      readonly kind: "attributes";
      readonly real: string;
      readonly set: AttributeSet;
      readonly before: Present;
      readonly isLink: boolean;
    })
  | (Shown & {
      readonly kind: "symlink";
      readonly src: string;
      readonly end: LinkEnd;
      readonly set: AttributeSet;
      readonly removesDirectory: boolean;
      readonly content: Content | PendingAnswer | undefined;
    })
  | (Shown & {
      readonly kind: "hardlink";
      readonly src: string;
      readonly inode: Inode;
      readonly content: Content | PendingAnswer | undefined;
    })
  | (Shown & { readonly kind: "remove" })
  | (Shown & {
      readonly kind: "create";
      readonly set: AttributeSet;
      readonly wanted: WantedAttributes;
      readonly link: Present | undefined;
    })
  | (Shown & {
      readonly kind: "times";
      readonly real: string;
      readonly times: Times;
      readonly isLink: boolean;
      readonly before: PathState;
    })
  | RecurseStep;

export function stepScript(step: FileStep, traits: HostTraits): Sh {
  switch (step.kind) {
    case "directory":
      return directoryScript(step, traits);
    case "attributes":
      return sh`${attributeCommands(sh`${step.real}`, step.set, { link: step.isLink, keepMode: step.before.mode })} || exit 1`;
    case "symlink":
      return symlinkScript(step.path, step.src, step.set, step.removesDirectory);
    case "hardlink":
      return madeBeside(step.path, sh`ln ${step.src} new`);
    case "remove":
      return sh`rm -rf ${step.path} || exit 1`;
    case "create":
      return createScript(step.link?.link?.path ?? step.path, step.set, step.wanted, traits);
    case "times":
      return touchTimes(step.real, step.times, step.isLink);
    case "recurse":
      return recursionScript(step, traits);
  }
}

// Made under a name of its own and renamed, so that there is no moment at which nothing is there. `make` makes "new".
function madeBeside(path: string, make: Sh): Sh {
  return sh`(
${privateDirectory}
k3_dir=
k3_fail() { printf '%s\\n' "$1" >&2; exit 1; }
trap '[ -z "$k3_dir" ] || rm -rf "$k3_dir"' EXIT
trap 'exit 1' HUP INT TERM
k3_alone ${parentOf(path)}
${make} && k3_place new ${baseName(path)} || exit 1
) || exit 1`;
}

function symlinkScript(path: string, src: string, set: AttributeSet, removesDirectory: boolean): Sh {
  const attributes = attributeCommands(sh`new`, set, { link: true });
  const make = sh`ln -s -- ${src} new`;
  const link = madeBeside(path, attributes.text === "" ? make : joinSh([make, attributes], " && "));
  return removesDirectory ? joinSh([sh`rmdir ${path} || exit 1`, link]) : link;
}

// noclobber: an existing file or a planted link is an error, not something to write through.
function createScript(path: string, set: AttributeSet, wanted: WantedAttributes, traits: HostTraits): Sh {
  const attributes = attributeCommands(sh`${path}`, set);
  const context = chconWanted(sh`${path}`, wanted, traits);
  return joinSh([
    sh`(set -C; ${set.mode === undefined ? sh`:` : sh`umask 077`}; : > ${path}) || exit 1`,
    ...(traits.selinux ? [sh`if command -v restorecon >/dev/null 2>&1; then restorecon ${path}; fi`] : []),
    ...(attributes.text === "" ? [] : [sh`${attributes} || exit 1`]),
    ...(context === undefined ? [] : [sh`${context} || exit 1`]),
  ]);
}

export function predictStep(step: FileStep, traits: HostTraits): Prediction[] {
  switch (step.kind) {
    case "directory":
      return predictDirectory(step, traits);
    case "attributes": {
      const change = <I extends Present>(inode: I): I => withAttributes(inode, step.set);
      if (step.isLink) return [{ question: pathQuestion(step.path), answer: change(step.before) }];
      const flags = [...new Set([step.path, step.real])].flatMap((path) => flagPredictions(path, step.set.flags));
      return [...withNewInode(step.path, step.before, change), ...flags];
    }
    case "symlink": {
      const answer: Present = { ...withAttributes(newInode("link", 0o777, traits, step.src.length), step.set), link: step.end };
      return [{ question: pathQuestion(step.path), answer }, ...shownContent(step.path, step.content)];
    }
    case "hardlink":
      return [
        { question: pathQuestion(step.path), answer: { ...step.inode, links: step.inode.links + 1 } },
        ...shownContent(step.path, step.content),
      ];
    case "remove":
      return [{ question: pathQuestion(step.path), answer: absent }, ...noContent(step.path)];
    case "create": {
      const inode = withAttributes(newInode("file", NEW_FILE_MODE, traits), step.set);
      const end = step.link?.link;
      const empty = [...emptyContent(step.path), ...flagPredictions(step.path, step.set.flags)];
      if (step.link === undefined || end === undefined) return [{ question: pathQuestion(step.path), answer: inode }, ...empty];
      return [
        { question: pathQuestion(step.path), answer: { ...step.link, link: { ...end, inode } } },
        { question: pathQuestion(end.path), answer: inode },
        ...empty,
      ];
    }
    case "times":
      return predictTimes(step.path, step.before, step.times, step.isLink);
    case "recurse":
      return predictRecursion(step, traits);
  }
}

function predictTimes(path: string, before: PathState, times: Times, isLink: boolean): Prediction[] {
  if (before.kind === "absent") return [];
  const change = <I extends Present>(inode: I): I => ({
    ...inode,
    ...(typeof times.modification === "object" ? { mtime: times.modification.epoch } : {}),
    ...(typeof times.access === "object" ? { atime: times.access.epoch } : {}),
  });
  return isLink ? [{ question: pathQuestion(path), answer: change(before) }] : withNewInode(path, before, change);
}

function noContent(path: string): Prediction[] {
  return [
    ...DIGESTS.map((name) => ({ question: digestQuestion(path, name), answer: null })),
    { question: contentQuestion(path), answer: { kind: "none" } },
  ];
}

function emptyContent(path: string): Prediction[] {
  return shownContent(path, contentOf(Buffer.alloc(0)));
}

function shownContent(path: string, content: Content | PendingAnswer | undefined): Prediction[] {
  if (content === undefined) return [];
  if (content instanceof PendingAnswer) {
    return [...DIGESTS.map((name) => digestQuestion(path, name)), contentQuestion(path)].map((question) => ({
      question,
      answer: content,
    }));
  }
  const bytes = bytesOf(content);
  const digests =
    bytes === undefined ? [] : DIGESTS.map((name) => ({ question: digestQuestion(path, name), answer: digestOf(name, bytes) }));
  return [...digests, { question: contentQuestion(path), answer: content }];
}

export function stepProvides(step: FileStep): Resource[] {
  return step.kind === "remove" ? [] : [`path:${step.path}`];
}
