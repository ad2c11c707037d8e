import { ConnectionError } from "./errors.ts";
import type { Authentication } from "./ssh-auth.ts";
import type { SshTarget } from "./ssh-target.ts";

export type FailureContext = {
  readonly target: SshTarget;
  /** What our own callbacks found out: a refused host key, an unreadable key file. It explains more than what the library says. */
  readonly failure: unknown;
  readonly authentication: Authentication;
  readonly timedOut: boolean;
  readonly aborted: boolean;
  readonly isJump: boolean;
};

/** Why a host could not be entered, as one error that people understand. */
export function connectFailure(error: unknown, context: FailureContext): ConnectionError {
  const found = explain(error, context);
  if (!context.isJump) return found;
  return new ConnectionError("jump-host", `the jump host ${found.message}`, {
    ...(found.help === undefined ? {} : { help: found.help }),
    retryable: found.retryable,
    cause: found,
  });
}

function explain(error: unknown, { target, failure, authentication, timedOut, aborted }: FailureContext): ConnectionError {
  const { label, host, port, connectTimeoutMs } = target;
  if (failure instanceof ConnectionError) return failure;
  if (failure !== undefined) return new ConnectionError("unreachable", `${label}: ${text(failure)}`, { cause: failure });
  if (error instanceof ConnectionError) return error;
  if (aborted) return new ConnectionError("aborted", `${label}: interrupted`);
  if (timedOut) {
    return new ConnectionError("connect-timeout", `${label}: no login within ${connectTimeoutMs / 1000} s`, {
      retryable: true,
      help: "check that the host is up and reachable from here, or allow more time with --timeout",
      cause: error,
    });
  }
  const level = property(error, "level");
  if (level === "client-authentication") return authentication.failure();
  switch (property(error, "code")) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return new ConnectionError("name-not-found", `${label}: the name ${host} cannot be resolved`, {
        help: "check the name, or set ansible_host to an address",
        cause: error,
      });
    case "ECONNREFUSED":
      return new ConnectionError("refused", `${label}: nothing listens on port ${port}`, {
        retryable: true,
        help: "check that sshd runs on the host and on which port (ansible_port)",
        cause: error,
      });
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ETIMEDOUT":
    case "EADDRNOTAVAIL":
      return new ConnectionError("unreachable", `${label}: there is no way to the host: ${text(error)}`, {
        retryable: true,
        cause: error,
      });
    default:
      break;
  }
  if (level === "handshake" || level === "protocol") {
    return new ConnectionError("unreachable", `${label}: the SSH handshake failed: ${text(error)}`, { cause: error });
  }
  // A server that drops a connection before it has said a word (MaxStartups) may take the next one.
  return new ConnectionError("lost", `${label}: the connection was closed before the login was complete: ${text(error)}`, {
    retryable: true,
    cause: error,
  });
}

function property(error: unknown, name: "code" | "level"): unknown {
  return typeof error === "object" && error !== null && name in error ? Reflect.get(error, name) : undefined;
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
