import { createHmac, randomBytes } from "node:crypto";
import { ModuleFailure } from "../../contract.ts";
import { blobType } from "./public-keys.ts";

/** The public key of a host. */
export type HostKey = { readonly type: string; readonly blob: string; readonly comment: string };

type Line = HostKey & { readonly names: readonly string[] };

/** undefined: a comment, a blank line, a line with a marker (@revoked, @cert-authority), or nothing that ssh would understand. */
export function parseHostLine(line: string): Line | undefined {
  if (/^\s*([#@]|$)/.test(line)) return undefined;
  const [, names = "", type = "", blob = "", comment = ""] = /^\s*(\S+)\s+(\S+)\s+(\S+)\s*(.*?)\s*$/.exec(line) ?? [];
  return blobType(blob) === type && type !== "" ? { names: names.split(","), type, blob, comment } : undefined;
}

/** Is this the name, in clear or as `|1|salt|hash`? Patterns do not count: they are about other hosts too. */
export function isName(written: string, name: string): boolean {
  if (!written.startsWith("|1|")) return written.toLowerCase() === name.toLowerCase();
  const [, , salt = "", hash = ""] = written.split("|");
  return hashOf(name, Buffer.from(salt, "base64")) === hash;
}

const hashOf = (name: string, salt: Buffer): string => createHmac("sha1", salt).update(name.toLowerCase()).digest("base64");

/** A name that does not tell which host it is to those who cannot guess it. Another text each time. */
export function hashedName(name: string, salt: Buffer = randomBytes(20)): string {
  return `|1|${salt.toString("base64")}|${hashOf(name, salt)}`;
}

/** A line to be written for a host. */
export type WantedLine = { readonly text: string; readonly key: HostKey };

/** The lines of the parameter `key`, in the way they are to be written. Throws for what is no key of that host. */
export function wantedLines(text: string, name: string, hashes: boolean): readonly WantedLine[] {
  const lines = text.split(/\r?\n/).flatMap((line) => {
    if (/^\s*(#|$)/.test(line)) return [];
    if (/^\s*@/.test(line)) throw new ModuleFailure(`known_hosts does not manage lines with a marker: ${line.trim()}`);
    const parsed = parseHostLine(line) ?? parseHostLine(`${name} ${line.trim()}`);
    if (parsed === undefined) {
      throw new ModuleFailure(`invalid host key: ${line.trim()} (a line is: name type key, such as "${name} ssh-ed25519 AAAA…")`);
    }
    if (!parsed.names.some((one) => isName(one, name))) {
      throw new ModuleFailure(`the key is one of ${parsed.names.join(",")}, and "name" is ${name}: they must be the same host`);
    }
    const { type, blob, comment } = parsed;
    const end = [type, blob, comment].filter((part) => part !== "").join(" ");
    const names = hashes ? parsed.names.map((one) => (one.startsWith("|") ? one : hashedName(one))) : [parsed.names.join(",")];
    // The line of the host itself comes first; it is the one that is looked for.
    const own = names.filter((one) => !hashes || isName(one, name));
    const others = names.filter((one) => !own.includes(one));
    return [...own, ...others].map((one) => ({ text: `${one} ${end}`, key: { type, blob, comment } }));
  });
  if (lines.length === 0) throw new ModuleFailure('"key" holds no key');
  return lines;
}

/**
 * The text with these keys of a host. Another key of the same type makes room for the one that is wanted; keys of other types stay. Where a
 * line is about other hosts too, only the name is taken out of it.
 */
export function withHostKeys(text: string, name: string, wanted: readonly WantedLine[], hashes: boolean): string {
  const found = new Set<string>();
  const types = new Set(wanted.map(({ key }) => key.type));
  const lines = linesOf(text).flatMap((line) => {
    const parsed = parseHostLine(line);
    const mine = parsed?.names.filter((one) => isName(one, name)) ?? [];
    if (parsed === undefined || mine.length === 0) return [line];
    const isWanted = wanted.some(({ key }) => key.blob === parsed.blob);
    if (!isWanted && !types.has(parsed.type)) return [line];
    const isRight = isWanted && (!hashes || mine.every((one) => one.startsWith("|")));
    if (!isRight || found.has(parsed.blob)) return withoutName(parsed, name);
    found.add(parsed.blob);
    return [line];
  });
  const missing = wanted.filter(({ key }) => !found.has(key.blob));
  return missing.length === 0 && lines.length === linesOf(text).length
    ? text
    : joined([...lines, ...missing.map((one) => one.text)]);
}

/** The text without the keys of a host; `only`: without these keys of it. */
export function withoutHostKeys(text: string, name: string, only: readonly HostKey[] | undefined): string {
  let isChanged = false;
  const lines = linesOf(text).flatMap((line) => {
    const parsed = parseHostLine(line);
    if (parsed === undefined || !parsed.names.some((one) => isName(one, name))) return [line];
    if (only !== undefined && !only.some((key) => key.blob === parsed.blob)) return [line];
    isChanged = true;
    return withoutName(parsed, name);
  });
  return isChanged ? joined(lines) : text;
}

function withoutName(line: Line, name: string): string[] {
  const names = line.names.filter((one) => !isName(one, name));
  // What is left may be patterns only, which a negated one belongs to.
  if (names.length === 0) return [];
  return [[names.join(","), line.type, line.blob, line.comment].filter((part) => part !== "").join(" ")];
}

const linesOf = (text: string): string[] => (text === "" ? [] : text.replace(/\n$/, "").split("\n"));
const joined = (lines: readonly string[]): string => (lines.length === 0 ? "" : `${lines.join("\n")}\n`);
