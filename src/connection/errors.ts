import type { SectionResult } from "./connection.ts";

export type ConnectionErrorCode =
  | "name-not-found"
  | "refused"
  | "unreachable"
  | "protocol"
  | "connect-timeout"
  | "authentication"
  | "key-unreadable"
  | "passphrase"
  | "host-key-unknown"
  | "host-key-changed"
  | "host-key-revoked"
  | "jump-host"
  | "become-password-required"
  | "become-password-wrong"
  | "become-not-allowed"
  | "become-tty-required"
  | "become-missing"
  | "become-user-unknown"
  | "shell-failed"
  | "locked"
  | "lost"
  | "output-limit"
  | "timeout"
  | "aborted";

export type ConnectionErrorDetails = {
  readonly help?: string;
  /** The same call may go through later. */
  readonly retryable?: boolean;
  /** Results of the sections that were complete before the connection was lost. */
  readonly completed?: readonly SectionResult[];
  /** Sections may have started on the host. False when the loss came before anything was sent. */
  readonly started?: boolean;
  readonly cause?: unknown;
};

/** A host could not be reached, entered, or kept. `message` is one line that names the host. */
export class ConnectionError extends Error {
  readonly code: ConnectionErrorCode;
  readonly help: string | undefined;
  readonly retryable: boolean;
  readonly completed: readonly SectionResult[];
  readonly started: boolean;
  constructor(code: ConnectionErrorCode, message: string, details: ConnectionErrorDetails = {}) {
    super(message, { cause: details.cause });
    this.name = "ConnectionError";
    this.code = code;
    this.help = details.help;
    this.retryable = details.retryable ?? false;
    this.completed = details.completed ?? [];
    this.started = details.started ?? false;
  }
}
