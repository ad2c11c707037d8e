import { type Change, type JsonObject, ModuleFailure, type ProbeContext, type Question, type Questions } from "../../contract.ts";
import { differencesOf, makes, type Plan } from "./apply-plans.ts";
import type { WantedAttributes } from "./attributes.ts";
import { fileFields, followed } from "./file-fields.ts";
import { hostPath, joinPath } from "./host-path.ts";
import { Known, questionSet } from "./known.ts";
import { directoryQuestions, planDirectory } from "./place-directory.ts";
import { type FileSource, fileQuestions, type PlaceOptions, planFile } from "./place-file.ts";

/** One file that goes to `dest`, or below it under `name` when that is a directory. */
export type SingleFile = {
  /** As the task has it; a slash at its end says that it is a directory, to be made where it is missing. */
  readonly dest: string;
  /** undefined: `dest` must not be a directory. */
  readonly name: string | undefined;
  readonly wanted: WantedAttributes;
  readonly directoryMode: string | undefined;
  readonly options: PlaceOptions;
};

function places(
  file: SingleFile,
  context: ProbeContext,
): { readonly dest: string; readonly inside: string | undefined; readonly isDirectory: boolean } {
  const dest = hostPath(file.dest, context.traits);
  return { dest, inside: file.name === undefined ? undefined : joinPath(dest, file.name), isDirectory: file.dest.endsWith("/") };
}

const directoryWanted = (file: SingleFile): WantedAttributes => ({
  ...(file.wanted.owner === undefined ? {} : { owner: file.wanted.owner }),
  ...(file.wanted.group === undefined ? {} : { group: file.wanted.group }),
  ...(file.directoryMode === undefined ? {} : { mode: file.directoryMode }),
});

/** `more`: questions of the module itself. */
export function singleFileQuestions(file: SingleFile, context: ProbeContext, more: readonly Question<unknown>[] = []): Questions {
  const { dest, inside, isDirectory } = places(file, context);
  const about = (path: string): Question<unknown>[] => fileQuestions(path, file.wanted, context.traits, context.diff);
  return questionSet([
    ...about(dest),
    ...(inside === undefined ? [] : about(inside)),
    ...(isDirectory ? directoryQuestions(dest, directoryWanted(file), context.traits) : []),
    ...more,
  ]);
}

/** The path of the file, once it is known what `dest` is. */
export function targetOf(file: SingleFile, known: Known, context: ProbeContext): string {
  const { dest, inside, isDirectory } = places(file, context);
  if (!isDirectory && followed(known.path(dest))?.kind !== "directory") return dest;
  if (inside === undefined)
    throw new ModuleFailure(`can not use content with a dir as dest: ${dest}; give the path of the file`, { dest });
  return inside;
}

export function planSingleFile(
  file: SingleFile,
  source: FileSource,
  state: Readonly<Record<string, unknown>>,
  context: ProbeContext,
): Change<readonly Plan[]> | undefined {
  const known = new Known(state);
  const { dest, isDirectory } = places(file, context);
  const target = targetOf(file, known, context);
  const isMissing = isDirectory && followed(known.path(dest)) === undefined;
  const directories = isMissing ? planDirectory(dest, directoryWanted(file), known) : [];
  const plan = planFile(target, source, file.wanted, file.options, known, context, makes(directories));
  const plans: readonly Plan[] = plan === undefined ? directories : [...directories, plan];
  return plans.length === 0 ? undefined : { differences: differencesOf(plans), data: plans };
}

/** `dest` and the fields of what is there. */
export function singleFileResult(file: SingleFile, state: Readonly<Record<string, unknown>>, context: ProbeContext): JsonObject {
  const known = new Known(state);
  const dest = targetOf(file, known, context);
  const there = known.path(dest);
  const shown = file.options.follow ? (followed(there) ?? there) : there;
  return { dest, ...fileFields(shown) };
}
