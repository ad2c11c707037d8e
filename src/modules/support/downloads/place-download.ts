import {
  type Change,
  type Difference,
  type HostTraits,
  type JsonObject,
  PendingAnswer,
  type Prediction,
  type ProbeContext,
  type Question,
} from "../../contract.ts";
import { accountQuestions, labelQuestions } from "../files/attributes.ts";
import { contentQuestion } from "../files/content-collector.ts";
import { DIGESTS, type DigestName, digestQuestion } from "../files/digest-collector.ts";
import { fileFields, followed } from "../files/file-fields.ts";
import { flagCollector } from "../files/file-flags.ts";
import { hostPath, joinPath, parentOf } from "../files/host-path.ts";
import type { Known } from "../files/known.ts";
import { pathCollector, pathQuestion } from "../files/path-collector.ts";
import { type FilePlan, type FileSource, planFile, predictFile } from "../files/place-file.ts";
import { type SingleFile, targetOf } from "../files/single-file.ts";

/** What a file shall be, in the words of its checksum. */
export type Digest = { readonly algorithm: DigestName; readonly digest: string };

/** A downloaded file on its way to where it belongs. */
export type Placement = {
  readonly target: string;
  /** Puts the new file in its place; undefined: only attributes change and nothing is downloaded. */
  readonly place: FilePlan | undefined;
  /** Attributes of the file that is there, for when it stays. */
  readonly keep: FilePlan | undefined;
  /** SHA-256 of the file that is there: if what comes is the same, the file stays. */
  readonly unlessSame: string | undefined;
};

/** The name under which a script that has changed into the directory of the download finds it. */
const DOWNLOADED = "./file";
const UNKNOWN_DIGEST = "(known after the download)";

/** `algorithm`: of the checksum that is wanted; without one nothing is compared unless `force` asks for it. */
export function placementQuestions(
  file: SingleFile,
  algorithm: DigestName | undefined,
  context: ProbeContext,
): Question<unknown>[] {
  const dest = hostPath(file.dest, context.traits);
  const paths = file.name === undefined ? [dest] : [dest, joinPath(dest, file.name)];
  const accounts = accountQuestions(file.wanted);
  const compared = algorithm ?? (file.options.force ? "sha256" : undefined);
  return [
    ...paths.flatMap((path) => [
      pathQuestion(path),
      pathQuestion(parentOf(path)),
      ...labelQuestions(path, file.wanted, context.traits),
      ...(compared === undefined ? [] : [digestQuestion(path, compared)]),
    ]),
    accounts.owner,
    accounts.group,
  ];
}

/** Undefined when the file is as it shall be. */
export function planPlacement(
  file: SingleFile,
  wanted: Digest | undefined,
  known: Known,
  context: ProbeContext,
): Change<Placement> | undefined {
  const target = targetOf(file, known, context);
  const plan = (present: string | null, digest: string): FilePlan | undefined => {
    const source: FileSource = { kind: "host", path: DOWNLOADED, size: 0, digest, content: { kind: "none" } };
    const seen = known.with([{ question: digestQuestion(target), answer: present }]);
    const options = { ...file.options, force: true };
    return planFile(target, source, file.wanted, options, seen, { traits: context.traits, diff: false });
  };
  const there = followed(known.path(target));
  if (wanted === undefined && there?.kind === "file") {
    const keep = plan("same", "same");
    if (!file.options.force) return keep && { differences: keep.differences, data: keptAs(target, keep) };
    const place = plan(null, UNKNOWN_DIGEST);
    return {
      differences: keep?.differences ?? [],
      data: { target, place, keep, unlessSame: known.digest(target) ?? undefined },
      maybe: "only the download tells whether the file at the URL is another one; give a checksum to know beforehand",
    };
  }
  const present = wanted === undefined ? null : known.digest(target, wanted.algorithm);
  const place = plan(present, wanted?.digest ?? UNKNOWN_DIGEST);
  if (place === undefined) return undefined;
  if (!place.write) return { differences: place.differences, data: keptAs(target, place) };
  const name = wanted?.algorithm;
  const before = present === null || name === undefined ? null : `${name}:${present}`;
  const after = wanted === undefined ? UNKNOWN_DIGEST : `${wanted.algorithm}:${wanted.digest}`;
  const differences = place.differences.map((one): Difference => (isContent(one) ? { ...one, before, after } : one));
  return { differences, data: { target, place, keep: undefined, unlessSame: undefined } };
}

const keptAs = (target: string, keep: FilePlan): Placement => ({ target, place: undefined, keep, unlessSame: undefined });
const isContent = (one: Difference): one is Difference & { readonly kind: "field" } =>
  one.kind === "field" && one.name === "content";

// What it will hold is told below.
const KEPT = new Set([pathCollector.name, flagCollector.name]);

export function predictPlacement(
  { target, place, keep }: Placement,
  isCertain: boolean,
  wanted: Digest | undefined,
  traits: HostTraits,
): Prediction[] {
  const plan = isCertain ? (place ?? keep) : keep;
  const paths = plan === undefined ? [] : predictFile(plan, traits).filter((one) => KEPT.has(one.question.collector.name));
  if (place === undefined) return paths;
  const pending = new PendingAnswer(`what ${target} holds is known only after the download`);
  const contents = [...new Set([target, place.real])].flatMap((path) => [
    ...DIGESTS.map((name) => ({
      question: digestQuestion(path, name),
      answer: name === wanted?.algorithm ? wanted.digest : pending,
    })),
    { question: contentQuestion(path), answer: pending },
  ]);
  return [...paths, ...contents];
}

/** What a download that was made to see turned out to change. */
export function contentsTurnedOut(file: SingleFile, before: Known, after: Known, context: ProbeContext): Difference[] {
  const target = targetOf(file, before, context);
  const question = digestQuestion(target);
  if (!before.has(question) || !after.has(question)) return [];
  const [was, is] = [before.digest(target), after.digest(target)];
  const shown = (digest: string | null): string | null => (digest === null ? null : `sha256:${digest}`);
  return was === is ? [] : [{ kind: "field", subject: target, name: "content", before: shown(was), after: shown(is) }];
}

/** `dest` and the fields of what is there; the size of what is only foreseen is not known. */
export function placementResult(file: SingleFile, known: Known, context: ProbeContext): JsonObject {
  const dest = targetOf(file, known, context);
  const there = followed(known.path(dest)) ?? ({ kind: "absent" } as const);
  const { size, ...fields } = fileFields(there);
  const isForeseen = there.kind === "absent" || there.inode === 0;
  return { dest, ...fields, ...(isForeseen || size === undefined ? {} : { size }) };
}
