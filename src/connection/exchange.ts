import type { SectionResult } from "./connection.ts";
import { type Frame, FrameParser } from "./frame-parser.ts";
import { type Hello, type LockAnswer, readHello, readLock } from "./preamble.ts";

/** What one section may print on one stream before it is taken for a runaway. */
const outputLimit = 268_435_456;

/** What has come back so far of one round trip. Both streams are read apart; a section is complete when both say so. */
export class Exchange {
  hello: Hello | undefined;
  /** Who holds the lock that we wait for. */
  waitingFor: string | undefined;
  lock: LockAnswer | undefined;
  /** What a script that talks with us has said and nobody has heard yet, in order. */
  readonly notes: string[] = [];
  /** The output is not what our own text prints, or too much of it. */
  failure: "output-limit" | "garbled" | undefined;
  readonly #sections: number;
  readonly #stdout: { readonly rc: number; readonly body: Buffer }[] = [];
  readonly #stderr: Buffer[] = [];
  readonly #out: FrameParser;
  readonly #err: FrameParser;

  constructor(nonce: string, sections: number) {
    this.#sections = sections;
    this.#out = new FrameParser(nonce, (frame) => this.#onOut(frame));
    this.#err = new FrameParser(nonce, (frame) => this.#onErr(frame));
  }

  push(stream: "stdout" | "stderr", chunk: Buffer): void {
    if (this.failure !== undefined) return;
    const parser = stream === "stdout" ? this.#out : this.#err;
    try {
      parser.push(chunk);
    } catch {
      this.failure = "garbled";
    }
    if (parser.pendingLength > outputLimit) this.failure = "output-limit";
  }

  get isDone(): boolean {
    return this.#stdout.length === this.#sections && this.#stderr.length === this.#sections;
  }

  /** Results in order, as far as both streams have them. */
  get completed(): SectionResult[] {
    const results: SectionResult[] = [];
    for (const [index, { rc, body }] of this.#stdout.entries()) {
      const stderr = this.#stderr[index];
      if (stderr === undefined) break;
      results.push({ rc, stdout: body, stderr });
    }
    return results;
  }

  /** What was printed since the last delimiter: the last words of a shell that ended. */
  get lastWords(): string {
    const tail = (bytes: Buffer) => bytes.subarray(-4096).toString("utf8");
    return `${tail(this.#out.pending)}\n${tail(this.#err.pending)}`;
  }

  #onOut(frame: Frame): void {
    if (frame.label === "hello") this.hello = readHello(frame.value);
    else if (frame.label === "wait") this.waitingFor = frame.value;
    else if (frame.label === "lock") this.lock = readLock(frame.value);
    else if (frame.label === "note") this.notes.push(frame.value);
    else if (frame.label !== "begin") {
      if (frame.label !== String(this.#stdout.length)) this.failure = "garbled";
      this.#stdout.push({ rc: Number(frame.value), body: frame.body });
    }
  }

  #onErr(frame: Frame): void {
    if (frame.label === "begin") return;
    if (frame.label !== String(this.#stderr.length)) this.failure = "garbled";
    this.#stderr.push(frame.body);
  }
}
