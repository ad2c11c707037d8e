import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DiagnosticError } from "../diagnostic.ts";
import { excerpt } from "../excerpt.ts";
import { keyPosition } from "../vars/provenance.ts";
import { Secret, TemplateString } from "../vars/value.ts";
import { encryptVault } from "./format.ts";
import { VaultSecrets } from "./secrets.ts";
import { loadVarsFileSync } from "./vars-file.ts";

const folder = mkdtempSync(join(tmpdir(), "k3sprov-vars-"));
const key = Buffer.from("s3cret");
const vault = new VaultSecrets([{ id: "default", password: key, source: "a test" }]);
const write = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};
const sealed = (name: string, text: string): string => write(name, encryptVault(Buffer.from(text), key));

describe("loadVarsFileSync", () => {
  it("reads YAML and JSON", () => {
    expect(loadVarsFileSync(write("a.yml", "a: yes\n"), vault)).toEqual(new Map([["a", true]]));
    expect(loadVarsFileSync(write("a.json", '{"a": "yes"}'), vault)).toEqual(new Map([["a", "yes"]]));
    expect(loadVarsFileSync(write("empty.yml", "# nothing\n"), vault)).toEqual(new Map());
  });

  it("makes a secret of everything in an encrypted file, and shows none of it", () => {
    const file = sealed("vault.yml", 'token: abc\nlist: [1, {url: "http://{{ token }}@x"}]\nnone: ~\n');
    const vars = loadVarsFileSync(file, vault);
    expect(vars.get("token")).toEqual(new Secret("abc"));
    expect(vars.get("none")).toBeNull();
    const list = vars.get("list");
    const [number, url] = Array.isArray(list) ? list : [];
    expect(number).toEqual(new Secret(1));
    expect(url.get("url")).toEqual(
      new Secret(new TemplateString("http://{{ token }}@x", { file, line: 2, column: 18, endColumn: 38 })),
    );
    expect(keyPosition(vars, "list")).toEqual({ file, line: 2, column: 1, endColumn: 5 });
    expect(excerpt({ file, line: 1, column: 1 })).toEqual([]);
  });

  it("does not quote a decrypted text that is broken", () => {
    const file = sealed("broken.yml", "token: s3cr3t: x\n");
    let message = "";
    try {
      loadVarsFileSync(file, vault);
    } catch (error) {
      message = error instanceof DiagnosticError ? error.message : String(error);
    }
    expect(message).toBe(`the decrypted text of ${file} is not valid YAML, at line 1`);
  });

  it("refuses a list", () => {
    const file = write("list.yml", "- a\n");
    expect(() => loadVarsFileSync(file, vault)).toThrow(`${file} must hold a mapping of variables`);
  });
});
