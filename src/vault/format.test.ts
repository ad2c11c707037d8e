import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encryptVault, isVaultText, openEnvelope, parseEnvelope, VaultFormatError } from "./format.ts";

// Made with Python's hashlib, hmac and cryptography from the description of the format, and read back by ansible-vault 2.14.
const VECTOR_1_1 = `$ANSIBLE_VAULT;1.1;AES256
30303031303230333034303530363037303830393061306230633064306530663130313131323133
3134313531363137313831393161316231633164316531660a346437353963383538373239393335
31626364313833333435383838633034626139643163636431666439346337323561316236376362
3233313138353563340a646362383039663838356633316337363864323362663236323337396636
6463
`;
const VECTOR_1_2 = `$ANSIBLE_VAULT;1.2;AES256;dev
32303231323232333234323532363237323832393261326232633264326532663330333133323333
3334333533363337333833393361336233633364336533660a633038353165363934323338313661
36303632326665366165306234616336363963306438613938313439663066663831303232313637
3565316564613936390a363837656639366462663662373938323930353931616339383166313238
64396364623835633936343139346339306434623763316135346534623761383162
`;
const salt = Uint8Array.from({ length: 32 }, (_, index) => index);

describe("the vault format", () => {
  it("makes what Ansible Vault makes", () => {
    expect(encryptVault(Buffer.from("grüße, geheim"), Buffer.from("pass phrase"), undefined, salt)).toBe(VECTOR_1_1);
    const later = salt.map((byte) => byte + 32);
    expect(encryptVault(Buffer.from('token: abc\nuser: "{{ name }}"\n'), Buffer.from("other"), "dev", later)).toBe(VECTOR_1_2);
  });

  it("reads what Ansible Vault makes, however it is indented", () => {
    expect(openEnvelope(parseEnvelope(VECTOR_1_1), Buffer.from("pass phrase"))?.toString()).toBe("grüße, geheim");
    const indented = VECTOR_1_2.replaceAll("\n", "\r\n      ");
    expect(parseEnvelope(indented).id).toBe("dev");
    expect(openEnvelope(parseEnvelope(indented), Buffer.from("other"))?.toString()).toBe('token: abc\nuser: "{{ name }}"\n');
  });

  it("gives back what was encrypted, and nothing for another password", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ minLength: 1, maxLength: 20 }), (plain, password) => {
        const envelope = parseEnvelope(encryptVault(plain, password));
        expect(openEnvelope(envelope, password)).toEqual(Buffer.from(plain));
        expect(openEnvelope(envelope, Buffer.concat([password, Buffer.from("x")]))).toBeUndefined();
      }),
      { numRuns: 20 },
    );
  });

  it("notices every altered bit of the ciphertext", () => {
    const envelope = parseEnvelope(VECTOR_1_1);
    const altered = Buffer.from(envelope.ciphertext);
    altered[0] = (altered[0] ?? 0) ^ 1;
    expect(openEnvelope({ ...envelope, ciphertext: altered }, Buffer.from("pass phrase"))).toBeUndefined();
  });

  it("knows a vault by its first line", () => {
    expect([VECTOR_1_1, `\n  ${VECTOR_1_2}`, "a: 1", ""].map(isVaultText)).toEqual([true, true, false, false]);
  });

  it.each([
    ["a: 1", 'a vault begins with a line such as "$ANSIBLE_VAULT;1.1;AES256"'],
    ["$ANSIBLE_VAULT;1.0;AES\n00", 'vault version "1.0" is not supported (1.1 and 1.2 are)'],
    ["$ANSIBLE_VAULT;1.1;AES\n00", 'vault cipher "AES" is not supported (AES256 is)'],
    ["$ANSIBLE_VAULT;1.1;AES256\n", "the body of the vault is not hexadecimal; it is cut short or damaged"],
    ["$ANSIBLE_VAULT;1.1;AES256\n30zz", "the body of the vault is not hexadecimal; it is cut short or damaged"],
    ["$ANSIBLE_VAULT;1.1;AES256\n3030", "the body of the vault must hold salt, HMAC and ciphertext; it is cut short or damaged"],
  ])("refuses %j", (text, message) => {
    expect(() => parseEnvelope(text)).toThrow(new VaultFormatError(message));
  });
});
