import { describe, expect, it } from "vitest";
import { Float } from "../vars/value.ts";
import { withoutActions } from "./go-template.ts";
import { readToml } from "./toml.ts";

describe("TOML", () => {
  it("becomes plain values", () => {
    expect(
      readToml('a = 1\nb = 1.5\nc = 9007199254740993\nd = 2026-01-01\n[x."y.z"]\ne = [true, "t"]\n[[l]]\nf = 0x10\n', false),
    ).toEqual({
      value: new Map<string, unknown>([
        ["a", 1],
        ["b", new Float(1.5)],
        ["c", 9007199254740993n],
        ["d", "2026-01-01"],
        ["x", new Map([["y.z", new Map([["e", [true, "t"]]])]])],
        ["l", [new Map([["f", 16]])]],
      ]),
    });
  });

  it.each([
    ["a = 1\nb =\n", "line 2, column 4: "],
    ["[a]\nx = 1\n[b]\n[a]\n", "line 4, column 2: "],
    ["a = 1\na = 2\n", "line 2, column 1: "],
    ['a = "secret\n', "line 1, column "],
    ["[a\n", "line 1, column "],
  ])("that is none (%j) is told with its place, and without its text", (text, place) => {
    const read = readToml(text, false);
    const problem = "problem" in read ? read.problem : "nothing";
    expect(problem.slice(0, place.length)).toBe(place);
    expect(problem).not.toMatch(/secret|\n/);
  });
});

describe("a Go template", () => {
  it.each<[string, string, string | undefined]>([
    ["actions alone on a line go", '{{ template "base" . }}\n[a]\n  {{- /* why */ -}}\nb = 1\n', "\n[a]\n  \nb = 1\n"],
    ["those in a line become a value", 'a = {{ .X }}\nb = "{{ .Y }}/z"\n', 'a = 0\nb = "0/z"\n'],
    [
      "of alternatives the first stays",
      "{{ if .X }}\na = 1\n{{ else if .Y }}\na = 2\n{{ else }}\na = 3\n{{ end }}\nb = 1\n",
      "\na = 1\n\n\n\n\n\nb = 1\n",
    ],
    ["alternatives in a line", "a = {{ if .X }}1{{ else }}2{{ end }}\n", "a = 1\n"],
    ["loops run once", '{{ range $k, $v := .L }}\n[x."{{ $k }}"]\n{{ end }}', '\n[x."0"]\n'],
    ["definitions go", '{{ define "x" }}\nnot toml\n{{ end }}\na = 1\n', "\n\n\na = 1\n"],
    ["quotes may hold braces", 'a = {{ printf "}}" }}\n', "a = 0\n"],
    ["lines stay where they are", "{{ /* one\ntwo */ }}\na = 1\n", "\n\na = 1\n"],
    ["without actions it is what it was", "a = 1\n", "a = 1\n"],
    ["an action that does not end", "a = {{ .X }\n", undefined],
    ["a block that does not end", "{{ if .X }}\na = 1\n", undefined],
  ])("%s", (_, template, expected) => {
    expect(withoutActions(template)).toBe(expected);
  });

  it("is checked with the places of its own lines", () => {
    expect(readToml('{{ template "base" . }}\n\n[a]\nb = \n', true)).toEqual({
      problem: expect.stringMatching(/^line 4, column 5: /),
    });
    expect(readToml("a = {{ .X\n", true)).toEqual({
      problem: "an action {{ … }} of the template, or a block that one begins, does not end",
    });
  });
});
