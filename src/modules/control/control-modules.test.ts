import { describe, expect, it } from "vitest";
import { act } from "../../../test/local-shell.ts";
import type { ControlContext, ControlModule, JsonObject } from "../contract.ts";
import { parseParameters } from "../parameters.ts";
import { ping } from "../system/ping.ts";
import { assert } from "./assert.ts";
import { debug } from "./debug.ts";
import { fail } from "./fail.ts";

const context: ControlContext = {
  condition: (expression) => expression === "true",
  evaluate: (expression) => (expression === "gone" ? undefined : `value of ${expression}`),
  verbosity: 0,
  checkMode: false,
};
const run = <P>(module: ControlModule<P>, raw: JsonObject): JsonObject => {
  const { value, problems } = parseParameters(module.parameters, module.name, raw);
  expect(problems).toEqual([]);
  return module.run(value, context);
};

describe("debug", () => {
  it.each([
    [{}, { msg: "Hello world!", changed: false }],
    [{ msg: { a: [1] } }, { msg: { a: [1] }, changed: false }],
    [{ var: "a.b" }, { "a.b": "value of a.b", changed: false }],
    [{ var: "gone" }, { gone: "VARIABLE IS NOT DEFINED!", changed: false }],
    [
      { msg: "x", verbosity: 1 },
      { skipped: true, skipped_reason: "Verbosity threshold not met.", changed: false },
    ],
  ])("%j", (raw, result) => expect(run(debug, raw)).toEqual(result));
});

describe("fail", () => {
  it.each([
    [{}, "Failed as requested from task"],
    [{ msg: "no" }, "no"],
  ])("%j", (raw, msg) => expect(run(fail, raw)).toEqual({ failed: true, changed: false, msg }));
});

describe("assert", () => {
  it.each([
    [{ that: "true" }, { changed: false, msg: "All assertions passed" }],
    [
      { that: ["true", "true"], success_msg: "fine" },
      { changed: false, msg: "fine" },
    ],
    [
      { that: ["true", "1 > 2"] },
      { failed: true, changed: false, msg: "Assertion failed", assertion: "1 > 2", evaluated_to: false },
    ],
    [
      { that: "x", msg: ["a", "b"], quiet: true },
      { failed: true, changed: false, msg: ["a", "b"] },
    ],
  ])("%j", (raw, result) => expect(run(assert, raw)).toEqual(result));
});

describe("ping", () => {
  it("answers", async () => {
    expect(await act(ping, {})).toEqual({ changed: false, ping: "pong" });
    expect(await act(ping, { data: "it's" })).toEqual({ changed: false, ping: "it's" });
    expect(await act(ping, { data: "crash" })).toEqual({ failed: true, changed: false, msg: "boom" });
  });
});
