import { type Diagnostic, DiagnosticError, type Position } from "../diagnostic.ts";

/** Something is wrong inside of a template, but the place is not known yet; the node that is evaluated adds it. */
export class TemplateFault extends Error {
  readonly code: string;
  readonly help: string | undefined;
  constructor(code: string, message: string, help?: string) {
    super(message);
    this.name = "TemplateFault";
    this.code = code;
    this.help = help;
  }
}

/** A value was needed that only an apply can tell (it was registered by a task that check mode did not run). */
export class NotYetKnown extends Error {
  /** The name as it was read: `result.stdout`. */
  readonly variable: string;
  constructor(variable: string) {
    super(`${variable} is known only after an apply`);
    this.name = "NotYetKnown";
    this.variable = variable;
  }
}

export function fault(code: string, message: string, help?: string): never {
  throw new TemplateFault(code, message, help);
}

/** Python's TypeError and ValueError: an operation that the values at hand do not allow. */
export function badValue(message: string, help?: string): never {
  throw new TemplateFault("template-value", message, help);
}

export function diagnosticOf(error: TemplateFault, position: Position | undefined): Diagnostic {
  return {
    severity: "error",
    code: error.code,
    message: error.message,
    ...(position === undefined ? {} : { position }),
    ...(error.help === undefined ? {} : { help: error.help }),
  };
}

/** The error as users see it. */
export function located(error: TemplateFault, position: Position | undefined): DiagnosticError {
  return new DiagnosticError([diagnosticOf(error, position)], { cause: error });
}
