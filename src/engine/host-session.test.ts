import { expect, it } from "vitest";
import type { Become } from "../connection/connection.ts";
import { FakeConnection } from "../connection/fake.ts";
import type { Collector } from "../modules/contract.ts";
import { sh } from "../sh.ts";
import { becomeKey } from "./answers.ts";
import { HostSession } from "./host-session.ts";

const bob: Become = { method: "sudo", user: "bob" };

/** A host on which "install" brings a command, and "move" another home for bob. */
function host() {
  const commands = ["stat"];
  let home = "/home/bob";
  const connection = new FakeConnection([
    {
      when: "uname -s",
      answer: (_section, become) => ({
        stdout: [
          "uname Linux x86_64",
          ...(become === undefined ? ["home /root", "uid 0"] : [`home ${home}`, "uid 1000"]),
          `account bob:1000:${home}`,
          ...commands.map((one) => `has ${one}`),
        ]
          .map((line) => `${line}\n`)
          .join(""),
      }),
    },
    {
      when: "install",
      answer: () => {
        commands.push("curl");
        return {};
      },
    },
    {
      when: "move",
      answer: () => {
        home = "/srv/bob";
        return {};
      },
    },
    { when: /^(?:plain|by traits)/, answer: ({ script }) => ({ stdout: script.text }) },
  ]);
  const session = new HostSession(connection, { probeMs: 1000, taskMs: 1000 }, new AbortController().signal);
  const act = (script: "install" | "move", altersTraits: boolean, asks: Parameters<HostSession["act"]>[1] = []) =>
    session.act({ section: { script: sh`${script}` }, become: undefined, timeoutMs: 1000, altersTraits }, asks);
  return { session, connection, act };
}

const decode: Collector<string>["decode"] = (output, items) => items.map(() => output.stdout.toString("utf8"));
const plain: Collector<string> = { name: "plain", beforeTraits: true, script: () => sh`plain`, decode };
const byTraits: Collector<string> = {
  name: "by traits",
  script: (_items, traits) => sh`by traits ${traits.commands.has("curl") ? "with" : "without"}`,
  decode,
};
const asks = [plain, byTraits].map((collector) => ({ question: { collector, item: "" }, become: undefined }));

it("asks for the traits again in the round trip of a change that may alter them", async () => {
  const { session, connection, act } = host();
  await session.open(undefined);
  await act("install", true);
  expect(connection.calls).toHaveLength(2);
  expect(connection.calls[1]?.sections).toHaveLength(2);
  expect(session.traitsAs(undefined)?.commands).toEqual(new Set(["stat", "curl"]));
});

it("does not ask after a change that cannot", async () => {
  const { session, connection, act } = host();
  await session.open(undefined);
  await act("install", false);
  expect(connection.calls[1]?.sections).toHaveLength(1);
  expect(session.traitsAs(undefined)?.commands).toEqual(new Set(["stat"]));
});

it("asks again only what goes by the traits, and only when they are others", async () => {
  const { session, connection, act } = host();
  await session.ask(asks);
  await act("install", true, asks);
  expect(asks.map((ask) => session.answers.has(ask))).toEqual([true, false]);
  await session.ask(asks);
  expect(asks.map((ask) => session.answers.get(ask))).toEqual(["plain", "by traits with"]);
  const before = connection.calls.length;
  await act("move", true, asks);
  expect(asks.map((ask) => session.answers.has(ask))).toEqual([true, true]);
  expect(connection.calls).toHaveLength(before + 1);
});

it("knows the home that a user has been given", async () => {
  const { session, connection, act } = host();
  await session.open(bob);
  await session.identify(undefined);
  expect(session.traitsAs(bob)?.home).toBe("/home/bob");
  const before = connection.calls.length;
  await act("move", true);
  expect(session.traitsAs(bob)).toMatchObject({ home: "/srv/bob", userId: 1000 });
  expect(session.traitsAs(undefined)).toMatchObject({ home: "/root", userId: 0 });
  expect(connection.calls).toHaveLength(before + 1);
  expect(becomeKey(connection.calls.at(-1)?.become)).toBe("");
});
