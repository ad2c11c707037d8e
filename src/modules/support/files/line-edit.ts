import { asBytes, pythonRegex, pythonReplacement } from "../python-regex.ts";
import type { Edit } from "./edited-file.ts";

/** What `lineinfile` was asked for. */
export type LineWish = {
  readonly state: "present" | "absent";
  readonly line: string | undefined;
  readonly regexp: string | undefined;
  readonly searchString: string | undefined;
  readonly insertAfter: string | undefined;
  readonly insertBefore: string | undefined;
  readonly backrefs: boolean;
  readonly firstMatch: boolean;
};

type Matcher = (line: string) => RegExpExecArray | true | undefined;

/** Lines with their ends, as Python's `readlines` gives them. */
export const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
const bare = (line: string): string => line.replace(/[\r\n]+$/, "");
const endsLine = (line: string): boolean => /[\r\n]$/.test(line);

export function lineEdit(wish: LineWish): Edit {
  const { matches, fill } = matcherOf(wish);
  const anchor = anchorOf(wish);
  return wish.state === "absent"
    ? (text) => withoutLines(text, matches, wish)
    : (text) => withLine(text ?? "", { matches, fill, anchor }, wish);
}

/** `fill`: makes the line of a match, where the line refers to its groups. */
type LineSearch = { readonly matches?: Matcher; readonly fill?: (match: RegExpExecArray) => string };

function matcherOf({ regexp, searchString, backrefs, line }: LineWish): LineSearch {
  if (regexp !== undefined) {
    const expression = pythonRegex("regexp", regexp);
    const matches: Matcher = (one) => expression.regex.exec(one) ?? undefined;
    if (!backrefs || line === undefined) return { matches };
    return { matches, fill: pythonReplacement({ parameter: "line", text: asBytes(line), shown: line }, expression) };
  }
  if (searchString === undefined) return {};
  const text = asBytes(searchString);
  return { matches: (one) => (one.includes(text) ? true : undefined) };
}

function withoutLines(text: string | undefined, matches: Matcher | undefined, wish: LineWish): ReturnType<Edit> {
  if (text === undefined) return undefined;
  const line = asBytes(wish.line ?? "");
  const lines = linesOf(text);
  const kept = lines.filter((one) => (matches === undefined ? bare(one) !== line : matches(one) === undefined));
  const removed = lines.length - kept.length;
  return removed === 0 ? undefined : { text: kept.join(""), message: `${removed} line(s) removed` };
}

/** Where a line is, and where a new one would go; -1 where there is no such place. */
type Places = { readonly found: number; readonly match: RegExpExecArray | true | undefined; readonly insert: number };

type Search = {
  readonly matches: Matcher | undefined;
  readonly fill: LineSearch["fill"];
  readonly anchor: { readonly regex: RegExp; readonly offset: 0 | 1 } | undefined;
};

function findPlaces(lines: readonly string[], line: string, { matches, anchor }: Search, wish: LineWish): Places {
  let found = -1;
  let match: Places["match"];
  for (const [index, one] of lines.entries()) {
    const now = matches?.(one);
    if (now === undefined) continue;
    found = index;
    match = now;
    if (wish.firstMatch) break;
  }
  if (match !== undefined) return { found, match, insert: -1 };
  let insert = -1;
  for (const [index, one] of lines.entries()) {
    if (bare(one) === line) found = index;
    else if (anchor?.regex.test(one) === true) {
      insert = index + anchor.offset;
      if (wish.firstMatch) break;
    }
  }
  return { found, match, insert };
}

function anchorOf({ insertAfter, insertBefore }: LineWish): Search["anchor"] {
  if (insertAfter !== undefined && insertAfter !== "BOF" && insertAfter !== "EOF") {
    return { regex: pythonRegex("insertafter", insertAfter).regex, offset: 1 };
  }
  if (insertBefore !== undefined && insertBefore !== "BOF")
    return { regex: pythonRegex("insertbefore", insertBefore).regex, offset: 0 };
  return undefined;
}

function withLine(text: string, search: Search, wish: LineWish): ReturnType<Edit> {
  const lines = linesOf(text);
  const line = asBytes(wish.line ?? "");
  const { found, match, insert } = findPlaces(lines, line, search, wish);
  const added = { text: "", message: "line added" };
  const ended = `${line}\n`;
  if (found >= 0) {
    const filled = search.fill !== undefined && match !== undefined && match !== true ? search.fill(match) : line;
    const wanted = filled.endsWith("\n") ? filled : `${filled}\n`;
    if (lines[found] === wanted) return undefined;
    return { text: lines.with(found, wanted).join(""), message: "line replaced" };
  }
  // Without a match there is nothing to fill in, so nothing is done.
  if (wish.backrefs) return undefined;
  if (wish.insertBefore === "BOF" || wish.insertAfter === "BOF") return { ...added, text: ended + text };
  if (wish.insertAfter === "EOF" || insert < 0) {
    const last = lines.at(-1);
    return { ...added, text: `${text}${last !== undefined && !endsLine(last) ? "\n" : ""}${ended}` };
  }
  if (wish.insertAfter !== undefined) {
    // With firstmatch the search ended at the anchor and has not seen what follows it.
    const next = lines[insert];
    if (next !== undefined && bare(next) === line) return undefined;
    if (next === undefined) return { ...added, text: `${text}${endsLine(text) ? "" : "\n"}${ended}` };
  }
  return { ...added, text: lines.toSpliced(insert, 0, ended).join("") };
}
