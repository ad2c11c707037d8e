import { execFile } from "node:child_process";
import { access, constants, readFile, stat } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { refuse } from "../diagnostic.ts";
import { type VaultSecret, VaultSecrets } from "./secrets.ts";

/** Where a vault password comes from. */
export type VaultSource = {
  readonly id: string;
  readonly from: { readonly kind: "file"; readonly path: string } | { readonly kind: "prompt" };
};

export type VaultSourceOptions = {
  readonly cwd: string;
  /** Asks on the terminal without echo; undefined when there is nobody to ask. */
  readonly prompt: ((question: string) => Promise<string | undefined>) | undefined;
};

const TIME_LIMIT_MS = 60_000;

/** `--vault-id`: `FILE`, `ID@FILE`, `ID@prompt`, `prompt`. */
export function parseVaultId(text: string): VaultSource {
  const at = text.indexOf("@");
  const id = at < 0 ? "default" : text.slice(0, at);
  const source = at < 0 ? text : text.slice(at + 1);
  if (id === "" || source === "") return refuse("vault", `--vault-id "${text}" needs the form ID@FILE or ID@prompt`);
  return {
    id,
    from: source === "prompt" || source === "prompt_ask_vault_pass" ? { kind: "prompt" } : { kind: "file", path: source },
  };
}

/** Reads the passwords: files, programs that print one, and prompts, in this order of the sources. */
export async function loadVaultSecrets(sources: readonly VaultSource[], options: VaultSourceOptions): Promise<VaultSecrets> {
  const secrets: VaultSecret[] = [];
  for (const source of sources) secrets.push(await load(source, options));
  return new VaultSecrets(secrets);
}

async function load(source: VaultSource, options: VaultSourceOptions): Promise<VaultSecret> {
  if (source.from.kind === "prompt") {
    const question = source.id === "default" ? "Vault password: " : `Vault password (${source.id}): `;
    const answer = await options.prompt?.(question);
    if (answer === undefined)
      return refuse("vault", "the vault password must be asked for, but there is no terminal", {
        help: "use --vault-password-file FILE",
      });
    return checked(source.id, Buffer.from(answer, "utf8"), "the prompt");
  }
  const { path } = source.from;
  const file = isAbsolute(path) ? path : join(options.cwd, path.replace(/^~(?=\/)/, process.env["HOME"] ?? "~"));
  const name = `the vault password file ${path}`;
  const bytes = (await isProgram(file, name)) ? await run(file, source.id, name) : await readFile(file);
  return checked(source.id, withoutLineEnd(bytes), name);
}

async function isProgram(file: string, name: string): Promise<boolean> {
  try {
    const stats = await stat(file);
    if (stats.isDirectory()) return refuse("vault", `${name} is a directory`);
    await access(file, constants.R_OK);
    return (stats.mode & 0o111) !== 0;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return refuse("vault", `${name} does not exist`);
    if (code === "EACCES") return refuse("vault", `${name} cannot be read: permission denied`);
    throw error;
  }
}

// A program whose name ends in "-client" is asked for one id, as Ansible does.
async function run(file: string, id: string, name: string): Promise<Buffer> {
  const isClient = /-client(?:\.[^./]*)?$/.test(file);
  return new Promise((resolve, reject) => {
    execFile(
      file,
      isClient ? ["--vault-id", id] : [],
      { encoding: "buffer", timeout: TIME_LIMIT_MS, killSignal: "SIGKILL", maxBuffer: 1 << 20 },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(failure(name, error, stderr.toString("utf8").trim()));
      },
    );
  });
}

function failure(name: string, error: Error & { killed?: boolean; code?: unknown }, stderr: string): unknown {
  const why =
    error.killed === true
      ? `did not end within ${TIME_LIMIT_MS / 1000} seconds`
      : `failed (${error.code === undefined ? error.message : `exit status ${String(error.code)}`})`;
  try {
    return refuse("vault", `${name} is a program, and it ${why}${stderr === "" ? "" : `: ${stderr}`}`, {
      help: "a file that holds the password itself must not be executable",
    });
  } catch (diagnostic) {
    return diagnostic;
  }
}

function withoutLineEnd(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString("latin1").trim(), "latin1");
}

function checked(id: string, password: Buffer, source: string): VaultSecret {
  if (password.length === 0) return refuse("vault", `${source} gave an empty vault password`);
  return { id, password, source };
}
