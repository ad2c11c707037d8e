import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchesOf, tooManyFailures } from "./batches.ts";

const hosts = ["a", "b", "c", "d", "e"];

describe("batchesOf", () => {
  it.each([
    [undefined, [5]],
    [2, [2, 2, 1]],
    ["40%", [2, 2, 1]],
    ["1%", [1, 1, 1, 1, 1]],
    [
      [1, 3],
      [1, 3, 1],
    ],
    [
      [1, "100%"],
      [1, 4],
    ],
    [0, [5]],
  ])("serial %j gives batches of %j", (serial, sizes) => {
    expect(batchesOf(hosts, serial).map((batch) => batch.length)).toEqual(sizes);
  });

  it("says what serial may be", () => {
    expect(() => batchesOf(hosts, "half")).toThrow(
      'serial is "half", but must be a number of hosts or a percentage such as "30%"',
    );
  });

  it("loses no host and keeps their order", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }), (names, serial) => {
        expect(batchesOf(names, serial).flat()).toEqual(names);
      }),
    );
  });
});

describe("tooManyFailures", () => {
  it.each([
    [1, 10, undefined, false],
    [3, 10, 30, false],
    [4, 10, 30, true],
    [0, 10, 0, false],
    [1, 10, 0, true],
  ])("%i of %i hosts with a limit of %s", (failures, all, limit, expected) => {
    expect(tooManyFailures(failures, all, limit)).toBe(expected);
  });
});
