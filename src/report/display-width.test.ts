import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { displayWidth, fillTo, truncate } from "./display-width.ts";

describe("displayWidth", () => {
  it.each([
    ["", 0],
    ["node1", 5],
    ["日本語", 6],
    ["é", 1],
    ["e\u0301", 1],
    ["👩‍👩‍👧", 2],
    ["ｆｕｌｌ", 8],
    ["…", 1],
    ["a\u200bb", 2],
  ])("%j takes %i columns", (text, width) => {
    expect(displayWidth(text)).toBe(width);
  });
});

describe("truncate and fillTo", () => {
  it.each([
    ["node1", 5, "node1"],
    ["node12", 5, "node…"],
    ["日本語", 5, "日本…"],
    ["日本語", 4, "日…"],
    ["abc", 0, ""],
  ])("%j in %i columns is %j", (text, columns, expected) => {
    expect(truncate(text, columns)).toBe(expected);
  });

  it("never exceeds the width, and fills it exactly", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 0, max: 40 }), (text, columns) => {
        expect(displayWidth(truncate(text, columns))).toBeLessThanOrEqual(columns);
        expect(displayWidth(fillTo(text, columns))).toBe(columns);
      }),
    );
  });
});
