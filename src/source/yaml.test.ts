import { describe, expect, it } from "vitest";
import { DiagnosticError } from "../diagnostic.ts";
import { formatDiagnostic } from "../excerpt.ts";
import { toPlain } from "../vars/plain.ts";
import { keyPosition, positionAt, sourceMapOf } from "../vars/provenance.ts";
import { Float, TemplateString, VaultText } from "../vars/value.ts";
import { parseYaml, parseYamlDocuments, sourceTextAt } from "./yaml.ts";

function told(text: string): string {
  try {
    parseYaml(text, "play.yml");
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics.map(formatDiagnostic).join("\n");
    throw error;
  }
  return "no error";
}

describe("parseYaml: scalars by YAML 1.1", () => {
  it.each([
    ["yes", true],
    ["Off", false],
    ["y", "y"],
    ["~", null],
    ["", null],
    ["Null", null],
    ["nULL", "nULL"],
    ["0644", 420],
    ["-0644", -420],
    ["0o644", "0o644"],
    ["089", "089"],
    ["0x1F", 31],
    ["0b101", 5],
    ["1_000", 1000],
    ["1:30", 90],
    ["22:22:22", 80542],
    ["01:30", "01:30"],
    ["1:60", "1:60"],
    ["+12", 12],
    ["12345678901234567890", 12345678901234567890n],
    ["1.5", 1.5],
    ["1.0", new Float(1)],
    ["1.", new Float(1)],
    [".5", 0.5],
    ["-.5", "-.5"],
    ["1e3", "1e3"],
    ["1.0e3", "1.0e3"],
    ["1.0e+3", new Float(1000)],
    ["1:30.5", 90.5],
    [".inf", Number.POSITIVE_INFINITY],
    ["-.Inf", Number.NEGATIVE_INFINITY],
    [".nan", Number.NaN],
    ["2024-01-02", "2024-01-02"],
    ["'yes'", "yes"],
    ['"0644"', "0644"],
    ["!!str 0644", "0644"],
    ["!!int '12'", 12],
    ["!!float 1", new Float(1)],
    ["! 12", "12"],
    ["1.2.3", "1.2.3"],
    ["=", "="],
    ["a b", "a b"],
  ])("%s", (text, value) => {
    expect(parseYaml(`k: ${text}\n`, "x.yml")).toEqual(new Map([["k", value]]));
  });

  it("keeps the kind of keys", () => {
    expect(parseYaml("1: a\nyes: b\n~: c\n'2': d\n0x10: e\n", "x.yml")).toEqual(
      new Map<unknown, unknown>([
        [1, "a"],
        [true, "b"],
        [null, "c"],
        ["2", "d"],
        [16, "e"],
      ]),
    );
  });

  it("reads empty texts as null", () => {
    expect(["", "# only\n", "---\n", "---\n...\n"].map((text) => parseYaml(text, "x.yml"))).toEqual([null, null, null, null]);
  });

  it("reads a byte order mark and CRLF", () => {
    expect(parseYaml("\uFEFFa: 1\r\nb: |\r\n  x\r\n  y\r\n", "x.yml")).toEqual(
      new Map<string, unknown>([
        ["a", 1],
        ["b", "x\ny\n"],
      ]),
    );
  });
});

describe("parseYaml: anchors and merge keys", () => {
  it("lets written keys win, then the first of a merged list, and keeps the merged order", () => {
    const text = "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc:\n  z: 3\n  <<: [*a, *b]\n  w: 4\n";
    const value = parseYaml(text, "x.yml");
    const c = value instanceof Map ? value.get("c") : undefined;
    expect(c instanceof Map ? [...c] : c).toEqual([
      ["y", 1],
      ["z", 3],
      ["x", 1],
      ["w", 4],
    ]);
    expect(positionAt(value, ["c", "y"])).toEqual({ file: "x.yml", line: 1, column: 17, endColumn: 18 });
  });

  it("takes a quoted << for a key", () => {
    expect(parseYaml("'<<': 1\n", "x.yml")).toEqual(new Map([["<<", 1]]));
  });

  it("shares what an alias names instead of copying it", () => {
    const value = parseYaml("a: &a [1]\nb: *a\n", "x.yml");
    expect(value instanceof Map && value.get("a") === value.get("b")).toBe(true);
  });
});

describe("parseYaml: templates", () => {
  it.each([
    ['a: "{{ x }}"', 1, 5],
    ["a: b {{ x }}", 1, 4],
    ["- a: '{{ x }}'", 1, 7],
    ["a: |\n    b\n      {{ x }}", 2, 5],
    ["a: >-\n\n  {{ x }}", 2, 3],
    ["a: |2\n     {{ x }}", 2, 3],
    ["a:\n  - |\n    {% if x %}\n    {% endif %}", 3, 5],
  ])("%j begins at %i:%i", (text, line, column) => {
    let value: unknown = parseYaml(`${text}\n`, "x.yml");
    while (!(value instanceof TemplateString))
      value = value instanceof Map ? value.get("a") : Array.isArray(value) ? value[0] : value;
    expect(value.position).toMatchObject({ file: "x.yml", line, column });
  });

  it("leaves them alone when told so, in keys, and in !unsafe", () => {
    expect(parseYaml('a: "{{ x }}"\n', "x.yml", { templates: false })).toEqual(new Map([["a", "{{ x }}"]]));
    expect(parseYaml('"{{ x }}": 1\n', "x.yml")).toEqual(new Map([["{{ x }}", 1]]));
    expect(parseYaml('a: !unsafe "{{ x }}"\nb: !unsafe\n  - "{{ y }}"\n', "x.yml")).toEqual(
      new Map<string, unknown>([
        ["a", "{{ x }}"],
        ["b", ["{{ y }}"]],
      ]),
    );
  });
});

describe("parseYaml: positions", () => {
  const value = parseYaml("a:\n  - b: 0644\n    c: 'x y'\n", "pos.yml");
  it("finds members, keys and containers", () => {
    expect(positionAt(value, ["a", 0, "b"])).toEqual({ file: "pos.yml", line: 2, column: 8, endColumn: 12 });
    expect(positionAt(value, ["a", 0])).toEqual({ file: "pos.yml", line: 2, column: 5 });
    const list = value instanceof Map ? value.get("a") : undefined;
    expect(sourceMapOf(list)?.position).toEqual({ file: "pos.yml", line: 2, column: 3 });
    expect(keyPosition(Array.isArray(list) ? list[0] : undefined, "c")).toEqual({
      file: "pos.yml",
      line: 3,
      column: 5,
      endColumn: 6,
    });
  });
  it("gives the text behind a position", () => {
    expect(sourceTextAt({ file: "pos.yml", line: 2, column: 8, endColumn: 12 })).toBe("0644");
    expect(sourceTextAt({ file: "nowhere.yml", line: 2, column: 8 })).toBe("");
  });
});

describe("parseYaml: vault", () => {
  it("keeps the ciphertext", () => {
    expect(parseYaml("a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  6162\n", "x.yml")).toEqual(
      new Map([["a", new VaultText("$ANSIBLE_VAULT;1.1;AES256\n6162\n", { file: "x.yml", line: 1, column: 11 })]]),
    );
  });
});

describe("parseYamlDocuments", () => {
  it("gives each document", () => {
    expect(parseYamlDocuments("1\n---\n2\n", "x.yml")).toEqual([1, 2]);
  });
});

describe("parseYaml: errors", () => {
  it.each([
    [
      "a: {{ b }}\n",
      `error: a value that begins with {{ must be quoted
  play.yml:1:4
  1 | a: {{ b }}
    |    ^^
  help: quote it: "{{ b }}"`,
    ],
    [
      'a: {{ b["c"] }}/x\n',
      `error: a value that begins with {{ must be quoted
  play.yml:1:4
  1 | a: {{ b["c"] }}/x
    |    ^^
  help: quote it: '{{ b["c"] }}/x'`,
    ],
    [
      "a:\n\tb: c\n",
      `error: tabs cannot indent YAML
  play.yml:2:1
  1 | a:
  2 |  b: c
    | ^
  help: use spaces`,
    ],
    [
      "a: foo: bar\n",
      `error: a value with ": " in it must be quoted
  play.yml:1:4
  1 | a: foo: bar
    |    ^
  help: quote it: "foo: bar"`,
    ],
    [
      "a:b\nc: d\n",
      `error: a space is missing after the colon
  play.yml:1:1
  1 | a:b
    | ^
  help: write a: b`,
    ],
    [
      'a: "foo\nb: c\n',
      `error: the " that begins here is never closed
  play.yml:1:4
  1 | a: "foo
    |    ^`,
    ],
    [
      "a: 'x' y\n",
      `error: there is text after the closing quote
  play.yml:1:8
  1 | a: 'x' y
    |        ^
  help: put the whole value in quotes`,
    ],
    [
      "a: b\n c: d\n",
      `error: this line is indented deeper than the value before it allows
  play.yml:1:4
  1 | a: b
    |    ^
  help: align it with the other keys of its mapping`,
    ],
    [
      "a: b\n- c\n",
      `error: this line does not fit the indentation of the lines before it
  play.yml:2:1
  1 | a: b
  2 | - c
    | ^
  help: items of one list, and keys of one mapping, stand in one column`,
    ],
    [
      "- name: x\n  foo\n- b: c\n",
      `error: this line is neither a key with a value nor part of the value above
  play.yml:2:3
  1 | - name: x
  2 |   foo
    |   ^^^
  help: a key ends in ":"; a longer text is indented deeper`,
    ],
    [
      "a: [1, 2\nb: c\n",
      `error: the [ that was opened before is not closed with ]
  play.yml:2:1
  1 | a: [1, 2
  2 | b: c
    | ^
  help: check the brackets and commas`,
    ],
    [
      "a: @x\n",
      `error: a plain value cannot begin with @
  play.yml:1:4
  1 | a: @x
    |    ^
  help: quote the value`,
    ],
    [
      'a: "x\\d"\n',
      `error: \\d is no escape sequence of a double-quoted string
  play.yml:1:6
  1 | a: "x\\d"
    |      ^
  help: use single quotes, where a backslash is just a backslash, or write it twice`,
    ],
    [
      "a: 1\nb: 2\na: 3\n",
      `error: the key "a" stands twice in one mapping
  play.yml:3:1
  2 | b: 2
  3 | a: 3
    | ^
  help: the other one is at line 1, column 1`,
    ],
    [
      "a: !foo x\nb: *nope\n",
      `error: the tag !foo is not known
  play.yml:1:9
  1 | a: !foo x
    |         ^
  help: known tags: !vault, !unsafe, !!str, !!int, !!float, !!bool, !!null
error: there is no anchor &nope before this alias
  play.yml:2:4
  1 | a: !foo x
  2 | b: *nope
    |    ^^^^^`,
    ],
    [
      "a: &x {b: *x}\n",
      `error: the alias *x stands inside of what it names
  play.yml:1:11
  1 | a: &x {b: *x}
    |           ^^`,
    ],
    [
      "? [a]\n: b\n",
      `error: a mapping or a list cannot be a key
  play.yml:1:3
  1 | ? [a]
    |   ^`,
    ],
    [
      "a: 1\n---\nb: 2\n",
      `error: a second document begins here, and this file must hold one
  play.yml:3:1
  2 | ---
  3 | b: 2
    | ^
  help: remove the line "---", or put what follows into a file of its own`,
    ],
    [
      "a: x\u0007y\n",
      `error: the character U+0007 is not allowed in YAML
  play.yml:1:5
  1 | a: x\u0007y
    |     ^
  help: write it as an escape in double quotes ("\\x1b"), or save the file as UTF-8 text`,
    ],
  ])("%j", (text, message) => {
    expect(told(text)).toBe(message);
  });

  it("survives nesting that no person writes", () => {
    expect(told(`${"[".repeat(9000)}${"]".repeat(9000)}`).split("\n")[0]).toBe(
      "error: this file is nested too deeply to be read",
    );
  });
});

describe("parseYaml: values over several lines, indented as PyYAML allows", () => {
  it.each<[string, string, unknown]>([
    ["a double-quoted text at its key's column", 'a:\n  b: "one\n  two"\nc: 3\n', { a: { b: "one two" }, c: 3 }],
    ["one at the margin", 'a:\n  b: "one\ntwo"\nc: 3\n', { a: { b: "one two" }, c: 3 }],
    ["a single-quoted text", "a:\n  b: 'one\n\n two'\nc: 3\n", { a: { b: "one\ntwo" }, c: 3 }],
    ["an escaped line end", 'a:\n  b: "one\\\n  two"\n', { a: { b: "onetwo" } }],
    ["a tab in front", 'a: "one\n\ttwo"\n', { a: "one two" }],
    ["in a list", '- "x\ny"\n- z\n', ["x y", "z"]],
    ["in a list of mappings", "- a: 'x\n  y'\n  b: 1\n", [{ a: "x y", b: 1 }]],
    ["in brackets", 'a: {b: "x\ny", c: [1,\n2\n]\n}\nd: 4\n', { a: { b: "x y", c: [1, 2] }, d: 4 }],
    ["brackets alone", "a:\n  b: [1,\n 2]\nc: {x: 1,\ny: 2}\n", { a: { b: [1, 2] }, c: { x: 1, y: 2 } }],
  ])("%s", (_, text, expected) => {
    expect(toPlain(parseYaml(text, "play.yml"))).toEqual(expected);
  });

  it.each([
    ["a document marker inside", 'k: "a\n--- b"\n'],
    ["a key over two lines", '"x\ny": 1\n'],
    ["a quote that is never closed", 'a:\n  b: "one\n  two\nc: 3\n'],
    ["a bracket that is never closed", "a: [1,\n2\nc: 3\n"],
  ])("refuses %s, as PyYAML does", (_, text) => {
    expect(told(text)).toMatch(/^error: /);
  });

  it("knows where things are after such a text", () => {
    const value = parseYaml('a: "one\ntwo"\nb: 3\n', "play.yml");
    expect(keyPosition(value, "b")).toMatchObject({ line: 3, column: 1 });
  });
});
