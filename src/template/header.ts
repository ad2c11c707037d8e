import { didYouMean } from "../suggest.ts";
import { fault, located, TemplateFault } from "./errors.ts";
import { locate, type Origin } from "./origin.ts";
import type { Syntax } from "./token.ts";

const texts: ReadonlyMap<string, keyof Syntax> = new Map([
  ["variable_start_string", "variableStart"],
  ["variable_end_string", "variableEnd"],
  ["block_start_string", "blockStart"],
  ["block_end_string", "blockEnd"],
  ["comment_start_string", "commentStart"],
  ["comment_end_string", "commentEnd"],
  ["newline_sequence", "newlineSequence"],
]);
const flags: ReadonlyMap<string, keyof Syntax> = new Map([
  ["trim_blocks", "trimBlocks"],
  ["lstrip_blocks", "lstripBlocks"],
  ["keep_trailing_newline", "keepTrailingNewline"],
]);

/**
 * The line `#jinja2: trim_blocks:False, lstrip_blocks:True` at the top of a template, which is not part of its text.
 * Throws DiagnosticError for an option that it cannot set.
 */
export function readHeader(source: string, syntax: Syntax, origin: Origin): { readonly body: string; readonly syntax: Syntax } {
  if (!source.startsWith("#jinja2:")) return { body: source, syntax };
  const end = source.indexOf("\n");
  const line = end < 0 ? source : source.slice(0, end);
  let result = syntax;
  for (const pair of line.slice("#jinja2:".length).split(",")) {
    try {
      result = { ...result, ...readPair(pair) };
    } catch (error) {
      if (error instanceof TemplateFault)
        throw located(error, locate(origin, source.indexOf(pair), source.indexOf(pair) + pair.length));
      throw error;
    }
  }
  return { body: end < 0 ? "" : source.slice(end + 1), syntax: result };
}

function readPair(pair: string): Partial<Syntax> {
  const [key = "", ...rest] = pair.split(":");
  const name = key.trim();
  const value = rest.join(":").trim();
  const text = texts.get(name);
  if (text !== undefined)
    return {
      [text]: value
        .replace(/^(["'])(.*)\1$/, "$2")
        .replaceAll("\\n", "\n")
        .replaceAll("\\r", "\r"),
    };
  const flag = flags.get(name);
  if (flag === undefined) {
    return fault("template-header", `#jinja2: knows no "${name}"${didYouMean(name, [...flags.keys(), ...texts.keys()])}`);
  }
  if (!/^(true|false)$/i.test(value)) return fault("template-header", `#jinja2: ${name} must be True or False, not "${value}"`);
  return { [flag]: value.toLowerCase() === "true" };
}
