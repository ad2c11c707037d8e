import { joinSh, type Sh, sh } from "../../../sh.ts";
import {
  type Difference,
  type HostTraits,
  MissingPrerequisite,
  ModuleFailure,
  type Prediction,
  type Question,
} from "../../contract.ts";
import { NEW_DIRECTORY_MODE } from "./atomic-write.ts";
import { attributeCommands, chconWanted } from "./attribute-script.ts";
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
import { followed } from "./file-fields.ts";
import { flagPredictions, lettersOf } from "./file-flags.ts";
import { ancestorsOf, parentOf } from "./host-path.ts";
import type { Known } from "./known.ts";
import { type PathState, type Present, pathQuestion } from "./path-collector.ts";

/** A directory that has to be made or given other attributes. */
export type DirectoryPlan = {
  readonly kind: "directory";
  readonly path: string;
  readonly create: boolean;
  readonly set: AttributeSet;
  readonly wanted: WantedAttributes;
  readonly before: PathState;
  /** Of the directory above, which hands its setgid bit down. */
  readonly parentMode: number;
  readonly differences: readonly Difference[];
};

/** What has to be known about a directory and those above it. */
export function directoryQuestions(path: string, wanted: WantedAttributes, traits: HostTraits): Question<unknown>[] {
  const accounts = accountQuestions(wanted);
  return [
    ...[...ancestorsOf(path), path].map(pathQuestion),
    accounts.owner,
    accounts.group,
    ...labelQuestions(path, wanted, traits),
  ];
}

/** The directories that have to be made so that `path` is one, outermost first, and then `path` itself where its attributes differ. */
export function planDirectory(path: string, wanted: WantedAttributes, known: Known): DirectoryPlan[] {
  const plans: DirectoryPlan[] = [];
  // A flag may forbid that something is made below.
  const { flags: _, ...above } = wanted;
  let parentMode = 0;
  for (const one of [...ancestorsOf(path), path]) {
    const state = known.path(one);
    const end = followed(state);
    if (end !== undefined && end.kind !== "directory")
      throw new ModuleFailure(`${one} is a ${end.kind}, not a directory`, { path });
    if (end === undefined && state.kind === "link")
      throw new ModuleFailure(`${one} is a symbolic link that leads nowhere`, { path });
    if (end === undefined) plans.push(newDirectory(one, one === path ? wanted : above, known, parentMode));
    else if (one === path) plans.push(...changedDirectory(one, end, state, wanted, known, parentMode));
    parentMode = end?.mode ?? parentMode;
  }
  return plans;
}

/** A directory whose parent is there, or is to be made by an earlier plan of the same list (`isMade`). */
export function planOneDirectory(
  path: string,
  wanted: WantedAttributes,
  known: Known,
  isMade: (path: string) => boolean,
): DirectoryPlan[] {
  const state = known.path(path);
  const end = followed(state);
  if (end === undefined && state.kind !== "link") {
    const parent = parentOf(path);
    if (!isMade(parent)) throw new MissingPrerequisite(`path:${parent}`, `Destination directory ${parent} does not exist`);
    return [newDirectory(path, wanted, known, 0)];
  }
  if (end?.kind !== "directory") throw new ModuleFailure(`${path} is a ${end?.kind ?? "broken link"}, not a directory`, { path });
  return changedDirectory(path, end, state, wanted, known, 0);
}

function newDirectory(path: string, wanted: WantedAttributes, known: Known, parentMode: number): DirectoryPlan {
  if (wanted.flags !== undefined) lettersOf(path, wanted.flags, known.labels(path).flags);
  const set = resolveAttributes(wanted, known.accounts(wanted), NEW_DIRECTORY_MODE, true);
  const difference: Difference = { kind: "field", subject: path, name: "state", before: "absent", after: "directory" };
  return {
    kind: "directory",
    path,
    create: true,
    set,
    wanted,
    before: { kind: "absent" },
    parentMode,
    differences: [difference],
  };
}

function changedDirectory(
  path: string,
  end: Present,
  state: PathState,
  wanted: WantedAttributes,
  known: Known,
  parentMode: number,
): DirectoryPlan[] {
  const planned = planAttributes(path, end, wanted, known.accounts(wanted), known.labels(path));
  if (planned === undefined) return [];
  return [
    {
      kind: "directory",
      path,
      create: false,
      set: planned.set,
      wanted,
      before: state,
      parentMode,
      differences: planned.differences,
    },
  ];
}

/** Closed to others until it has its owner and mode. Fails when something else has come to be there meanwhile. */
export function directoryScript(plan: DirectoryPlan, traits: HostTraits): Sh {
  const path = sh`${plan.path}`;
  const { before } = plan;
  const end = before.kind === "absent" ? undefined : before.link?.path;
  const options = before.kind === "absent" ? {} : { keepMode: before.mode, follow: before.kind === "link" };
  const attributes = attributeCommands(path, plan.set, { ...options, ...(end === undefined ? {} : { real: sh`${end}` }) });
  const context = plan.create ? chconWanted(path, plan.wanted, traits) : undefined;
  return joinSh([
    ...(plan.create
      ? [plan.set.mode === undefined ? sh`mkdir ${path} || exit 1` : sh`(umask 077; mkdir ${path}) || exit 1`]
      : []),
    ...(plan.create && traits.selinux ? [sh`if command -v restorecon >/dev/null 2>&1; then restorecon ${path}; fi`] : []),
    ...(attributes.text === "" ? [] : [sh`${attributes} || exit 1`]),
    ...(context === undefined ? [] : [sh`${context} || exit 1`]),
  ]);
}

/** What there will be at the path. */
export function predictDirectory(plan: DirectoryPlan, traits: HostTraits): Prediction[] {
  const { before, set } = plan;
  if (before.kind === "absent") {
    const inode = newInode("directory", NEW_DIRECTORY_MODE | (plan.parentMode & 0o2000), traits);
    return [{ question: pathQuestion(plan.path), answer: withAttributes(inode, set) }, ...flagPredictions(plan.path, set.flags)];
  }
  return [...withNewInode(plan.path, before, (inode) => withAttributes(inode, set)), ...flagPredictions(plan.path, set.flags)];
}

/** Predictions for a path whose inode changes, and for the end of the link that it may be. */
export function withNewInode(path: string, before: Present, change: <I extends Present>(inode: I) => I): Prediction[] {
  if (before.link === undefined) return [{ question: pathQuestion(path), answer: change(before) }];
  const inode = before.link.inode === null ? null : change(before.link.inode);
  return [
    { question: pathQuestion(path), answer: { ...before, link: { ...before.link, inode } } },
    ...(inode === null ? [] : [{ question: pathQuestion(before.link.path), answer: inode }]),
  ];
}
