import { createHash, randomInt } from "node:crypto";

const size = 624;
const shift = 397;

/** An unpredictable integer from 0 to `limit` - 1. */
export function randomBelow(limit: number): number {
  return randomInt(limit);
}

/**
 * Python's seeded generator (MT19937, seeded as `random.Random(seed)` does), so that `random(seed=inventory_hostname)` gives the
 * number that Ansible gives. Source: M. Matsumoto and T. Nishimura, "Mersenne Twister", 1998; Python's documentation of `random`.
 */
export class PythonRandom {
  readonly #state = new Uint32Array(size);
  #index = size;

  constructor(seed: string | number | bigint) {
    this.#seed(typeof seed === "string" ? numberOf(seed) : BigInt(seed) < 0n ? -BigInt(seed) : BigInt(seed));
  }

  /** An integer from 0 to `limit` - 1. */
  readonly below = (limit: number): number => {
    const bits = limit.toString(2).length;
    let value = this.#bits(bits);
    while (value >= limit) value = this.#bits(bits);
    return value;
  };

  #bits(count: number): number {
    if (count <= 32) return this.#next() >>> (32 - count);
    const low = this.#next();
    const high = this.#next() >>> (64 - count);
    return high * 2 ** 32 + low;
  }

  #seed(seed: bigint): void {
    const words: number[] = [];
    for (let rest = seed; rest > 0n; rest >>= 32n) words.push(Number(rest & 0xffffffffn));
    if (words.length === 0) words.push(0);
    const state = this.#state;
    state[0] = 19650218;
    for (let i = 1; i < size; i += 1) state[i] = Math.imul(1812433253, this.#mixed(i)) + i;
    let i = 1;
    let j = 0;
    const step = (value: number): void => {
      state[i] = value;
      i += 1;
      if (i >= size) {
        state[0] = state[size - 1] ?? 0;
        i = 1;
      }
    };
    for (let k = Math.max(size, words.length); k > 0; k -= 1) {
      step(((state[i] ?? 0) ^ Math.imul(this.#mixed(i), 1664525)) + (words[j] ?? 0) + j);
      j = (j + 1) % words.length;
    }
    for (let k = size - 1; k > 0; k -= 1) step(((state[i] ?? 0) ^ Math.imul(this.#mixed(i), 1566083941)) - i);
    state[0] = 0x80000000;
  }

  #mixed(i: number): number {
    const before = this.#state[i - 1] ?? 0;
    return before ^ (before >>> 30);
  }

  #next(): number {
    if (this.#index >= size) this.#generate();
    let y = this.#state[this.#index] ?? 0;
    this.#index += 1;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return y >>> 0;
  }

  #generate(): void {
    const state = this.#state;
    for (let k = 0; k < size; k += 1) {
      const y = ((state[k] ?? 0) & 0x80000000) | ((state[(k + 1) % size] ?? 0) & 0x7fffffff);
      state[k] = (state[(k + shift) % size] ?? 0) ^ (y >>> 1) ^ ((y & 1) === 0 ? 0 : 0x9908b0df);
    }
    this.#index = 0;
  }
}

// A text seeds with its bytes, followed by their SHA-512.
function numberOf(seed: string): bigint {
  const bytes = Buffer.from(seed, "utf8");
  const all = Buffer.concat([bytes, createHash("sha512").update(bytes).digest()]);
  return BigInt(`0x${all.toString("hex")}`);
}
