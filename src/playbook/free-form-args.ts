import type { Position } from "../diagnostic.ts";
import { sourceLine } from "../excerpt.ts";
import { setSourceMap } from "../vars/provenance.ts";
import { type Key, looksLikeTemplate, TemplateString, type Value, type ValueMap } from "../vars/value.ts";
import { described, textPosition } from "./fields.ts";
import { COMMAND_KEYS, parseFreeForm } from "./free-form.ts";
import { type Loading, problem } from "./loading.ts";

/** How a module takes text in place of a mapping. */
export type FreeForm = {
  readonly name: string;
  /** The parameter that text without a key goes to; undefined where the module takes none. */
  readonly parameter: string | undefined;
  /** The text is a command: only a few keys are read out of it. */
  readonly isCommand: boolean;
};

/** Parameters written as text: `copy: src=a dest=b`, `command: ls -l chdir=/tmp`. Undefined when a problem was told. */
export function freeFormArgs(loading: Loading, value: Value, style: FreeForm, at: Position | undefined): ValueMap | undefined {
  const text = value instanceof TemplateString ? value.source : textOf(value);
  if (text === undefined) {
    problem(loading, {
      code: "parameters",
      message: `the parameters of ${style.name} cannot be ${described(value)}`,
      position: at,
    });
    return undefined;
  }
  const start = value instanceof TemplateString ? (value.position ?? at) : textPosition(at, text);
  try {
    const { pairs, rest } = parseFreeForm(text, style.isCommand ? COMMAND_KEYS : undefined);
    const args = new Args(text, start, at);
    for (const { key, value: part, start: offset } of pairs) args.set(key, part, offset);
    if (rest === "") return args.done();
    if (style.parameter === undefined) {
      problem(loading, {
        code: "parameters",
        message: `${style.name} takes no free-form text, but has "${rest}"`,
        position: start,
        help: "write its parameters as a mapping, one to a line",
      });
      return undefined;
    }
    args.set(style.parameter, rest, Math.max(0, text.indexOf(rest)));
    return args.done();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    problem(loading, {
      code: "parameters",
      message: `the text of ${style.name} cannot be split into parameters: ${error.message}`,
      position: start,
      help: style.isCommand
        ? 'write it as the parameter "cmd", which is taken as it stands'
        : "write its parameters as a mapping, one to a line",
    });
    return undefined;
  }
}

function textOf(value: Value): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "number" || typeof value === "bigint" ? String(value) : undefined;
}

class Args {
  readonly #text: string;
  readonly #start: Position | undefined;
  readonly #fallback: Position | undefined;
  readonly #args = new Map<Key, Value>();
  readonly #positions = new Map<Key, Position>();

  constructor(text: string, start: Position | undefined, fallback: Position | undefined) {
    this.#text = text;
    this.#start = start;
    this.#fallback = fallback;
  }

  set(key: string, value: string, offset: number): void {
    const position = this.#positionOf(offset, value);
    this.#args.set(key, looksLikeTemplate(value) ? new TemplateString(value, position) : value);
    if (position !== undefined) this.#positions.set(key, position);
  }

  done(): ValueMap {
    const position = this.#start ?? this.#fallback;
    if (position !== undefined) setSourceMap(this.#args, { position, keys: this.#positions, members: this.#positions });
    return this.#args;
  }

  // Exact where the source has the text as it is; escapes and folded lines give the beginning of the whole.
  #positionOf(offset: number, value: string): Position | undefined {
    const start = this.#start;
    if (start === undefined) return this.#fallback;
    const before = this.#text.slice(0, offset).split("\n");
    const line = start.line + before.length - 1;
    const inLine = before.at(-1)?.length ?? 0;
    const first = value.split("\n")[0] ?? "";
    const column = (before.length === 1 ? start.column : 1) + inLine;
    const source = sourceLine({ ...start, line }) ?? "";
    const found = before.length === 1 ? column : source.indexOf(first, inLine) + 1;
    if (found < 1 || !source.startsWith(first, found - 1)) return start;
    return { file: start.file, line, column: found, endColumn: found + first.length };
  }
}
