import { describe, expect, it } from "vitest";
import { DiagnosticError } from "../diagnostic.ts";
import { formatDiagnostic } from "../excerpt.ts";
import { Secret, VaultText } from "../vars/value.ts";
import { encryptVault } from "./format.ts";
import { VaultSecrets } from "./secrets.ts";

const position = { file: "group_vars/all.yml", line: 3, column: 9 };
const password = (text: string, id = "default") => ({ id, password: Buffer.from(text), source: `the file ${text}.txt` });
const sealed = (text: string, key: string, id?: string) =>
  new VaultText(encryptVault(Buffer.from(text), Buffer.from(key), id), position);

function told(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics.map(formatDiagnostic).join("\n");
    throw error;
  }
  return "no error";
}

describe("VaultSecrets", () => {
  it("tries all passwords, whatever the id says", () => {
    const secrets = new VaultSecrets([password("one"), password("two", "dev")]);
    expect(secrets.decrypt(sealed("x", "one", "dev"))).toEqual(new Secret("x"));
    expect(secrets.decrypt(sealed("y", "two"))).toEqual(new Secret("y"));
    expect(secrets.decryptFile(sealed("z", "two", "dev").ciphertext, "f").toString()).toBe("z");
  });

  it("encrypts so that it can decrypt", () => {
    const secrets = new VaultSecrets([password("one"), password("two", "dev")]);
    expect(secrets.encrypt(Buffer.from("a"), "dev").split("\n")[0]).toBe("$ANSIBLE_VAULT;1.2;AES256;dev");
    expect(secrets.encrypt(Buffer.from("a")).split("\n")[0]).toBe("$ANSIBLE_VAULT;1.1;AES256");
    expect(secrets.decrypt(new VaultText(secrets.encrypt(Buffer.from("a"), "dev")))).toEqual(new Secret("a"));
  });

  const help = "  help: give the password with --vault-password-file FILE, --vault-id ID@FILE or --ask-vault-pass";
  it.each<[string, () => unknown, string]>([
    [
      "no password",
      () => new VaultSecrets().decrypt(sealed("x", "one")),
      `error: this vault value is encrypted, and no vault password was given\n  group_vars/all.yml:3:9\n${help}`,
    ],
    [
      "wrong passwords",
      () => new VaultSecrets([password("one"), password("two", "dev")]).decrypt(sealed("x", "three", "prod")),
      `error: this vault value cannot be decrypted with any password that was given (its vault id is "prod"); tried: the file one.txt for id "default", the file two.txt for id "dev"\n  group_vars/all.yml:3:9\n${help}`,
    ],
    [
      "damage",
      () => new VaultSecrets([password("one")]).decryptFile("$ANSIBLE_VAULT;1.1;AES256\n00", "secrets.yml"),
      "error: secrets.yml cannot be decrypted: the body of the vault must hold salt, HMAC and ciphertext; it is cut short or damaged",
    ],
    [
      "encrypting without",
      () => new VaultSecrets().encrypt(Buffer.from("x")),
      `error: there is no vault password to encrypt with\n${help}`,
    ],
    [
      "encrypting for another id",
      () => new VaultSecrets([password("one")]).encrypt(Buffer.from("x"), "dev"),
      `error: there is no vault password for the id "dev"\n${help}`,
    ],
  ])("%s", (_, work, message) => {
    expect(told(work)).toBe(message);
  });
});
