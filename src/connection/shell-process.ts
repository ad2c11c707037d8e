import { randomBytes } from "node:crypto";
import type { Channel, ChannelEnd } from "./channel.ts";
import { Exchange } from "./exchange.ts";

export type Limit = { readonly timeoutMs?: number | undefined; readonly signal?: AbortSignal | undefined };
export type Waited = "met" | "ended" | "timeout" | "aborted";

/** Bytes through the channels of one host. */
export type Counters = { roundTrips: number; bytesSent: number; bytesReceived: number; connects: number };

/** Output outside of any exchange that is kept, for messages. */
const strayLimit = 16_384;

/** 128 random bits, as text that no shell finds special. */
export function freshNonce(): string {
  return randomBytes(16).toString("hex");
}

/** One shell that runs on a host: what goes in, what comes out, and when it ended. */
export class ShellProcess {
  end: ChannelEnd | undefined;
  pid: number | undefined;
  exchange: Exchange | undefined;
  /** Output while there was no exchange. */
  readonly stray = { stdout: "", stderr: "" };
  readonly #channel: Channel;
  readonly #counters: Counters;
  readonly #watchers = new Set<() => void>();
  readonly #ended: Promise<void>;
  #tellEnded: () => void = () => {};

  constructor(channel: Channel, counters: Counters) {
    this.#channel = channel;
    this.#counters = counters;
    this.#ended = new Promise((resolve) => {
      this.#tellEnded = resolve;
    });
    channel.listen({
      stdout: (chunk) => this.#received("stdout", chunk),
      stderr: (chunk) => this.#received("stderr", chunk),
      end: (end) => this.#finish(end),
    });
  }

  get isAlive(): boolean {
    return this.end === undefined;
  }

  countRoundTrip(): void {
    this.#counters.roundTrips += 1;
  }

  startExchange(nonce: string, sections: number): Exchange {
    this.exchange = new Exchange(nonce, sections);
    return this.exchange;
  }

  /** Never fails: an end of the shell is told by `waitFor`. Settles when everything is on its way or the shell has ended. */
  async write(data: string | Buffer): Promise<void> {
    if (!this.isAlive) return;
    this.#counters.bytesSent += Buffer.byteLength(data);
    // A window that stays closed because the other side is gone would never open again.
    await Promise.race([this.#channel.write(data), this.#ended]);
  }

  destroy(): void {
    this.#channel.destroy();
    this.#finish({ connectionLost: false });
  }

  /** Waits until `isMet`, looked at after each piece of output, or the shell's end, or the limit. */
  waitFor(isMet: () => boolean, limit: Limit): Promise<Waited> {
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined;
      const check = () => {
        if (isMet()) finish("met");
        else if (this.end !== undefined) finish("ended");
      };
      const abort = () => finish("aborted");
      const finish = (waited: Waited) => {
        this.#watchers.delete(check);
        clearTimeout(timer);
        limit.signal?.removeEventListener("abort", abort);
        resolve(waited);
      };
      if (isMet()) return resolve("met");
      if (this.end !== undefined) return resolve("ended");
      if (limit.signal?.aborted === true) return resolve("aborted");
      this.#watchers.add(check);
      limit.signal?.addEventListener("abort", abort);
      if (limit.timeoutMs !== undefined) timer = setTimeout(() => finish("timeout"), limit.timeoutMs);
    });
  }

  #received(stream: "stdout" | "stderr", chunk: Buffer): void {
    this.#counters.bytesReceived += chunk.length;
    if (this.exchange !== undefined) this.exchange.push(stream, chunk);
    else this.stray[stream] = (this.stray[stream] + chunk.toString("latin1")).slice(-strayLimit);
    this.#notify();
  }

  #finish(end: ChannelEnd): void {
    this.end ??= end;
    this.#tellEnded();
    this.#notify();
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}
