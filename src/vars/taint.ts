import { quote } from "../sh.ts";
import { toPlain } from "./plain.ts";
import { Secret, type Value } from "./value.ts";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const MASK = "********";
const SHORTEST = 3;
const SHORTEST_LINE = 4;
const SHORTEST_BASE64 = 6;
// A secret that is one of these words would mask half of every report and hide nothing.
const TRIVIAL = new Set([
  "yes",
  "true",
  "false",
  "none",
  "null",
  "off",
  "root",
  "absent",
  "present",
  "latest",
  "default",
  "localhost",
]);

/** Knows every secret of a run and masks them, in all the forms in which they may turn up in a text. */
export class Redactor {
  readonly #secrets = new Set<string>();
  readonly #forms = new Set<string>();
  /** Undefined: nothing to mask, or not built since the last secret was added. */
  #pattern: RegExp | undefined;

  /** Tells a secret. Ignored are texts below 3 characters and words such as "true", which are no secrets to anyone. */
  add(text: string): void {
    if (this.#secrets.has(text)) return;
    this.#secrets.add(text);
    const trimmed = text.trim();
    if (!isWorthMasking(trimmed, SHORTEST)) return;
    this.#addForms(text);
    this.#addForms(trimmed);
    const lines = trimmed.split(/\r?\n/);
    if (lines.length > 1) for (const line of lines) if (isWorthMasking(line.trim(), SHORTEST_LINE)) this.#addForms(line.trim());
    this.#pattern = undefined;
  }

  /** The text with `********` for each secret. */
  redact(text: string): string {
    if (this.#forms.size === 0) return text;
    this.#pattern ??= alternatives(this.#forms);
    return text.replace(this.#pattern, MASK);
  }

  /** The same for every string, key and number of JSON data. */
  redactJson(json: Json): Json {
    if (this.#forms.size === 0) return json;
    return this.#redactNested(json);
  }

  #redactNested(json: Json): Json {
    if (typeof json === "string") return this.redact(json);
    if (typeof json === "number") return this.#forms.has(String(json)) ? MASK : json;
    if (typeof json !== "object" || json === null) return json;
    if (isArray(json)) return json.map((member) => this.#redactNested(member));
    const object: Record<string, Json> = Object.create(null);
    for (const [key, member] of Object.entries(json)) object[this.redact(key)] = this.#redactNested(member);
    // Spreading gives it the usual prototype, whatever its keys are.
    return { ...object };
  }

  #addForms(text: string): void {
    for (const form of formsOf(text)) if (form.length >= SHORTEST) this.#forms.add(form);
  }
}

/**
 * Plain data out of a value, for what leaves for a host: Maps become objects, floats numbers, secrets their value, after the
 * redactor has been told. A template or an undefined in it is a bug of the caller and throws TypeError.
 */
export function reveal(value: Value, redactor: Redactor): unknown {
  const unbox = (secret: Secret): unknown => {
    const plain = toPlain(secret.value, unbox);
    tellSecrets(plain, redactor);
    return plain;
  };
  return toPlain(value, unbox);
}

/** True when a secret is in it, at any depth. */
export function holdsSecret(value: Value): boolean {
  if (value instanceof Secret) return true;
  if (value instanceof Map) return [...value.values()].some(holdsSecret);
  return Array.isArray(value) && value.some(holdsSecret);
}

/** Tells the redactor every text and number in plain data. */
export function tellSecrets(plain: unknown, redactor: Redactor): void {
  if (typeof plain === "string") redactor.add(plain);
  else if (typeof plain === "number" || typeof plain === "bigint") redactor.add(String(plain));
  else if (typeof plain === "object" && plain !== null) for (const member of Object.values(plain)) tellSecrets(member, redactor);
}

function isWorthMasking(text: string, shortest: number): boolean {
  return text.length >= shortest && !TRIVIAL.has(text.toLowerCase());
}

function* formsOf(text: string): Iterable<string> {
  yield text;
  const json = JSON.stringify(text).slice(1, -1);
  yield json;
  // Python's json writes everything beyond ASCII as an escape.
  yield json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  if (!text.includes("\0")) yield quote(text).replace(/^'|'$/g, "");
  yield* urlForms(text);
  yield* base64Forms(Buffer.from(text, "utf8"));
}

function* urlForms(text: string): Iterable<string> {
  // Half of a surrogate pair has no URL form.
  if (/\p{Surrogate}/u.test(text)) return;
  const encoded = encodeURIComponent(text);
  const strict = encoded.replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
  for (const form of [encoded, strict, strict.replaceAll("%20", "+"), encodeURI(text)]) {
    yield form;
    yield form.replace(/%[0-9A-F]{2}/g, (byte) => byte.toLowerCase());
  }
}

// A secret inside of a longer text ("user:secret") may begin at any of three places of a base64 group: for each of them the
// characters that depend on the secret alone.
function* base64Forms(bytes: Buffer): Iterable<string> {
  for (const encoding of ["base64", "base64url"] as const) {
    for (const ending of [bytes, Buffer.concat([bytes, Buffer.from("\n")])]) {
      const whole = ending.toString(encoding);
      if (whole.length >= SHORTEST_BASE64) yield whole;
    }
    for (const before of [0, 1, 2]) {
      const text = Buffer.concat([Buffer.alloc(before), bytes])
        .toString(encoding)
        .replaceAll("=", "");
      const end = (bytes.length + before) % 3 === 0 ? text.length : text.length - 1;
      const core = text.slice(before === 0 ? 0 : before + 1, end);
      if (core.length >= SHORTEST_BASE64) yield core;
    }
  }
}

function alternatives(forms: ReadonlySet<string>): RegExp {
  const longestFirst = [...forms].sort((a, b) => b.length - a.length || (a < b ? -1 : 1));
  return new RegExp(longestFirst.map((form) => form.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|"), "g");
}

function isArray(json: Json): json is readonly Json[] {
  return Array.isArray(json);
}
