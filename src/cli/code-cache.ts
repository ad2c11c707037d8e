import { createHash } from "node:crypto";
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { Script, constants as vmConstants } from "node:vm";

const SUFFIX = ".code";
const DIGEST_BYTES = 32;
/** A run that is over sooner has compiled little of the program, and its user should not wait for the cache. Milliseconds. */
const WORTH_KEEPING_AFTER = 1000;

/**
 * Runs a CommonJS file, and answers its exports. Node spends a third of a second on compiling the program, function by function as it
 * calls them: V8's byte code is kept in `folder` and used by later runs. Node's own `module.enableCompileCache` (22.1) does the
 * like, but keeps only what is compiled when a file is loaded, which is the lesser part.
 *
 * The name of `file` must tell its content apart from any other version's: V8 compares no more than its length. Whatever is wrong with
 * the cache, the program runs without it.
 */
export function loadWithCodeCache(file: string, folder: string | undefined): unknown {
  const source = readFileSync(file, "utf8");
  const cache = folder === undefined ? undefined : join(folder, `${basename(file)}-${process.version}-${process.arch}${SUFFIX}`);
  const cachedData = cache === undefined ? undefined : readCache(cache);
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {${source}\n})`, {
    filename: file,
    ...(cachedData === undefined ? {} : { cachedData }),
    importModuleDynamically: vmConstants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  if (cache !== undefined && (cachedData === undefined || script.cachedDataRejected === true)) {
    process.once("exit", () => {
      if (performance.now() >= WORTH_KEEPING_AFTER) writeCache(cache, () => script.createCachedData());
    });
  }
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(file), module, file, dirname(file));
  return module.exports;
}

/** Where the cache lies, or undefined when it is unwanted: Node's own variable says so. */
export function codeCacheFolder(environment: NodeJS.ProcessEnv): string | undefined {
  if ((environment["NODE_DISABLE_COMPILE_CACHE"] ?? "") !== "") return undefined;
  const base = environment["XDG_CACHE_HOME"] ?? "";
  // The XDG base directory specification has relative paths ignored.
  return join(base.startsWith("/") ? base : join(homedir(), ".cache"), "k3sprov");
}

/** The byte code in a cache file, if nobody else can have written it: V8 trusts what it is given. */
export function readCache(file: string): Buffer | undefined {
  let handle: number | undefined;
  try {
    if (!isOurFolder(dirname(file))) return undefined;
    handle = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW);
    const { uid, mode } = fstatSync(handle);
    if (uid !== process.getuid?.() || (mode & 0o022) !== 0) return undefined;
    const content = readFileSync(handle);
    const code = content.subarray(DIGEST_BYTES);
    return digest(code).equals(content.subarray(0, DIGEST_BYTES)) ? code : undefined;
  } catch {
    return undefined;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** Replaces the caches of other versions. A cache that cannot be written is not missed: a full disk, a home without a writer. */
export function writeCache(file: string, make: () => Buffer): void {
  const folder = dirname(file);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (isOurFolder(folder)) replaceCache(file, make());
  } catch {
    // Nothing is lost but the time that it would have saved.
  }
}

function replaceCache(file: string, code: Buffer): void {
  const draft = `${file}.${process.pid}`;
  try {
    writeFileSync(draft, Buffer.concat([digest(code), code]), { flag: "wx", mode: 0o600 });
    renameSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
  const folder = dirname(file);
  for (const name of readdirSync(folder)) {
    if (name.endsWith(SUFFIX) && name !== basename(file)) rmSync(join(folder, name), { force: true });
  }
}

// With sudo, HOME may be that of a user who is not root: root must neither run what lies there nor write there.
function isOurFolder(folder: string): boolean {
  const stat = lstatSync(folder);
  return stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o022) === 0;
}

function digest(code: Buffer): Buffer {
  return createHash("sha256").update(code).digest();
}
