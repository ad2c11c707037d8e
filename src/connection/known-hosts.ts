import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { matchesPatterns } from "./ssh-config.ts";

/** One line of a known_hosts file (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT). */
export type KnownHost = {
  readonly marker: "revoked" | "cert-authority" | undefined;
  /** Patterns, or one `|1|salt|hash`. */
  readonly names: readonly string[];
  /** `ssh-ed25519`, `ssh-rsa`, … */
  readonly type: string;
  /** The key in SSH wire format. */
  readonly key: Buffer;
  readonly file: string;
  readonly line: number;
};

/** What known_hosts says about the key that a host presents. */
export type KeyVerdict =
  | { readonly kind: "known" }
  | { readonly kind: "unknown"; readonly authorities: readonly KnownHost[] }
  | { readonly kind: "changed"; readonly known: readonly KnownHost[] }
  | { readonly kind: "revoked"; readonly by: KnownHost };

export function parseKnownHosts(text: string, file: string): KnownHost[] {
  const entries: KnownHost[] = [];
  for (const [index, raw] of text.split("\n").entries()) {
    const fields = raw.trim().split(/\s+/);
    if (raw.trim() === "" || fields[0]?.startsWith("#")) continue;
    const marker = fields[0]?.startsWith("@") ? fields.shift() : undefined;
    const [names = "", type = "", encoded = ""] = fields;
    const key = Buffer.from(encoded, "base64");
    if (marker !== undefined && marker !== "@revoked" && marker !== "@cert-authority") continue;
    // A key says its own type; a line where the two differ was not written by a program and proves nothing.
    if (key.length < 8 || keyType(key) !== type) continue;
    entries.push({
      marker: marker === "@revoked" ? "revoked" : marker === "@cert-authority" ? "cert-authority" : undefined,
      names: names.startsWith("|1|") ? [names] : names.split(","),
      type,
      key,
      file,
      line: index + 1,
    });
  }
  return entries;
}

/** The entries of all files that exist. Throws what reading one of the others throws. */
export function readKnownHosts(files: readonly string[]): KnownHost[] {
  return files.flatMap((file) => {
    try {
      return parseKnownHosts(readFileSync(file, "utf8"), file);
    } catch (error) {
      if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return [];
      throw error;
    }
  });
}

/** `host`, or `[host]:port` where the port is not 22: the way names stand in known_hosts. */
export function knownHostsName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

export function entriesFor(entries: readonly KnownHost[], name: string): KnownHost[] {
  return entries.filter((entry) => matchesName(entry, name));
}

function matchesName(entry: KnownHost, name: string): boolean {
  const [first = ""] = entry.names;
  if (!first.startsWith("|1|")) return matchesPatterns(name, entry.names);
  const [, , salt = "", hash = ""] = first.split("|");
  return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash;
}

/** A revoked key is refused before anything else is looked at; then one entry with this very key suffices; other keys mean a change. */
export function judgeKey(entries: readonly KnownHost[], host: string, port: number, key: Buffer): KeyVerdict {
  const matching = entriesFor(entries, knownHostsName(host, port));
  const revoked = matching.find((entry) => entry.marker === "revoked" && entry.key.equals(key));
  if (revoked !== undefined) return { kind: "revoked", by: revoked };
  const plain = matching.filter((entry) => entry.marker === undefined);
  if (plain.some((entry) => entry.key.equals(key))) return { kind: "known" };
  if (plain.length > 0) return { kind: "changed", known: plain };
  // OpenSSH also takes a key that is known for the host without the port.
  if (port !== 22) {
    const portless = entriesFor(entries, knownHostsName(host, 22));
    if (portless.some((entry) => entry.marker === undefined && entry.key.equals(key))) return { kind: "known" };
  }
  return { kind: "unknown", authorities: matching.filter((entry) => entry.marker === "cert-authority") };
}

/** Key types in use for a host, so that the server can be asked for a key that can be compared. */
export function knownTypes(entries: readonly KnownHost[], host: string, port: number): string[] {
  const exact = entriesFor(entries, knownHostsName(host, port)).filter((entry) => entry.marker === undefined);
  const portless = port === 22 || exact.length > 0 ? [] : entriesFor(entries, knownHostsName(host, 22));
  return [...new Set([...exact, ...portless].filter((entry) => entry.marker === undefined).map((entry) => entry.type))];
}

/** The first string of a key in wire format. */
export function keyType(key: Buffer): string {
  const length = key.length >= 4 ? key.readUInt32BE(0) : 0;
  return key.toString("latin1", 4, Math.min(key.length, 4 + length));
}

/** As `ssh-keygen -l` shows it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}
