import { describe, expect, it } from "vitest";
import { type LineWish, lineEdit } from "./line-edit.ts";

const nothing: LineWish = {
  state: "present",
  line: undefined,
  regexp: undefined,
  searchString: undefined,
  insertAfter: "EOF",
  insertBefore: undefined,
  backrefs: false,
  firstMatch: false,
};
const edited = (text: string | undefined, wish: Partial<LineWish>) => {
  const outcome = lineEdit({ ...nothing, ...wish })(text === undefined ? undefined : Buffer.from(text).toString("latin1"));
  return outcome === undefined ? "same" : [Buffer.from(outcome.text, "latin1").toString("utf8"), outcome.message];
};
const ahead = (insertBefore: string): Partial<LineWish> => ({ insertBefore, insertAfter: undefined });

describe("a line that shall be there", () => {
  it.each<[string, string, Partial<LineWish>, string | string[]]>([
    ["is there", "a\nb\n", { line: "a" }, "same"],
    ["is added at the end", "a\n", { line: "b" }, ["a\nb\n", "line added"]],
    ["is added behind a line without end", "a", { line: "b" }, ["a\nb\n", "line added"]],
    ["ends a line that is there", "a\nb", { line: "b" }, ["a\nb\n", "line replaced"]],
    ["goes into an empty file", "", { line: "b" }, ["b\n", "line added"]],
    ["replaces the last match", "x=1\nx=2\n", { line: "x=3", regexp: "^x=" }, ["x=1\nx=3\n", "line replaced"]],
    ["replaces the first match", "x=1\nx=2\n", { line: "x=3", regexp: "^x=", firstMatch: true }, ["x=3\nx=2\n", "line replaced"]],
    ["replaces what holds the text", "x.=1\nxy=2\n", { line: "new", searchString: "x." }, ["new\nxy=2\n", "line replaced"]],
    ["is added when nothing matches", "y\n", { line: "x=3", regexp: "^x=" }, ["y\nx=3\n", "line added"]],
    ["stays when it no longer matches its expression", "x=3\n", { line: "x=3", regexp: "^#x=" }, "same"],
    ["goes behind the last anchor", "a\nb\na\nc\n", { line: "n", insertAfter: "^a" }, ["a\nb\na\nn\nc\n", "line added"]],
    [
      "goes behind the first anchor",
      "a\nb\na\n",
      { line: "n", insertAfter: "^a", firstMatch: true },
      ["a\nn\nb\na\n", "line added"],
    ],
    ["stays behind the first anchor", "a\nn\nb\na\n", { line: "n", insertAfter: "^a", firstMatch: true }, "same"],
    ["goes behind an anchor in the last line", "b\na", { line: "n", insertAfter: "^a" }, ["b\na\nn\n", "line added"]],
    ["goes before the anchor", "a\nb\n", { line: "n", ...ahead("^b") }, ["a\nn\nb\n", "line added"]],
    ["goes to the start", "a\n", { line: "n", ...ahead("BOF") }, ["n\na\n", "line added"]],
    ["goes to the end when there is no anchor", "a\n", { line: "n", ...ahead("^zz") }, ["a\nn\n", "line added"]],
    [
      "is filled from the match",
      "v = 1 # é\n",
      { line: "\\g<k>=2\\2", regexp: "^(?P<k>\\w+) = \\d+(.*)$", backrefs: true },
      ["v=2 # é\n", "line replaced"],
    ],
    ["is not added unfilled", "y\n", { line: "\\1", regexp: "^(x)", backrefs: true }, "same"],
    ["keeps bytes that are no text", "a\n", { line: "é" }, ["a\né\n", "line added"]],
  ])("%s", (_name, text, wish, outcome) => expect(edited(text, wish)).toEqual(outcome));

  it("makes a new file", () => expect(edited(undefined, { line: "a" })).toEqual(["a\n", "line added"]));
});

describe("a line that shall not be there", () => {
  it.each<[string, string, Partial<LineWish>, string | string[]]>([
    ["is removed wherever it is", "a\nb\na", { line: "a" }, ["b\n", "2 line(s) removed"]],
    ["is not mistaken for a longer one", "aa\n", { line: "a" }, "same"],
    ["is found by expression", "a1\nb\na2\n", { regexp: "^a\\d$" }, ["b\n", "2 line(s) removed"]],
    ["is found by text", "x.y\nxzy\n", { searchString: "x." }, ["xzy\n", "1 line(s) removed"]],
  ])("%s", (_name, text, wish, outcome) => expect(edited(text, { state: "absent", ...wish })).toEqual(outcome));
});

describe("expressions", () => {
  it.each([
    [{ line: "\\2", regexp: "(a)", backrefs: true }, 'line "\\2" cannot be filled from a match: there is no group 2'],
    [{ line: "x", regexp: "(" }, 'regexp "(" is not a regular expression that can be used: unterminated group'],
    [{ line: "x", insertAfter: "a\\q" }, 'insertafter "a\\q" is not a regular expression that can be used: bad escape \\q'],
  ])("%j are refused", (wish, message) => expect(() => edited("a\n", wish)).toThrow(message));
});
