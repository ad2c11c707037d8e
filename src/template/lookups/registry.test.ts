import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { fromPlain, toPlain } from "../../source/json.ts";
import { Secret, TemplateString, type Value } from "../../vars/value.ts";
import { renderValue, runLookup } from "../template.ts";

const folder = mkdtempSync(join(tmpdir(), "k3sprov-lookups-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
writeFileSync(join(folder, "a.txt"), "text a\n\n");
writeFileSync(join(folder, "b.txt"), "text b\n");
writeFileSync(join(folder, "t.j2"), "x is {{ x }}\n");
writeFileSync(join(folder, "x.ini"), "[one]\nkey = first\n[two]\nkey=second\n");
writeFileSync(join(folder, "x.csv"), 'k3s,"a, b",3\n');

const vars = new Map<string, Value>([
  ["x", 5],
  ["y_one", 1],
  ["groups", fromPlain({ web: ["w1", "w2"], db: ["d1", "w2"] })],
]);
const context = {
  names: { lookup: (name: string) => vars.get(name), names: () => vars.keys() },
  lookups: { searchPath: () => [folder], workingDirectory: folder },
  decrypt: () => {
    throw new Error("nothing is encrypted here");
  },
  onSecret: () => {},
};
const evaluate = (expression: string): unknown => toPlain(renderValue(new TemplateString(`{{ ${expression} }}`), context));

describe("lookup()", () => {
  it.each([
    ["lookup('file', 'a.txt')", "text a"],
    ["lookup('ansible.builtin.file', 'a.txt', 'b.txt')", "text a,text b"],
    ["query('file', 'a.txt', 'b.txt')", ["text a", "text b"]],
    ["lookup('template', 't.j2')", "x is 5\n"],
    ["lookup('template', 't.j2', template_vars={'x': 6})", "x is 6\n"],
    ["lookup('vars', 'x')", 5],
    ["lookup('vars', 'nope', default='d')", "d"],
    ["lookup('varnames', '^y_')", "y_one"],
    ["lookup('env', 'K3SPROV_NO_SUCH_VARIABLE', default='none')", "none"],
    ["lookup('pipe', 'echo hi; pwd')", `hi\n${folder}`],
    ["query('lines', 'printf \"a\\nb\"')", ["a", "b"]],
    ["lookup('ini', 'key section=two file=x.ini')", "second"],
    ["lookup('ini', 'key', section='one', file='x.ini')", "first"],
    ["lookup('csvfile', 'k3s file=x.csv delimiter=,')", "a, b"],
    ["lookup('first_found', ['no', 'b.txt']) | basename", "b.txt"],
    ["query('first_found', {'files': ['no'], 'paths': ['p'], 'skip': true})", []],
    ["query('fileglob', '*.txt') | map('basename') | list", ["a.txt", "b.txt"]],
    ["query('inventory_hostnames', 'web:!db')", ["w1"]],
    ["query('sequence', 'start=1 end=3')", ["1", "2", "3"]],
    ["query('sequence', end=6, start=2, stride=2, format='n%02d')", ["n02", "n04", "n06"]],
  ])("%s", (expression, expected) => {
    expect(evaluate(expression)).toEqual(expected);
  });

  it("makes a password once, keeps it to itself and masks it", () => {
    const first = renderValue(new TemplateString("{{ lookup('password', 'pw length=12 chars=digits') }}"), context);
    expect(first).toBeInstanceOf(Secret);
    expect(first instanceof Secret ? first.value : "").toMatch(/^\d{12}$/);
    expect(renderValue(new TemplateString("{{ lookup('password', 'pw') }}"), context)).toEqual(first);
    expect(statSync(join(folder, "pw")).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, "pw"), "utf8")).toMatch(/^\d{12}\n$/);
  });

  it("says what there is no such thing of", () => {
    expect(() => evaluate("lookup('fiel', 'a')")).toThrow('there is no lookup "fiel"; did you mean "file"?');
    expect(() => evaluate("lookup('file', 'gone')")).toThrow('there is no file "gone" on the control node');
    expect(evaluate("lookup('file', 'gone', errors='ignore')")).toBe(null);
  });
});

describe("with_X", () => {
  it.each([
    ["items", [["a", ["b"]], "c"], ["a", ["b"], "c"]],
    ["flattened", [["a", ["b"]], "c"], ["a", "b", "c"]],
    [
      "indexed_items",
      [["a", "b"]],
      [
        [0, "a"],
        [1, "b"],
      ],
    ],
    [
      "nested",
      [
        ["a", "b"],
        [1, 2],
      ],
      [
        ["a", 1],
        ["a", 2],
        ["b", 1],
        ["b", 2],
      ],
    ],
    [
      "together",
      [["a", "b"], [1]],
      [
        ["a", 1],
        ["b", null],
      ],
    ],
    ["sequence", "count=2", ["1", "2"]],
  ])("%s", (name, terms, expected) => {
    expect(runLookup(name, fromPlain(terms), context).map((one) => toPlain(one))).toEqual(expected);
  });

  it("dict and subelements", () => {
    expect(runLookup("dict", fromPlain({ a: 1 }), context).map((one) => toPlain(one))).toEqual([{ key: "a", value: 1 }]);
    const users = [{ n: "u", keys: ["k1", "k2"] }, { n: "v" }];
    expect(() => runLookup("subelements", fromPlain([users, "keys"]), context)).toThrow('an item has no "keys"');
    expect(
      runLookup("subelements", fromPlain([users, "keys", { skip_missing: true }]), context).map((one) => toPlain(one)),
    ).toEqual([
      [users[0], "k1"],
      [users[0], "k2"],
    ]);
  });
});
