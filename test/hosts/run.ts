import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ssh2 from "ssh2";

export const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const stateFolder = join(repository, ".k3sprov", "test-hosts");

/** Names the environment variable that hands a test run's name down to vitest's workers. */
const RUN_VARIABLE = "K3SPROV_TEST_RUN";

/**
 * The name of this test run: `hostname/pid/start time` of the process that owns its hosts. It labels containers, so that
 * what a killed run left behind can be told from the hosts of a run that still goes on.
 */
export function runName(): string {
  process.env[RUN_VARIABLE] ??= [hostname(), process.pid, startTime(process.pid) ?? 0].join("/");
  return process.env[RUN_VARIABLE];
}

/** Whether the process that a run is named after still runs; undefined for runs of other machines. */
export function isRunAlive(run: string): boolean | undefined {
  const [host, pid, start] = run.split("/");
  if (host !== hostname()) return undefined;
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
  return start === "0" || startTime(Number(pid)) === start;
}

/** Clock ticks between boot and the start of a process: a pid alone may have been given to another one. Linux only. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

/** A folder for the files of this run, in a place that git ignores. */
export function runFolder(): string {
  const folder = join(stateFolder, runName().replaceAll(/[^A-Za-z0-9]+/g, "-"));
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, OWNER_FILE), runName());
  }
  return folder;
}

const OWNER_FILE = "run";

/** Removes the folders of runs that were killed. */
export function removeDeadFolders(): void {
  if (!existsSync(stateFolder)) return;
  for (const name of readdirSync(stateFolder)) {
    const owner = join(stateFolder, name, OWNER_FILE);
    if (existsSync(owner) && isRunAlive(readFileSync(owner, "utf8")) === false)
      rmSync(join(stateFolder, name), { recursive: true, force: true });
  }
}

export type KeyPair = { readonly privateKeyFile: string; readonly publicKey: string };

/** The key that opens every test host of this checkout. Made once; several runs at a time agree on one: the first whose folder has got its name. */
export function testKey(): KeyPair {
  const folder = join(stateFolder, "key");
  const privateKeyFile = join(folder, "id_ed25519");
  if (!existsSync(folder)) {
    const draft = `${folder}.${process.pid}`;
    mkdirSync(draft, { recursive: true });
    const pair = ssh2.utils.generateKeyPairSync("ed25519", { comment: "k3sprov test hosts" });
    writeFileSync(join(draft, "id_ed25519"), pair.private, { mode: 0o600 });
    writeFileSync(join(draft, "id_ed25519.pub"), `${pair.public}\n`);
    try {
      renameSync(draft, folder);
    } catch (error) {
      rmSync(draft, { recursive: true });
      if (!existsSync(folder)) throw error;
    }
  }
  return { privateKeyFile, publicKey: readFileSync(`${privateKeyFile}.pub`, "utf8") };
}
