import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync, statSync } from "node:fs";
import { open, readdir, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Sh } from "../../../sh.ts";
import { type DigestName, ModuleFailure, type Output, type WalkedFile } from "../../contract.ts";

const VAULT_HEADER = "$ANSIBLE_VAULT;";
const block = 1_048_576;

// Asked for each host and task: by way of a promise and the thread pool each of these calls would cost ten times as much.

/** What a path of the control node is, symbolic links followed. */
export async function inspectFile(
  path: string,
): Promise<{ readonly kind: "file" | "directory"; readonly mode: number; readonly size: number }> {
  try {
    const found = statSync(path);
    return { kind: found.isDirectory() ? "directory" : "file", mode: found.mode & 0o7777, size: found.size };
  } catch (error) {
    throw cannotRead(path, error);
  }
}

/** Did Ansible Vault encrypt it? */
export async function isVaultFile(path: string): Promise<boolean> {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const buffer = Buffer.alloc(VAULT_HEADER.length);
    return isVaultText(buffer.subarray(0, readSync(file, buffer, 0, buffer.length, 0)));
  } catch (error) {
    throw cannotRead(path, error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

export function isVaultText(bytes: Buffer): boolean {
  return bytes.subarray(0, VAULT_HEADER.length).equals(Buffer.from(VAULT_HEADER));
}

/** Path, size, times and digest of the files that were read: a hundred hosts that get one file hash it once. */
const known = new Map<string, Promise<string>[]>();

/** Digests of a file, read once for all of them and in pieces; remembered until the file changes. */
export async function fileDigests<const N extends readonly DigestName[]>(
  path: string,
  names: N,
): Promise<Readonly<Record<N[number], string>>> {
  const found = await stat(path, { bigint: true }).catch((error: unknown) => {
    throw cannotRead(path, error);
  });
  const key = [path, names.join(), found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join("\n");
  const digests = known.get(key) ?? hashed(path, names);
  known.set(key, digests);
  const values = await Promise.all(digests).catch((error: unknown) => {
    known.delete(key);
    throw cannotRead(path, error);
  });
  // fromEntries forgets which keys there are; these are exactly the names.
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""])) as Record<N[number], string>;
}

function hashed(path: string, names: readonly DigestName[]): Promise<string>[] {
  const all = hashFile(path, names);
  return names.map((_, index) => all.then((digests) => digests[index] ?? ""));
}

async function hashFile(path: string, names: readonly DigestName[]): Promise<readonly string[]> {
  const hashes = names.map((name) => createHash(name));
  const file = await open(path, "r");
  try {
    const buffer = Buffer.alloc(block);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, block, null);
      if (bytesRead === 0) return hashes.map((hash) => hash.digest("hex"));
      for (const hash of hashes) hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

/** Everything below a directory, sorted. Links are followed, or told with where they lead. */
export async function walkDirectory(root: string, followLinks: boolean, below = ""): Promise<WalkedFile[]> {
  const found: WalkedFile[] = [];
  const entries = await readdir(join(root, below), { withFileTypes: true }).catch((error: unknown) => {
    throw cannotRead(join(root, below), error);
  });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (entry.isSymbolicLink() && !followLinks) {
      found.push({ path, mode: 0o777, size: 0, link: await readlink(join(root, path)) });
      continue;
    }
    const { kind, mode, size } = await inspectFile(join(root, path));
    found.push({ path: kind === "directory" ? `${path}/` : path, mode, size });
    if (kind === "directory") found.push(...(await walkDirectory(root, followLinks, path)));
  }
  return found;
}

export function cannotRead(path: string, error: unknown): ModuleFailure {
  return new ModuleFailure(`cannot read ${path} on the control node: ${error instanceof Error ? error.message : String(error)}`);
}

/** Runs a script here. */
export function askHere(script: Sh): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn("/bin/sh", ["-s"], { env: { ...process.env, LC_ALL: "C" }, stdio: ["pipe", "pipe", "pipe"] });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve({ rc: code ?? 255, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) }));
    child.stdin.on("error", () => {});
    child.stdin.end(`{\n${script.text}\n} </dev/null\n`);
  });
}
