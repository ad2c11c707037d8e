import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quote } from "../sh.ts";
import { holdsSecret, Redactor, reveal } from "./taint.ts";
import { Float, Secret, TemplateString, Undefined, type Value } from "./value.ts";

function knowing(...secrets: string[]): Redactor {
  const redactor = new Redactor();
  for (const secret of secrets) redactor.add(secret);
  return redactor;
}

describe("Redactor", () => {
  it.each<[string, string[], string, string]>([
    ["the secret itself", ["hunter2"], "password hunter2!", "password ********!"],
    ["the longest first", ["abc", "abcdef"], "abcdef abc", "******** ********"],
    ["JSON", ['pa"ss\\w'], '{"a": "pa\\"ss\\\\w"}', '{"a": "********"}'],
    ["JSON of Python", ["grüße"], '"gr\\u00fc\\u00dfe"', '"********"'],
    ["a shell word", ["it's me"], "echo 'it'\\''s me'", "echo '********'"],
    [
      "a URL",
      ["p@ss w/rd"],
      "https://u:p%40ss%20w%2Frd@h p%40ss+w%2Frd p%40ss%20w%2frd",
      "https://u:********@h ******** ********",
    ],
    ["base64", ["hunter2"], `${btoa("hunter2")} ${btoa("hunter2\n")}`, "******** ********"],
    ["line by line", ["-----BEGIN-----\nabcdefgh\nxy\n"], "saw abcdefgh and xy", "saw ******** and xy"],
    ["without the line end", ["hunter2\n"], "hunter2", "********"],
    ["short and trivial words stay", ["ab", "yes", "True", "  "], "ab yes True", "ab yes True"],
    ["signs of regular expressions", ["a.c*[x]|(y)"], "abc a.c*[x]|(y)", "abc ********"],
  ])("%s", (_, secrets, text, redacted) => {
    expect(knowing(...secrets).redact(text)).toBe(redacted);
  });

  it("masks what is told later, too", () => {
    const redactor = knowing("first");
    expect(redactor.redact("first second")).toBe("******** second");
    redactor.add("second");
    expect(redactor.redact("first second")).toBe("******** ********");
  });

  it("masks keys, strings and numbers of JSON", () => {
    const redactor = knowing("hunter2", "31337");
    expect(redactor.redactJson({ hunter2: ["x hunter2", 31337, 1, true, null], __proto__x: {} })).toEqual({
      "********": ["x ********", "********", 1, true, null],
      __proto__x: {},
    });
    const plain = { a: 1 };
    expect(new Redactor().redactJson(plain)).toBe(plain);
  });

  it("leaves no secret in any of its forms, wherever it stands", () => {
    const secret = fc
      .string({ minLength: 6, maxLength: 20, unit: "grapheme-ascii" })
      .filter((text) => text.trim() === text && /[a-z]{3}/.test(text));
    fc.assert(
      fc.property(
        secret,
        fc.string({ maxLength: 9, unit: "grapheme-ascii" }),
        fc.string({ maxLength: 9 }),
        (text, before, after) => {
          const redactor = knowing(text);
          const encoded = Buffer.from(`${before}${text}${after}`).toString("base64");
          const shown = redactor.redact([text, JSON.stringify(text), quote(text), encodeURIComponent(text), encoded].join("\n"));
          expect(shown).not.toContain(text);
          expect(shown).not.toContain(encodeURIComponent(text));
          expect(shown).not.toContain(encoded);
        },
      ),
    );
  });
});

describe("reveal", () => {
  it("unboxes at every depth and tells the redactor", () => {
    const redactor = new Redactor();
    const value: Value = new Map<string, Value>([
      [
        "a",
        new Secret(
          new Map<string, Value>([
            ["token", "hunter2"],
            ["port", 31337],
          ]),
        ),
      ],
      ["b", [new Secret("s3cret"), new Float(1), null]],
    ]);
    expect(reveal(value, redactor)).toEqual({ a: { token: "hunter2", port: 31337 }, b: ["s3cret", 1, null] });
    expect(redactor.redact("hunter2 31337 s3cret token")).toBe("******** ******** ******** token");
  });

  it("refuses what no host can be given", () => {
    expect(() => reveal(new Secret(new TemplateString("{{ x }}")), new Redactor())).toThrow(TypeError);
    expect(() => reveal([new Undefined("x")], new Redactor())).toThrow(TypeError);
  });
});

describe("holdsSecret", () => {
  it("looks into containers", () => {
    expect([new Secret("x"), [new Map([["a", new Secret("x")]])], ["x"], null].map(holdsSecret)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});
