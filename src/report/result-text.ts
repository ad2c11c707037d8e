import type { EngineEvent } from "../engine/events.ts";
import type { Json, JsonObject } from "../modules/contract.ts";
import { terminalSafe } from "./terminal-safe.ts";

type Finished = Extract<EngineEvent, { type: "task-finished" | "item-finished" }>;

/** Fields that say what the first word of the line says already; Ansible leaves them out too. */
const redundant = new Set(["failed", "skipped"]);
const debugHidden = new Set(["changed", "failed", "skipped", "skip_reason", "ansible_loop_var"]);

/** The fields of a result that a person wants to see at this verbosity. */
export function shownResult(event: Finished, verbosity: number): JsonObject {
  const entries = Object.entries(event.result).filter(([name]) => !name.startsWith("_ansible_"));
  if (event.task.module === "debug" && event.status !== "skipped") return debugResult(entries, event);
  return Object.fromEntries(
    entries.filter(
      ([name]) => !redundant.has(name) && !(verbosity < 3 && (name === "invocation" || name === "diff" || name === "exception")),
    ),
  );
}

/** debug's message stands alone. */
function debugResult(entries: readonly (readonly [string, Json])[], event: Finished): JsonObject {
  if (event.result["msg"] !== undefined && event.result["censored"] === undefined) return { msg: event.result["msg"] };
  const loopVariable = event.result["ansible_loop_var"];
  return Object.fromEntries(entries.filter(([name]) => !debugHidden.has(name) && name !== loopVariable));
}

/**
 * JSON as Ansible prints it: keys sorted, a blank after comma and colon, or four columns deep with `indent`. Control
 * characters that JSON allows but terminals obey (C1, DEL) are escaped.
 */
export function resultText(value: Json, indent: boolean): string {
  return terminalSafe(indent ? JSON.stringify(sorted(value), undefined, 4) : compact(value));
}

function compact(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(compact).join(", ")}]`;
  if (isObject(value)) {
    const fields = Object.keys(value).sort();
    return `{${fields.map((name) => `${JSON.stringify(name)}: ${compact(value[name] ?? null)}`).join(", ")}}`;
  }
  return JSON.stringify(value);
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((name) => [name, sorted(value[name] ?? null)]),
  );
}

function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
