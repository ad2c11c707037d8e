/** A `key=value` of free-form text; `start` is where the value stands in the text. */
export type KeyValue = { readonly key: string; readonly value: string; readonly start: number };

/** Keys that `command`, `shell`, `raw` and `script` read out of their text; all else belongs to the command. */
export const COMMAND_KEYS: ReadonlySet<string> = new Set([
  "creates",
  "removes",
  "chdir",
  "executable",
  "warn",
  "stdin",
  "stdin_add_newline",
  "strip_empty_ends",
]);

/**
 * Cuts free-form text as Ansible does: words at white space outside of quotes and of `{{ }}`, `{% %}`, `{# #}`; a word `key=value` is
 * a parameter (with `only`, if its key is among them), and what is left is the text itself. Throws SyntaxError for an open
 * quote or brace.
 */
export function parseFreeForm(
  text: string,
  only?: ReadonlySet<string>,
): { readonly pairs: readonly KeyValue[]; readonly rest: string } {
  const pairs: KeyValue[] = [];
  let rest = "";
  let from = 0;
  for (const word of words(text)) {
    const pair = asPair(text.slice(word.start, word.end), word.start);
    if (pair === undefined || (only !== undefined && !only.has(pair.key))) continue;
    pairs.push(pair);
    rest += text.slice(from, word.start);
    from = word.end;
  }
  rest += text.slice(from);
  return { pairs, rest: rest.trim() };
}

function* words(text: string): Generator<{ readonly start: number; readonly end: number }> {
  let start: number | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (/\s/.test(char)) {
      if (start !== undefined) yield { start, end: at };
      start = undefined;
      continue;
    }
    start ??= at;
    if (char === "\\") at += 1;
    else if (char === '"' || char === "'") at = closingQuote(text, at);
    else if (char === "{" && "{%#".includes(text.charAt(at + 1)) && at + 1 < text.length) at = closingBrace(text, at);
  }
  if (start !== undefined) yield { start, end: text.length };
}

function closingQuote(text: string, open: number): number {
  const quote = text.charAt(open);
  for (let at = open + 1; at < text.length; at += 1) {
    if (text.charAt(at) === "\\") at += 1;
    else if (text.charAt(at) === quote) return at;
  }
  throw new SyntaxError(`a ${quote === '"' ? "double" : "single"} quote is not closed`);
}

function closingBrace(text: string, open: number): number {
  const kind = text.charAt(open + 1);
  const close = kind === "{" ? "}}" : `${kind}}`;
  const end = text.indexOf(close, open + 2);
  if (end < 0) throw new SyntaxError(`a "{${kind}" is not closed`);
  return end + 1;
}

function asPair(word: string, start: number): KeyValue | undefined {
  const match = /^([A-Za-z_]\w*)=/.exec(word);
  const key = match?.[1];
  if (key === undefined) return undefined;
  const raw = word.slice(key.length + 1);
  const quote = raw.charAt(0);
  const isQuoted = raw.length > 1 && (quote === '"' || quote === "'") && raw.endsWith(quote);
  const inside = isQuoted ? raw.slice(1, -1) : raw;
  return { key, value: decodeEscapes(inside), start: start + key.length + 1 + (isQuoted ? 1 : 0) };
}

const SIMPLE: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  a: "\u0007",
  b: "\b",
  f: "\f",
  v: "\v",
  "\\": "\\",
  '"': '"',
  "'": "'",
};

/** Python's string escapes, which Ansible decodes in `key=value`. */
function decodeEscapes(text: string): string {
  return text.replace(/\\(?:U([0-9a-fA-F]{8})|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|(.))/gs, (whole, long, short, hex, char) => {
    const code: unknown = long ?? short ?? hex;
    if (typeof code === "string") return String.fromCodePoint(Number.parseInt(code, 16));
    return SIMPLE[String(char)] ?? whole;
  });
}
