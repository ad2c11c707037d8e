import { ModuleFailure } from "../../contract.ts";
import { DIGESTS, type DigestName } from "../files/digest-collector.ts";

/** What a download must be: a digest, or where a list of digests is. */
export type WantedChecksum =
  | { readonly kind: "value"; readonly algorithm: DigestName; readonly digest: string }
  | { readonly kind: "url"; readonly algorithm: DigestName; readonly url: string };

const HEX_LENGTH: Readonly<Record<DigestName, number>> = { md5: 32, sha1: 40, sha224: 56, sha256: 64, sha384: 96, sha512: 128 };

/** Reads `ALGORITHM:HEX` or `ALGORITHM:URL`. Throws ModuleFailure. */
export function wantedChecksum(text: string): WantedChecksum {
  const colon = text.indexOf(":");
  const algorithm = DIGESTS.find((name) => name === text.slice(0, Math.max(0, colon)).trim().toLowerCase());
  const rest = text.slice(colon + 1).trim();
  if (colon < 0 || algorithm === undefined) {
    throw new ModuleFailure(
      `the checksum "${text}" must be an algorithm (${DIGESTS.join(", ")}), a colon, and the digest or the URL of a file that holds it`,
    );
  }
  if (/^[a-z]+:\/\//i.test(rest)) return { kind: "url", algorithm, url: rest };
  // As in Ansible: what is no letter or digit between does not count.
  const digest = rest.replace(/\W+/g, "").toLowerCase();
  if (!/^[0-9a-f]+$/.test(digest) || digest.length !== HEX_LENGTH[algorithm]) {
    throw new ModuleFailure(
      `the checksum "${text}" is no ${algorithm} digest, which has ${HEX_LENGTH[algorithm]} hexadecimal digits`,
    );
  }
  return { kind: "value", algorithm, digest };
}

/**
 * Finds the digest of `name` in a checksum file: lines as sha256sum writes them (`HEX  NAME`, `HEX *NAME`, `HEX  ./NAME`), BSD's (`SHA256 (NAME) =
 * HEX`), or nothing but a digest. A path before the name does not matter where the name occurs once.
 */
export function checksumIn(text: string, name: string, algorithm: DigestName, from: string): string {
  const isDigest = (word: string): boolean => word.length === HEX_LENGTH[algorithm] && /^[0-9a-f]+$/i.test(word);
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "" && !line.startsWith("#") && !line.startsWith("-----"));
  const entries: { readonly digest: string; readonly name: string }[] = [];
  for (const line of lines) {
    const bsd = /^[A-Z0-9/-]+ ?\((.+)\) ?= ?([0-9a-f]+)\s*$/i.exec(line);
    const gnu = /^\\?([0-9a-f]+)[ \t]+\*?(.+?)\s*$/i.exec(line.trimStart());
    const [digest = "", named = ""] = bsd === null ? [gnu?.[1], gnu?.[2]] : [bsd[2], bsd[1]];
    if (isDigest(digest)) entries.push({ digest: digest.toLowerCase(), name: named.replace(/^\.\//, "") });
  }
  const [only] = lines;
  if (lines.length === 1 && only !== undefined && isDigest(only.trim())) return only.trim().toLowerCase();
  const exact = entries.filter((one) => one.name === name);
  const found = exact.length > 0 ? exact : entries.filter((one) => one.name.split("/").at(-1) === name);
  const digests = new Set(found.map((one) => one.digest));
  const [digest] = digests;
  if (digests.size > 1) throw new ModuleFailure(`${from} holds ${digests.size} different ${algorithm} digests of "${name}"`);
  if (digest !== undefined) return digest;
  throw new ModuleFailure(`${from} holds no ${algorithm} digest of "${name}"`);
}
