import { DiagnosticError, type Position } from "../diagnostic.ts";
import { didYouMean } from "../suggest.ts";
import { Namespace, Undefined, type Value } from "../vars/value.ts";
import { NotYetKnown } from "./errors.ts";
import { locate, type Origin } from "./origin.ts";

/** What was read, where, and out of what: enough to explain it, should somebody use it. */
type Reading = { readonly origin: Origin; readonly at: number; readonly end: number };

/** Something that a template read and that is not there. */
export class UnresolvedName extends Undefined {
  readonly reading: Reading | undefined;
  /** Names that would have been there. */
  readonly known: () => Iterable<string>;
  constructor(name: string, reading: Reading | undefined, known: () => Iterable<string>, hint?: string) {
    super(name, "undefined", hint);
    this.reading = reading;
    this.known = known;
  }
}

/** An `if` of an expression without `else`, whose condition is false: empty where it is printed, as in Jinja2. */
export class EmptyChoice extends Undefined {
  constructor() {
    super("… if …", "undefined", 'the "if" of an expression is false, and there is no "else"');
  }
}

/** A variable that exists, but whose own template reads something that does not: the error is already complete. */
export class BrokenVariable extends Undefined {
  readonly error: DiagnosticError;
  constructor(name: string, error: DiagnosticError) {
    super(name, "undefined");
    this.error = error;
  }
}

/** `undef(hint='…')`: must be overridden. */
export class MandatoryValue extends Undefined {
  constructor(hint: string | undefined) {
    super("undef()", "undefined", hint ?? "a mandatory variable has not been set");
  }
}

/** Ends the evaluation because an undefined value is needed. Throws DiagnosticError or NotYetKnown. */
export function raiseUndefined(value: Undefined, position?: Position): never {
  if (value.reason === "not-yet-known") throw new NotYetKnown(value.name);
  if (value instanceof BrokenVariable) throw value.error;
  throw new DiagnosticError([undefinedDiagnostic(value, position)]);
}

function undefinedDiagnostic(value: Undefined, fallback: Position | undefined) {
  const reading = value instanceof UnresolvedName ? value.reading : undefined;
  const position = reading === undefined ? fallback : (locate(reading.origin, reading.at, reading.end) ?? fallback);
  return {
    severity: "error" as const,
    code: "undefined-variable",
    message: messageOf(value),
    ...(position === undefined ? {} : { position }),
  };
}

function messageOf(value: Undefined): string {
  if (value instanceof MandatoryValue) return value.hint ?? "";
  if (value.hint !== undefined) return `"${value.name}" is undefined: ${value.hint}`;
  if (!(value instanceof UnresolvedName)) return `"${value.name}" is undefined`;
  const last = /(?:^|\.|\[')([^.'[\]]+)(?:'\])?$/.exec(value.name)?.[1] ?? value.name;
  return `"${value.name}" is undefined${didYouMean(last, value.known())}`;
}

/** The keys of a mapping, for suggestions. */
export function memberNames(container: Value): Iterable<string> {
  if (container instanceof Namespace) return container.keys();
  if (container instanceof Map) return [...container.keys()].map(String);
  return [];
}
