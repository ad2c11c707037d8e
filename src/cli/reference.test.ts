import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { renderCliReference } from "./reference.ts";
import { packageFolder } from "./version.ts";

describe("docs/cli.md", () => {
  it("is what the tables say (npx tsx scripts/generate-cli-docs.ts)", () => {
    expect(readFileSync(join(packageFolder(), "docs/cli.md"), "utf8")).toBe(renderCliReference());
  });
});
