import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { type Document, Composer as DocumentComposer, LineCounter, Parser, type YAMLError } from "yaml";
import { DiagnosticError, Diagnostics, type Position, refuse } from "../diagnostic.ts";
import { registerSource, sourceLine } from "../excerpt.ts";
import type { Value } from "../vars/value.ts";
import { lenientLexer } from "./lenient-lexer.ts";
import { Composer } from "./yaml-compose.ts";
import { describeYamlErrors, findUnreadable, positionOf, type YamlText } from "./yaml-problems.ts";

export type YamlOptions = {
  /** False leaves strings that look like templates as they are. */
  readonly templates?: boolean;
  /** False keeps the text out of error excerpts: decrypted files. */
  readonly excerpts?: boolean;
};

/**
 * Reads the one document of a YAML text by Ansible's rules (YAML 1.1 as PyYAML reads it). Mappings are Maps, lists arrays,
 * both with a source map; strings that hold a template are TemplateStrings. An empty text is null. Throws DiagnosticError
 * (code "yaml-syntax") with every problem found.
 */
export function parseYaml(text: string, file: string, options: YamlOptions = {}): Value {
  const { documents, at, compose } = prepare(text, file, options);
  const second = documents[1];
  if (second !== undefined) {
    refuse("yaml-syntax", "a second document begins here, and this file must hold one", {
      position: at(second),
      help: 'remove the line "---", or put what follows into a file of its own',
    });
  }
  return compose()[0] ?? null;
}

/** The same for a text of any number of documents. */
export function parseYamlDocuments(text: string, file: string, options: YamlOptions = {}): readonly Value[] {
  return prepare(text, file, options).compose();
}

/** Reads a YAML file; one that cannot be read is a DiagnosticError with code "file-unreadable". */
export async function loadYamlFile(file: string, options: YamlOptions = {}): Promise<Value> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    return refuseUnreadable(file, error);
  }
  return parseYaml(decodeText(bytes, file), file, options);
}

/** The same, for what is read in the middle of a run. */
export function loadYamlFileSync(file: string, options: YamlOptions = {}): Value {
  return parseYaml(readTextSync(file), file, options);
}

/** Text of a UTF-8 file. Throws DiagnosticError when it cannot be read or is not UTF-8. */
export function readTextSync(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    return refuseUnreadable(file, error);
  }
  return decodeText(bytes, file);
}

/**
 * What a scalar looks like in its file: `0644` where the value is 420. `position` is that of a scalar on one line (from a
 * source map); empty when its file is not known.
 */
export function sourceTextAt(position: Position): string {
  const line = sourceLine(position) ?? "";
  return line.slice(position.column - 1, position.endColumn === undefined ? undefined : position.endColumn - 1).trimEnd();
}

function prepare(text: string, file: string, options: YamlOptions) {
  const source = text.startsWith("\uFEFF") ? text.slice(1) : text;
  if (options.excerpts !== false) registerSource(file, source);
  const unreadable = findUnreadable(file, source);
  if (unreadable !== undefined) throw new DiagnosticError([unreadable]);
  const { documents, counter } = readDocuments(source, file);
  const yamlText: YamlText = { file, lines: source.split("\n"), counter };
  return {
    documents,
    at: (document: Document) => positionOf(yamlText, document.contents?.range?.[0] ?? document.range?.[0] ?? 0),
    compose: (): readonly Value[] => {
      const problems = new Diagnostics();
      const composer = new Composer(yamlText, options.templates ?? true, problems);
      const values = guardDepth(file, () => documents.map((document) => composer.compose(document)));
      problems.throwIfErrors();
      return values;
    },
  };
}

type Documents = { readonly documents: readonly Document[]; readonly counter: LineCounter };

function readDocuments(source: string, file: string): Documents {
  const strict = parseDocuments(source, file, false);
  const errors = errorsOf(strict);
  if (errors.length === 0) return strict;
  // The strict parser ends a text that is never closed where it seems to end, so its complaints are the ones to tell.
  const lenient = parseDocuments(source, file, true);
  if (errorsOf(lenient).length === 0) return lenient;
  const text: YamlText = { file, lines: source.split("\n"), counter: strict.counter };
  throw new DiagnosticError(describeYamlErrors(text, errors));
}

function errorsOf({ documents }: Documents): readonly YAMLError[] {
  return documents.flatMap((document) => document.errors);
}

function parseDocuments(source: string, file: string, isLenient: boolean): Documents {
  return guardDepth(file, () => {
    const counter = new LineCounter();
    const parser = new Parser(counter.addNewLine);
    if (isLenient) Reflect.set(parser, "lexer", lenientLexer());
    // The failsafe schema gives every scalar as text: what it means is decided by yaml-scalars.ts, not by YAML 1.2.
    const composer = new DocumentComposer({
      schema: "failsafe",
      version: "1.1",
      merge: false,
      uniqueKeys: false,
      logLevel: "silent",
    });
    return { documents: [...composer.compose(parser.parse(source))], counter };
  });
}

// Recursion over nesting that nobody writes by hand ends in a RangeError, not in a crash.
function guardDepth<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return refuse("yaml-syntax", "this file is nested too deeply to be read", { position: { file, line: 1, column: 1 } });
  }
}

function decodeText(bytes: Buffer, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return refuse("file-unreadable", `${file} is not UTF-8 text`);
  }
}

function refuseUnreadable(file: string, error: unknown): never {
  const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
  const reasons: Record<string, string> = {
    ENOENT: "there is no such file",
    EACCES: "permission denied",
    EISDIR: "it is a directory",
    ENOTDIR: "a part of its path is not a directory",
  };
  return refuse("file-unreadable", `cannot read ${file}: ${reasons[code] ?? code}`);
}
