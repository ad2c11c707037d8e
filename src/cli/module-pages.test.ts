import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { modulePages } from "./module-pages.ts";

const folder = new URL("../../docs/modules/", import.meta.url);

describe("the pages of the modules", () => {
  it.each([...modulePages()])("%s is what the module says; otherwise: npm run docs", (name, content) => {
    expect(existsSync(new URL(name, folder)) ? readFileSync(new URL(name, folder), "utf8") : "missing").toBe(content);
  });

  it("are those of modules that exist", () => {
    expect(readdirSync(folder).filter((name) => !modulePages().has(name))).toEqual([]);
  });
});
