import {
  type Difference,
  MissingPrerequisite,
  ModuleFailure,
  type PendingAnswer,
  type ProbeContext,
  type Question,
  type Questions,
} from "../../contract.ts";
import { NEW_FILE_MODE } from "./atomic-write.ts";
import {
  accountQuestions,
  type Labels,
  labelQuestions,
  planAttributes,
  resolveAttributes,
  type WantedAttributes,
  withAttributes,
} from "./attributes.ts";
import { type Content, contentQuestion } from "./content-collector.ts";
import { emptyDirectoryQuestion } from "./empty-directory.ts";
import { followed, stateName } from "./file-fields.ts";
import { flagQuestions, lettersOf } from "./file-flags.ts";
import type { FileStep } from "./file-steps.ts";
import { baseName, hostPath, joinPath, parentOf } from "./host-path.ts";
import { type Known, questionSet } from "./known.ts";
import { type PathState, type Present, pathQuestion } from "./path-collector.ts";
import { directoryQuestions, planDirectory } from "./place-directory.ts";
import { refuseForeignLink, refusePlantedLink } from "./planted-link.ts";
import { planRecursion, recursionQuestions } from "./recursion.ts";
import { localTimeQuestion, type Times } from "./times.ts";

type Setting = "now" | { readonly stamp: string } | undefined;

/** What the `file` module was asked for. */
export type FileInput = {
  readonly path: string;
  readonly state: "absent" | "directory" | "file" | "hard" | "link" | "touch" | undefined;
  readonly src: string | undefined;
  readonly recurse: boolean;
  readonly force: boolean;
  readonly follow: boolean;
  readonly wanted: WantedAttributes;
  readonly modification: Setting;
  readonly access: Setting;
};

type Place = { readonly path: string; readonly src: string | undefined };

function placeOf(input: FileInput, { traits }: ProbeContext): Place {
  const path = hostPath(input.path, traits);
  if (input.src === undefined) return { path, src: undefined };
  if (input.state === "hard" || /^[/~]/.test(input.src)) return { path, src: hostPath(input.src, traits) };
  return { path, src: hostPath(joinPath(parentOf(path), input.src), traits) };
}

export function fileStateQuestions(input: FileInput, context: ProbeContext): Questions {
  const { path, src } = placeOf(input, context);
  const accounts = accountQuestions(input.wanted);
  const stamps = [input.modification, input.access].flatMap((one) =>
    typeof one === "object" ? [localTimeQuestion(one.stamp)] : [],
  );
  const list: Question<unknown>[] = [
    pathQuestion(path),
    pathQuestion(parentOf(path)),
    accounts.owner,
    accounts.group,
    ...labelQuestions(path, input.wanted, context.traits),
    ...(src === undefined ? [] : flagQuestions(src, input.wanted.flags)),
    ...stamps,
    ...(input.state === "directory" ? directoryQuestions(path, input.wanted, context.traits) : []),
    // Check mode: a later task may want to know what the link will show.
    ...(src === undefined
      ? []
      : [pathQuestion(src), ...(context.checkMode ? [{ ...contentQuestion(src), mayBePending: true } as const] : [])]),
    ...(input.state === "hard" && src !== undefined ? [pathQuestion(joinPath(path, baseName(src)))] : []),
    ...(input.state === "link" && input.force ? [emptyDirectoryQuestion(path)] : []),
    ...(input.recurse ? recursionQuestions(path, input.wanted, context.traits) : []),
  ];
  return questionSet(list);
}

/** The steps that lead to what was asked for, in order; none when it is so already. */
export function planFileState(input: FileInput, known: Known, context: ProbeContext): readonly FileStep[] {
  const place = placeOf(input, context);
  const steps = stepsTo(input, place, known, context);
  const isNewName = input.state === "absent" || input.state === "link" || input.state === "hard";
  if (steps.length > 0 && input.follow && !isNewName) refuseForeignLink(place.path, known.path(place.path), context.traits);
  return steps;
}

function stepsTo(input: FileInput, place: Place, known: Known, context: ProbeContext): readonly FileStep[] {
  const there = known.path(place.path);
  switch (input.state ?? stateName(there)) {
    case "absent":
      return input.state === "absent" ? planAbsent(place.path, there) : planPresent(input, place.path, known, context);
    case "directory":
      if (input.state === undefined) return attributeSteps(input, place.path, known, context);
      return planWholeDirectory(input, place.path, known, context);
    case "link":
      return planLink(input, place, known, context);
    case "hard":
      return input.state === "hard" ? planHard(input, place, known, context) : planPresent(input, place.path, known, context);
    case "touch":
      return planTouch(input, place.path, known, context);
    case "file":
      return planPresent(input, place.path, known, context);
  }
}

const differs = (subject: string, name: string, before: string, after: string): Difference => ({
  kind: "field",
  subject,
  name,
  before,
  after,
});

function planAbsent(path: string, there: PathState): FileStep[] {
  if (there.kind === "absent") return [];
  if (path === "/" || /(^|\/)\.\.$/.test(path)) throw new ModuleFailure(`refusing to remove ${path}`, { path });
  return [{ kind: "remove", path, differences: [differs(path, "state", stateName(there), "absent")] }];
}

function planPresent(input: FileInput, path: string, known: Known, context: ProbeContext): FileStep[] {
  const there = known.path(path);
  const end = input.follow ? followed(there) : there.kind === "absent" ? undefined : there;
  if (end === undefined) {
    const fields = { path, state: "absent" };
    throw new MissingPrerequisite(`path:${path}`, `file (${path}) is absent, cannot continue`, "change", fields);
  }
  if (end.kind === "directory" || end.kind === "link") {
    throw new ModuleFailure(`file (${path}) is ${end.kind}, cannot continue`, { path, state: end.kind });
  }
  return attributeSteps(input, path, known, context);
}

function planWholeDirectory(input: FileInput, path: string, known: Known, context: ProbeContext): FileStep[] {
  const there = known.path(path);
  const end = followed(there);
  if (there.kind === "link" && (!input.follow || end === undefined)) {
    throw new ModuleFailure(`${path} already exists as a link`, { path, state: "link" });
  }
  if (end !== undefined && end.kind !== "directory")
    throw new ModuleFailure(`${path} already exists as a ${end.kind}`, { path, state: stateName(end) });
  if (there.kind !== "absent" && there.kind === "link")
    refusePlantedLink(path, there, known.path(parentOf(path)), context.traits);
  const steps: FileStep[] = planDirectory(path, input.wanted, known);
  const times = timeStep(input, path, there, known);
  const recursion = input.recurse ? planRecursion(path, input.wanted, known, context.traits) : undefined;
  if (recursion !== undefined) steps.push(recursion);
  return times === undefined ? steps : [...steps, times];
}

function planLink(input: FileInput, { path, src: found }: Place, known: Known, context: ProbeContext): FileStep[] {
  const there = known.path(path);
  const current = there.kind === "absent" ? undefined : there.link?.target;
  const target = input.src ?? current;
  if (target === undefined) throw new ModuleFailure("src is required for creating new symlinks", { path });
  if (current === target) return attributeSteps(input, path, known, context, true);
  const source = found === undefined ? undefined : known.path(found);
  const end = source === undefined ? undefined : followed(source);
  if (end === undefined && !input.force) {
    throw new MissingPrerequisite(
      `path:${found ?? target}`,
      `src file does not exist, use "force=yes" if you really want to create the link: ${found ?? target}`,
      "change",
      { path, src: target },
    );
  }
  requireDirectory(path, known);
  if (there.kind !== "absent" && there.kind !== "link") {
    const fields = { path, state: stateName(there) };
    if (!input.force) throw new ModuleFailure(`refusing to convert from ${stateName(there)} to symlink for ${path}`, fields);
    if (there.kind === "directory" && !known.of(emptyDirectoryQuestion(path))) {
      throw new ModuleFailure(`the directory ${path} is not empty, refusing to convert it`, fields);
    }
  }
  const before = there.kind === "link" ? `link to ${current}` : stateName(there);
  const real = (source?.kind === "link" ? source.link?.path : undefined) ?? found ?? target;
  if (end !== undefined && real === path)
    throw new ModuleFailure(`a link at ${path} to ${target} would lead to itself`, { path });
  const set = input.follow ? {} : linkAttributes(input.wanted, known);
  const planned =
    input.follow && end !== undefined
      ? planAttributes(path, end, input.wanted, known.accounts(input.wanted), labelsOfSource(found, known))
      : undefined;
  const step: FileStep = {
    kind: "symlink",
    path,
    src: target,
    set,
    end: {
      target,
      path: end === undefined ? "" : real,
      inode: end === undefined ? null : withAttributes(end, planned?.set ?? {}),
    },
    removesDirectory: there.kind === "directory",
    content: contentOfSource(found, known),
    differences: [differs(path, "state", before, `link to ${target}`)],
  };
  if (planned === undefined || end === undefined) return [step];
  return [
    step,
    { kind: "attributes", path: real, real, set: planned.set, before: end, isLink: false, differences: planned.differences },
  ];
}

function contentOfSource(src: string | undefined, known: Known): Content | PendingAnswer | undefined {
  return src !== undefined && known.has(contentQuestion(src)) ? known.content(src) : undefined;
}

const labelsOfSource = (src: string | undefined, known: Known): Labels | undefined =>
  src === undefined ? undefined : { ...known.labels(src), context: "" };

function linkAttributes(wanted: WantedAttributes, known: Known): ReturnType<typeof resolveAttributes> {
  const { mode: _, flags: __, ...rest } = wanted;
  return resolveAttributes(rest, known.accounts(wanted), 0o777, false);
}

function planHard(input: FileInput, { path: asked, src }: Place, known: Known, context: ProbeContext): FileStep[] {
  const source = src === undefined ? undefined : followed(known.path(src));
  if (src === undefined || source === undefined) throw new MissingPrerequisite(`path:${src ?? ""}`, `src does not exist: ${src}`);
  if (source.kind !== "file") throw new ModuleFailure(`${src} is a ${source.kind}; only a regular file can have another name`);
  const path = followed(known.path(asked))?.kind === "directory" ? joinPath(asked, baseName(src)) : asked;
  const there = known.path(path);
  if (there.kind !== "absent" && there.inode === source.inode && there.device === source.device)
    return attributeSteps(input, path, known, context);
  if (there.kind === "directory") throw new ModuleFailure(`Cannot link, ${path} is a directory`, { path });
  if (there.kind !== "absent" && there.kind !== "link" && !input.force) {
    const what = there.links > 1 ? "different hard link" : stateName(there);
    throw new ModuleFailure(`Cannot link, ${what} exists at destination`, { dest: path, src });
  }
  if (path === asked) requireDirectory(path, known);
  const real = known.path(src).kind === "link" ? (linkPath(known.path(src)) ?? src) : src;
  const { link: _, ...inode } = source;
  const step: FileStep = {
    kind: "hardlink",
    path,
    src: real,
    inode,
    content: contentOfSource(src, known),
    differences: [differs(path, "state", stateName(there), `hard link to ${src}`)],
  };
  const planned = planAttributes(path, source, input.wanted, known.accounts(input.wanted), labelsOfSource(src, known));
  return planned === undefined
    ? [step]
    : [
        step,
        {
          kind: "attributes",
          path,
          real: path,
          set: planned.set,
          before: inode,
          isLink: false,
          differences: planned.differences,
        },
      ];
}

const linkPath = (state: PathState): string | undefined => (state.kind === "absent" ? undefined : state.link?.path);

function planTouch(input: FileInput, path: string, known: Known, context: ProbeContext): FileStep[] {
  const there = known.path(path);
  const isDangling = there.kind === "link" && input.follow && followed(there) === undefined;
  if (there.kind !== "absent" && !isDangling)
    return attributeSteps(input, path, known, context, there.kind === "link" && !input.follow);
  if (there.kind === "absent") requireDirectory(path, known);
  else refusePlantedLink(path, there, known.path(parentOf(path)), context.traits);
  if (linkPath(there) === "")
    throw new ModuleFailure(`${path} is a symbolic link into a directory that does not exist`, { path });
  const set = resolveAttributes(input.wanted, known.accounts(input.wanted), NEW_FILE_MODE, false);
  if (input.wanted.flags !== undefined) lettersOf(path, input.wanted.flags, known.labels(path).flags);
  const link = there.kind === "absent" ? undefined : there;
  const create: FileStep = {
    kind: "create",
    path,
    set,
    wanted: input.wanted,
    link,
    differences: [differs(path, "state", "absent", "file")],
  };
  // What was just made is of now.
  const times = timesOf(input, known);
  const stamped = {
    ...(typeof times.modification === "object" ? { modification: times.modification } : {}),
    ...(typeof times.access === "object" ? { access: times.access } : {}),
  };
  if (Object.keys(stamped).length === 0) return [create];
  return [
    create,
    { kind: "times", path, real: linkPath(there) ?? path, times: stamped, isLink: false, before: there, differences: [] },
  ];
}

function requireDirectory(path: string, known: Known): void {
  const parent = parentOf(path);
  const directory = followed(known.path(parent));
  if (directory === undefined) throw new MissingPrerequisite(`path:${parent}`, `the directory ${parent} does not exist`);
  if (directory.kind !== "directory") throw new ModuleFailure(`${parent} is a ${directory.kind}, not a directory`, { path });
}

/** Attributes and times of something that is there. */
function attributeSteps(input: FileInput, path: string, known: Known, context: ProbeContext, isLinkKept = false): FileStep[] {
  const there = known.path(path);
  if (there.kind === "absent") return [];
  const isFollowed = there.kind === "link" && input.follow;
  const subject: Present | undefined = isFollowed ? followed(there) : there;
  if (isFollowed && subject !== undefined) refusePlantedLink(path, there, known.path(parentOf(path)), context.traits);
  const steps: FileStep[] = [];
  const real = isFollowed ? (linkPath(there) ?? path) : path;
  // Attributes of a link that leads nowhere have nothing to go to; Ansible warns and goes on.
  const planned =
    subject === undefined
      ? undefined
      : planAttributes(path, subject, input.wanted, known.accounts(input.wanted), known.labels(path));
  if (planned !== undefined) {
    const isLink = !isFollowed && (isLinkKept || there.kind === "link");
    steps.push({ kind: "attributes", path, real, set: planned.set, before: there, isLink, differences: planned.differences });
  }
  const times = timeStep(input, path, there, known);
  return times === undefined ? steps : [...steps, times];
}

function timesOf(input: FileInput, known: Known): Times {
  const setting = (one: Setting): Times["access"] =>
    typeof one === "object" ? { ...one, epoch: known.of(localTimeQuestion(one.stamp)) } : one;
  const modification = setting(input.modification);
  const access = setting(input.access);
  return { ...(modification === undefined ? {} : { modification }), ...(access === undefined ? {} : { access }) };
}

function timeStep(input: FileInput, path: string, there: PathState, known: Known): FileStep | undefined {
  const subject = input.follow && input.state !== "link" ? followed(there) : there.kind === "absent" ? undefined : there;
  if (subject === undefined) return undefined;
  const wanted = timesOf(input, known);
  const isMet = (setting: Times["access"], current: number): boolean =>
    setting === undefined || (typeof setting === "object" && setting.epoch === Math.floor(current));
  const differences: Difference[] = [];
  const shown = (setting: Times["access"]): string | number => (typeof setting === "object" ? setting.epoch : "now");
  const one = (name: "mtime" | "atime", setting: Times["access"]): Times["access"] => {
    if (isMet(setting, subject[name])) return undefined;
    differences.push({ kind: "field", subject: path, name, before: subject[name], after: shown(setting) });
    return setting;
  };
  const modification = one("mtime", wanted.modification);
  const access = one("atime", wanted.access);
  if (differences.length === 0) return undefined;
  const times: Times = { ...(modification === undefined ? {} : { modification }), ...(access === undefined ? {} : { access }) };
  const isLink = there.kind === "link" && subject.kind === "link";
  const real = there.kind === "link" && !isLink ? (linkPath(there) ?? path) : path;
  return { kind: "times", path, real, times, isLink, before: there, differences };
}
