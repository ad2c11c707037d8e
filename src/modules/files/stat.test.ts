import { expect, it } from "vitest";
import { parseParameters } from "../parameters.ts";
import { inodeOf } from "../support/files/inode.test-support.ts";
import { unknownTraits } from "../support/traits.ts";
import { stat } from "./stat.ts";

const { value: given } = parseParameters(stat.parameters, "stat", { path: "/x", get_mime: false, get_attributes: false });
const traits = { ...unknownTraits, userId: 0 };

it.each([
  ["a directory that earlier tasks would make", "", true],
  ["one of the host", "rwx", true],
  ["one of a file system that is read-only", "rx", false],
])("foresees in a check what root may do with %s", (_, asked, writeable) => {
  const context = { traits, checkMode: true, diff: false };
  const answers = Object.entries(stat.probe(given, context)).map(([key, { collector }]) => [
    key,
    collector.name === "access" ? asked : collector.name === "path" ? inodeOf("directory", 0o755) : null,
  ]);
  expect(stat.result?.(Object.fromEntries(answers), given, context)["stat"]).toMatchObject({
    exists: true,
    readable: true,
    writeable,
    executable: true,
  });
});
