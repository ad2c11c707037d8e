import { joinSh, sh } from "../../../sh.ts";
import type { Apply, Difference, Prediction, ProbeContext, Question, Questions, Resource } from "../../contract.ts";
import { applyPlans, differencesOf, makes, type Plan, predictPlans, providedBy } from "../files/apply-plans.ts";
import type { WantedAttributes } from "../files/attributes.ts";
import { contentQuestion } from "../files/content-collector.ts";
import { digestQuestion } from "../files/digest-collector.ts";
import { parentOf } from "../files/host-path.ts";
import { type Known, questionSet } from "../files/known.ts";
import { absent, pathQuestion } from "../files/path-collector.ts";
import { directoryQuestions, planDirectory } from "../files/place-directory.ts";
import { bytesSource, fileQuestions, planFile } from "../files/place-file.ts";

/** What has to become of some files. */
export type FileChange = {
  readonly differences: readonly Difference[];
  readonly plans: readonly Plan[];
  readonly removed: readonly string[];
};

export const noFileChange: FileChange = { differences: [], plans: [], removed: [] };

/** What has to be known about a file that says where packages come from, and about the directory it is in. */
export function repositoryFileQuestions(
  path: string,
  wanted: WantedAttributes,
  context: ProbeContext,
  more: readonly Question<unknown>[] = [],
): Questions {
  return questionSet([
    ...fileQuestions(path, wanted, context.traits, true),
    ...directoryQuestions(parentOf(path), {}, context.traits),
    ...more,
  ]);
}

/** The change that gives a file this text and these attributes, in a directory that is made where it is missing; undefined text removes it. */
export function planRepositoryFile(
  path: string,
  text: string | undefined,
  wanted: WantedAttributes,
  known: Known,
  context: ProbeContext,
): FileChange {
  if (text === undefined) return planRemoval(path, known);
  const directories = known.path(path).kind === "absent" ? planDirectory(parentOf(path), {}, known) : [];
  const options = { force: true, backup: false, validate: undefined, follow: true, unsafeWrites: false, isSecret: false };
  const source = bytesSource(new TextEncoder().encode(text));
  const plan = planFile(path, source, wanted, options, known, { ...context, diff: true }, makes(directories));
  const plans = plan === undefined ? directories : [...directories, plan];
  return { differences: differencesOf(plans), plans, removed: [] };
}

export function planRemoval(path: string, known: Known): FileChange {
  const there = known.path(path);
  if (there.kind === "absent") return noFileChange;
  return {
    differences: [{ kind: "field", subject: path, name: "state", before: there.kind, after: "absent" }],
    plans: [],
    removed: [path],
  };
}

export function applyFileChange({ plans, removed }: FileChange, { traits }: ProbeContext): Apply {
  const written = applyPlans(plans, traits);
  return { ...written, script: joinSh([written.script, ...removed.map((path) => sh`rm -f -- ${path} || exit`)]) };
}

export function predictFileChange({ plans, removed }: FileChange, { traits }: ProbeContext): Prediction[] {
  return [
    ...predictPlans(plans, traits),
    ...removed.flatMap((path): Prediction[] => [
      { question: pathQuestion(path), answer: absent },
      { question: contentQuestion(path), answer: { kind: "none" } },
      { question: digestQuestion(path), answer: null },
    ]),
  ];
}

export const providedByChange = (change: FileChange): Resource[] => providedBy(change.plans);

/** The text of the file, or undefined when there is none. */
export function repositoryText(path: string, known: Known): string | undefined {
  const content = known.content(path);
  return content.kind === "file" ? Buffer.from(content.base64, "base64").toString("utf8") : undefined;
}
