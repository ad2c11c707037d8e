import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DiagnosticError } from "../diagnostic.ts";
import { Secret, VaultText } from "../vars/value.ts";
import { encryptVault } from "./format.ts";
import { loadVaultSecrets, parseVaultId, type VaultSource } from "./sources.ts";

const folder = mkdtempSync(join(tmpdir(), "k3sprov-vault-"));
const file = (name: string, text: string, mode = 0o600): string => {
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), mode);
  return name;
};
const load = (source: VaultSource, answer?: string) =>
  loadVaultSecrets([source], { cwd: folder, prompt: answer === undefined ? undefined : async () => answer });
const opens = async (source: VaultSource, answer?: string) =>
  (await load(source, answer)).decrypt(new VaultText(encryptVault(Buffer.from("x"), Buffer.from("s3cret"))));

describe("parseVaultId", () => {
  it.each<[string, VaultSource]>([
    ["pw.txt", { id: "default", from: { kind: "file", path: "pw.txt" } }],
    ["dev@/a/b", { id: "dev", from: { kind: "file", path: "/a/b" } }],
    ["dev@prompt", { id: "dev", from: { kind: "prompt" } }],
    ["prompt", { id: "default", from: { kind: "prompt" } }],
  ])("%s", (text, source) => {
    expect(parseVaultId(text)).toEqual(source);
  });
  it("refuses half an id", () => {
    expect(() => parseVaultId("dev@")).toThrow(
      new DiagnosticError([
        { severity: "error", code: "vault", message: '--vault-id "dev@" needs the form ID@FILE or ID@prompt' },
      ]),
    );
  });
});

describe("loadVaultSecrets", () => {
  it("reads files, programs and prompts", async () => {
    expect(await opens(parseVaultId(file("plain", "s3cret\n")))).toEqual(new Secret("x"));
    expect(await opens(parseVaultId(file("program", "#!/bin/sh\necho s3cret\n", 0o700)))).toEqual(new Secret("x"));
    expect(
      await opens(parseVaultId(`dev@${file("a-client.sh", '#!/bin/sh\n[ "$*" = "--vault-id dev" ] && echo s3cret\n', 0o700)}`)),
    ).toEqual(new Secret("x"));
    expect(await opens(parseVaultId("prompt"), "s3cret")).toEqual(new Secret("x"));
  });

  it.each<[string, () => string, string]>([
    ["a file that is not there", () => "nothing", "the vault password file nothing does not exist"],
    ["a folder", () => `../${folder.split("/").at(-1)}`, `the vault password file ../${folder.split("/").at(-1)} is a directory`],
    ["an empty file", () => file("empty", "\n"), "the vault password file empty gave an empty vault password"],
    ["a prompt without a terminal", () => "prompt", "the vault password must be asked for, but there is no terminal"],
    [
      "a program that fails",
      () => file("fails", "#!/bin/sh\necho no key >&2\nexit 3\n", 0o700),
      "the vault password file fails is a program, and it failed (exit status 3): no key",
    ],
  ])("refuses %s", async (_, source, message) => {
    await expect(load(parseVaultId(source()))).rejects.toThrow(message);
  });
});
