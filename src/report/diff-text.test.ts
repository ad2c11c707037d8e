import { describe, expect, it } from "vitest";
import type { Difference } from "../modules/contract.ts";
import { diffText } from "./diff-text.ts";
import { createPalette } from "./palette.ts";

const plain = createPalette(false);
const cases: readonly (readonly [string, readonly Difference[], string])[] = [
  ["nothing", [], ""],
  [
    "a changed line",
    [{ kind: "text", subject: "/etc/x", before: "a\nb\nc\n", after: "a\nB\nc\n" }],
    "--- before: /etc/x\n+++ after: /etc/x\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n",
  ],
  [
    "a new file without a last line end",
    [{ kind: "text", subject: "/etc/x", before: "", after: "one" }],
    "--- before: /etc/x\n+++ after: /etc/x\n@@ -0,0 +1 @@\n+one\n\\ No newline at end of file\n",
  ],
  [
    "fields of one subject together",
    [
      { kind: "field", subject: "/etc/x", name: "mode", before: "0644", after: "0600" },
      { kind: "field", subject: "/etc/x", name: "owner", before: null, after: "root" },
    ],
    "--- before: /etc/x\n+++ after: /etc/x\n- mode: 0644\n+ mode: 0600\n+ owner: root\n",
  ],
  [
    "binary contents",
    [{ kind: "text", subject: "x", before: "\0a", after: "b" }],
    "--- before: x\n+++ after: x\nBinary contents differ\n",
  ],
  [
    "escape sequences in a file",
    [{ kind: "text", subject: "x", before: "", after: "\u001b[2J\n" }],
    "--- before: x\n+++ after: x\n@@ -0,0 +1 @@\n+\\u001b[2J\n",
  ],
];

describe("diffText", () => {
  it.each(cases)("shows %s", (_, differences, expected) => {
    expect(diffText(differences, plain)).toBe(expected);
  });

  it("colours what goes and what comes", () => {
    const text = diffText([{ kind: "field", subject: "x", name: "mode", before: "0644", after: "0600" }], createPalette(true));
    expect(text).toContain("\u001b[31m- mode: 0644\u001b[39m\n\u001b[32m+ mode: 0600\u001b[39m\n");
  });

  it("gives up on texts that have nothing in common rather than taking minutes", () => {
    const before = Array.from({ length: 5000 }, (_, index) => `a${index}`).join("\n");
    const after = Array.from({ length: 5000 }, (_, index) => `b${index}`).join("\n");
    expect(diffText([{ kind: "text", subject: "x", before, after }], plain)).toBe(
      "--- before: x\n+++ after: x\n(nothing in common: 5000 lines before, 5000 lines after)\n",
    );
  });
});
