import { createHash } from "node:crypto";

const ALPHABET = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

type Kind = {
  readonly algorithm: "sha256" | "sha512";
  readonly id: "5" | "6";
  /** Triples of bytes in the order in which they are encoded; -1 stands for nothing. */
  readonly order: readonly (readonly [number, number, number])[];
};

// The last group of either is shorter: two bytes of 32, one of 64.
const kinds: Readonly<Record<"sha256" | "sha512", Kind>> = {
  sha256: {
    algorithm: "sha256",
    id: "5",
    order: [...Array.from({ length: 10 }, (_, i) => rotate([i, i + 10, i + 20], i)), [-1, 31, 30]],
  },
  sha512: {
    algorithm: "sha512",
    id: "6",
    order: [...Array.from({ length: 21 }, (_, i) => rotate([i, i + 21, i + 42], 2 * i)), [-1, -1, 63]],
  },
};

function rotate([a, b, c]: readonly [number, number, number], by: number): readonly [number, number, number] {
  const turned: readonly (readonly [number, number, number])[] = [
    [a, b, c],
    [c, a, b],
    [b, c, a],
  ];
  return turned[by % 3] ?? [a, b, c];
}

export const DEFAULT_ROUNDS = 5000;

/** crypt(3) with SHA-256 or SHA-512, after Ulrich Drepper's "Unix crypt using SHA-256 and SHA-512" (version 0.4). */
export function shaCrypt(password: string, salt: string, which: "sha256" | "sha512", rounds: number | undefined): string {
  const kind = kinds[which];
  const key = Buffer.from(password, "utf8");
  const saltBytes = Buffer.from(salt, "utf8").subarray(0, 16);
  const turns = Math.min(Math.max(rounds ?? DEFAULT_ROUNDS, 1000), 999_999_999);
  const digest = (...parts: readonly Uint8Array[]): Buffer => {
    const hash = createHash(kind.algorithm);
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const stretched = (source: Buffer, length: number): Buffer => Buffer.alloc(length, source);

  const b = digest(key, saltBytes, key);
  const parts: Buffer[] = [key, saltBytes, stretched(b, key.length)];
  for (let length = key.length; length > 0; length >>= 1) parts.push((length & 1) === 1 ? b : key);
  let result = digest(...parts);
  const p = key.length === 0 ? Buffer.alloc(0) : stretched(digest(...Array.from({ length: key.length }, () => key)), key.length);
  const s = stretched(digest(...Array.from({ length: 16 + (result[0] ?? 0) }, () => saltBytes)), saltBytes.length);
  for (let turn = 0; turn < turns; turn += 1) {
    const isOdd = turn % 2 === 1;
    const pieces: Buffer[] = [isOdd ? p : result];
    if (turn % 3 !== 0) pieces.push(s);
    if (turn % 7 !== 0) pieces.push(p);
    pieces.push(isOdd ? result : p);
    result = digest(...pieces);
  }
  const cost = rounds === undefined ? "" : `rounds=${turns}$`;
  return `$${kind.id}$${cost}${saltBytes.toString("utf8")}$${kind.order.map((triple) => encode(result, triple)).join("")}`;
}

function encode(bytes: Buffer, triple: readonly [number, number, number]): string {
  const [a, b, c] = triple.map((index) => (index < 0 ? 0 : (bytes[index] ?? 0)));
  let value = ((a ?? 0) << 16) | ((b ?? 0) << 8) | (c ?? 0);
  const length = 4 - triple.filter((index) => index < 0).length;
  let text = "";
  for (let index = 0; index < length; index += 1) {
    text += ALPHABET[value & 63] ?? "";
    value >>= 6;
  }
  return text;
}

/** A salt of 16 characters for people who give none. */
export function randomSalt(bytes: Uint8Array): string {
  return [...bytes].map((byte) => ALPHABET[byte & 63] ?? "").join("");
}
