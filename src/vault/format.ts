import { createCipheriv, createDecipheriv, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";

/**
 * Ansible Vault, as its documentation describes the format: a header line, then the hexadecimal form of three hexadecimal lines
 * (salt, HMAC, ciphertext), wrapped at 80 columns. Keys come from PBKDF2-HMAC-SHA256 with 10000 rounds; the text is encrypted
 * with AES-256 in counter mode after PKCS#7 padding.
 */
export type VaultEnvelope = {
  readonly version: "1.1" | "1.2";
  /** The vault id of version 1.2 that says which password was meant. */
  readonly id: string | undefined;
  readonly salt: Buffer;
  readonly hmac: Buffer;
  readonly ciphertext: Buffer;
};

/** Why a text is no vault, or a vault that we cannot read; its message is a sentence for the user. */
export class VaultFormatError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "VaultFormatError";
  }
}

const HEADER = /^\$ANSIBLE_VAULT;([^;\s]*);([^;\s]*)(?:;(\S+))?$/;
const ROUNDS = 10_000;
const KEY_BYTES = 32;
const BLOCK_BYTES = 16;
const SALT_BYTES = 32;
const COLUMNS = 80;

/** True for a text that claims to be a vault, whether or not it can be read. */
export function isVaultText(text: string): boolean {
  return text.trimStart().startsWith("$ANSIBLE_VAULT;");
}

/** Takes a vault text apart. Throws VaultFormatError. */
export function parseEnvelope(text: string): VaultEnvelope {
  const [header = "", ...rest] = text.trim().split(/\r?\n/);
  const match = HEADER.exec(header.trim());
  if (match === null) throw new VaultFormatError('a vault begins with a line such as "$ANSIBLE_VAULT;1.1;AES256"');
  const [, version, cipher, id] = match;
  if (version !== "1.1" && version !== "1.2")
    throw new VaultFormatError(`vault version "${version}" is not supported (1.1 and 1.2 are)`);
  if (cipher !== "AES256") throw new VaultFormatError(`vault cipher "${cipher}" is not supported (AES256 is)`);
  const inner = fromHex(rest.join("").replace(/\s+/g, ""), "the body of the vault").toString("latin1");
  const parts = inner.split("\n");
  if (parts.length !== 3)
    throw new VaultFormatError("the body of the vault must hold salt, HMAC and ciphertext; it is cut short or damaged");
  const [salt = "", hmac = "", ciphertext = ""] = parts;
  return {
    version,
    id: version === "1.2" ? id : undefined,
    salt: fromHex(salt, "the salt of the vault"),
    hmac: fromHex(hmac, "the HMAC of the vault"),
    ciphertext: fromHex(ciphertext, "the ciphertext of the vault"),
  };
}

/** The plain bytes, or undefined when the password is not the right one (or the vault was altered: the HMAC tells no difference). */
export function openEnvelope(envelope: VaultEnvelope, password: Uint8Array): Buffer | undefined {
  const keys = deriveKeys(password, envelope.salt);
  const hmac = createHmac("sha256", keys.hmac).update(envelope.ciphertext).digest();
  if (hmac.length !== envelope.hmac.length || !timingSafeEqual(hmac, envelope.hmac)) return undefined;
  const decipher = createDecipheriv("aes-256-ctr", keys.cipher, keys.counter);
  const padded = Buffer.concat([decipher.update(envelope.ciphertext), decipher.final()]);
  const padding = padded.at(-1) ?? 0;
  const isPadded = padding >= 1 && padding <= BLOCK_BYTES && padded.subarray(-padding).every((byte) => byte === padding);
  if (!isPadded) throw new VaultFormatError("the decrypted vault is damaged: its padding is wrong");
  return padded.subarray(0, padded.length - padding);
}

/** Encrypts; with an id it is version 1.2, without one 1.1. `salt` is for tests. */
export function encryptVault(
  plain: Uint8Array,
  password: Uint8Array,
  id?: string,
  salt: Uint8Array = randomBytes(SALT_BYTES),
): string {
  const keys = deriveKeys(password, salt);
  const padding = BLOCK_BYTES - (plain.length % BLOCK_BYTES);
  const cipher = createCipheriv("aes-256-ctr", keys.cipher, keys.counter);
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.update(Buffer.alloc(padding, padding)), cipher.final()]);
  const hmac = createHmac("sha256", keys.hmac).update(ciphertext).digest();
  const inner = [Buffer.from(salt), hmac, ciphertext].map((part) => part.toString("hex")).join("\n");
  const body = Buffer.from(inner, "latin1").toString("hex");
  const header = id === undefined ? "$ANSIBLE_VAULT;1.1;AES256" : `$ANSIBLE_VAULT;1.2;AES256;${id}`;
  return `${[header, ...(body.match(new RegExp(`.{1,${COLUMNS}}`, "g")) ?? [])].join("\n")}\n`;
}

function deriveKeys(password: Uint8Array, salt: Uint8Array) {
  const derived = pbkdf2Sync(password, salt, ROUNDS, 2 * KEY_BYTES + BLOCK_BYTES, "sha256");
  return {
    cipher: derived.subarray(0, KEY_BYTES),
    hmac: derived.subarray(KEY_BYTES, 2 * KEY_BYTES),
    counter: derived.subarray(2 * KEY_BYTES),
  };
}

// Buffer.from(…, "hex") stops without a word at the first character that is no digit.
function fromHex(text: string, what: string): Buffer {
  if (text === "" || text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text))
    throw new VaultFormatError(`${what} is not hexadecimal; it is cut short or damaged`);
  return Buffer.from(text, "hex");
}
