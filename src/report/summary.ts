import type { EngineEvent, HostCost } from "../engine/events.ts";
import type { Palette } from "./palette.ts";
import { bytes, count, duration, hostList } from "./phrases.ts";
import type { Report, Write } from "./report.ts";
import { oneLine } from "./terminal-safe.ts";

export type RunFinished = Extract<EngineEvent, { type: "run-finished" }>;

/** What a user may want to do next: the command to type, and what it is for. */
export type NextStep = { readonly command: string; readonly why: string };

export type SummaryOptions = {
  readonly write: Write;
  readonly palette: Palette;
  /** What to type next, after this end of the run; the command line knows, reports do not. */
  readonly next: (finished: RunFinished, failed: readonly string[], unreachable: readonly string[]) => NextStep | undefined;
};

const MAX_TASKS = 20;
const MAX_SLOWEST = 3;
/** Below this nobody waits: no line is better than three meaningless ones. */
const SLOW_MS = 1000;

/** What Ansible does not tell, below its recap: costs, slowest tasks, what changed, the next command. */
export function createSummaryReport(options: SummaryOptions): Report {
  const { palette } = options;
  let checkMode = false;
  let diff = false;
  let text = "";
  return {
    listener: (event) => {
      if (event.type === "run-started") {
        checkMode = event.checkMode;
        diff = event.diff;
      }
      if (event.type !== "run-finished") return;
      const failed = hostsWith(event, "failed");
      const unreachable = hostsWith(event, "unreachable");
      const lines = [
        ...changeLines(event, checkMode, diff),
        costLine(event),
        ...slowestLine(event),
        ...(failed.length > 0 ? [palette.red(`failed: ${hostList(failed)}`)] : []),
        ...(unreachable.length > 0 ? [palette.red(`unreachable: ${hostList(unreachable)}`)] : []),
      ];
      const next = options.next(event, failed, unreachable);
      if (next !== undefined) lines.push(`next: ${palette.bold(oneLine(next.command))}   (${next.why})`);
      text = `${lines.join("\n")}\n`;
    },
    // At the end, since a live view gives the screen back only then.
    finish: () => {
      if (text !== "") options.write(text);
    },
  };
}

function hostsWith(event: RunFinished, what: "failed" | "unreachable"): readonly string[] {
  return Object.keys(event.hosts).filter((host) => (event.hosts[host]?.[what] ?? 0) > 0);
}

function changeLines(event: RunFinished, checkMode: boolean, diff: boolean): readonly string[] {
  const tasks = new Map<string, string[]>();
  for (const [host, titles] of Object.entries(event.changes)) {
    const seen = new Map<string, number>();
    for (const title of titles) {
      const nth = (seen.get(title) ?? 0) + 1;
      seen.set(title, nth);
      // Tasks without a name of their own share their module's.
      const key = nth === 1 ? title : `${title} (${nth})`;
      tasks.set(key, [...(tasks.get(key) ?? []), host]);
    }
  }
  if (tasks.size === 0) return [checkMode ? "check mode: nothing would change" : "nothing changed"];
  const where = `${count(tasks.size, "task")} on ${count(Object.keys(event.changes).length, "host")}`;
  if (!checkMode) return [`changed: ${where}${diff ? "" : "; --diff shows what"}`];
  const shown = [...tasks].slice(0, MAX_TASKS).map(([title, hosts]) => `  ${oneLine(title)}  [${hostList(hosts)}]`);
  const rest = tasks.size - shown.length;
  return [
    `check mode: nothing was changed; an apply would change ${where}:`,
    ...shown,
    ...(rest > 0 ? [`  … and ${count(rest, "task")} more; --report json lists all`] : []),
  ];
}

function costLine(event: RunFinished): string {
  const costs: readonly HostCost[] = Object.values(event.costs);
  const total = (pick: (cost: HostCost) => number): number => costs.reduce((sum, cost) => sum + pick(cost), 0);
  const most = Math.max(0, ...costs.map((cost) => cost.roundTrips));
  const reconnects = total((cost) => Math.max(0, cost.connects - 1));
  return [
    `${count(Object.keys(event.hosts).length, "host")} in ${duration(event.elapsedMs)}`,
    `${count(
      total((cost) => cost.roundTrips),
      "round trip",
    )} (at most ${most} a host)`,
    `${bytes(total((cost) => cost.bytesSent))} sent, ${bytes(total((cost) => cost.bytesReceived))} received`,
    ...(reconnects > 0 ? [count(reconnects, "reconnect")] : []),
  ].join(", ");
}

function slowestLine(event: RunFinished): readonly string[] {
  const tasks = new Set<string>();
  const slow = event.slowest
    .filter(({ task, elapsedMs }) => elapsedMs >= SLOW_MS && !tasks.has(task.id) && tasks.add(task.id))
    .slice(0, MAX_SLOWEST);
  if (slow.length === 0) return [];
  return [
    `slowest: ${slow.map((one) => `${oneLine(one.task.title)} ${duration(one.elapsedMs)} [${oneLine(one.host)}]`).join(", ")}`,
  ];
}
