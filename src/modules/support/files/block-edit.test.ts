import { describe, expect, it } from "vitest";
import { type BlockWish, blockEdit } from "./block-edit.ts";

const base: BlockWish = {
  state: "present",
  block: "x\ny",
  marker: "# {mark} m",
  markerBegin: "BEGIN",
  markerEnd: "END",
  insertAfter: undefined,
  insertBefore: undefined,
  appendNewline: false,
  prependNewline: false,
};
const B = "# BEGIN m\nx\ny\n# END m\n";
const edited = (text: string | undefined, wish: Partial<BlockWish>) => {
  const outcome = blockEdit({ ...base, ...wish })(text);
  return outcome === undefined ? "same" : [outcome.text, outcome.message];
};

describe("a block", () => {
  it.each<[string, string | undefined, Partial<BlockWish>, string | string[]]>([
    ["is there", `a\n${B}b\n`, {}, "same"],
    ["goes to the end", "a", {}, [`a\n${B}`, "Block inserted"]],
    ["makes a file", undefined, {}, [B, "File created"]],
    ["is replaced where it is", "a\n# BEGIN m\nold\n# END m\nb\n", {}, [`a\n${B}b\n`, "Block inserted"]],
    ["is found though its last line has no end", "# BEGIN m\nx\ny\n# END m", {}, [B, "Block inserted"]],
    ["is found though its markers are swapped", "# END m\nold\n# BEGIN m\nb\n", {}, [`${B}b\n`, "Block inserted"]],
    ["goes behind the last anchor", "a\nb\na\nc\n", { insertAfter: "^a" }, [`a\nb\na\n${B}c\n`, "Block inserted"]],
    ["goes before the anchor", "a\nb\n", { insertBefore: "^b" }, [`a\n${B}b\n`, "Block inserted"]],
    ["goes to the start", "a\n", { insertBefore: "BOF" }, [`${B}a\n`, "Block inserted"]],
    ["goes to the end without an anchor", "a\n", { insertBefore: "^z" }, [`a\n${B}`, "Block inserted"]],
    ["goes behind an anchor of several lines", "a\nb\nc\n", { insertAfter: "(?m)^a\\nb$" }, [`a\nb\n${B}c\n`, "Block inserted"]],
    [
      "gets empty lines around it",
      "a\nb\n",
      { insertAfter: "^a", appendNewline: true, prependNewline: true },
      [`a\n\n${B}\nb\n`, "Block inserted"],
    ],
    ["does not get more of them", `a\n\n${B}\nb\n`, { appendNewline: true, prependNewline: true }, "same"],
    ["is removed", `a\n${B}b\n`, { state: "absent" }, ["a\nb\n", "Block removed"]],
    ["is removed when it is empty", `a\n${B}b\n`, { block: "" }, ["a\nb\n", "Block removed"]],
    ["is not there to be removed", "a\n", { state: "absent" }, "same"],
    ["has no file to be removed from", undefined, { state: "absent" }, "same"],
    [
      "keeps its own marker words",
      "",
      { marker: "<!-- {mark} -->", markerBegin: "on", markerEnd: "off" },
      ["<!-- on -->\nx\ny\n<!-- off -->\n", "Block inserted"],
    ],
  ])("%s", (_name, text, wish, outcome) => expect(edited(text, wish)).toEqual(outcome));
});
