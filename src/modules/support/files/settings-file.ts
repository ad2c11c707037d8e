import { type Change, ModuleFailure, type ProbeContext, type Question, type Questions } from "../../contract.ts";
import { applyPlans, differencesOf, type Plan } from "./apply-plans.ts";
import { bytesOf, contentQuestion } from "./content-collector.ts";
import { Known, questionSet } from "./known.ts";
import { bytesSource, fileQuestions, planFile } from "./place-file.ts";

/** What has to be known to edit a small text file of settings. */
export function settingsQuestions(path: string, context: ProbeContext, more: readonly Question<unknown>[] = []): Questions {
  return questionSet([...fileQuestions(path, {}, context.traits, true), ...more]);
}

/** The text of the file, "" when there is none. */
export function settingsText(path: string, known: Known): string {
  const content = known.content(path);
  if (content.kind === "none") return "";
  const bytes = bytesOf(content);
  if (bytes === undefined) throw new ModuleFailure(`${path} is no text file of settings`);
  const text = bytes.toString("utf8");
  // Bytes that are no UTF-8 would not survive the way back.
  if (!Buffer.from(text).equals(bytes)) throw new ModuleFailure(`${path} is no text in UTF-8, so it is not edited`);
  return text;
}

/** The change that gives the file this text, with owner and mode as they are (a new file: 0644). */
export function planSettings(
  path: string,
  text: string,
  known: Known,
  context: ProbeContext,
  { backup = false }: { readonly backup?: boolean } = {},
): Change<readonly Plan[]> | undefined {
  const isThere = known.content(path).kind !== "none";
  if (!isThere && text === "") return undefined;
  const options = { force: true, backup, validate: undefined, follow: true, unsafeWrites: false, isSecret: false };
  const plan = planFile(path, bytesSource(new TextEncoder().encode(text)), {}, options, known, { ...context, diff: true });
  return plan === undefined ? undefined : { differences: differencesOf([plan]), data: [plan] };
}

export { applyPlans as applySettings, contentQuestion, Known };
