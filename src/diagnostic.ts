/** Where something stands in a source file. Lines and columns count from 1; `endColumn` is exclusive, on the same line. */
export type Position = {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly endColumn?: number;
};

/** One problem, told to a person: what is wrong, where, and how to mend it. */
export type Diagnostic = {
  readonly severity: "error" | "warning";
  /** Stable, kebab-case, for machines and for the table of hints: "unknown-parameter". */
  readonly code: string;
  /** One short line, without a trailing stop. */
  readonly message: string;
  readonly position?: Position;
  /** The way there, outermost first: `play "cluster"`, `role proxy`, `task "Write the settings"`. */
  readonly context?: readonly string[];
  readonly help?: string;
};

/** The only error that users see on purpose; carries every problem that was found, not just the first. */
export class DiagnosticError extends Error {
  readonly diagnostics: readonly Diagnostic[];
  constructor(diagnostics: readonly Diagnostic[], options?: ErrorOptions) {
    super(diagnostics.map((one) => one.message).join("\n"), options);
    this.name = "DiagnosticError";
    this.diagnostics = diagnostics;
  }
}

/** Throws one problem. */
export function refuse(code: string, message: string, rest: Omit<Diagnostic, "severity" | "code" | "message"> = {}): never {
  throw new DiagnosticError([{ severity: "error", code, message, ...rest }]);
}

/** Collects problems so that a user sees all of them at once. */
export class Diagnostics {
  readonly #found: Diagnostic[] = [];

  error(code: string, message: string, rest: Omit<Diagnostic, "severity" | "code" | "message"> = {}): void {
    this.#found.push({ severity: "error", code, message, ...rest });
  }
  warn(code: string, message: string, rest: Omit<Diagnostic, "severity" | "code" | "message"> = {}): void {
    this.#found.push({ severity: "warning", code, message, ...rest });
  }
  add(diagnostics: readonly Diagnostic[]): void {
    this.#found.push(...diagnostics);
  }
  /** Runs `work` and keeps the problems it throws; answers undefined then. Other errors pass through. */
  collect<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error;
      this.add(error.diagnostics);
      return undefined;
    }
  }
  get all(): readonly Diagnostic[] {
    return this.#found;
  }
  get errors(): readonly Diagnostic[] {
    return this.#found.filter((one) => one.severity === "error");
  }
  get warnings(): readonly Diagnostic[] {
    return this.#found.filter((one) => one.severity === "warning");
  }
  /** Throws everything that was found when there is an error among it. */
  throwIfErrors(): void {
    if (this.errors.length > 0) throw new DiagnosticError(this.#found);
  }
}
