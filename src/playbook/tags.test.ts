import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isSelected } from "./tags.ts";

describe("isSelected", () => {
  it.each<[string, string, string, boolean]>([
    // tags of the task, --tags, --skip-tags, selected
    ["", "", "", true],
    ["a", "", "", true],
    ["a", "a", "", true],
    ["a b", "b", "", true],
    ["a", "b", "", false],
    ["", "a", "", false],
    ["always", "a", "", true],
    ["always", "", "always", false],
    ["always", "", "all", true],
    ["a", "", "all", false],
    ["never", "", "", false],
    ["never a", "", "", false],
    ["never a", "a", "", true],
    ["never", "never", "", true],
    ["never", "all", "", false],
    ["never a", "tagged", "", false],
    ["a", "tagged", "", true],
    ["", "tagged", "", false],
    ["", "untagged", "", true],
    ["a", "untagged", "", false],
    ["a", "", "a", false],
    ["a", "a", "a", false],
    ["a", "", "tagged", false],
    ["", "", "tagged", true],
    ["", "", "untagged", false],
    ["always never", "", "", true],
  ])("tags [%s] with --tags [%s] --skip-tags [%s]: %s", (tags, only, skip, selected) => {
    const cut = (text: string) => text.split(" ").filter((one) => one !== "");
    expect(isSelected(cut(tags), cut(only), cut(skip))).toBe(selected);
  });

  it("never selects what is skipped by name, whatever else is asked for", () => {
    const names = fc.array(fc.constantFrom("a", "b", "always", "never", "all", "tagged"), { maxLength: 4 });
    fc.assert(
      fc.property(names, names, fc.constantFrom("a", "b"), (tags, only, skipped) => {
        expect(isSelected([...tags, skipped], only, [skipped])).toBe(false);
      }),
    );
  });
});
