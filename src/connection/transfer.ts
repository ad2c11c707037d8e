import { type FileHandle, open } from "node:fs/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { FilePayload } from "./connection.ts";
import type { Exchange } from "./exchange.ts";
import { above, candidates, receiveScript } from "./receive-script.ts";
import { freshNonce, type ShellProcess } from "./shell-process.ts";

const compress = promisify(gzip);
/** A piece is compressed when this much of it shrinks to less than `worthIt`. */
const sampleLength = 65_536;
const worthIt = 0.8;
/** A piece that is compressed is held in memory, one that is not is read as it is sent. */
const packedPiece = 2_097_152;
const plainPiece = 8_388_608;
const blockLength = 131_072;

export type TransferEnd =
  /** The file lies complete in `directory`, under the name `part`. */
  | { readonly kind: "arrived"; readonly directory: string }
  /** The host or the file does not allow it; nothing is left on the host. */
  | { readonly kind: "refused"; readonly message: string }
  /** The shell has ended, or the caller's patience; `directory` holds what has arrived, `left` may be there. */
  | {
      readonly kind: "broken";
      readonly directory: string | undefined;
      readonly left: readonly string[];
      readonly arrived: number;
    };

/** Brings one file to the host through its shell, in pieces, and has its digest taken there. */
export async function transfer(
  process: ShellProcess,
  payload: FilePayload,
  how: { readonly resume: string | undefined; readonly canUnpack: boolean; readonly stop: AbortSignal },
): Promise<TransferEnd> {
  let handle: FileHandle;
  try {
    handle = await open(payload.file, "r");
  } catch (error) {
    return { kind: "refused", message: `cannot read ${payload.file} on the control node: ${reasonOf(error)}` };
  }
  try {
    return await new Transfer(process, payload, handle, how.canUnpack, how.stop).run(how.resume);
  } finally {
    await handle.close();
  }
}

class Transfer {
  readonly #process: ShellProcess;
  readonly #payload: FilePayload;
  readonly #file: FileHandle;
  readonly #canUnpack: boolean;
  readonly #stop: AbortSignal;
  readonly #stopped: Promise<unknown>;
  readonly #exchange: Exchange;
  readonly #nonce = freshNonce();
  readonly #name = `.k3sprov.${freshNonce()}`;
  #directory: string | undefined;
  #arrived = 0;
  /** The file has become shorter than its size said. */
  #isShort = false;

  constructor(process: ShellProcess, payload: FilePayload, file: FileHandle, canUnpack: boolean, stop: AbortSignal) {
    this.#process = process;
    this.#payload = payload;
    this.#file = file;
    this.#canUnpack = canUnpack;
    this.#stop = stop;
    this.#stopped = new Promise((resolve) => stop.addEventListener("abort", resolve, { once: true }));
    this.#exchange = process.startExchange(this.#nonce, 1);
  }

  async run(resume: string | undefined): Promise<TransferEnd> {
    const { near, size, digest } = this.#payload;
    await this.#write(receiveScript(this.#nonce, { near, name: this.#name, resume }));
    const opened = /^open (\d+) (exact|loose) (\d+)$/.exec((await this.#note()) ?? "");
    if (opened === null) return this.#isOver() ? this.#refused(`cannot bring ${this.#payload.file} to ${near}`) : this.#broken();
    this.#directory = `${above(near, Number(opened[3]))}/${this.#name}`;
    this.#arrived = Number(opened[1]);
    // Where `head` takes more from a pipe than it gives away, nothing may lie behind a piece.
    const ahead = opened[2] === "exact" ? 2 : 1;
    const ends: number[] = [];
    let sent = this.#arrived;
    while (this.#arrived < size) {
      while (ends.length < ahead && sent < size) {
        sent = await this.#send(sent);
        ends.push(sent);
      }
      const got = /^got (\d+)$/.exec((await this.#note()) ?? "")?.[1];
      if (got === undefined) return this.#broken();
      this.#arrived = Number(got);
      if (this.#arrived !== ends.shift()) return this.#drop(`could not write all of ${this.#payload.file} below ${near}`);
      if (this.#isShort) return this.#drop(`${this.#payload.file} has changed while it was being copied`);
    }
    await this.#write(`end ${digest}\n`);
    const sum = await this.#note();
    if (sum === undefined || !(await this.#finished())) return this.#broken();
    if (sum === `sum ${digest}`) return { kind: "arrived", directory: this.#directory };
    if (sum === "sum ") return this.#refused(`cannot verify ${this.#payload.file}: the host has neither sha256sum nor openssl`);
    if (resume !== undefined) return this.#startOver();
    return this.#refused(`${this.#payload.file} did not arrive as it was: it has changed while it was being copied`);
  }

  /** What an earlier attempt brought over does not fit: it is gone from the host, and all of it is sent again. */
  #startOver(): Promise<TransferEnd> {
    return new Transfer(this.#process, this.#payload, this.#file, this.#canUnpack, this.#stop).run(undefined);
  }

  /** Sends the piece that starts at `position`; where it ends. */
  async #send(position: number): Promise<number> {
    const rest = this.#payload.size - position;
    if (this.#canUnpack && (await this.#shrinks(position, rest))) {
      const length = Math.min(packedPiece, rest);
      const packed = await compress(await this.#read(position, length), { level: 1 });
      await this.#write(`gzip ${packed.length}\n`);
      for (let at = 0; at < packed.length; at += blockLength) await this.#write(packed.subarray(at, at + blockLength));
      return position + length;
    }
    const end = position + Math.min(plainPiece, rest);
    await this.#write(`raw ${end - position}\n`);
    for (let at = position; at < end && !this.#isOver(); at += blockLength) {
      await this.#write(await this.#read(at, Math.min(blockLength, end - at)));
    }
    return end;
  }

  async #shrinks(position: number, rest: number): Promise<boolean> {
    const sample = await this.#read(position, Math.min(sampleLength, rest));
    return (await compress(sample, { level: 1 })).length < sample.length * worthIt;
  }

  /** As many bytes as were announced, whatever has become of the file: the host waits for them. */
  async #read(position: number, length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(length);
    for (let filled = 0; filled < length; ) {
      const { bytesRead } = await this.#file.read(bytes, filled, length - filled, position + filled);
      if (bytesRead === 0) {
        this.#isShort = true;
        break;
      }
      filled += bytesRead;
    }
    return bytes;
  }

  async #write(data: string | Buffer): Promise<void> {
    if (this.#isOver()) return;
    await Promise.race([this.#process.write(data), this.#stopped]);
  }

  /** The next thing that the host says; undefined when it says nothing more. */
  async #note(): Promise<string | undefined> {
    const { notes } = this.#exchange;
    await this.#process.waitFor(() => notes.length > 0 || this.#isOver(), { signal: this.#stop });
    if (notes.length > 0) this.#process.countRoundTrip();
    return notes.shift();
  }

  async #finished(): Promise<boolean> {
    await this.#process.waitFor(() => this.#isOver(), { signal: this.#stop });
    this.#process.exchange = undefined;
    return this.#exchange.isDone;
  }

  #isOver(): boolean {
    return this.#exchange.isDone || this.#exchange.failure !== undefined || !this.#process.isAlive || this.#stop.aborted;
  }

  async #drop(message: string): Promise<TransferEnd> {
    await this.#write("drop\n");
    return (await this.#finished()) ? this.#refused(message) : this.#broken();
  }

  async #refused(message: string): Promise<TransferEnd> {
    if (!(await this.#finished())) return this.#broken();
    const said = this.#exchange.completed[0]?.stderr.toString("utf8").trim().split("\n").at(-1) ?? "";
    return { kind: "refused", message: `${message}${said === "" ? "" : `: ${said}`}; nothing was changed` };
  }

  #broken(): TransferEnd {
    const left = this.#directory === undefined ? candidates(this.#payload.near, this.#name) : [this.#directory];
    return { kind: "broken", directory: this.#directory, left, arrived: this.#arrived };
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
