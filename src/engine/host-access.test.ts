import { expect, it } from "vitest";
import { ConnectionError } from "../connection/errors.ts";
import { FakeConnection, type FakeRule } from "../connection/fake.ts";
import { type HostAccess, HostUnreachable, ModuleFailure } from "../modules/contract.ts";
import { noControlNode } from "../modules/support/control/no-control-node.test-support.ts";
import { unknownTraits } from "../modules/support/traits.ts";
import { sh } from "../sh.ts";
import { hostAccess } from "./host-access.ts";
import { HostSession } from "./host-session.ts";
import type { ModuleRun } from "./state-task.ts";

const traits: FakeRule = { when: "uname -s", answer: { stdout: "uname Linux x86_64\nhome /root\nuid 0\n" } };

function access(rules: readonly FakeRule[], more: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {}) {
  const connection = new FakeConnection([...rules, traits]);
  const session = new HostSession(connection, { probeMs: 1000, taskMs: 1000 }, more.signal ?? new AbortController().signal);
  const unused = (): never => {
    throw new Error("not for actions");
  };
  const run: ModuleRun = {
    session,
    become: undefined,
    context: { traits: unknownTraits, checkMode: false, diff: false },
    control: noControlNode(),
    environment: { LANG: "C" },
    timeoutMs: more.timeoutMs ?? 1000,
    toleratesFailure: false,
    remember: false,
    lookAhead: unused,
  };
  const host: HostAccess = hostAccess(run);
  return { host, connection, session };
}

it("runs a step with the task's environment, and gives its status", async () => {
  const { host, connection } = access([{ when: "false", answer: { rc: 1, stderr: "no" } }]);
  expect(await host.run({ script: sh`false` })).toMatchObject({ rc: 1, stderr: Buffer.from("no") });
  expect(connection.calls.at(-1)?.sections[0]?.environment).toEqual({ LANG: "C" });
});

it("hangs up, connects anew and asks for the traits again", async () => {
  const { host, connection, session } = access([]);
  await session.open(undefined);
  const before = connection.calls.length;
  await host.reconnect({ timeoutMs: 500 });
  expect(connection.disconnects).toBe(1);
  expect(connection.calls.length).toBe(before + 1);
  expect((await session.open(undefined)).machine).toBe("x86_64");
});

it.each([
  ["refused", false],
  ["lost", false],
  ["authentication", false],
  ["host-key-changed", true],
  ["become-password-wrong", true],
] as const)("tells a module of %s in its own words", async (code, isFinal) => {
  const { host } = access([{ when: "true", answer: new ConnectionError(code, `h: ${code}`) }]);
  const error = await host.run({ script: sh`true` }).catch((one: unknown) => one);
  expect(error).toBeInstanceOf(HostUnreachable);
  expect(error).toMatchObject({ message: `h: ${code}`, code, isFinal });
});

it("keeps all steps within the task's time", async () => {
  const { host } = access([], { timeoutMs: 30 });
  await expect(host.sleep(10_000)).rejects.toThrow("not done after 0.03 s, the task's time limit");
  await expect(host.run({ script: sh`true` })).rejects.toThrow(ModuleFailure);
});

it("does not sleep on when the run is interrupted", async () => {
  const interrupt = new AbortController();
  const { host } = access([], { signal: interrupt.signal, timeoutMs: 60_000 });
  setTimeout(() => interrupt.abort(), 10);
  await expect(host.sleep(50_000)).rejects.toMatchObject({ code: "aborted" });
});
