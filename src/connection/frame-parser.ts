/** What a shell printed up to a delimiter, and what the delimiter says. */
export type Frame = { readonly label: string; readonly value: string; readonly body: Buffer };

/** Frames are far shorter; more than this without an end of line is not one. */
const longestTail = 8192;

/**
 * Cuts one output stream at delimiters of the form `NONCE:label:value\n`. The nonce is 128 random bits that exist nowhere
 * on the host but in the shell's own text, so whatever a script prints, NUL bytes included, is a body.
 */
export class FrameParser {
  readonly #marker: Buffer;
  readonly #onFrame: (frame: Frame) => void;
  #body: Buffer[] = [];
  #bodyLength = 0;
  #rest: Buffer = Buffer.alloc(0);

  constructor(nonce: string, onFrame: (frame: Frame) => void) {
    this.#marker = Buffer.from(`${nonce}:`, "latin1");
    this.#onFrame = onFrame;
  }

  /** Bytes since the last delimiter. */
  get pendingLength(): number {
    return this.#bodyLength + this.#rest.length;
  }

  get pending(): Buffer {
    return Buffer.concat([...this.#body, this.#rest]);
  }

  push(chunk: Buffer): void {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const start = data.indexOf(this.#marker);
      if (start === -1) break;
      const textStart = start + this.#marker.length;
      const end = data.indexOf(0x0a, textStart);
      if (end === -1 && data.length - textStart < longestTail) {
        this.#keep(data.subarray(0, start));
        this.#rest = Buffer.from(data.subarray(start));
        return;
      }
      if (end === -1) throw new Error("a delimiter without an end");
      this.#keep(data.subarray(0, start));
      this.#emit(data.toString("utf8", textStart, end));
      data = data.subarray(end + 1);
    }
    // The marker may begin in the last bytes and go on in the next chunk.
    const safe = Math.max(0, data.length - this.#marker.length + 1);
    this.#keep(data.subarray(0, safe));
    this.#rest = Buffer.from(data.subarray(safe));
  }

  #keep(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#body.push(bytes);
    this.#bodyLength += bytes.length;
  }

  #emit(text: string): void {
    const colon = text.indexOf(":");
    const body = this.#body.length === 1 ? (this.#body[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#body);
    this.#body = [];
    this.#bodyLength = 0;
    this.#onFrame({ label: colon === -1 ? text : text.slice(0, colon), value: colon === -1 ? "" : text.slice(colon + 1), body });
  }
}
