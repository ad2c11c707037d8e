import { readFileSync, statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { registerSource } from "../excerpt.ts";
import { type CompiledTemplate, compileFile } from "./compile.ts";
import type { LookupEnvironment } from "./context.ts";
import { located } from "./errors.ts";
import { readHeader } from "./header.ts";
import { SyntaxFault } from "./lexer.ts";
import { locate, type Origin } from "./origin.ts";
import { defaultDelimiters, type Syntax } from "./token.ts";

export type LoadedTemplate = { readonly compiled: CompiledTemplate; readonly origin: Origin };

/** What files are read by unless something else is said. */
export const fileSyntax: Syntax = {
  ...defaultDelimiters,
  trimBlocks: true,
  lstripBlocks: false,
  keepTrailingNewline: false,
  newlineSequence: "\n",
  literalBackslashes: false,
};

/** Compiles the text of a template file; its `#jinja2:` line goes before `syntax`, for what it includes too. Throws DiagnosticError. */
export function loadText(source: string, origin: Origin, syntax: Syntax): LoadedTemplate {
  const header = readHeader(source, syntax, origin);
  try {
    const syntax = header.syntax;
    return { compiled: compileFile(header.body, syntax), origin: { ...origin, source: header.body, syntax } };
  } catch (error) {
    if (error instanceof SyntaxFault) throw located(error, locate({ ...origin, source: header.body }, error.at, error.end));
    throw error;
  }
}

/** Finds and compiles a template by name, or undefined when no folder has it. */
export function findTemplate(
  name: string,
  environment: LookupEnvironment,
  first: readonly string[] = [],
  syntax: Syntax = fileSyntax,
): LoadedTemplate | undefined {
  const folders = isAbsolute(name) ? [""] : [...environment.searchPath("templates"), ...first];
  for (const folder of folders) {
    const path = folder === "" ? name : join(folder, name);
    if (!isFile(path)) continue;
    const source = readFileSync(path, "utf8");
    registerSource(path, source);
    return loadText(source, { source, position: { file: path, line: 1, column: 1 } }, syntax);
  }
  return undefined;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
