import { randomUUID } from "node:crypto";
import { Socket } from "node:net";
import { type Duplex, PassThrough } from "node:stream";
import type { Exec } from "dockerode";
import { quote } from "../../src/sh.ts";
import { type CommandResult, containerById } from "./container.ts";

/**
 * Runs a command in a host without SSH: what a test sees this way does not pass through what it tests. Root's commands go through one shell a
 * host, which spares the engine a process and a namespace's entry for each; a command that comes while another one runs has an exec of its own.
 */
export async function runInside(id: string, command: readonly string[], user = "root"): Promise<CommandResult> {
  if (user !== "root" || busy.has(id)) return execInside(id, command, user);
  busy.add(id);
  try {
    const opening = shells.get(id) ?? openShell(id);
    shells.set(id, opening);
    const shell = await opening;
    if (shell.isClosed()) {
      shells.delete(id);
      return await execInside(id, command, user);
    }
    return await shell.run(command);
  } catch (error) {
    shells.delete(id);
    throw error;
  } finally {
    busy.delete(id);
  }
}

const shells = new Map<string, Promise<InsideShell>>();
const busy = new Set<string>();

async function execInside(id: string, command: readonly string[], user: string): Promise<CommandResult> {
  const container = await containerById(id);
  const exec = await container.exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true, User: user });
  const stream = await exec.start({ hijack: true, stdin: false });
  const out = new Reader();
  const err = new Reader();
  container.modem.demuxStream(stream, out.sink, err.sink);
  await new Promise<void>((resolve, reject) => stream.on("end", resolve).on("error", reject));
  const { ExitCode } = await exec.inspect();
  return { rc: ExitCode ?? -1, stdout: out.take(), stderr: err.take() };
}

async function openShell(id: string): Promise<InsideShell> {
  const container = await containerById(id);
  const exec = await container.exec({
    Cmd: ["/bin/sh"],
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    User: "root",
  });
  const stream = await exec.start({ hijack: true, stdin: true });
  const shell = new InsideShell(exec, stream);
  container.modem.demuxStream(stream, shell.out.sink, shell.err.sink);
  return shell;
}

/** A shell that stays. What a command says ends at a word that nobody can guess, on both of its outputs. */
class InsideShell {
  readonly out = new Reader();
  readonly err = new Reader();
  readonly #exec: Exec;
  readonly #stream: Duplex;
  readonly #closed: Promise<void>;
  #isClosed = false;

  constructor(exec: Exec, stream: Duplex) {
    this.#exec = exec;
    this.#stream = stream;
    this.#closed = new Promise((resolve) => {
      const end = (): void => {
        this.#isClosed = true;
        resolve();
      };
      stream.on("end", end).on("close", end).on("error", end);
    });
    this.#keepAlive(false);
  }

  /** A shell that waits for commands must not keep a program from ending. */
  #keepAlive(isBusy: boolean): void {
    if (!(this.#stream instanceof Socket))
      throw new Error("the engine's stream is no socket, and would keep every program alive");
    if (isBusy) this.#stream.ref();
    else this.#stream.unref();
  }

  isClosed(): boolean {
    return this.#isClosed;
  }

  async run(command: readonly string[]): Promise<CommandResult> {
    const word = randomUUID();
    this.#keepAlive(true);
    const told = Promise.all([this.out.until(word), this.err.until(word)]);
    const words = command.map((one) => quote(one)).join(" ");
    this.#stream.write(`${words} </dev/null; printf '\\n${word} %s\\n' "$?"; printf '\\n${word} \\n' >&2\n`);
    const answered = await Promise.race([told, this.#closed]).finally(() => this.#keepAlive(false));
    if (answered !== undefined) return { rc: Number(answered[0].after), stdout: answered[0].text, stderr: answered[1].text };
    // The host went down under it.
    const { ExitCode } = await this.#exec.inspect();
    return { rc: ExitCode ?? -1, stdout: this.out.take(), stderr: this.err.take() };
  }
}

/** Decodes only when all is there: a character may come in two pieces. */
class Reader {
  readonly sink = new PassThrough();
  #chunks: Buffer[] = [];
  #tail = Buffer.alloc(0);
  #awaited: { readonly word: string; readonly found: (end: { text: string; after: string }) => void } | undefined;

  constructor() {
    this.sink.on("data", (chunk: Buffer) => this.#add(chunk));
  }

  take(): string {
    const text = Buffer.concat(this.#chunks).toString("utf8");
    this.#chunks = [];
    return text;
  }

  /** What is said until `word` begins a line, and what follows it there. What was said before is of an earlier command, and dropped. */
  until(word: string): Promise<{ text: string; after: string }> {
    this.#chunks = [];
    this.#tail = Buffer.alloc(0);
    return new Promise((found) => {
      this.#awaited = { word: `\n${word} `, found };
    });
  }

  #add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    if (this.#awaited === undefined) return;
    const { word, found } = this.#awaited;
    const seen = Buffer.concat([this.#tail, chunk]);
    // Until the end of its line has come, too.
    const at = seen.indexOf(word);
    if (at === -1 || seen.indexOf("\n", at + word.length) === -1) {
      this.#tail = Buffer.from(at === -1 ? seen.subarray(-word.length) : seen.subarray(at));
      return;
    }
    this.#awaited = undefined;
    const all = this.take();
    const begin = all.lastIndexOf(word);
    const [after = ""] = all.slice(begin + word.length).split("\n");
    found({ text: all.slice(0, begin), after });
  }
}
