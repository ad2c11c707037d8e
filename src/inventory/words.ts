/** A word of a line, without its quotes. */
export type Word = {
  readonly text: string;
  /** Column (from 1) of its first character in the line. */
  readonly column: number;
};

/**
 * Cuts a line into words as a POSIX shell would, quotes and backslashes included; `#` ends the line, even inside of a word, which
 * is what Ansible's INI inventories do. Throws SyntaxError when a quote is not closed.
 */
export function splitWords(line: string): readonly Word[] {
  const words: Word[] = [];
  let word: { text: string; column: number } | undefined;
  let quote: string | undefined;
  for (let at = 0; at < line.length; at += 1) {
    const char = line[at] ?? "";
    if (quote === undefined && char === "#") break;
    if (quote === undefined && /\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    word ??= { text: "", column: at + 1 };
    if (char === quote) quote = undefined;
    else if (quote === undefined && (char === "'" || char === '"')) quote = char;
    else if (char === "\\" && quote !== "'") {
      const next = line[at + 1];
      if (next === undefined) throw new SyntaxError("the line ends in a backslash");
      word.text += quote === '"' && next !== '"' && next !== "\\" ? `\\${next}` : next;
      at += 1;
    } else word.text += char;
  }
  if (quote !== undefined) throw new SyntaxError(`a closing ${quote} is missing`);
  if (word !== undefined) words.push(word);
  return words;
}
