import { describe, expect, it } from "vitest";
import { chooseView, headerColumns, type OutputFormat, wantsColor, wantsUnicode } from "./choose.ts";

const tty = { stdoutIsTty: true, stderrIsTty: true };
const pipe = { stdoutIsTty: false, stderrIsTty: true };
const none = { stdoutIsTty: false, stderrIsTty: false };

describe("chooseView", () => {
  it.each<[string, OutputFormat, boolean | undefined, boolean, typeof tty, Record<string, string>, string, boolean]>([
    ["a terminal", "text", undefined, false, tty, {}, "live", true],
    ["a pipe", "text", undefined, false, pipe, {}, "plain", false],
    ["cron", "text", undefined, false, none, {}, "plain", false],
    ["CI with a terminal", "text", undefined, false, tty, { CI: "true" }, "plain", false],
    ["CI, but told to", "text", true, false, tty, { CI: "true" }, "live", true],
    ["told not to", "text", false, false, tty, {}, "plain", false],
    ["told to, but no terminal", "text", true, false, none, {}, "plain", false],
    ["quiet", "text", undefined, true, tty, {}, "plain", false],
    ["a dumb terminal", "text", undefined, false, tty, { TERM: "dumb" }, "plain", false],
    ["JSON into a file, watched", "json", undefined, false, pipe, {}, "json", true],
    ["JSON on the terminal", "json", undefined, false, tty, {}, "json", true],
    ["lines of JSON into a file, watched", "jsonl", undefined, false, pipe, {}, "jsonl", true],
    ["lines of JSON on the terminal", "jsonl", undefined, false, tty, {}, "jsonl", false],
  ])("%s", (_, format, progress, quiet, streams, environment, output, live) => {
    expect(chooseView({ format, progress, quiet }, { ...streams, environment })).toEqual({ output, live });
  });
});

describe("wantsColor", () => {
  it.each<[boolean | undefined, boolean, Record<string, string>, boolean]>([
    [undefined, true, {}, true],
    [undefined, false, {}, false],
    [true, false, { NO_COLOR: "1" }, true],
    [false, true, { FORCE_COLOR: "1" }, false],
    [undefined, true, { NO_COLOR: "1" }, false],
    [undefined, true, { NO_COLOR: "" }, true],
    [undefined, false, { FORCE_COLOR: "1" }, true],
    [undefined, true, { FORCE_COLOR: "0" }, false],
    [undefined, true, { TERM: "dumb" }, false],
  ])("flag %s, terminal %s, %j -> %s", (flag, isTty, environment, expected) => {
    expect(wantsColor(flag, isTty, environment)).toBe(expected);
  });
});

describe("the surroundings", () => {
  it.each<[Record<string, string>, boolean]>([
    [{}, true],
    [{ LANG: "C" }, false],
    [{ LANG: "C", LC_ALL: "de_DE.UTF-8" }, true],
    [{ TERM: "linux" }, false],
    [{ LANG: "C.UTF-8" }, true],
  ])("unicode with %j: %s", (environment, expected) => {
    expect(wantsUnicode(environment)).toBe(expected);
  });

  it.each([
    [{}, {}, 80],
    [{}, { COLUMNS: "120" }, 120],
    [{}, { COLUMNS: "x" }, 80],
    [{ isTTY: true, columns: 100 }, {}, 99],
  ])("header width with %j, %j: %i", (stdout, environment, expected) => {
    expect(headerColumns(stdout, environment)).toBe(expected);
  });
});
