import type { Diagnostic } from "../diagnostic.ts";
import type { EngineEvent } from "../engine/events.ts";
import { formatDiagnostic } from "../excerpt.ts";
import type { Json } from "../modules/contract.ts";
import type { Palette } from "./palette.ts";
import { hostList } from "./phrases.ts";
import { oneLine, terminalSafe } from "./terminal-safe.ts";

type Finished = Extract<EngineEvent, { type: "task-finished" | "item-finished" }>;

/** A failure that is the same on several hosts is one. */
type Group = { readonly event: Finished; readonly hosts: string[] };

/** Output beyond this is in the reports: the end of it says what went wrong. */
const MAX_LINES = 20;

/** Failures as people read them: hosts, task, why, what the command printed, where it stands in the playbook. */
export function failureText(events: readonly Finished[], palette: Palette, unicode: boolean): string {
  const groups = new Map<string, Group>();
  for (const event of events) {
    const key = `${event.task.id}\n${messageOf(event)}\n${event.type === "item-finished" ? event.label : ""}`;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { event, hosts: [event.host] });
    else if (!known.hosts.includes(event.host)) known.hosts.push(event.host);
  }
  return [...groups.values()].map((group) => `${groupLines(group, palette, unicode).join("\n")}\n\n`).join("");
}

function groupLines({ event, hosts }: Group, palette: Palette, unicode: boolean): readonly string[] {
  const item = event.type === "item-finished" ? ` (item=${oneLine(event.label)})` : "";
  const what = event.status === "unreachable" ? "unreachable" : oneLine(event.task.title);
  const lines = [palette.red(palette.bold(`${unicode ? "✖" : "x"} ${hostList(hosts)}: ${what}${item}`))];
  lines.push(...indented(messageOf(event)));
  const { rc, stdout, stderr } = event.result;
  if (typeof rc === "number" && rc !== 0) lines.push(palette.dim(`    exit status ${rc}`));
  lines.push(...output("stderr", stderr, palette), ...output("stdout", stdout, palette));
  const diagnostic = event.type === "task-finished" ? event.diagnostic : undefined;
  const place = { file: event.task.file, line: event.task.line, column: 1 };
  const told: Diagnostic = { severity: "error", code: "failed", message: "", position: place, ...diagnostic };
  // The message stands above already; position, excerpt, context and help follow.
  lines.push(
    ...terminalSafe(formatDiagnostic(told))
      .split("\n")
      .slice(1)
      .map((line) => palette.dim(`  ${line}`)),
  );
  return lines;
}

function output(name: string, value: Json | undefined, palette: Palette): readonly string[] {
  if (typeof value !== "string" || value.trim() === "") return [];
  const all = terminalSafe(value.trimEnd()).split("\n");
  const shown = all.slice(-MAX_LINES);
  const left = all.length - shown.length;
  return [palette.dim(`    ${name}:${left > 0 ? ` (${left} lines before these)` : ""}`), ...shown.map((line) => `      ${line}`)];
}

function messageOf(event: Finished): string {
  const { msg } = event.result;
  return typeof msg === "string" ? msg : msg === undefined ? "failed" : JSON.stringify(msg);
}

function indented(text: string): readonly string[] {
  return terminalSafe(text)
    .split("\n")
    .map((line) => `    ${line}`);
}
