import { describe, expect, it } from "vitest";
import { contextOf } from "../template/test-context.test-support.ts";
import { Redactor } from "../vars/taint.ts";
import { connectionOptions } from "./connection-options.ts";
import type { ConnectionDefaults } from "./context.ts";
import { Evaluator } from "./evaluator.ts";
import { playScope } from "./play-scope.test-support.ts";

const nothing: ConnectionDefaults = { become: false, connectTimeoutMs: 1000, lockWaitMs: 0, lockOwner: "a test" };

describe("host key checking", () => {
  it.each<[string, string, Partial<ConnectionDefaults>, object]>([
    ["nobody has said anything", "", {}, { hostKeyChecking: "strict", hostKeyCheckingIsDefault: true }],
    ["a flag", "", { hostKeyChecking: "strict" }, { hostKeyChecking: "strict" }],
    ["a variable", "ansible_host_key_checking: false", { hostKeyChecking: "strict" }, { hostKeyChecking: "off" }],
    ["an argument of ssh", "ansible_ssh_common_args: -o StrictHostKeyChecking=accept-new", {}, { hostKeyChecking: "accept-new" }],
  ])("%s", (_, vars, defaults, expected) => {
    const { hostKeyChecking, hostKeyCheckingIsDefault } = connectionOptions(
      "one",
      new Evaluator(contextOf(vars), new Redactor()),
      { ...nothing, ...defaults },
      playScope,
    );
    const found = hostKeyCheckingIsDefault === undefined ? { hostKeyChecking } : { hostKeyChecking, hostKeyCheckingIsDefault };
    expect(found).toEqual(expected);
  });
});
