import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DiagnosticError } from "../diagnostic.ts";
import { formatDiagnostic } from "../excerpt.ts";
import { positionAt } from "../vars/provenance.ts";
import { Float, Secret, TemplateString, Undefined } from "../vars/value.ts";
import { fromPlain, parseJson, toPlain } from "./json.ts";

describe("parseJson", () => {
  it("keeps integers exact, floats floats, and marks templates", () => {
    const text = '{"a": 12345678901234567890, "b": 1.0,\n "c": ["{{ x }}", true, null, -1, 1e2], "10": NaN}';
    const value = parseJson(text, "-e");
    expect(value).toEqual(
      new Map<string, unknown>([
        ["a", 12345678901234567890n],
        ["b", new Float(1)],
        ["c", [new TemplateString("{{ x }}", { file: "-e", line: 2, column: 9 }), true, null, -1, new Float(100)]],
        ["10", Number.NaN],
      ]),
    );
    expect(positionAt(value, ["c", 1])).toEqual({ file: "-e", line: 2, column: 19, endColumn: 23 });
  });

  it("agrees with JSON.parse", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), fc.constantFrom(undefined, 2), (data, indent) => {
        const text = JSON.stringify(data, undefined, indent);
        const ours = JSON.stringify(toPlain(parseJson(text, "x", { templates: false })), (_, member) =>
          typeof member === "bigint" ? Number(member) : member,
        );
        expect(ours).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it.each([
    ["", "error: a JSON value is expected here\n  x:1:1\n  1 | \n    | ^"],
    ["[1 2]", 'error: a "," or "]" is expected here\n  x:1:4\n  1 | [1 2]\n    |    ^'],
    ["{a: 1}", "error: a key in double quotes is expected here\n  x:1:2\n  1 | {a: 1}\n    |  ^"],
    ['{"a" 1}', 'error: a ":" is expected here\n  x:1:6\n  1 | {"a" 1}\n    |      ^'],
    ['{"a": 1, "a": 2}', 'error: the key "a" stands twice in one object\n  x:1:10\n  1 | {"a": 1, "a": 2}\n    |          ^'],
    [
      '["a]',
      'error: the string that begins here is not closed, or has a bad escape or a line break in it\n  x:1:2\n  1 | ["a]\n    |  ^',
    ],
    ["1 2", "error: there is text after the end of the JSON value\n  x:1:3\n  1 | 1 2\n    |   ^"],
  ])("refuses %j", (text, message) => {
    let told = "no error";
    try {
      parseJson(text, "x");
    } catch (error) {
      told = error instanceof DiagnosticError ? error.diagnostics.map(formatDiagnostic).join("\n") : String(error);
    }
    expect(told).toBe(message);
  });
});

describe("fromPlain and toPlain", () => {
  it("are inverse for JSON data, and never make templates", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (data) => {
        expect(toPlain(fromPlain(data))).toEqual(data);
      }),
    );
    expect(fromPlain(["{{ x }}"])).toEqual(["{{ x }}"]);
  });

  it("make no prototype out of a key", () => {
    const plain = toPlain(new Map([["__proto__", 1]]));
    expect(Object.keys(Object(plain))).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(plain)).toBe(Object.prototype);
  });

  it("unbox floats and refuse what is no data", () => {
    expect(toPlain([new Float(1), 5n])).toEqual([1, 5n]);
    expect(() => toPlain(new Secret("x"))).toThrow(new TypeError("a secret must be taken out with reveal"));
    expect(() => toPlain(new TemplateString("{{ x }}"))).toThrow(new TypeError('the template "{{ x }}" was not rendered'));
    expect(() => toPlain(new Undefined("x"))).toThrow(new TypeError('"x" is undefined'));
    expect(() => fromPlain(new Date())).toThrow(new TypeError("a Date is no value"));
    expect(() => fromPlain(() => 1)).toThrow(new TypeError("a function is no value"));
  });
});
