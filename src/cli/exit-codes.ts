import type { RunOutcome } from "../engine/events.ts";

/** Every exit status, what it means, and when: used by the code, by --help and by the reference page. */
export const exitCodes = {
  ok: { code: 0, meaning: "done; in check mode: the check was made, whatever it found" },
  bug: { code: 1, meaning: "unexpected: a bug of k3sprov" },
  failed: { code: 2, meaning: "a host failed" },
  refused: { code: 3, meaning: "the input was refused before any host was touched" },
  unreachable: { code: 4, meaning: "hosts were unreachable, and no other failed" },
  usage: { code: 5, meaning: "wrong usage: unknown command or flag, or a value that a flag cannot take" },
  differences: { code: 6, meaning: "check mode with --detailed-exitcode found differences" },
  interrupted: { code: 130, meaning: "interrupted by SIGINT (Ctrl-C)" },
  terminated: { code: 143, meaning: "ended by SIGTERM" },
} as const satisfies Readonly<Record<string, { readonly code: number; readonly meaning: string }>>;

export type RunEnd = {
  readonly outcome: RunOutcome;
  readonly checkMode: boolean;
  readonly detailedExitcode: boolean;
  readonly changes: number;
  /** The signal that ended the run, if one did. */
  readonly signal?: "SIGINT" | "SIGTERM";
};

/** The exit status of a run. */
export function exitCodeOf(end: RunEnd): number {
  switch (end.outcome) {
    case "ok":
      return end.checkMode && end.detailedExitcode && end.changes > 0 ? exitCodes.differences.code : exitCodes.ok.code;
    case "failed":
      return exitCodes.failed.code;
    case "unreachable":
      return exitCodes.unreachable.code;
    case "interrupted":
      return end.signal === "SIGTERM" ? exitCodes.terminated.code : exitCodes.interrupted.code;
  }
}
