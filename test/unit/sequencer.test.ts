import fc from "fast-check";
import { expect, it } from "vitest";
import { balanced } from "../hosts/sequencer.ts";

const deal = (files: readonly string[], count: number) => balanced(files, count, (file) => file);

it("deals each file to one part, the same way whatever the order", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.constantFrom("vm.test.ts", "twins.test.ts", "a.test.ts", "b.test.ts", "c.test.ts")),
      (files) => {
        const parts = deal(files, 2);
        expect(parts).toHaveLength(2);
        expect(parts.flat().sort()).toEqual([...files].sort());
        expect(deal(files.toReversed(), 2)).toEqual(parts);
      },
    ),
  );
});

it("puts what takes long beside many that do not", () => {
  expect(deal(["a.test.ts", "b.test.ts", "twins.test.ts", "vm.test.ts"], 2)).toEqual([
    ["vm.test.ts"],
    ["twins.test.ts", "a.test.ts", "b.test.ts"],
  ]);
});
