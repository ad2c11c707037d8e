import { describe, expect, it } from "vitest";
import { exitCodeOf, exitCodes, type RunEnd } from "./exit-codes.ts";

describe("exitCodeOf", () => {
  it.each<[string, Partial<RunEnd>, number]>([
    ["done", {}, 0],
    ["changes of an apply", { changes: 3, detailedExitcode: true }, 0],
    ["changes of a check", { changes: 3, checkMode: true }, 0],
    ["changes of a check, wanted", { changes: 3, checkMode: true, detailedExitcode: true }, 6],
    ["no changes of a check, wanted", { checkMode: true, detailedExitcode: true }, 0],
    ["a host failed", { outcome: "failed" }, 2],
    [
      "a host failed in a check that found differences",
      { outcome: "failed", changes: 1, checkMode: true, detailedExitcode: true },
      2,
    ],
    ["unreachable", { outcome: "unreachable" }, 4],
    ["Ctrl-C", { outcome: "interrupted", signal: "SIGINT" }, 130],
    ["terminated", { outcome: "interrupted", signal: "SIGTERM" }, 143],
    ["a time limit of the run", { outcome: "interrupted" }, 130],
  ])("%s", (_, end, code) => {
    expect(exitCodeOf({ outcome: "ok", checkMode: false, detailedExitcode: false, changes: 0, ...end })).toBe(code);
  });

  it("gives each status one meaning", () => {
    expect(Object.values(exitCodes).map(({ code }) => code)).toEqual([0, 1, 2, 3, 4, 5, 6, 130, 143]);
  });
});
