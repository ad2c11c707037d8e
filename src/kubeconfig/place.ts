import { randomBytes } from "node:crypto";
import { chmod, chown, lstat, mkdir, open, readFile, readlink, rename, rm, stat } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { refuse } from "../diagnostic.ts";

const MOST_LINKS = 40;
const LOCK_WAIT_MS = 10_000;
const LOCK_POLL_MS = 100;

/** Where kubectl would write: the first file that $KUBECONFIG names, else ~/.kube/config. */
export function defaultPlace(environment: Readonly<Record<string, string | undefined>>, cwd: string): string {
  const first = (environment["KUBECONFIG"] ?? "").split(delimiter).find((one) => one !== "");
  return first === undefined ? join(environment["HOME"] ?? "~", ".kube", "config") : resolve(cwd, first);
}

/** What a file holds now; undefined when there is none. */
export async function contentsOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return undefined;
    return refuse("kubeconfig-file", `${file} cannot be read: ${messageOf(error)}`);
  }
}

/**
 * Writes a file from what it holds now: 0600, under another name beside it and renamed, so that it is never there in part. Links are followed: it is their
 * target that is replaced. Meanwhile FILE.lock is there, which kubectl honours and makes itself. `work` answers undefined when nothing is to be written.
 */
export async function rewriteFile(
  file: string,
  work: (before: string | undefined) => string | undefined,
  waitMs: number = LOCK_WAIT_MS,
): Promise<void> {
  const target = await behindLinks(file);
  await attempt(target, () => mkdir(dirname(target), { recursive: true, mode: 0o700 }));
  const unlock = await lock(target, waitMs);
  try {
    const before = await contentsOf(target);
    const after = work(before);
    if (after === undefined) return;
    await attempt(target, () => (after === before ? chmod(target, 0o600) : replace(target, after)));
  } finally {
    await unlock();
  }
}

async function replace(target: string, text: string): Promise<void> {
  const draft = join(dirname(target), `.k3sprov.${randomBytes(12).toString("hex")}`);
  try {
    const file = await open(draft, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await keepOwner(target, draft);
    await rename(draft, target);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** Under sudo, the file of a user stays his. */
async function keepOwner(target: string, draft: string): Promise<void> {
  const before = await stat(target).catch(() => undefined);
  if (before !== undefined && before.uid !== process.getuid?.()) await chown(draft, before.uid, before.gid);
}

async function behindLinks(file: string): Promise<string> {
  let path = file;
  for (let count = 0; count < MOST_LINKS; count += 1) {
    const found = await lstat(path).catch(() => undefined);
    if (found?.isDirectory() === true) return refuse("kubeconfig-file", `${file} is a directory`);
    if (found?.isSymbolicLink() !== true) return path;
    path = resolve(dirname(path), await readlink(path));
  }
  return refuse("kubeconfig-file", `${file} is a symbolic link that leads nowhere`);
}

async function lock(target: string, waitMs: number): Promise<() => Promise<void>> {
  const name = `${target}.lock`;
  const until = performance.now() + waitMs;
  for (;;) {
    try {
      const file = await open(name, "wx", 0o600);
      await file.close();
      return () => rm(name, { force: true });
    } catch (error) {
      if (!isSystemError(error) || error.code !== "EEXIST") {
        return refuse("kubeconfig-file", `${name} cannot be made: ${messageOf(error)}`);
      }
      if (performance.now() >= until) {
        return refuse("kubeconfig-lock", `${name} is there: another program is writing the file`, {
          help: `when none is, one has died: remove it with rm ${name}`,
        });
      }
    }
    await sleep(LOCK_POLL_MS);
  }
}

async function attempt<T>(target: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    return refuse("kubeconfig-file", `${target} cannot be written: ${messageOf(error)}`);
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
