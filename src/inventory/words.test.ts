import { describe, expect, it } from "vitest";
import { splitWords } from "./words.ts";

describe("splitWords", () => {
  it.each([
    [
      "web1 a=1",
      [
        ["web1", 1],
        ["a=1", 6],
      ],
    ],
    ["  a='x y'z", [["a=x yz", 3]]],
    ['a="x \\" \\n"', [['a=x " \\n', 1]]],
    ["a=x\\ y # c", [["a=x y", 1]]],
    ["a=x#y b", [["a=x", 1]]],
    ["a='#'", [["a=#", 1]]],
    ["a=''", [["a=", 1]]],
    ["", []],
  ])("%j", (line, words) => {
    expect(splitWords(line).map((word) => [word.text, word.column])).toEqual(words);
  });
  it("refuses open quotes", () => {
    expect(() => splitWords("a='x")).toThrow(new SyntaxError("a closing ' is missing"));
    expect(() => splitWords("a\\")).toThrow(new SyntaxError("the line ends in a backslash"));
  });
});
