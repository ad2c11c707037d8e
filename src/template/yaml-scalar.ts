import { readPlainScalar } from "../source/yaml-scalars.ts";
import { textLength } from "./characters.ts";

/** What may be said about a text before a style is chosen for it, after PyYAML's emitter. */
export function scalarText(
  text: string,
  options: { readonly key: boolean; readonly flow: boolean; readonly indent: number; readonly column: number },
): string {
  if (isPlain(text, options)) return options.key ? text : foldPlain(text, options.indent, options.column);
  if (isSingle(text) && !(options.key && text.includes("\n"))) {
    return options.key ? `'${text.replaceAll("'", "''")}'` : foldSingle(text, options.indent, options.column);
  }
  return doubleQuoted(text, options);
}

const width = 80;
// YAML 1.1 reads these as dates, which is why they are quoted although we read them as text.
const timestamp =
  /^\d{4}-\d\d-\d\d$|^\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?$/;

function isPlain(text: string, { key, flow }: { readonly key: boolean; readonly flow: boolean }): boolean {
  void key;
  if (text === "" || readPlainScalar(text) !== text) return false;
  if (timestamp.test(text) || text === "=" || text === "<<") return false;
  if (/[\n\r\u0085\u2028\u2029]/.test(text) || !isPrintable(text)) return false;
  if (/^\s|\s$/.test(text) || text.startsWith("---") || text.startsWith("...")) return false;
  if (/^[#,[\]{}&*!|>'"%@`]/.test(text)) return false;
  if (/^[?:](?:\s|$)/.test(text) || (flow && /^[?:]/.test(text))) return false;
  if (/^-(?:\s|$)/.test(text) || text === "-") return false;
  if (/:(?:\s|$)/.test(text) || /\s#/.test(text)) return false;
  return !(flow && /[,?[\]{}]|:/.test(text));
}

// Spaces beside a line's end would be lost when a single-quoted text is read again.
function isSingle(text: string): boolean {
  return isPrintable(text) && !/ [\n\u0085\u2028\u2029]|[\n\u0085\u2028\u2029] /.test(text) && !text.includes("\r");
}

function isPrintable(text: string): boolean {
  return /^[\n\x20-\x7e\u0085\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]*$/u.test(text);
}

function foldPlain(text: string, indent: number, column: number): string {
  let result = "";
  let at = column;
  for (const [index, part] of text.split(/( +)/).entries()) {
    const isGap = index % 2 === 1;
    if (isGap && part.length === 1 && at > width) {
      result += `\n${" ".repeat(indent)}`;
      at = indent;
    } else {
      result += part;
      at += textLength(part);
    }
  }
  return result;
}

function foldSingle(text: string, indent: number, column: number): string {
  let result = "'";
  let at = column + 1;
  const pad = " ".repeat(indent);
  const parts = text.match(/ +|\n+|[^ \n]+/g) ?? [];
  parts.forEach((part, index) => {
    if (part.startsWith(" ")) {
      const inside = index > 0 && index < parts.length - 1;
      if (part.length === 1 && at > width && inside) {
        result += `\n${pad}`;
        at = indent;
      } else {
        result += part;
        at += textLength(part);
      }
    } else if (part.startsWith("\n")) {
      result += `\n${part}${pad}`;
      at = indent;
    } else {
      const quoted = part.replaceAll("'", "''");
      result += quoted;
      at += textLength(quoted);
    }
  });
  return `${result}'`;
}

const escapes: Readonly<Record<string, string>> = {
  "\0": "0",
  "\x07": "a",
  "\b": "b",
  "\t": "t",
  "\n": "n",
  "\v": "v",
  "\f": "f",
  "\r": "r",
  "\x1b": "e",
  '"': '"',
  "\\": "\\",
  "\u0085": "N",
  "\u2028": "L",
  "\u2029": "P",
};

function doubleQuoted(
  text: string,
  { key, indent, column }: { readonly key: boolean; readonly indent: number; readonly column: number },
): string {
  const characters = Array.from(text);
  let result = '"';
  let at = column + 1;
  let run = "";
  const flush = (): void => {
    result += run;
    at += textLength(run);
    run = "";
  };
  characters.forEach((one, index) => {
    const escape = escapes[one];
    const isSpecial = escape !== undefined || !/[\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd]/u.test(one);
    if (isSpecial) {
      flush();
      const written = escape === undefined ? codeEscape(one) : `\\${escape}`;
      result += written;
      at += written.length;
    }
    if (
      !key &&
      index > 0 &&
      index < characters.length - 1 &&
      (one === " " || isSpecial || run === "") &&
      at + textLength(run) > width
    ) {
      flush();
      result += `\\\n${" ".repeat(indent)}`;
      at = indent;
      if (one === " ") {
        result += "\\";
        at += 1;
      }
    }
    if (!isSpecial) run += one;
  });
  flush();
  return `${result}"`;
}

function codeEscape(one: string): string {
  const code = one.codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
