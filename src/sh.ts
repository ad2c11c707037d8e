/**
 * The only way to build a script for a host. A value that is interpolated is quoted for POSIX sh; another `Sh` is
 * inserted as it is. A string that is put together by hand is a `string`, which no interface takes for a script.
 */
export class Sh {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toString(): string {
    return this.text;
  }
}

export type ShValue = string | number | Sh | readonly (string | number | Sh)[];

/** Builds a script: `` sh`chmod ${mode} ${path}` ``. Arrays become several words. Throws TypeError on NUL bytes. */
export function sh(strings: TemplateStringsArray, ...values: readonly ShValue[]): Sh {
  let text = strings[0] ?? "";
  values.forEach((value, index) => {
    text += word(value) + (strings[index + 1] ?? "");
  });
  return new Sh(text);
}

/** Joins scripts, one a line unless told otherwise. */
export function joinSh(parts: readonly Sh[], separator: "\n" | " " | "; " | " && " | " || " | " | " = "\n"): Sh {
  return new Sh(parts.map((part) => part.text).join(separator));
}

/** Quotes one word for POSIX sh (2.2.2 Single-Quotes: nothing is special inside them but the closing quote). */
export function quote(value: string): string {
  if (value.includes("\0")) throw new TypeError("a value that goes to a shell must not contain a NUL byte");
  if (value !== "" && /^[A-Za-z0-9_./:@%+,-]+$/.test(value)) return value;
  return `'${value.replaceAll("'", "'\\''")}'`;
}

function word(value: ShValue): string {
  if (value instanceof Sh) return value.text;
  if (typeof value === "string") return quote(value);
  if (typeof value === "number") return number(value);
  return value.map(word).join(" ");
}

function number(value: number): string {
  if (!Number.isFinite(value)) throw new TypeError(`${value} cannot be put into a script`);
  return String(value);
}
