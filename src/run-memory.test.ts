import { expect, it } from "vitest";
import { forgetLastRun, rememberedForRun } from "./run-memory.ts";

it("lasts until the next command begins", () => {
  const keys = rememberedForRun(() => new Map<string, number>());
  keys().set("a", 1);
  expect(keys().get("a")).toBe(1);
  forgetLastRun();
  expect(keys().size).toBe(0);
});
