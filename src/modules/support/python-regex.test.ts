import { describe, expect, it } from "vitest";
import { asBytes, pythonRegex } from "./python-regex.ts";

describe("pythonRegex", () => {
  it.each<[string, string, boolean]>([
    ["a$", "a\n", true],
    ["a$", "a\n\n", false],
    ["a\\Z", "a\n", false],
    ["a\\Z", "a", true],
    ["\\Aa", "ba", false],
    ["^a", "b\na", false],
    ["(?m)^a$", "b\na\nc", true],
    ["(?i)ABC", "xabcx", true],
    ["(?s)a.b", "a\nb", true],
    ["a.b", "a\rb", true],
    ["a.b", "a\nb", false],
    ["(?P<x>a)(?P=x)", "aa", true],
    ["[]a]", "]", true],
    ["[^]a]", "]", false],
    ["[[]", "[", true],
    ["a{,2}b", "aab", true],
    ["a{x", "a{x", true],
    ["a\\sb", "a\u00a0b", false],
    ["[\\s]", "\t", true],
    ["é+", "xéé", true],
    ["(?x) a b # comment\n c", "abc", true],
    ["a(?#comment)b", "ab", true],
    ["(?<=a)b", "ab", true],
  ])("%j in %j: %s", (pattern, text, found) => {
    expect(pythonRegex("regexp", pattern).regex.test(asBytes(text))).toBe(found);
  });

  it.each([
    ["a(?i)b", "(?i… is not supported"],
    ["(?>a)", "(?>a… is not supported"],
    ["[a", "a [ is not closed"],
    ["a\\", "it ends in a backslash"],
    ["*", "nothing to repeat"],
  ])("refuses %j", (pattern, why) => {
    expect(() => pythonRegex("regexp", pattern)).toThrow(
      `regexp "${pattern}" is not a regular expression that can be used: ${why}`,
    );
  });
});
