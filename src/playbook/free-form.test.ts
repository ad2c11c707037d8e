import { describe, expect, it } from "vitest";
import { COMMAND_KEYS, parseFreeForm } from "./free-form.ts";

const pairsOf = (text: string, only?: ReadonlySet<string>) => {
  const { pairs, rest } = parseFreeForm(text, only);
  return { pairs: Object.fromEntries(pairs.map((one) => [one.key, one.value])), rest };
};

describe("parseFreeForm", () => {
  it.each([
    ["src=a dest=b", { src: "a", dest: "b" }, ""],
    ["src='a b' dest=\"c d\"", { src: "a b", dest: "c d" }, ""],
    ["src={{ a | default('x y') }} dest=/tmp/{{ b }}/c", { src: "{{ a | default('x y') }}", dest: "/tmp/{{ b }}/c" }, ""],
    ["dest=/tmp/x content='a=b c=d'", { dest: "/tmp/x", content: "a=b c=d" }, ""],
    ['content="two\\nlines"', { content: "two\nlines" }, ""],
    ["name=x\\u0041", { name: "xA" }, ""],
    ["  flush_handlers ", {}, "flush_handlers"],
    ["url=http://x/?a=b", { url: "http://x/?a=b" }, ""],
    ["name= state=present", { name: "", state: "present" }, ""],
  ])("%j", (text, pairs, rest) => {
    expect(pairsOf(text)).toEqual({ pairs, rest });
  });

  it.each([
    ["ls -l chdir=/tmp creates=/x", { chdir: "/tmp", creates: "/x" }, "ls -l"],
    ["FOO=bar make install", {}, "FOO=bar make install"],
    ['echo "creates=/x"', {}, 'echo "creates=/x"'],
    ["a  |  b  creates={{ dir }}/x", { creates: "{{ dir }}/x" }, "a  |  b"],
    ["set -e\n  make\n  make install creates=/x\n", { creates: "/x" }, "set -e\n  make\n  make install"],
    ["echo it\\'s", {}, "echo it\\'s"],
  ])("a command: %j", (text, pairs, rest) => {
    expect(pairsOf(text, COMMAND_KEYS)).toEqual({ pairs, rest });
  });

  it.each([
    ["echo it's", "a single quote is not closed"],
    ['content="a', "a double quote is not closed"],
    ["x={{ y", 'a "{{" is not closed'],
  ])("refuses %j", (text, message) => {
    expect(() => parseFreeForm(text)).toThrow(new SyntaxError(message));
  });

  it("says where each value stands", () => {
    expect(parseFreeForm("a=1 b='2 3'").pairs.map((one) => one.start)).toEqual([2, 7]);
  });
});
