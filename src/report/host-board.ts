import type { EngineEvent, EventListener, RunOutcome } from "../engine/events.ts";
import { oneLine } from "./terminal-safe.ts";

/** What a host is doing, for a row of the live view. */
export type HostPhase = "waiting" | "connecting" | "running" | "idle" | "done" | "failed" | "unreachable";

export type HostRow = {
  readonly name: string;
  phase: HostPhase;
  /** The task at hand, or why the host has failed. */
  text: string;
  /** Milliseconds since the run began, when the phase was entered. */
  since: number;
  /** Tasks finished in this play. */
  tasks: number;
  ok: number;
  changed: number;
  skipped: number;
  failed: number;
};

/** The state of a run as a screen shows it. */
export type HostBoard = {
  readonly listener: EventListener;
  readonly rows: ReadonlyMap<string, HostRow>;
  readonly play: string;
  readonly task: string;
  readonly checkMode: boolean;
  /** Share of the play that is done, 0 to 1; undefined before the first play. */
  readonly progress: number | undefined;
  readonly outcome: RunOutcome | undefined;
  readonly interrupted: string | undefined;
  readonly lastAt: number;
};

export function createHostBoard(): HostBoard {
  const rows = new Map<string, HostRow>();
  let play = "";
  let task = "";
  let checkMode = false;
  let outcome: RunOutcome | undefined;
  let interrupted: string | undefined;
  let playHosts: readonly string[] = [];
  let expected: number | undefined;
  let lastAt = 0;

  const row = (name: string): HostRow => {
    const known = rows.get(name);
    if (known !== undefined) return known;
    const made: HostRow = { name, phase: "waiting", text: "", since: lastAt, tasks: 0, ok: 0, changed: 0, skipped: 0, failed: 0 };
    rows.set(name, made);
    return made;
  };
  const enter = (host: string, phase: HostPhase, text: string): void => {
    const one = row(host);
    if (one.phase !== phase) one.since = lastAt;
    one.phase = phase;
    one.text = oneLine(text);
  };
  const settle = (hosts: readonly string[], phase: HostPhase): void => {
    for (const host of hosts) if (!isOut(row(host))) enter(host, phase, "");
  };

  const listener: EventListener = (event) => {
    lastAt = event.at;
    switch (event.type) {
      case "run-started":
        checkMode = event.checkMode;
        for (const host of event.hosts) row(host);
        return;
      case "play-started":
        settle([...rows.keys()], "done");
        play = oneLine(event.play);
        task = "";
        playHosts = event.hosts;
        expected = event.tasks;
        for (const host of event.hosts) row(host).tasks = 0;
        settle(event.hosts, "waiting");
        return;
      case "batch-started":
        play = `${oneLine(event.play)} (batch ${event.batch} of ${event.batches})`;
        settle(
          playHosts.filter((host) => row(host).phase !== "waiting"),
          "done",
        );
        return;
      case "host-connecting":
        enter(event.host, "connecting", event.target);
        return;
      case "task-started":
        task = oneLine(event.task.title);
        return;
      case "task-host-started":
        enter(event.host, "running", event.task.title);
        return;
      case "task-retrying":
        enter(event.host, "running", `${event.task.title} (${event.attemptsLeft} retries left)`);
        return;
      case "task-finished":
        finishTask(event, row(event.host), enter);
        return;
      case "host-unreachable":
        enter(event.host, "unreachable", event.message);
        return;
      case "rescued": {
        const one = row(event.host);
        one.failed = Math.max(0, one.failed - 1);
        enter(event.host, "idle", `rescued: ${event.task.title}`);
        return;
      }
      case "interrupted":
        interrupted = event.signal;
        return;
      case "run-finished":
        outcome = event.outcome;
        settle([...rows.keys()], "done");
        return;
      default:
        return;
    }
  };

  return {
    listener,
    rows,
    get play() {
      return play;
    },
    get task() {
      return task;
    },
    get checkMode() {
      return checkMode;
    },
    get progress() {
      return progressOf(playHosts, rows, expected);
    },
    get outcome() {
      return outcome;
    },
    get interrupted() {
      return interrupted;
    },
    get lastAt() {
      return lastAt;
    },
  };
}

/** The host takes no further part. */
export function isOut(row: HostRow): boolean {
  return row.phase === "failed" || row.phase === "unreachable";
}

function finishTask(
  event: Extract<EngineEvent, { type: "task-finished" }>,
  row: HostRow,
  enter: (host: string, phase: HostPhase, text: string) => void,
): void {
  row.tasks += 1;
  if (event.status === "failed" && !event.ignored) {
    row.failed += 1;
    enter(event.host, "failed", `${String(event.result["msg"] ?? "failed")} (${event.task.title})`);
    return;
  }
  if (event.status === "skipped") row.skipped += 1;
  else if (event.status !== "unreachable") row.ok += 1;
  if (event.status === "changed" || event.status === "undetermined") row.changed += 1;
  enter(event.host, "idle", event.task.title);
}

function progressOf(
  hosts: readonly string[],
  rows: ReadonlyMap<string, HostRow>,
  expected: number | undefined,
): number | undefined {
  if (hosts.length === 0) return undefined;
  let sum = 0;
  for (const name of hosts) {
    const row = rows.get(name);
    if (row === undefined) continue;
    if (row.phase === "done" || isOut(row)) sum += 1;
    // Dynamic includes make a play longer than was known: never show it as done before it is.
    else if (expected !== undefined && expected > 0) sum += Math.min(row.tasks / expected, 0.99);
  }
  return sum / hosts.length;
}
