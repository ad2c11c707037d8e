import { ModuleFailure } from "../../contract.ts";

/** A line of an authorized_keys file. */
export type AuthorizedKey = {
  /** As they stand before the key, "" when there are none. */
  readonly options: string;
  readonly type: string;
  readonly blob: string;
  readonly comment: string;
};

const TYPES = new Set(
  [
    "ssh-ed25519",
    "ssh-rsa",
    "ssh-dss",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
  ].flatMap((type) => [type, `${type.replace(/@openssh\.com$/, "")}-cert-v01@openssh.com`]),
);

export const isKeyType = (word: string): boolean => TYPES.has(word);

/** The keys of a text, one a line; blank lines and comments are passed over. Throws for what is no public key. */
export function parseKeys(text: string, parameter: string): readonly AuthorizedKey[] {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    throw new ModuleFailure(`"${parameter}" holds a private key; give the public one (the file whose name ends in .pub)`);
  }
  const keys = text.split(/\r?\n/).flatMap((line) => {
    if (/^\s*(#|$)/.test(line)) return [];
    const key = parseKeyLine(line);
    if (key === undefined) {
      throw new ModuleFailure(
        `invalid key specified: ${line.trim()} (a line is: [options] type key [comment], such as "ssh-ed25519 AAAA… name")`,
      );
    }
    const named = blobType(key.blob);
    if (named !== key.type) {
      const found = named === undefined ? "is no base64 of a key" : `is one of type ${named}`;
      throw new ModuleFailure(`invalid key specified: ${line.trim()} (it says ${key.type}, but what follows ${found})`);
    }
    return [key];
  });
  if (keys.length === 0) throw new ModuleFailure(`"${parameter}" holds no key`);
  return keys;
}

/** undefined: not a key. Options come first, may be quoted, and hold no blank outside of quotes. */
export function parseKeyLine(line: string): AuthorizedKey | undefined {
  const text = line.trim();
  const bare = splitKey(text);
  if (bare !== undefined) return { options: "", ...bare };
  const options = /^(?:"(?:\\.|[^"\\])*"|[^\s"])+/.exec(text)?.[0];
  if (options === undefined) return undefined;
  const rest = splitKey(text.slice(options.length).trim());
  return rest === undefined ? undefined : { options, ...rest };
}

function splitKey(text: string): Omit<AuthorizedKey, "options"> | undefined {
  const [, type = "", blob = "", comment = ""] = /^(\S+)\s+(\S+)\s*(.*)$/.exec(text) ?? [];
  return isKeyType(type) ? { type, blob, comment } : undefined;
}

/** The type that is written inside of a key: a length of four bytes, and as many characters. */
export function blobType(blob: string): string | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(blob)) return undefined;
  const bytes = Buffer.from(blob, "base64");
  if (bytes.byteLength < 5) return undefined;
  const length = bytes.readUInt32BE(0);
  return length > 0 && length <= bytes.byteLength - 4 ? bytes.toString("latin1", 4, 4 + length) : undefined;
}

export function keyLine(key: AuthorizedKey): string {
  return [key.options, key.type, key.blob, key.comment].filter((part) => part !== "").join(" ");
}

/** Options in any order are the same; commas in quotes do not separate. */
export function optionSet(options: string): string {
  const parts = options.match(/(?:"(?:\\.|[^"\\])*"|[^,"])+/g) ?? [];
  return parts
    .map((part) => part.trim())
    .map((part) => part.replace(/^[^=]*/, (name) => name.toLowerCase()))
    .sort()
    .join("\n");
}

const isSame = (a: AuthorizedKey, b: AuthorizedKey): boolean =>
  a.type === b.type && a.blob === b.blob && a.comment === b.comment && optionSet(a.options) === optionSet(b.options);

/**
 * The text with each of the keys once, as it is given, in the place where it was. A second line of a key goes: it may allow more than the
 * first. `exclusive`: no other keys.
 */
export function withKeys(text: string, keys: readonly AuthorizedKey[], exclusive: boolean): string {
  const placed = new Set<string>();
  const lines = linesOf(text).flatMap((line) => {
    if (/^\s*(#|$)/.test(line)) return [line];
    const found = parseKeyLine(line);
    // The last of several lines for one key in the parameter counts, as in Ansible.
    const wanted = keys.findLast((key) => key.blob === found?.blob);
    if (found === undefined || wanted === undefined) return exclusive ? [] : [line];
    if (placed.has(wanted.blob)) return [];
    placed.add(wanted.blob);
    return [isSame(found, wanted) ? line : keyLine(wanted)];
  });
  for (const { blob } of keys) {
    if (placed.has(blob)) continue;
    placed.add(blob);
    const wanted = keys.findLast((key) => key.blob === blob);
    if (wanted !== undefined) lines.push(keyLine(wanted));
  }
  return joined(lines, text);
}

/** The text without these keys, whatever options and comments they have there. */
export function withoutKeys(text: string, keys: readonly AuthorizedKey[]): string {
  const blobs = new Set(keys.map((key) => key.blob));
  const lines = linesOf(text);
  const kept = lines.filter((line) => /^\s*#/.test(line) || !blobs.has(parseKeyLine(line)?.blob ?? ""));
  return kept.length === lines.length ? text : joined(kept, text);
}

const linesOf = (text: string): string[] => (text === "" ? [] : text.replace(/\n$/, "").split("\n"));

// A file that is right but for the newline at its end is right.
function joined(lines: readonly string[], before: string): string {
  const after = lines.length === 0 ? "" : `${lines.join("\n")}\n`;
  return after === `${before}\n` ? before : after;
}
