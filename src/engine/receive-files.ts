import { createHash, type Hash, randomBytes } from "node:crypto";
import { chmod, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { type FileReceipt, ModuleFailure } from "../modules/contract.ts";
import { type Sh, sh } from "../sh.ts";
import type { ModuleRun } from "./state-task.ts";

const block = 1_048_576;
/** Blocks that are asked for at once. */
const pieceBlocks = 4;
const sampleLength = 65_536;
const worthIt = 0.8;

/**
 * Brings files of the host to the control node in pieces, each a round trip that is asked again after a lost connection. A file takes the
 * old one's place when it is complete and its digest is right; until then nobody else can read it.
 */
export async function receiveFiles(receipts: readonly FileReceipt[], run: ModuleRun): Promise<void> {
  for (const receipt of receipts) {
    const folder = dirname(receipt.to);
    const draft = join(folder, `.k3sprov.${randomBytes(12).toString("hex")}`);
    try {
      await makeFolder(folder);
      const digest = await receive(receipt, draft, run);
      if (receipt.digest !== undefined && digest !== receipt.digest) {
        throw new ModuleFailure(`checksum mismatch: ${receipt.from} has changed while it was being fetched`, {
          file: receipt.from,
          dest: receipt.to,
        });
      }
      await chmod(draft, await modeFor(receipt.to));
      await rename(draft, receipt.to);
    } catch (error) {
      await rm(draft, { force: true });
      if (isSystemError(error)) throw new ModuleFailure(`cannot write ${receipt.to} on the control node: ${error.message}`);
      throw error;
    }
  }
}

async function receive({ from, size }: FileReceipt, draft: string, run: ModuleRun): Promise<string> {
  const hash: Hash = createHash("sha256");
  const file = await open(draft, "wx", 0o600);
  try {
    let packed = false;
    for (let blocks = 0; ; blocks += pieceBlocks) {
      const piece = await onePiece(from, blocks, packed, run);
      // A file that only grows at its end, such as a log, is taken as it was when it was looked at.
      const bytes = size === 0 ? piece : piece.subarray(0, Math.max(0, size - blocks * block));
      hash.update(bytes);
      await file.write(bytes);
      if (piece.length < pieceBlocks * block || (size > 0 && size <= (blocks + pieceBlocks) * block)) break;
      packed = run.context.traits.commands.has("gzip") && (await shrinks(bytes));
    }
  } finally {
    await file.close();
  }
  return hash.digest("hex");
}

async function onePiece(from: string, skip: number, packed: boolean, run: ModuleRun): Promise<Buffer> {
  const output = await run.session.read(run.become, { script: pieceScript(from, skip, packed) });
  if (output.rc !== 0) {
    throw new ModuleFailure(`cannot read ${from}: ${output.stderr.toString("utf8").trim() || `exit status ${output.rc}`}`);
  }
  return packed ? promisify(gunzip)(output.stdout) : output.stdout;
}

// dd says how much it read on standard error; its own complaints would drown in that, so the usual ones are looked for before.
function pieceScript(from: string, skip: number, packed: boolean): Sh {
  const read = sh`dd if=${from} bs=${block} skip=${skip} count=${pieceBlocks} 2>/dev/null`;
  return sh`[ -f ${from} ] || { echo 'it is not a file any more' >&2; exit 1; }
[ -r ${from} ] || { echo 'permission denied' >&2; exit 1; }
${packed ? sh`${read} | gzip -1` : read}`;
}

async function shrinks(bytes: Buffer): Promise<boolean> {
  const sample = bytes.subarray(-sampleLength);
  return (await promisify(gzip)(sample, { level: 1 })).length < sample.length * worthIt;
}

/** One by one: Node's own recursive mkdir never ends where a file system takes no folders (/proc). */
async function makeFolder(path: string): Promise<void> {
  if ((await stat(path).catch(() => undefined))?.isDirectory() === true) return;
  if (dirname(path) !== path) await makeFolder(dirname(path));
  await mkdir(path).catch((error: unknown) => {
    // Another host's file may go to the same folder at the same time.
    if (!isSystemError(error) || error.code !== "EEXIST") throw error;
  });
}

/** What the old file has, or what any new file would get. */
async function modeFor(path: string): Promise<number> {
  const old = await stat(path).catch(() => undefined);
  return old === undefined ? 0o666 & ~process.umask() : old.mode & 0o777;
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}
