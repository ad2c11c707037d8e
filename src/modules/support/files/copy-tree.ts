import { type Change, type JsonObject, ModuleFailure, type ProbeContext, type Question, type Questions } from "../../contract.ts";
import { differencesOf, makes, type Plan } from "./apply-plans.ts";
import { accountQuestions, labelQuestions, type WantedAttributes } from "./attributes.ts";
import type { TreeCopy, TreeEntry } from "./copy-input.ts";
import { fileFields, followed } from "./file-fields.ts";
import { hostPath, joinPath, parentOf } from "./host-path.ts";
import { Known, questionSet } from "./known.ts";
import { pathQuestion } from "./path-collector.ts";
import { type DirectoryPlan, directoryQuestions, planDirectory, planOneDirectory } from "./place-directory.ts";
import { fileQuestions, planFile } from "./place-file.ts";
import { linkQuestions, planLink } from "./place-link.ts";
import { octal } from "./symbolic-mode.ts";

/** What `planEntries` needs besides the entries; a TreeCopy is one. */
export type TreeTarget = Omit<TreeCopy, "kind" | "src" | "entries"> & {
  /** New files and directories get the mode of their source where none is asked for. */
  readonly keepsMode?: boolean;
};

/** The directory that the tree's paths are relative to. */
export function treeRoot(tree: TreeTarget, context: ProbeContext): string {
  const dest = hostPath(tree.dest, context.traits);
  return tree.name === "" ? dest : joinPath(dest, tree.name);
}

export function treeQuestions(tree: TreeTarget & { readonly entries: readonly TreeEntry[] }, context: ProbeContext): Questions {
  return questionSet(entryQuestions(tree, tree.entries, context));
}

/** Questions about everything that a tree's entries will be. */
export function entryQuestions(tree: TreeTarget, entries: readonly TreeEntry[], context: ProbeContext): Question<unknown>[] {
  const root = treeRoot(tree, context);
  const wanted = directoryWanted(tree);
  const accounts = accountQuestions(tree.wanted);
  return [
    ...directoryQuestions(root, wanted, context.traits),
    accounts.owner,
    accounts.group,
    ...entries.flatMap((entry) => {
      const path = joinPath(root, entry.path);
      if (entry.kind === "directory") return [pathQuestion(path), ...labelQuestions(path, wanted, context.traits)];
      if (entry.kind === "link") return linkQuestions(path, tree.wanted);
      return fileQuestions(path, tree.wanted, context.traits, context.diff);
    }),
  ];
}

export function planTree(
  tree: TreeCopy,
  state: Readonly<Record<string, unknown>>,
  context: ProbeContext,
): Change<readonly Plan[]> | undefined {
  return planEntries(tree, tree.entries, new Known(state), context);
}

export function planEntries(
  tree: TreeTarget,
  entries: readonly TreeEntry[],
  known: Known,
  context: ProbeContext,
): Change<readonly Plan[]> | undefined {
  const root = treeRoot(tree, context);
  const plans: Plan[] = rootPlans(tree, root, known);
  for (const entry of entries) {
    const path = joinPath(root, entry.path);
    const isMade = makes(plans);
    if (entry.kind === "link") {
      const link = planLink(path, entry.target, tree.wanted, tree.options.force, known);
      if (link !== undefined) plans.push(link);
      continue;
    }
    const own = tree.keepsMode === true && known.path(path).kind === "absent" ? { mode: octal(entry.mode) } : {};
    if (entry.kind === "directory") {
      plans.push(...planOneDirectory(path, { ...own, ...directoryWanted(tree) }, known, isMade));
      continue;
    }
    const wanted = tree.preservesMode ? { ...tree.wanted, mode: octal(entry.mode) } : { ...own, ...tree.wanted };
    const plan = planFile(path, entry.source, wanted, tree.options, known, context, isMade);
    if (plan !== undefined) plans.push(plan);
  }
  return plans.length === 0 ? undefined : { differences: differencesOf(plans), data: plans };
}

// A directory that was there before and only takes contents up keeps its attributes.
function rootPlans(tree: TreeTarget, root: string, known: Known): DirectoryPlan[] {
  const there = followed(known.path(root));
  if (there === undefined) return planDirectory(root, directoryWanted(tree), known);
  if (there.kind !== "directory") throw new ModuleFailure(`${root} is a ${there.kind}, not a directory`, { dest: root });
  return tree.name === "" ? [] : planOneDirectory(root, directoryWanted(tree), known, (path) => path === parentOf(root));
}

// Flags are for the files: an immutable directory takes nothing up.
function directoryWanted(tree: TreeTarget): WantedAttributes {
  const { mode: _, flags: __, ...rest } = tree.wanted;
  return tree.directoryMode === undefined || tree.directoryMode === "preserve" ? rest : { ...rest, mode: tree.directoryMode };
}

export function treeResult(
  tree: TreeTarget & { readonly src: string },
  state: Readonly<Record<string, unknown>>,
  context: ProbeContext,
): JsonObject {
  const there = new Known(state).path(treeRoot(tree, context));
  return { dest: hostPath(tree.dest, context.traits), src: tree.src, ...fileFields(followed(there) ?? there) };
}
