import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fleetEvents } from "../../test/report/fleet-events.ts";
import { displayWidth } from "./display-width.ts";
import { chooseRows, drawFrame, type FrameOptions } from "./frame.ts";
import { createHostBoard, type HostPhase, type HostRow } from "./host-board.ts";
import { createPalette } from "./palette.ts";

const options = (rest: Partial<FrameOptions>): FrameOptions => ({
  columns: 80,
  rows: 24,
  palette: createPalette(false),
  spinner: "⠋",
  unicode: true,
  now: 4300,
  previous: new Set(),
  ...rest,
});

function boardAfter(
  hosts: number,
  share: number,
  rest: { readonly failing?: readonly number[]; readonly unreachable?: readonly number[] } = {},
) {
  const board = createHostBoard();
  const events = fleetEvents({ hosts, tasks: 10, ...rest });
  for (const event of events.slice(0, Math.floor(events.length * share))) board.listener(event);
  return board;
}

describe("drawFrame", () => {
  it("draws three hosts, whole", () => {
    const board = boardAfter(3, 0.7, { failing: [2] });
    expect(drawFrame(board, options({})).lines).toEqual([
      "PLAY [Prepare the cluster]  4.3 s",
      "• node1.example.net  proxy : Show 日本語 in a title, whic…  ok   5  changed   2",
      "✖ node2.example.net  apt-get ended with exit status 100: E: Unable to locate p…",
      "• node3.example.net  proxy : Show 日本語 in a title, whic…  ok   5  changed   2",
      "███████████████████████░░░░░░░░  73 % · 3 hosts · 0 busy · 5 changed · 1 failed",
    ]);
  });

  it("shows a window of 300 hosts: failed ones first, then busy ones, the rest counted", () => {
    const board = boardAfter(300, 0.75, { failing: [2, 5, 8], unreachable: [7] });
    const { lines, hosts } = drawFrame(board, options({}));
    expect(lines.length).toBeLessThanOrEqual(22);
    expect(hosts.size).toBe(19);
    expect(lines.slice(1, 5).map((line) => line.slice(0, 21))).toEqual([
      "✖ node002.example.net",
      "✖ node005.example.net",
      "✖ node007.example.net",
      "✖ node008.example.net",
    ]);
    expect(lines.at(-2)).toMatch(/^ {2}… and 281 more: \d+ running, \d+ between tasks$/);
    expect(lines.at(-1)).toMatch(/ {2}\d+ % · 300 hosts · \d+ busy · \d+ changed · 4 failed$/);
  });

  it.each([
    [80, 24, 3],
    [80, 24, 300],
    [200, 50, 3],
    [200, 50, 300],
    [40, 10, 30],
    [20, 5, 30],
  ])("%i x %i, %i hosts: no line wraps and the frame fits, at any time", (columns, rows, hosts) => {
    const board = createHostBoard();
    let previous: ReadonlySet<string> = new Set();
    for (const [index, event] of fleetEvents({ hosts, tasks: 10, failing: [1, 2, 3], unreachable: [2] }).entries()) {
      board.listener(event);
      if (index % 17 !== 0) continue;
      const frame = drawFrame(board, options({ columns, rows, now: event.at, previous }));
      previous = frame.hosts;
      expect(frame.lines.length).toBeLessThan(rows);
      for (const line of frame.lines) expect(displayWidth(line)).toBeLessThan(columns);
    }
  });

  it("needs nothing beyond ASCII where the terminal has nothing else", () => {
    const { lines } = drawFrame(boardAfter(30, 0.3, { failing: [1] }), options({ unicode: false, spinner: "/" }));
    // The title itself is the user's.
    for (const line of lines.filter((one) => !one.includes("日"))) expect(line).toMatch(/^[\x20-\x7e]*$/);
  });
});

describe("chooseRows", () => {
  const row = (index: number, phase: HostPhase): HostRow => ({
    name: `h${index}`,
    phase,
    text: "",
    since: 0,
    tasks: 0,
    ok: 0,
    changed: 0,
    skipped: 0,
    failed: 0,
  });
  const phase = fc.constantFrom<HostPhase>("waiting", "connecting", "running", "idle", "done", "failed", "unreachable");

  it("fills the room, shows none twice, and always shows a failed host when there is one", () => {
    fc.assert(
      fc.property(fc.array(phase, { maxLength: 60 }), fc.integer({ min: 2, max: 30 }), (phases, room) => {
        const all = phases.map((one, index) => row(index, one));
        const chosen = chooseRows(all, room, new Set());
        expect(chosen.length).toBe(Math.min(all.length, room));
        expect(new Set(chosen).size).toBe(chosen.length);
        if (all.some((one) => one.phase === "failed"))
          expect(chosen.some((one) => one.phase === "failed" || one.phase === "unreachable")).toBe(true);
      }),
    );
  });

  it("keeps busy hosts in their rows while they are busy", () => {
    const all = Array.from({ length: 40 }, (_, index) => row(index, "running"));
    const previous = new Set(["h30", "h31", "h32"]);
    expect(chooseRows(all, 5, previous).map((one) => one.name)).toEqual(["h0", "h1", "h30", "h31", "h32"]);
  });
});
