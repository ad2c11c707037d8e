import { type Difference, ModuleFailure, type ProbeContext, type Question } from "../../contract.ts";
import { differencesOf, type Plan } from "../files/apply-plans.ts";
import { newInode } from "../files/attributes.ts";
import { bytesOf, type Content, contentQuestion } from "../files/content-collector.ts";
import { sha256 } from "../files/content-difference.ts";
import { digestQuestion } from "../files/digest-collector.ts";
import { Known } from "../files/known.ts";
import { type PathState, pathQuestion } from "../files/path-collector.ts";
import { planSettings } from "../files/settings-file.ts";
import { nothing } from "../question.ts";
import { groupQuestion, userQuestion } from "./accounts-collector.ts";

/** Numbers that a user may give to the accounts of containers: `count` of them, from `start` on. */
export type IdRange = { readonly start: number; readonly count: number };
export type WantedRanges = readonly IdRange[] | "auto";
export type SubIdFile = "/etc/subuid" | "/etc/subgid";

/** One range is enough for everything up to the user "nobody" (65534) of a container. */
const ENOUGH = 65_536;
/** What shadow's tools start from unless login.defs says otherwise. */
const FIRST = 100_000;
const LAST = 2 ** 32 - 2;

/** `100000:65536`, as in the file without the user; throws what is wrong. */
export function parseRanges(parameter: string, given: readonly string[]): WantedRanges {
  if (given.length === 1 && given[0] === "auto") return "auto";
  const ranges = given.map((text) => {
    const [, start, count] = /^(\d+):(\d+)$/.exec(text) ?? [];
    const range = { start: Number(start), count: Number(count) };
    if (count === undefined || range.count === 0 || range.start + range.count - 1 > LAST) {
      throw new ModuleFailure(`"${parameter}" has "${text}", but must be START:COUNT such as "100000:65536", or auto`);
    }
    if (range.start === 0) throw new ModuleFailure(`"${parameter}" has "${text}", which would hand out root's own number`);
    return range;
  });
  for (const [index, one] of ranges.entries()) {
    const other = ranges.slice(index + 1).find((two) => overlap(one, two));
    if (other !== undefined) throw new ModuleFailure(`"${parameter}": ${shown(one)} and ${shown(other)} overlap`);
  }
  return ranges;
}

export type SubIdQuestions = { readonly path: Question<PathState>; readonly content: Question<Content> };

export function subIdQuestions(file: SubIdFile, isWanted: boolean): SubIdQuestions {
  if (isWanted) return { path: pathQuestion(file), content: contentQuestion(file) };
  return { path: nothing({ kind: "absent" }), content: nothing({ kind: "none" }) };
}

export type SubIdState = { readonly path: PathState; readonly content: Content };

/** What has to be written so that a user has these ranges. */
export function planSubIds(
  file: SubIdFile,
  user: { readonly name: string; readonly uid: number | null },
  wanted: WantedRanges,
  state: SubIdState,
  context: ProbeContext,
): { readonly plans: readonly Plan[]; readonly differences: readonly Difference[] } {
  const before = textOf(file, state.content);
  const bytes = bytesOf(state.content);
  const after = withRanges(file, before, user, wanted);
  if (after === before) return { plans: [], differences: [] };
  const known = new Known({}).with([
    { question: pathQuestion(file), answer: state.path },
    { question: pathQuestion("/etc"), answer: newInode("directory", 0o755, context.traits) },
    { question: contentQuestion(file), answer: state.content },
    { question: digestQuestion(file), answer: bytes === undefined ? null : sha256(bytes) },
    { question: userQuestion(""), answer: null },
    { question: groupQuestion(""), answer: null },
  ]);
  const plans = planSettings(file, after, known, context)?.data ?? [];
  return { plans, differences: differencesOf(plans) };
}

export function rangesOf(user: { readonly name: string; readonly uid: number | null }, content: Content): string[] {
  const text = bytesOf(content)?.toString("utf8") ?? "";
  return linesOf(text).flatMap((line) => {
    const entry = parseLine(line);
    return entry !== undefined && isOf(entry.owner, user) ? [shown(entry.range)] : [];
  });
}

function textOf(file: string, content: Content): string {
  if (content.kind === "none") return "";
  const bytes = bytesOf(content);
  if (bytes === undefined) throw new ModuleFailure(`${file} is no text file`);
  return bytes.toString("utf8");
}

/** The text in which the user has exactly the wanted ranges; with "auto", enough of them: a free range is found where there are too few. */
export function withRanges(
  file: string,
  text: string,
  user: { readonly name: string; readonly uid: number | null },
  wanted: WantedRanges,
): string {
  const lines = linesOf(text).map((line) => ({ line, entry: parseLine(line) }));
  const others = lines.flatMap(({ entry }) => (entry === undefined || isOf(entry.owner, user) ? [] : [entry]));
  const own = lines.flatMap(({ entry }) => (entry !== undefined && isOf(entry.owner, user) ? [entry.range] : []));
  if (wanted === "auto" && own.some((range) => range.count >= ENOUGH)) return text;
  const ranges = wanted === "auto" ? [...own, freeRange(lines.flatMap(({ entry }) => entry?.range ?? []))] : wanted;
  for (const range of wanted === "auto" ? [] : ranges) {
    const taken = others.find((one) => overlap(one.range, range));
    if (taken !== undefined) {
      throw new ModuleFailure(`${file}: ${shown(range)} overlaps ${shown(taken.range)}, which belongs to "${taken.owner}"`);
    }
  }
  const isSame = ranges.length === own.length && ranges.every((one) => own.some((two) => shown(one) === shown(two)));
  if (isSame) return text;
  const kept = lines.filter(({ entry }) => entry === undefined || !isOf(entry.owner, user)).map(({ line }) => line);
  const after = [...kept, ...ranges.map((range) => `${user.name}:${shown(range)}`)];
  return after.length === 0 ? "" : `${after.join("\n")}\n`;
}

function freeRange(taken: readonly IdRange[]): IdRange {
  let start = FIRST;
  for (const range of [...taken].sort((a, b) => a.start - b.start)) {
    if (range.start >= start + ENOUGH) break;
    start = Math.max(start, range.start + range.count);
  }
  if (start + ENOUGH - 1 > LAST) throw new ModuleFailure("there is no free range of numbers left for the containers of a user");
  return { start, count: ENOUGH };
}

const overlap = (a: IdRange, b: IdRange): boolean => a.start < b.start + b.count && b.start < a.start + a.count;
const shown = ({ start, count }: IdRange): string => `${start}:${count}`;
const isOf = (owner: string, user: { readonly name: string; readonly uid: number | null }): boolean =>
  owner === user.name || (user.uid !== null && owner === String(user.uid));
const linesOf = (text: string): string[] => (text === "" ? [] : text.replace(/\n$/, "").split("\n"));

function parseLine(line: string): { readonly owner: string; readonly range: IdRange } | undefined {
  const [, owner, start, count] = /^([^:#]+):(\d+):(\d+)\s*$/.exec(line) ?? [];
  return owner === undefined ? undefined : { owner, range: { start: Number(start), count: Number(count) } };
}
