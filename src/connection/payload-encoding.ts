import { promisify } from "node:util";
import { gzip } from "node:zlib";

/** How a host can turn text back into bytes. */
export type Decoders = {
  readonly base64: boolean;
  readonly openssl: boolean;
  readonly gzip: boolean;
  /** The shell is bash, which reads its program from a pipe byte by byte, but `read -N` in blocks. */
  readonly bash: boolean;
};

/** Words for one `printf`, and what its output goes through. Words hold no quote of any kind unless `quoted`. */
export type EncodedPayload = {
  readonly format: "%s" | "octal";
  readonly words: readonly string[];
  readonly filters: readonly string[];
  /** Bytes that travel. */
  readonly length: number;
};

/** Words longer than this make some shells copy too much at once. */
const wordLength = 65_536;
/** Up to here plain text travels as it is: two processes to unpack it would cost more. */
const plainText = 4096;
const worthCompressing = 1024;
/** Contents that go to many hosts are packed once. */
const packed = new WeakMap<Uint8Array, Promise<Buffer>>();
const compress = promisify(gzip);

/**
 * Bytes that every shell keeps as they are between single quotes: printable ASCII, tab, line feed. Control characters and
 * bytes above 0x7f are special inside some shells (dash and bash mark quoted characters with them).
 */
export function isPlainText(content: Uint8Array): boolean {
  for (const byte of content) {
    if (byte > 0x7e || (byte < 0x20 && byte !== 0x09 && byte !== 0x0a)) return false;
  }
  return true;
}

/** Must the host's decoders be known before this content can be sent? */
export function needsDecoders(content: Uint8Array): boolean {
  return content.length > plainText || !isPlainText(content);
}

/** Chooses the cheapest form that the host can undo. Content that `needsDecoders` asks for `decoders`. */
export async function encodePayload(content: Uint8Array, decoders: Decoders | undefined): Promise<EncodedPayload> {
  if (!needsDecoders(content)) return text([Buffer.from(content).toString("latin1")], []);
  if (decoders === undefined) throw new Error("this payload cannot be sent before the host's decoders are known");
  const decode = decoders.base64 ? "base64 -d" : decoders.openssl ? "openssl base64 -d -A" : undefined;
  if (decode === undefined) {
    return isPlainText(content) ? text(slices(Buffer.from(content).toString("latin1")), []) : octal(content);
  }
  if (decoders.gzip && content.length > worthCompressing) {
    const smaller = await compressed(content);
    if (smaller.length < content.length * 0.8) return text(slices(smaller.toString("base64")), [decode, "gzip -dc"]);
  }
  return text(slices(Buffer.from(content).toString("base64")), [decode]);
}

function text(words: readonly string[], filters: readonly string[]): EncodedPayload {
  return { format: "%s", words, filters, length: words.reduce((sum, word) => sum + word.length, 0) };
}

/** Four characters a byte; only for hosts that have neither base64 nor openssl. */
function octal(content: Uint8Array): EncodedPayload {
  let all = "";
  for (const byte of content) all += `\\${byte.toString(8).padStart(3, "0")}`;
  return { format: "octal", words: slices(all), filters: [], length: all.length };
}

function compressed(content: Uint8Array): Promise<Buffer> {
  const known = packed.get(content);
  if (known !== undefined) return known;
  const made = compress(content, { level: content.length > 4_194_304 ? 1 : 6 });
  packed.set(content, made);
  return made;
}

function slices(all: string): string[] {
  const words: string[] = [];
  for (let start = 0; start < all.length; start += wordLength) words.push(all.slice(start, start + wordLength));
  return words;
}
