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
import { bool, str } from "../../parameters.ts";
import { applyPlans, differencesOf, makes, type Plan, predictPlans, providedBy } from "./apply-plans.ts";
import { validationCommand, writtenFields } from "./atomic-write.ts";
import { type AttributeParams, type WantedAttributes, wantedAttributes } from "./attributes.ts";
import { bytesOf } from "./content-collector.ts";
import { sha256 } from "./content-difference.ts";
import { digestQuestion } from "./digest-collector.ts";
import { fileFields, followed } from "./file-fields.ts";
import { hostPath, parentOf, shownPath } from "./host-path.ts";
import { Known, questionSet } from "./known.ts";
import type { Inode } from "./path-collector.ts";
import { directoryQuestions, planDirectory } from "./place-directory.ts";
import { bytesSource, fileQuestions, planFile } from "./place-file.ts";
import { octal } from "./symbolic-mode.ts";

/** Parameters of every module that edits a file, besides `attributeParameters`. */
export const editParameters = {
  backup: { ...bool(), default: false, description: "Keep the old file beside the new one, with the time in its name." },
  validate: { ...str(), description: "Command that checks the new file before it is put in place; %s stands for its path." },
};

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
  /** What a symbolic link leads to is edited; otherwise a file takes the link's place. */
  readonly follow: boolean;
};

type FileParams = AttributeParams & {
  readonly path: string;
  readonly backup: boolean;
  readonly validate?: string | undefined;
  readonly unsafe_writes: boolean;
};

/** A file that must be there. Throws ModuleFailure for a `validate` that is no command line. */
export function editedFile(given: FileParams): EditedFile {
  if (given.validate !== undefined) validationCommand(given.validate);
  return {
    path: given.path,
    create: false,
    backup: given.backup,
    validate: given.validate,
    unsafeWrites: given.unsafe_writes,
    wanted: wantedAttributes(given),
    needed: true,
    noun: "Destination",
    follow: true,
  };
}

/** What an edit makes of a text; both in byte form (one character a byte). undefined: nothing is to be done. */
export type Edit = (text: string | undefined) => { readonly text: string; readonly message: string } | undefined;

export type EditChange = { readonly plans: readonly Plan[]; readonly message: string };

export type EditInput = { readonly file: EditedFile; readonly edit: Edit };

function editQuestions(file: EditedFile, context: ProbeContext): Questions {
  const path = hostPath(file.path, context.traits);
  const about = fileQuestions(path, file.wanted, context.traits, true).filter(({ collector }) => collector.name !== "digest");
  return questionSet([...about, ...(file.create ? directoryQuestions(parentOf(path), {}, context.traits) : [])]);
}

function planEdit(
  { file, edit }: EditInput,
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
    throw new MissingPrerequisite(`path:${path}`, `${file.noun} ${path} does not exist !`, "change", { rc: 257 });
  }
  if (there === undefined && edited === undefined) return undefined;
  if (edited !== undefined && edit(edited.text) !== undefined) {
    throw new ModuleFailure(
      `the task would find something to change in its own result, so that every run would change ${path} again; nothing was changed`,
    );
  }
  const after = edited === undefined ? (bytes ?? Buffer.alloc(0)) : Buffer.from(edited.text, "latin1");
  const directories = there === undefined ? planDirectory(parentOf(path), {}, known) : [];
  const withDigest = known.with([{ question: digestQuestion(path), answer: bytes === undefined ? null : sha256(bytes) }]);
  const options = {
    force: true,
    backup: file.backup,
    validate: file.validate,
    // A link is replaced only by what has been edited.
    follow: file.follow || edited === undefined,
    unsafeWrites: file.unsafeWrites,
    isSecret: false,
  };
  const wanted = options.follow || there === undefined ? file.wanted : { ...attributesOf(there), ...file.wanted };
  const plan = planFile(path, bytesSource(after), wanted, options, withDigest, context, makes(directories));
  const plans: readonly Plan[] = plan === undefined ? directories : [...directories, plan];
  if (plans.length === 0) return undefined;
  const messages = [
    ...(edited === undefined ? [] : [edited.message]),
    ...(there !== undefined && plan?.differences.some(isAttribute) ? ["ownership, perms or SE linux context changed"] : []),
  ];
  const message = messages.join(" and ");
  return { differences: differencesOf(plans), data: { plans, message } };
}

// What takes a link's place is as closed to others as what the link led to.
function attributesOf(inode: Inode): WantedAttributes {
  return {
    mode: octal(inode.mode),
    ...(inode.uid === null ? {} : { owner: String(inode.uid) }),
    ...(inode.gid === null ? {} : { group: String(inode.gid) }),
  };
}

function isAttribute(one: Difference): boolean {
  return one.kind === "field" && ["mode", "owner", "group", "context", "attributes"].includes(one.name);
}

function applyEdit({ data }: Change<EditChange>, context: ProbeContext): Apply {
  const work = applyPlans(data.plans, context.traits);
  return {
    ...work,
    script: sh`${work.script}
printf 'msg=%s\\0' ${data.message}`,
  };
}

/** The file's fields, and the message of a task that found nothing to do. */
function editResult({ file }: EditInput, state: Readonly<Record<string, unknown>>, context: ProbeContext): JsonObject {
  const path = hostPath(file.path, context.traits);
  const there = new Known(state).path(path);
  return { path: shownPath(file.path, context.traits), msg: "", ...fileFields(followed(there) ?? there) };
}

/** `msg` and `backup_file`, out of what the script printed. */
function editedFields(output: Output): JsonObject {
  const message = /msg=([^\0]*)\0/.exec(output.stdout.toString("utf8"))?.[1];
  return { ...(message === undefined ? {} : { msg: message }), ...writtenFields(output) };
}

/** What modules that edit a file have in common. */
export const editing = {
  probe: ({ file }: EditInput, context: ProbeContext): Questions => editQuestions(file, context),
  plan: (state: Readonly<Record<string, unknown>>, input: EditInput, context: ProbeContext) => planEdit(input, state, context),
  apply: (change: Change<EditChange>, _input: EditInput, context: ProbeContext) => applyEdit(change, context),
  predict: ({ data }: Change<EditChange>, _state: unknown, _input: EditInput, { traits }: ProbeContext) =>
    predictPlans(data.plans, traits),
  provides: ({ data }: Change<EditChange>) => providedBy(data.plans),
  result: (state: Readonly<Record<string, unknown>>, input: EditInput, context: ProbeContext) =>
    editResult(input, state, context),
  applied: editedFields,
};
