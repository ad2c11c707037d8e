import { expect, it } from "vitest";
import { FakeConnection } from "../connection/fake.ts";
import { type Change, type Collector, type Difference, stateModule } from "../modules/contract.ts";
import { parameters } from "../modules/parameters.ts";
import { noControlNode } from "../modules/support/control/no-control-node.test-support.ts";
import { decodeTraits } from "../modules/support/traits.ts";
import { sh } from "../sh.ts";
import { HostSession } from "./host-session.ts";
import { runStateModule } from "./state-task.ts";

const number: Collector<string> = {
  name: "number",
  script: () => sh`ask`,
  decode: (output, items) => items.map(() => output.stdout.toString("utf8")),
};
const difference = (name: string, before: string, after: string): Difference => ({
  kind: "field",
  subject: "n",
  name,
  before,
  after,
});

type Case = { readonly certain?: boolean; readonly changes?: boolean; readonly applied?: boolean; readonly compares?: boolean };

/** A module that finds out only by fetching; `asked` counts how often the host was asked. */
async function run(given: Case, checkMode = false) {
  let fetched = false;
  let mended = false;
  const module = stateModule<
    object,
    object,
    { readonly value: { readonly collector: Collector<string>; readonly item: string } }
  >({
    name: "fetch",
    summary: "",
    parameters: parameters({}),
    example: "",
    probe: () => ({ value: { collector: number, item: "" } }),
    plan: (): Change => ({
      differences: given.certain === true && !mended ? [difference("mode", "0600", "0644")] : [],
      data: undefined,
      maybe: "only fetching tells",
    }),
    apply: () => {
      mended = true;
      return { script: sh`fetch` };
    },
    result: ({ value }) => ({ value }),
    ...(given.applied === undefined ? {} : { applied: () => ({ changed: given.applied ?? false }) }),
    ...(given.compares === true
      ? { turnedOut: (before, after) => (before.value === after.value ? [] : [difference("value", before.value, after.value)]) }
      : {}),
  });
  const connection = new FakeConnection([
    { when: "uname", answer: { stdout: "uid 0\n" } },
    { when: "ask", answer: () => ({ stdout: fetched && given.changes === true ? "2" : "1" }) },
    {
      when: "fetch",
      answer: () => {
        fetched = true;
        return {};
      },
    },
  ]);
  const session = new HostSession(connection, { probeMs: 1000, taskMs: 1000 }, new AbortController().signal);
  const traits = decodeTraits({ rc: 0, stdout: Buffer.from("uid 0\n"), stderr: Buffer.alloc(0) });
  return runStateModule(
    module,
    {},
    {
      session,
      become: undefined,
      context: { traits, checkMode, diff: false },
      control: noControlNode(),
      environment: {},
      timeoutMs: 1000,
      toleratesFailure: false,
      remember: checkMode,
      lookAhead: async () => [],
    },
  );
}

it("is announced as what may change", async () => {
  expect(await run({}, true)).toEqual({
    status: "undetermined",
    result: { value: "1", changed: true, failed: false, msg: "only fetching tells" },
    differences: [],
    reason: "only fetching tells",
    incomplete: true,
  });
});

it("is announced as a change where a part of it is certain", async () => {
  expect(await run({ certain: true }, true)).toMatchObject({
    status: "changed",
    differences: [{ name: "mode" }],
    incomplete: true,
  });
});

it.each([
  ["nothing turned out to differ", { compares: true }, "ok", []],
  ["something turned out to differ", { compares: true, changes: true }, "changed", ["value"]],
  ["only what was certain", { compares: true, certain: true }, "changed", ["mode"]],
  ["both", { compares: true, certain: true, changes: true }, "changed", ["mode", "value"]],
  ["the script says that nothing changed", { applied: false }, "ok", []],
  ["the script says that something changed", { applied: true }, "changed", []],
  ["nobody can tell", {}, "changed", []],
] as const)("ends as it should when %s", async (_, given, status, names) => {
  const outcome = await run(given);
  expect(outcome.status).toBe(status);
  expect(outcome.result["changed"]).toBe(status === "changed");
  expect(outcome.differences.map((one) => (one.kind === "field" ? one.name : one.kind))).toEqual(names);
});
