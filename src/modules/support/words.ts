import { joinSh, quote, Sh } from "../../sh.ts";

/** Splits a command line as Python's `shlex.split` does. Throws SyntaxError for an open quote or a last backslash. */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let i = 0; i < line.length; i += 1) {
    const char = line.charAt(i);
    if (char === "'") {
      const end = line.indexOf("'", i + 1);
      if (end < 0) throw new SyntaxError("a quotation is not closed");
      word = (word ?? "") + line.slice(i + 1, end);
      i = end;
    } else if (char === '"') {
      const quoted = doubleQuoted(line, i + 1);
      word = (word ?? "") + quoted.text;
      i = quoted.end;
    } else if (char === "\\") {
      if (i + 1 >= line.length) throw new SyntaxError("it ends in a backslash");
      i += 1;
      word = (word ?? "") + line.charAt(i);
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + char;
  }
  if (word !== undefined) words.push(word);
  return words;
}

function doubleQuoted(line: string, start: number): { readonly text: string; readonly end: number } {
  let text = "";
  for (let i = start; i < line.length; i += 1) {
    const char = line.charAt(i);
    if (char === '"') return { text, end: i };
    const next = line.charAt(i + 1);
    if (char === "\\" && (next === '"' || next === "\\")) {
      text += next;
      i += 1;
    } else text += char;
  }
  throw new SyntaxError("a quotation is not closed");
}

/**
 * A word for sh in which `$NAME`, `${NAME}` and a leading `~` are expanded on the host and nothing else is special. As in
 * Ansible's `command`, a variable that is not set stays as it is written.
 */
export function expandedWord(word: string, prefix = "k3sprov"): { readonly setup: Sh; readonly word: Sh } {
  const parts: string[] = [];
  const setup: string[] = [];
  let rest = word;
  const tilde = /^~([A-Za-z_][A-Za-z0-9_.-]*)?(?=\/|$)/.exec(word);
  if (tilde !== null) {
    // The slash belongs to the tilde prefix's end: unquoted, or the shell would not expand.
    const slash = word.charAt(tilde[0].length) === "/" ? "/" : "";
    parts.push(`${tilde[0]}${slash}`);
    rest = word.slice(tilde[0].length + slash.length);
  }
  let last = 0;
  for (const match of rest.matchAll(/\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})/g)) {
    const name = match[1] ?? match[2] ?? "";
    if (match.index > last) parts.push(quote(rest.slice(last, match.index)));
    const variable = `${prefix}_${setup.length}`;
    setup.push(`${variable}=${quote(match[0])}`);
    parts.push(`"\${${name}-$${variable}}"`);
    last = match.index + match[0].length;
  }
  if (last < rest.length || parts.length === 0) parts.push(quote(rest.slice(last)));
  return { setup: new Sh(setup.join("; ")), word: new Sh(parts.join("")) };
}

/** Several words that are expanded: a list of assignments to run before, and the words. */
export function expandedWords(words: readonly string[]): { readonly setup: Sh; readonly words: Sh } {
  const all = words.map((word, index) => expandedWord(word, `k3sprov_${index}`));
  const setup = all.map((one) => one.setup).filter((one) => one.text !== "");
  return {
    setup: joinSh(setup),
    words: joinSh(
      all.map((one) => one.word),
      " ",
    ),
  };
}

/** A path or pattern for sh in which `*`, `?`, `[…]` and a leading `~` stay special, and nothing else. */
export function globWord(pattern: string): Sh {
  const tilde = /^~([A-Za-z_][A-Za-z0-9_.-]*)?(?=\/|$)/.exec(pattern)?.[0] ?? "";
  const slash = tilde !== "" && pattern.charAt(tilde.length) === "/" ? "/" : "";
  const rest = pattern.slice(tilde.length + slash.length);
  const text = rest.replace(/[^*?[\]]+/g, (literal) => (/^[-!A-Za-z0-9_./]+$/.test(literal) ? literal : quote(literal)));
  return new Sh(`${tilde}${slash}${text}` || "''");
}
