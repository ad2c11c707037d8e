import { expect, it } from "vitest";
import { ConnectionError } from "../connection/errors.ts";
import { FakeConnection, type FakeRule } from "../connection/fake.ts";
import { type Collector, stateModule } from "../modules/contract.ts";
import { parameters } from "../modules/parameters.ts";
import { noControlNode } from "../modules/support/control/no-control-node.test-support.ts";
import { decodeTraits } from "../modules/support/traits.ts";
import { sh } from "../sh.ts";
import { HostSession } from "./host-session.ts";
import { runStateModule } from "./state-task.ts";

const state: Collector<string> = {
  name: "state",
  script: () => sh`ask`,
  decode: (output, items) => items.map(() => output.stdout.toString("utf8")),
};

type Questions = { readonly value: { readonly collector: Collector<string>; readonly item: string } };

/** A change that does not hold, on a host that answers the question why like this. */
async function run(why: FakeRule["answer"], diagnoses = true) {
  const module = stateModule<object, object, Questions>({
    name: "daemon",
    summary: "",
    parameters: parameters({}),
    example: "",
    probe: () => ({ value: { collector: state, item: "" } }),
    plan: ({ value }) => ({
      differences: [{ kind: "field", subject: "d", name: "state", before: value, after: "started" }],
      data: undefined,
    }),
    apply: () => ({ script: sh`start` }),
    ...(diagnoses ? { diagnose: () => sh`why` } : {}),
  });
  const connection = new FakeConnection([
    { when: "uname", answer: { stdout: "uid 0\n" } },
    { when: "ask", answer: { stdout: "dead" } },
    { when: "start", answer: {} },
    { when: "why", answer: why },
  ]);
  const session = new HostSession(connection, { probeMs: 1000, taskMs: 1000 }, new AbortController().signal);
  const traits = decodeTraits({ rc: 0, stdout: Buffer.from("uid 0\n"), stderr: Buffer.alloc(0) });
  const outcome = await runStateModule(
    module,
    {},
    {
      session,
      become: undefined,
      context: { traits, checkMode: false, diff: false },
      control: noControlNode(),
      environment: {},
      timeoutMs: 1000,
      toleratesFailure: false,
      remember: false,
      lookAhead: () => Promise.resolve([]),
    },
  );
  return { outcome, asked: connection.calls.flatMap(({ sections }) => sections.map(({ script }) => script.text)) };
}

const STILL = "daemon did not converge: after the change this still differs";

it("of a change that did not hold is what the host has to say to it", async () => {
  const { outcome, asked } = await run({ stdout: "inactive\n", stderr: "no such program\n" });
  expect(outcome).toMatchObject({ status: "failed", result: { msg: `${STILL}; the host says:\ninactive\nno such program` } });
  expect(asked.filter((text) => text === "why")).toHaveLength(1);
});

it("is left out where a module has none, or the host says nothing", async () => {
  expect((await run({}, false)).outcome.result["msg"]).toBe(STILL);
  expect((await run({})).outcome.result["msg"]).toBe(STILL);
});

it("does not hide the failure when the connection is lost over it", async () => {
  const lost = () => {
    throw new ConnectionError("lost", "gone");
  };
  expect((await run(lost)).outcome.result["msg"]).toBe(STILL);
});
