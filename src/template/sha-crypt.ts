import { createHash, randomInt } from "node:crypto";
import { badValue } from "./errors.ts";

const alphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const defaultRounds = 5000;

type Kind = "sha256" | "sha512";

/** A salt of the crypt alphabet. */
export function makeSalt(length = 16): string {
  return Array.from({ length }, () => alphabet[randomInt(64)]).join("");
}

/**
 * `$5$` and `$6$` password hashes as crypt(3) makes them. Source: Ulrich Drepper, "Unix crypt using SHA-256 and SHA-512",
 * version 0.6. `rounds` is left out of the result when it is the default of 5000.
 */
export function shaCrypt(kind: Kind, password: string, salt: string, rounds: number | undefined): string {
  if (!/^[./0-9A-Za-z]{1,16}$/.test(salt)) badValue("a salt has 1 to 16 characters out of ./0-9A-Za-z");
  const count = rounds ?? defaultRounds;
  if (count < 1000 || count > 999_999_999) badValue("rounds must be from 1000 to 999999999");
  const key = Buffer.from(password, "utf8");
  const seasoning = Buffer.from(salt, "ascii");
  const hash = (...parts: readonly Uint8Array[]): Buffer => {
    const digest = createHash(kind);
    for (const part of parts) digest.update(part);
    return digest.digest();
  };
  const repeated = (block: Buffer, length: number): Buffer => Buffer.alloc(length, block);
  const alternate = hash(key, seasoning, key);
  const first: Buffer[] = [key, seasoning, key.length === 0 ? Buffer.alloc(0) : repeated(alternate, key.length)];
  for (let bits = key.length; bits > 0; bits >>= 1) first.push((bits & 1) === 1 ? alternate : key);
  let digest = hash(...first);
  const size = digest.length;
  const keyBlock = hash(...Array.from({ length: key.length }, () => key));
  const p = key.length === 0 ? Buffer.alloc(0) : repeated(keyBlock.subarray(0, size), key.length);
  const saltBlock = hash(...Array.from({ length: 16 + (digest[0] ?? 0) }, () => seasoning));
  const s = repeated(saltBlock, seasoning.length);
  for (let round = 0; round < count; round += 1) {
    const isOdd = (round & 1) === 1;
    const parts = [isOdd ? p : digest];
    if (round % 3 !== 0) parts.push(s);
    if (round % 7 !== 0) parts.push(p);
    parts.push(isOdd ? digest : p);
    digest = hash(...parts);
  }
  const prefix = kind === "sha256" ? "$5$" : "$6$";
  const setting = count === defaultRounds && rounds === undefined ? "" : `rounds=${count}$`;
  return `${prefix}${setting}${salt}$${encode(kind, digest)}`;
}

// The specification lists the bytes of each group of four characters; every group is the one before it, rotated.
function encode(kind: Kind, digest: Buffer): string {
  const third = Math.floor(digest.length / 3);
  let result = "";
  for (let group = 0; group < third; group += 1) {
    let a: number;
    let b: number;
    let c: number;
    if (kind === "sha512") [a, b, c] = rotate([group, group + 21, group + 42], group % 3);
    else [a, b, c] = rotate([group, group + 10, group + 20], (3 - (group % 3)) % 3);
    result += base64((byte(digest, a) << 16) | (byte(digest, b) << 8) | byte(digest, c), 4);
  }
  if (kind === "sha512") return result + base64(byte(digest, 63), 2);
  return result + base64((byte(digest, 31) << 8) | byte(digest, 30), 3);
}

function rotate([a, b, c]: readonly [number, number, number], by: number): [number, number, number] {
  if (by === 0) return [a, b, c];
  return by === 1 ? [b, c, a] : [c, a, b];
}

function byte(digest: Buffer, index: number): number {
  return digest[index] ?? 0;
}

function base64(value: number, length: number): string {
  let rest = value;
  let result = "";
  for (let index = 0; index < length; index += 1) {
    result += alphabet[rest & 0x3f];
    rest >>= 6;
  }
  return result;
}
