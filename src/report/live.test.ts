import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeTerminal } from "../../test/report/fake-terminal.ts";
import { fleetEvents } from "../../test/report/fleet-events.ts";
import { finished, task } from "../../test/report/make-event.ts";
import type { EngineEvent } from "../engine/events.ts";
import { createLiveReport, type LiveOptions } from "./live.ts";
import { createPalette } from "./palette.ts";
import type { Terminal } from "./screen.ts";

function open(terminal: FakeTerminal, rest: Partial<LiveOptions> = {}) {
  // The live view uses of a stream what FakeTerminal has: write, columns, rows.
  const stream = terminal as unknown as Terminal;
  return createLiveReport({
    frame: stream,
    results: stream,
    palette: createPalette(false),
    unicode: true,
    verbosity: 0,
    diff: false,
    ...rest,
  });
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the live view", () => {
  it.each([
    [80, 24, 3],
    [80, 24, 300],
    [200, 50, 3],
    [200, 50, 300],
  ])("%i x %i with %i hosts: wraps nothing, never fills the screen, and cleans up", async (columns, rows, hosts) => {
    const terminal = new FakeTerminal(columns, rows);
    const report = open(terminal);
    let tallest = 0;
    for (const [index, event] of fleetEvents({ hosts, tasks: 10, failing: [2, 5], unreachable: [3] }).entries()) {
      report.listener(event);
      if (index % 50 === 0) await vi.advanceTimersByTimeAsync(100);
      tallest = Math.max(tallest, terminal.picture.length);
    }
    expect(terminal.wrapped).toEqual([]);
    expect(tallest).toBeGreaterThan(3);
    expect(tallest).toBeLessThan(rows);
    await report.finish();
    expect(terminal.written.endsWith("\u001b[?25h") || terminal.written.includes("\u001b[?25h")).toBe(true);
    const picture = terminal.picture.join("\n");
    expect(picture).not.toContain("PLAY [");
    expect(picture).toContain("apt-get ended with exit status 100: E: Unable to locate package k3s-selinux\n    site.yaml:15:1");
    expect(picture).toMatch(/^host +ok +changed +failed +unreachable +skipped$/m);
  });

  it("redraws at most ten times a second, whatever happens", async () => {
    const terminal = new FakeTerminal(80, 24);
    const report = open(terminal);
    for (const event of fleetEvents({ hosts: 100, tasks: 20 }).slice(0, -1)) report.listener(event);
    await vi.advanceTimersByTimeAsync(1000);
    expect(terminal.written.split("\u001b[?2026h").length - 1).toBeLessThanOrEqual(11);
    await report.finish();
  });

  it("prints what debug says above the rows, and keeps it", async () => {
    const terminal = new FakeTerminal(80, 24);
    const report = open(terminal);
    const events = fleetEvents({ hosts: 2, tasks: 3 });
    for (const event of events.slice(0, 5)) report.listener(event);
    const debug = task("Say it", { module: "debug" });
    report.listener(finished(debug, "node1.example.net", "ok", { result: { changed: false, msg: "hello \u001b[2J" } }));
    await vi.advanceTimersByTimeAsync(200);
    const lines = terminal.picture;
    expect(lines).toContain('    "msg": "hello \\u001b[2J"');
    expect(lines.indexOf('    "msg": "hello \\u001b[2J"')).toBeLessThan(lines.findIndex((line) => line.startsWith("PLAY [")));
    await report.finish();
    expect(terminal.picture).toContain("ok: [node1.example.net] => {");
  });

  it("leaves out of the failures what a rescue section took care of", async () => {
    const terminal = new FakeTerminal(80, 24);
    const report = open(terminal);
    const events = fleetEvents({ hosts: 2, tasks: 2 });
    const bad = task("Try");
    const extra: readonly EngineEvent[] = [
      finished(bad, "node1.example.net", "failed", { result: { changed: false, failed: true, msg: "expected to fail" } }),
      { at: 1, type: "rescued", task: bad, host: "node1.example.net" },
    ];
    for (const event of [...events.slice(0, 5), ...extra, ...events.slice(5)]) report.listener(event);
    await report.finish();
    expect(terminal.picture.join("\n")).not.toContain("expected to fail");
  });

  it("gives the screen away for a question and takes it back", async () => {
    const terminal = new FakeTerminal(80, 24);
    const report = open(terminal);
    for (const event of fleetEvents({ hosts: 2, tasks: 3 }).slice(0, 6)) report.listener(event);
    await vi.advanceTimersByTimeAsync(100);
    const resume = report.suspend?.();
    expect(terminal.picture).toEqual([]);
    terminal.write("Passphrase: \n");
    resume?.();
    await vi.advanceTimersByTimeAsync(100);
    expect(terminal.picture[0]).toBe("Passphrase:");
    expect(terminal.picture[1]).toMatch(/^PLAY \[/);
    await report.finish();
  });
});
