import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { TemplateString } from "../vars/value.ts";
import { VaultSecrets } from "../vault/secrets.ts";
import { readExtraVars } from "./extra-vars.ts";
import { shownValue } from "./shown-value.ts";

const folder = mkdtempSync(join(tmpdir(), "k3sprov-vars-"));
writeFileSync(join(folder, "vars.yaml"), "a: 1\nb: [x]\n");
writeFileSync(join(folder, "vars.json"), '{"a": 1}');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("readExtraVars", () => {
  it.each([
    ["a=1", { a: "1" }],
    ["a=1 b='two words' c=", { a: "1", b: "two words", c: "" }],
    ["a=b=c", { a: "b=c" }],
    ["password=x#y", { password: "x#y" }],
    ['{"a": 1, "b": [true]}', { a: 1, b: [true] }],
    ["{a: 1}", { a: 1 }],
    ["a: yes", { a: true }],
    ["@vars.yaml", { a: 1, b: ["x"] }],
    ["@vars.json", { a: 1 }],
  ])("%s", (text, expected) => {
    expect(shownValue(readExtraVars(text, folder, new VaultSecrets()))).toEqual(expected);
  });

  it("keeps templates", () => {
    const value = readExtraVars("a={{b}}", folder, new VaultSecrets()).get("a");
    expect(value instanceof TemplateString && value.source).toBe("{{b}}");
  });

  it.each([
    ["justaword", '--extra-vars needs key=value, but has "justaword"'],
    ["[1]", "--extra-vars holds no mapping"],
    ["a='x", "--extra-vars a=… cannot be read: "],
    ["1a=2", '"1a" is no name for a variable: it must be letters, digits and underscores, and not begin with a digit'],
  ])("refuses %s", (text, message) => {
    expect(() => readExtraVars(text, folder, new VaultSecrets())).toThrow(message);
  });
});
