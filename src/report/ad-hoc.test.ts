import { describe, expect, it } from "vitest";
import { finished, task } from "../../test/report/make-event.ts";
import type { EngineEvent } from "../engine/events.ts";
import { createAdHocReport } from "./ad-hoc.ts";
import { createPalette } from "./palette.ts";

function print(show: "result" | "output", events: readonly EngineEvent[]): { readonly out: string; readonly error: string } {
  const told = { out: "", error: "" };
  const report = createAdHocReport({
    write: (text) => {
      told.out += text;
    },
    writeError: (text) => {
      told.error += text;
    },
    palette: createPalette(false),
    verbosity: 0,
    show,
  });
  for (const event of events) report.listener(event);
  return told;
}

const shell = task("shell");

describe("the answers of ad-hoc commands", () => {
  it.each<[string, "result" | "output", EngineEvent, string]>([
    [
      "output",
      "output",
      finished(shell, "h1", "changed", { result: { changed: true, rc: 0, stdout: "a\nb\u001b[2J", stderr: "c" } }),
      "h1 | CHANGED | rc=0 >>\na\nb\\u001b[2J\nc\n",
    ],
    [
      "a failed command",
      "output",
      finished(shell, "h1", "failed", { result: { failed: true, rc: 3, stdout: "", stderr: "no", msg: "non-zero return code" } }),
      "h1 | FAILED | rc=3 >>\nno\n",
    ],
    [
      "a failure before the command ran",
      "output",
      finished(shell, "h1", "failed", { result: { failed: true, changed: false, msg: "no such command" } }),
      'h1 | FAILED! => {\n    "changed": false,\n    "msg": "no such command"\n}\n',
    ],
    [
      "a result",
      "result",
      finished(task("ping"), "h1", "ok", { result: { changed: false, failed: false, ping: "pong" } }),
      'h1 | SUCCESS => {\n    "changed": false,\n    "ping": "pong"\n}\n',
    ],
    [
      "an unreachable host",
      "result",
      { at: 1, type: "host-unreachable", host: "h1", message: "refused", code: "refused" },
      'h1 | UNREACHABLE! => {\n    "changed": false,\n    "msg": "refused",\n    "unreachable": true\n}\n',
    ],
  ])("shows %s", (_, show, event, expected) => {
    expect(print(show, [event])).toEqual({ out: expected, error: "" });
  });

  it("says when there was nobody to ask", () => {
    expect(print("result", [{ at: 1, type: "play-empty", play: "ping", pattern: "nodes" }])).toEqual({
      out: "",
      error: 'no host matches "nodes"\n',
    });
  });
});
