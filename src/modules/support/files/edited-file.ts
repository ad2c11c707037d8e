import { sh } from "../../../sh.ts";
import {
  type Apply,
  type Change,
  type Difference,
  type JsonObject,
  MissingPrerequisite,
  ModuleFailure,
  type Output,
  type ProbeContext,
  type Questions,
} from "../../contract.ts";
import { applyPlans, differencesOf, makes, type Plan } from "./apply-plans.ts";
import { writtenFields } from "./atomic-write.ts";
import type { WantedAttributes } from "./attributes.ts";
import { bytesOf } from "./content-collector.ts";
import { sha256 } from "./content-difference.ts";
import { digestQuestion } from "./digest-collector.ts";
import { fileFields, followed } from "./file-fields.ts";
import { hostPath, parentOf, shownPath } from "./host-path.ts";
import { Known, questionSet } from "./known.ts";
import { directoryQuestions, planDirectory } from "./place-directory.ts";
import { bytesSource, fileQuestions, planFile } from "./place-file.ts";

/** A text file of which a part is managed. */
export type EditedFile = {
  readonly path: string;
  readonly create: boolean;
  readonly backup: boolean;
  readonly validate: string | undefined;
  readonly unsafeWrites: boolean;
  readonly wanted: WantedAttributes;
  /** A file that is missing and is not to be made is an error; otherwise there is nothing to do. */
  readonly needed: boolean;
  /** How the message about a missing file begins: "Destination", "Path". */
  readonly noun: string;
};

/** What an edit makes of a text; both in byte form (one character a byte). undefined: nothing is to be done. */
export type Edit = (text: string | undefined) => { readonly text: string; readonly message: string } | undefined;

export type EditChange = { readonly plans: readonly Plan[]; readonly message: string };

export function editQuestions(file: EditedFile, context: ProbeContext): Questions {
  const path = hostPath(file.path, context.traits);
  const about = fileQuestions(path, file.wanted, context.traits, true).filter(({ collector }) => collector.name !== "digest");
  return questionSet([...about, ...(file.create ? directoryQuestions(parentOf(path), {}, context.traits) : [])]);
}

/** Edits what a symbolic link leads to, as Ansible does, never the link. */
export function planEdit(
  file: EditedFile,
  edit: Edit,
  state: Readonly<Record<string, unknown>>,
  context: ProbeContext,
): Change<EditChange> | undefined {
  const known = new Known(state);
  const path = hostPath(file.path, context.traits);
  const there = followed(known.path(path));
  if (there?.kind === "directory") throw new ModuleFailure(`Path ${path} is a directory !`, { rc: 256 });
  const content = known.content(path);
  if (content.kind === "too-large") throw new ModuleFailure(`${path} is too large to be edited: ${content.size} bytes`);
  const bytes = there === undefined ? undefined : bytesOf(content);
  if (there !== undefined && bytes === undefined) throw new ModuleFailure(`${path} is a ${there.kind}, not a regular file`);
  const edited = edit(bytes?.toString("latin1"));
  if (there === undefined && !file.create && file.needed) {
    throw new MissingPrerequisite(`path:${path}`, `${file.noun} ${path} does not exist !`);
  }
  if (there === undefined && edited === undefined) return undefined;
  const after = edited === undefined ? (bytes ?? Buffer.alloc(0)) : Buffer.from(edited.text, "latin1");
  const directories = there === undefined ? planDirectory(parentOf(path), {}, known) : [];
  const withDigest = known.with([{ question: digestQuestion(path), answer: bytes === undefined ? null : sha256(bytes) }]);
  const options = {
    force: true,
    backup: file.backup,
    validate: file.validate,
    follow: true,
    unsafeWrites: file.unsafeWrites,
    isSecret: false,
  };
  const plan = planFile(path, bytesSource(after), file.wanted, options, withDigest, context, makes(directories));
  const plans: readonly Plan[] = plan === undefined ? directories : [...directories, plan];
  if (plans.length === 0) return undefined;
  const messages = [
    ...(edited === undefined ? [] : [edited.message]),
    ...(there !== undefined && plan?.differences.some(isAttribute) ? ["ownership, perms or SE linux context changed"] : []),
  ];
  const message = messages.join(" and ");
  return { differences: differencesOf(plans), data: { plans, message } };
}

function isAttribute(one: Difference): boolean {
  return one.kind === "field" && ["mode", "owner", "group", "context"].includes(one.name);
}

export function applyEdit({ data }: Change<EditChange>, context: ProbeContext): Apply {
  const work = applyPlans(data.plans, context.traits);
  return {
    ...work,
    script: sh`${work.script}
printf 'msg=%s\\0' ${data.message}`,
  };
}

/** The file's fields, and the message of a task that found nothing to do. */
export function editResult(file: EditedFile, state: Readonly<Record<string, unknown>>, context: ProbeContext): JsonObject {
  const path = hostPath(file.path, context.traits);
  const there = new Known(state).path(path);
  return { path: shownPath(file.path, context.traits), msg: "", ...fileFields(followed(there) ?? there) };
}

/** `msg` and `backup_file`, out of what the script printed. */
export function editedFields(output: Output): JsonObject {
  const message = /msg=([^\0]*)\0/.exec(output.stdout.toString("utf8"))?.[1];
  return { ...(message === undefined ? {} : { msg: message }), ...writtenFields(output) };
}
