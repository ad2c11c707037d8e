import type { LineCounter, YAMLError } from "yaml";
import type { Diagnostic, Position } from "../diagnostic.ts";

/** What the problems of one text are told with. */
export type YamlText = { readonly file: string; readonly lines: readonly string[]; readonly counter: LineCounter };

// What PyYAML refuses to read (YAML 1.1, 5.1); tabs, line ends and the byte order mark are let through.
const UNREADABLE = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\uffff\u{10000}-\u{10ffff}]/u;
const BARE_TEMPLATE = /(?:^|[:-]\s+|\[\s*|,\s*)\{\{/;
const QUOTED_START = /(?:^\s*|[:-]\s+)(["']).*?\1\s*\S/;

/** Where `start` to `end` (offsets) stand. */
export function positionOf(text: YamlText, start: number, end = start): Position {
  const from = text.counter.linePos(start);
  const to = text.counter.linePos(end);
  const position = { file: text.file, line: Math.max(1, from.line), column: Math.max(1, from.col) };
  return to.line === from.line && to.col > from.col ? { ...position, endColumn: to.col } : position;
}

/** Tells the parser's complaints in words that name the mistake behind them; one a line, for the rest are its echoes. */
export function describeYamlErrors(text: YamlText, errors: readonly YAMLError[]): readonly Diagnostic[] {
  const told = new Map<number, Diagnostic>();
  for (const error of errors) {
    const diagnostic = describe(text, error);
    const line = diagnostic.position?.line ?? 0;
    if (!told.has(line) && !isEcho(error, told.get(line - 1))) told.set(line, diagnostic);
  }
  return [...told.values()];
}

/** The first character that no YAML reader takes, as a problem. */
export function findUnreadable(file: string, text: string): Diagnostic | undefined {
  const match = UNREADABLE.exec(text);
  if (match === null) return undefined;
  const before = text.slice(0, match.index).split("\n");
  const code = match[0].codePointAt(0) ?? 0;
  return {
    severity: "error",
    code: "yaml-syntax",
    message: `the character U+${code.toString(16).toUpperCase().padStart(4, "0")} is not allowed in YAML`,
    position: { file, line: before.length, column: (before.at(-1)?.length ?? 0) + 1 },
    help: 'write it as an escape in double quotes ("\\x1b"), or save the file as UTF-8 text',
  };
}

function describe(text: YamlText, error: YAMLError): Diagnostic {
  const position = positionOf(text, error.pos[0], error.pos[1]);
  const line = text.lines[position.line - 1] ?? "";
  const problem = (message: string, help?: string, at: Position = position): Diagnostic => ({
    severity: "error",
    code: "yaml-syntax",
    message,
    position: at,
    ...(help === undefined ? {} : { help }),
  });
  const bare = BARE_TEMPLATE.exec(line);
  if (bare !== null && error.code !== "TAB_AS_INDENT") {
    const column = bare.index + bare[0].length - 1;
    return problem("a value that begins with {{ must be quoted", quoteHelp(line, column), {
      file: text.file,
      line: position.line,
      column,
      endColumn: column + 2,
    });
  }
  switch (error.code) {
    case "TAB_AS_INDENT":
      return problem("tabs cannot indent YAML", "use spaces");
    case "BLOCK_AS_IMPLICIT_KEY":
      return describeNested(text, error, problem);
    case "MULTILINE_IMPLICIT_KEY":
    case "BAD_INDENT":
    case "MISSING_CHAR":
    case "UNEXPECTED_TOKEN":
      return describeStructure(text, error, problem);
    case "BAD_SCALAR_START":
      return problem(`a plain value cannot begin with ${error.message.slice(-1)}`, "quote the value");
    case "BAD_DQ_ESCAPE":
      return problem(
        `${error.message.replace("Invalid escape sequence ", "")} is no escape sequence of a double-quoted string`,
        "use single quotes, where a backslash is just a backslash, or write it twice",
      );
    case "RESOURCE_EXHAUSTION":
      return problem("this file is nested too deeply to be read");
    default:
      return problem(lowerFirst(error.message));
  }
}

type Problem = (message: string, help?: string, at?: Position) => Diagnostic;

function describeNested(text: YamlText, error: YAMLError, problem: Problem): Diagnostic {
  const at = positionOf(text, error.pos[0]);
  const rest = (text.lines[at.line - 1] ?? "").slice(at.column - 1);
  if (/:(?:\s|$)/.test(rest)) {
    return problem('a value with ": " in it must be quoted', `quote it: ${quoted(rest.trim())}`);
  }
  return problem("this line is indented deeper than the value before it allows", "align it with the other keys of its mapping");
}

function describeStructure(text: YamlText, error: YAMLError, problem: Problem): Diagnostic {
  const at = positionOf(text, error.pos[0]);
  const line = text.lines[at.line - 1] ?? "";
  const quote = /^Missing closing (["'])/.exec(error.message)?.[1];
  if (quote !== undefined) return describeOpenQuote(text, error, quote, problem);
  const glued = /^\s*(?:- +)?([\w.-]+):([^\s:].*)$/.exec(line);
  if (glued !== null && error.code !== "UNEXPECTED_TOKEN") {
    return problem("a space is missing after the colon", `write ${glued[1]}: ${glued[2]}`);
  }
  if (QUOTED_START.test(line) && error.code === "UNEXPECTED_TOKEN") {
    return problem("there is text after the closing quote", "put the whole value in quotes");
  }
  if (error.message.includes("flow") || error.message.startsWith("Flow"))
    return problem(describeFlow(error.message), "check the brackets and commas");
  if (error.message.startsWith("Implicit map keys need")) {
    return problem(
      "this line is neither a key with a value nor part of the value above",
      'a key ends in ":"; a longer text is indented deeper',
    );
  }
  if (error.code === "BAD_INDENT" || error.code === "MULTILINE_IMPLICIT_KEY" || /^\s*(- |[\w.-]+:)/.test(line)) {
    return problem(
      "this line does not fit the indentation of the lines before it",
      "items of one list, and keys of one mapping, stand in one column",
    );
  }
  return problem(lowerFirst(error.message));
}

function describeFlow(message: string): string {
  if (message.startsWith("Flow map") || message.startsWith("Flow sequence")) {
    const [what, close] = message.startsWith("Flow map") ? ["{", "}"] : ["[", "]"];
    return `the ${what} that was opened before is not closed with ${close}`;
  }
  if (message.includes("flow-seq-end")) return "there is a ] without a [";
  if (message.includes("flow-map-end")) return "there is a } without a {";
  return lowerFirst(message.replaceAll("flow sequence", "[…]").replaceAll("flow map", "{…}"));
}

// The parser notices at the end of the text; what people look for is the quote that was opened.
function describeOpenQuote(text: YamlText, error: YAMLError, quote: string, problem: Problem): Diagnostic {
  const last = positionOf(text, error.pos[0]).line;
  for (let number = last; number > 0; number -= 1) {
    const line = text.lines[number - 1] ?? "";
    const opened = new RegExp(`(?:^\\s*|[:-]\\s+|[[{,]\\s*)${quote}`).exec(line);
    const count = line.split(quote).length - 1;
    if (opened === null || count % 2 === 0) continue;
    const column = opened.index + opened[0].length;
    return problem(`the ${quote} that begins here is never closed`, undefined, {
      file: text.file,
      line: number,
      column,
      endColumn: column + 1,
    });
  }
  return problem(`a closing ${quote} is missing`);
}

// After a wrongly indented line the parser complains about what follows it, too.
function isEcho(error: YAMLError, before: Diagnostic | undefined): boolean {
  return before !== undefined && (error.message.startsWith("Implicit map keys need") || error.message.includes("in YAML stream"));
}

/** How to quote the value that begins at `column` of `line`. */
export function quoteHelp(line: string, column: number): string {
  return `quote it: ${quoted(line.slice(column - 1).trim())}`;
}

function quoted(value: string): string {
  return value.includes('"') ? `'${value.replaceAll("'", "''")}'` : `"${value.replaceAll("\\", "\\\\")}"`;
}

function lowerFirst(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
