import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { oneLine, terminalSafe } from "./terminal-safe.ts";

describe("terminalSafe", () => {
  it.each([
    ["plain text, ümläuts, 日本語", "plain text, ümläuts, 日本語"],
    ["\u001b[31mred\u001b[0m", "\\u001b[31mred\\u001b[0m"],
    ["a\r\nb\tc\n", "a\nb\tc\n"],
    ["over\rwritten\b", "over\\u000dwritten\\u0008"],
    ["\u009b2J \u007f", "\\u009b2J \\u007f"],
    ["user\u202egnp.exe", "user\\u202egnp.exe"],
  ])("%j -> %j", (text, expected) => {
    expect(terminalSafe(text)).toBe(expected);
  });

  it("leaves nothing that a terminal obeys", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(terminalSafe(text)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
        expect(oneLine(text)).not.toMatch(/[\n\t]/);
      }),
    );
  });
});
