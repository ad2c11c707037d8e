import { createPrivateKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { ParsedKey } from "ssh2";
import { rememberedForRun } from "../run-memory.ts";
import { ConnectionError } from "./errors.ts";
import type { SshLibrary } from "./ssh-library.ts";

/** A private key file, or why it cannot be used. */
export type LoadedKey =
  | { readonly kind: "key"; readonly key: ParsedKey }
  | { readonly kind: "missing" }
  | { readonly kind: "encrypted" }
  | { readonly kind: "unusable"; readonly reason: string };

export type KeyRequest = {
  readonly file: string;
  readonly passphrase: string | undefined;
  /** Asks a person; undefined when there is none to ask. */
  readonly prompt: ((question: string) => Promise<string | undefined>) | undefined;
};

/** Shared by all hosts: a passphrase is asked once, and unpacking an encrypted key takes a second of processor time. */
const loaded = rememberedForRun(() => new Map<string, Promise<LoadedKey>>());
const passphraseTries = 3;

/** Throws ConnectionError "passphrase" when the one that was given is wrong. */
export function loadKey(library: SshLibrary, request: KeyRequest): Promise<LoadedKey> {
  const id = JSON.stringify([request.file, request.passphrase ?? null, request.prompt !== undefined]);
  const known = loaded().get(id);
  if (known !== undefined) return known;
  const made = load(library, request);
  loaded().set(id, made);
  return made;
}

async function load({ ssh2 }: SshLibrary, { file, passphrase, prompt }: KeyRequest): Promise<LoadedKey> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return { kind: "missing" };
    return { kind: "unusable", reason: error instanceof Error ? error.message : String(error) };
  }
  const parse = (secret: string | undefined) => {
    const converted = fromPkcs8(text, secret);
    const parsed = ssh2.utils.parseKey(converted ?? text, converted === undefined ? secret : undefined);
    // An OpenSSH file may hold several keys by its format, and never does.
    return Array.isArray(parsed) ? parsed[0] : parsed;
  };
  let key = parse(undefined);
  if (isEncrypted(key)) {
    if (passphrase !== undefined) key = parse(passphrase);
    for (let attempt = 0; passphrase === undefined && key instanceof Error && attempt < passphraseTries; attempt += 1) {
      if (prompt === undefined) return { kind: "encrypted" };
      const again = attempt === 0 ? "" : " (that was not it)";
      const answer = await prompt(`Passphrase for the key ${file}${again}: `);
      if (answer === undefined) return { kind: "encrypted" };
      key = parse(answer);
    }
    if (key instanceof Error) {
      throw new ConnectionError("passphrase", `the passphrase for the key ${file} is wrong`, {
        help: "unlock the key in an agent (ssh-add), or give the right passphrase",
        cause: key,
      });
    }
  }
  if (key instanceof Error || key === undefined) return { kind: "unusable", reason: unusable(text, key) };
  return key.isPrivateKey() ? { kind: "key", key } : { kind: "unusable", reason: "it holds no private key" };
}

function isEncrypted(key: unknown): boolean {
  return key instanceof Error && /no passphrase given/i.test(key.message);
}

/** ssh2 reads OpenSSH's and the old PEM formats; node itself turns PKCS #8 into the latter. */
function fromPkcs8(text: string, passphrase: string | undefined): string | undefined {
  if (!/-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/.test(text)) return undefined;
  if (text.includes("ENCRYPTED") && passphrase === undefined) return undefined;
  try {
    const key = createPrivateKey(passphrase === undefined ? text : { key: text, passphrase });
    if (key.asymmetricKeyType === "rsa") return key.export({ type: "pkcs1", format: "pem" }).toString();
    if (key.asymmetricKeyType === "ec") return key.export({ type: "sec1", format: "pem" }).toString();
  } catch {
    // What is wrong with it, the caller finds when it parses the text itself.
  }
  return undefined;
}

function unusable(text: string, error: Error | undefined): string {
  if (/sk-(ssh|ecdsa)/.test(error?.message ?? "")) return "keys on security tokens work only through an agent";
  if (!text.includes("PRIVATE KEY")) return "it is not a private key";
  return error?.message ?? "its format is not known";
}

/** The public half of a key file without its passphrase: from `FILE.pub`, or from the open part of OpenSSH's format. */
export async function publicKeyOf({ ssh2 }: SshLibrary, file: string): Promise<Buffer | undefined> {
  try {
    const parsed = ssh2.utils.parseKey(await readFile(file.endsWith(".pub") ? file : `${file}.pub`));
    if (!(parsed instanceof Error)) return (Array.isArray(parsed) ? parsed[0] : parsed)?.getPublicSSH();
  } catch {
    // No .pub file: look into the key itself.
  }
  try {
    const body = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]+)-----END/.exec(await readFile(file, "utf8"))?.[1];
    return body === undefined ? undefined : openPart(Buffer.from(body, "base64"));
  } catch {
    return undefined;
  }
}

/** openssh-key-v1 (PROTOCOL.key): magic, three strings about the cipher, a count, then the public key as a string. */
function openPart(data: Buffer): Buffer | undefined {
  let offset = "openssh-key-v1\0".length;
  for (let skipped = 0; skipped < 3; skipped += 1) offset += 4 + data.readUInt32BE(offset);
  offset += 4;
  const length = data.readUInt32BE(offset);
  return data.subarray(offset + 4, offset + 4 + length);
}
