import type { Diagnostic } from "../diagnostic.ts";
import type { Difference, Json, JsonObject, Output } from "../modules/contract.ts";
import type { TaskStatus } from "./events.ts";

/** How one execution of a module (one item of a loop) ended on a host. */
export type ModuleOutcome = {
  readonly status: TaskStatus;
  /** Ansible's fields; `changed` and `failed` are always there. */
  readonly result: JsonObject;
  readonly differences: readonly Difference[];
  readonly reason?: string;
  readonly diagnostic?: Diagnostic;
  /** Check mode: the fields of the result that are not here will only be known after an apply. */
  readonly incomplete?: boolean;
};

export function ok(result: JsonObject, differences: readonly Difference[] = []): ModuleOutcome {
  return { status: "ok", result: { changed: false, ...result, failed: false }, differences };
}

export function changed(result: JsonObject, differences: readonly Difference[]): ModuleOutcome {
  return { status: "changed", result: { ...result, changed: true, failed: false }, differences };
}

export function failed(message: string, result: JsonObject = {}, diagnostic?: Diagnostic): ModuleOutcome {
  const outcome: ModuleOutcome = {
    status: "failed",
    result: { changed: false, ...result, failed: true, msg: message },
    differences: [],
  };
  return diagnostic === undefined ? outcome : { ...outcome, diagnostic };
}

export function skipped(reason: string, result: JsonObject = {}): ModuleOutcome {
  return {
    status: "skipped",
    result: { changed: false, skipped: true, skip_reason: "Conditional result was False", failed: false, ...result },
    differences: [],
    reason,
  };
}

/** Check mode cannot know; `reason` says what it depends on. */
export function undetermined(reason: string): ModuleOutcome {
  return {
    status: "undetermined",
    result: { changed: true, failed: false, msg: reason },
    differences: [],
    reason,
    incomplete: true,
  };
}

/** rc, stdout, stderr and their lines, as Ansible names them. */
export function outputFields(output: Output): { readonly [key: string]: Json } {
  const stdout = trimNewlines(output.stdout.toString("utf8"));
  const stderr = trimNewlines(output.stderr.toString("utf8"));
  return { rc: output.rc, stdout, stdout_lines: lines(stdout), stderr, stderr_lines: lines(stderr) };
}

/** Ansible adds `stdout_lines` to any result that has a text `stdout`. */
export function withLines(result: JsonObject): JsonObject {
  const added: Record<string, Json> = {};
  for (const stream of ["stdout", "stderr"]) {
    const text = result[stream];
    if (typeof text === "string" && result[`${stream}_lines`] === undefined) added[`${stream}_lines`] = lines(text);
  }
  return { ...result, ...added };
}

// As Python's splitlines: a newline at the end begins no further line.
function lines(text: string): string[] {
  return text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/);
}

function trimNewlines(text: string): string {
  return text.replace(/[\r\n]+$/, "");
}
