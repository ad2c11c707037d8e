import { isAscii, isUtf8 } from "node:buffer";
import { ModuleFailure } from "../../contract.ts";

/** How the characters of a text file are written. */
export type TextEncoding = {
  readonly name: string;
  /** undefined: these bytes are no text of this encoding. */
  decode(bytes: Buffer): string | undefined;
  /** Throws ModuleFailure for a character that the encoding lacks. */
  encode(text: string): Buffer;
};

const utf8: TextEncoding = {
  name: "utf-8",
  decode: (bytes) => (isUtf8(bytes) ? bytes.toString("utf8") : undefined),
  encode: (text) => Buffer.from(text, "utf8"),
};

const latin1: TextEncoding = {
  name: "latin-1",
  decode: (bytes) => bytes.toString("latin1"),
  encode: (text) => limited(text, 0xff, "latin-1"),
};

const ascii: TextEncoding = {
  name: "ascii",
  decode: (bytes) => (isAscii(bytes) ? bytes.toString("latin1") : undefined),
  encode: (text) => limited(text, 0x7f, "ascii"),
};

const utf16le: TextEncoding = {
  name: "utf-16-le",
  decode: (bytes) => {
    try {
      return new TextDecoder("utf-16le", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return undefined;
    }
  },
  encode: (text) => Buffer.from(text, "utf16le"),
};

const utf16be: TextEncoding = {
  name: "utf-16-be",
  decode: (bytes) => (bytes.byteLength % 2 === 0 ? utf16le.decode(Buffer.from(bytes).swap16()) : undefined),
  encode: (text) => utf16le.encode(text).swap16(),
};

// Python's names for them, in which case, "-", "_" and blanks do not matter.
const ENCODINGS: Readonly<Record<string, TextEncoding>> = {
  utf8,
  utf: utf8,
  u8: utf8,
  latin1,
  latin: latin1,
  l1: latin1,
  iso88591: latin1,
  "8859": latin1,
  cp819: latin1,
  ascii,
  usascii: ascii,
  "646": ascii,
  utf16le,
  utf16be,
};

/** The encoding of that name of Python's. Throws ModuleFailure for one that is not known. */
export function textEncoding(name: string): TextEncoding {
  const found = ENCODINGS[name.toLowerCase().replace(/[-_ ]/g, "")];
  if (found !== undefined) return found;
  throw new ModuleFailure(`encoding "${name}" is not supported; there are utf-8, latin-1, ascii, utf-16-le and utf-16-be`);
}

function limited(text: string, last: number, name: string): Buffer {
  const beyond = [...text].find((one) => (one.codePointAt(0) ?? 0) > last);
  if (beyond !== undefined) throw new ModuleFailure(`"${beyond}" cannot be written in the encoding ${name}`);
  return Buffer.from(text, "latin1");
}
