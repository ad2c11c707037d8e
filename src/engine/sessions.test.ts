import { expect, it } from "vitest";
import type { ConnectionOptions } from "../connection/connection.ts";
import { FakeConnection } from "../connection/fake.ts";
import { contextOf } from "../template/test-context.test-support.ts";
import { Redactor } from "../vars/taint.ts";
import { Emitter } from "./emitter.ts";
import { Evaluator } from "./evaluator.ts";
import { playScope } from "./play-scope.test-support.ts";
import { Sessions } from "./sessions.ts";

const local = new Evaluator(contextOf("ansible_connection: local"), new Redactor());
const remote = new Evaluator(contextOf(""), new Redactor());

function sessions(lock = true) {
  const made: ConnectionOptions[] = [];
  const all = new Sessions({
    connect: (options) => {
      made.push(options);
      return new FakeConnection([]);
    },
    defaults: { become: false, connectTimeoutMs: 1000, lockWaitMs: 5, lockOwner: "me" },
    limits: { probeMs: 1, taskMs: 1 },
    emitter: new Emitter(() => {}, new Redactor()),
    signal: new AbortController().signal,
    lock,
  });
  return { all, locks: () => made.map(({ lock: one }) => one?.owner) };
}

it("lock a host, and one that is worked for another one on", async () => {
  const { all, locks } = sessions();
  await all.of("one", remote, playScope, () => true);
  await all.of("two", remote, playScope, () => false);
  expect(locks()).toEqual(["me", "me"]);
});

it("do not lock the control node until a play is about it", async () => {
  const { all, locks } = sessions();
  const first = await all.of("localhost", local, playScope, () => false);
  expect(await all.of("localhost", local, playScope, () => false)).toBe(first);
  expect(locks()).toEqual([undefined]);
  const second = await all.of("localhost", local, playScope, () => true);
  expect(second).not.toBe(first);
  expect(await all.of("localhost", local, playScope, () => true)).toBe(second);
  // It stays so in a later play.
  expect(await all.of("localhost", local, playScope, () => false)).toBe(second);
  expect(locks()).toEqual([undefined, "me"]);
});

it("lock nothing in a dry run", async () => {
  const { all, locks } = sessions(false);
  const first = await all.of("localhost", local, playScope, () => false);
  expect(await all.of("localhost", local, playScope, () => true)).toBe(first);
  expect(locks()).toEqual([undefined]);
});
