import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quote } from "../../sh.ts";
import { expandedWords, globWord, splitWords } from "./words.ts";

const printed = (script: string): string =>
  spawnSync("/bin/sh", ["-c", script], { env: { HOME: "/home/x", PATH: process.env["PATH"], A: "one two" } }).stdout.toString(
    "utf8",
  );

describe("splitWords", () => {
  it.each([
    ["ls -l /tmp", ["ls", "-l", "/tmp"]],
    ["  a\tb\nc  ", ["a", "b", "c"]],
    [`echo 'a b' "c d"e`, ["echo", "a b", "c de"]],
    [`echo "a \\"b\\" \\\\ \\n" '\\'`, ["echo", 'a "b" \\ \\n', "\\"]],
    ["a\\ b \\'", ["a b", "'"]],
    ["''", [""]],
    ["# no comment", ["#", "no", "comment"]],
    ["", []],
  ])("%s", (line, words) => expect(splitWords(line)).toEqual(words));

  it.each([
    ["echo 'a", "a quotation is not closed"],
    ['echo "a', "a quotation is not closed"],
    ["echo a\\", "it ends in a backslash"],
  ])("refuses %s", (line, message) => expect(() => splitWords(line)).toThrow(new SyntaxError(message)));

  it("gives back what quote has quoted", () => {
    fc.assert(
      fc.property(fc.array(fc.string().filter((one) => !one.includes("\0"))), (words) => {
        expect(splitWords(words.map(quote).join(" "))).toEqual(words);
      }),
    );
  });
});

describe("expandedWords", () => {
  it.each([
    [
      ["$A", "x${A}y", "$NOPE", "${NOPE}/z"],
      ["one two", "xone twoy", "$NOPE", "${NOPE}/z"],
    ],
    [
      ["~", "~/a b", "~root/x", "~nobody-here/x", "a~"],
      ["/home/x", "/home/x/a b", "/root/x", "~nobody-here/x", "a~"],
    ],
    [
      ["$(id)", "`id`", "*", "a'b", "$", "$1", ""],
      ["$(id)", "`id`", "*", "a'b", "$", "$1", ""],
    ],
  ])("%j", (words, expected) => {
    const made = expandedWords(words);
    expect(printed(`${made.setup.text}\nprintf '<%s>' ${made.words.text}`)).toBe(expected.map((one) => `<${one}>`).join(""));
  });
});

describe("globWord", () => {
  it.each([
    ["/etc/os-rel*", "/etc/os-release"],
    ["/etc/[o]s-release", "/etc/os-release"],
    ["/etc/no such $(thing)", "/etc/no such $(thing)"],
    ["~/x", "/home/x/x"],
  ])("%s", (pattern, expected) => expect(printed(`printf %s ${globWord(pattern).text}`)).toBe(expected));
});
