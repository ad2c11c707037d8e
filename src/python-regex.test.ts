import { describe, expect, it } from "vitest";
import { expandTemplate, type RegexForm, translateRegex } from "./python-regex.ts";

const refuse = (why: string): never => {
  throw new Error(why);
};
const found = (form: RegexForm, pattern: string, text: string): readonly string[] => {
  const bytes = (one: string): string => (form === "bytes" ? Buffer.from(one).toString("latin1") : one);
  const { source, flags } = translateRegex(bytes(pattern), { form }, refuse);
  return [...bytes(text).matchAll(new RegExp(source, `g${flags}`))].map(([one]) => one);
};

// What Python 3.11 finds, of text and of bytes.
describe("translateRegex", () => {
  it.each<[string, string, readonly string[], readonly string[]]>([
    ["\\w+", "é_1 b", ["é_1", "b"], ["_1", "b"]],
    ["[\\w-]+", "a-b c", ["a-b", "c"], ["a-b", "c"]],
    ["[\\W]", "a-é", ["-"], ["-", "\u00c3", "\u00a9"]],
    ["[^\\Wb]+", "ab-cd", ["a", "cd"], ["a", "cd"]],
    ["\\bé", "é aé", ["é"], ["\u00c3\u00a9"]],
    ["(?i)É", "é", ["é"], []],
    ["(?i)[A-C]+", "aBcD", ["aBc"], ["aBc"]],
    ["(?m)^b?$", "a\nb\n", ["b", ""], ["b", ""]],
    ["(?s)a.b", "a\nb", ["a\nb"], ["a\nb"]],
    ["(?s:a.)b.", "a\nb\n", [], []],
    ["(?m:^b){1,}", "ab\nb", ["b"], ["b"]],
    ["\\101\\x42\\0?", "AB", ["AB"], ["AB"]],
    ["[]x&&]+", "]&x", ["]&x"], ["]&x"]],
    ["a{,2}b{", "aab{", ["aab{"], ["aab{"]],
    ["(?P<n>a)(?P=n)\\1", "aaa", ["aaa"], ["aaa"]],
    ["\\s", "\u00a0", ["\u00a0"], []],
  ])("%j in %j", (pattern, text, ofText, ofBytes) => {
    expect(found("text", pattern, text)).toEqual(ofText);
    expect(found("bytes", pattern, text)).toEqual(ofBytes);
  });

  it.each([
    ["[\\w-.]", "bad character range \\w-."],
    ["a*+", "*+ is not supported"],
    ["(?i:a)b", "(?i:… is not supported"],
    ["\\e", "bad escape \\e"],
    ["(?(1)a|b)", "(?(1… is not supported"],
    ["\\1", "invalid escape"],
  ])("refuses %j", (pattern, why) => {
    expect(() => found("text", pattern, "")).toThrow(why);
  });
});

describe("expandTemplate", () => {
  const groups = { numbered: ["all", "one", undefined], named: { n: "one" } };
  it.each([
    ["<\\1\\g<0>\\g<n>\\2>", "<onealloneone>".replace("oneone", "one")],
    ["\\g<1>0\\n\\\\\\t\\&", "one0\n\\\t\\&"],
    ["\\101\\0", "A\0"],
  ])("%j", (template, expected) => {
    expect(expandTemplate(template, groups, refuse)).toBe(expected);
  });

  it.each([
    ["\\3", "there is no group 3"],
    ["\\g<m>", "there is no group m"],
    ["\\q", "bad escape \\q"],
    ["\\", "it ends in a backslash"],
  ])("refuses %j", (template, why) => {
    expect(() => expandTemplate(template, groups, refuse)).toThrow(why);
  });
});
