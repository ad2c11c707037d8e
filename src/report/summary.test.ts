import { describe, expect, it } from "vitest";
import { task } from "../../test/report/make-event.ts";
import type { EngineEvent } from "../engine/events.ts";
import { createPalette } from "./palette.ts";
import { createSummaryReport, type RunFinished } from "./summary.ts";

const counts = { ok: 4, changed: 1, unreachable: 0, failed: 0, skipped: 0, rescued: 0, ignored: 0 };
const cost = { roundTrips: 4, bytesSent: 1500, bytesReceived: 312, connects: 1, elapsedMs: 900 };
const end: RunFinished = {
  at: 65_000,
  type: "run-finished",
  hosts: { h1: counts, h2: { ...counts, failed: 1 }, h3: { ...counts, unreachable: 1 } },
  costs: { h1: cost, h2: { ...cost, roundTrips: 6, connects: 2 } },
  slowest: [
    { task: task("Install"), host: "h1", elapsedMs: 3100 },
    { task: task("Install"), host: "h2", elapsedMs: 3000 },
    { task: task("Write"), host: "h2", elapsedMs: 20 },
  ],
  elapsedMs: 65_000,
  outcome: "failed",
  changes: { h1: ["Install", "Write", "Write"], h2: ["Write"] },
};

function summary(checkMode: boolean, finished: RunFinished): string {
  let text = "";
  const report = createSummaryReport({
    write: (more) => {
      text += more;
    },
    palette: createPalette(false),
    next: (_, failed, unreachable) => ({ command: `again ${failed.join()} ${unreachable.join()}`, why: "why" }),
  });
  const started: EngineEvent = { at: 0, type: "run-started", playbooks: [], checkMode, diff: false, hosts: [], version: "" };
  report.listener(started);
  report.listener(finished);
  void report.finish();
  return text;
}

describe("the summary", () => {
  it("tells costs, changes and failures of an apply", () => {
    expect(summary(false, end)).toBe(`changed: 3 tasks on 2 hosts; --diff shows what
3 hosts in 1 min 5 s, 10 round trips (at most 6 a host), 3.0 kB sent, 624 B received, 1 reconnect
slowest: Install 3.1 s [h1]
failed: h2
unreachable: h3
next: again h2 h3   (why)
`);
  });

  it("lists what a check has found, task by task", () => {
    expect(summary(true, end).split("\n").slice(0, 4)).toEqual([
      "check mode: nothing was changed; an apply would change 3 tasks on 2 hosts:",
      "  Install  [h1]",
      "  Write  [h1, h2]",
      "  Write (2)  [h1]",
    ]);
  });

  it.each([
    [true, "check mode: nothing would change"],
    [false, "nothing changed"],
  ])("says when nothing did (check mode %s)", (checkMode, expected) => {
    expect(summary(checkMode, { ...end, changes: {} }).split("\n")[0]).toBe(expected);
  });
});
