import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { contextOf } from "../../../test/module-cases.ts";
import { type Apply, type HostAccess, HostUnreachable, ModuleFailure } from "../contract.ts";
import { parseParameters } from "../parameters.ts";
import { noControlNode } from "../support/control/no-control-node.test-support.ts";
import { localHost, SHELLS } from "../support/run-local.test-support.ts";
import { reboot } from "./reboot.ts";
import { waitForConnection } from "./wait-for-connection.ts";

const control = noControlNode("not needed");

type Answer = { readonly rc?: number; readonly stdout?: string; readonly stderr?: string } | HostUnreachable;

let clock = 0;
beforeEach(() => {
  clock = 1000;
  vi.spyOn(performance, "now").mockImplementation(() => clock);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** A host whose answers are told one after the other; waiting takes no time but on the clock. `steps` is what happened. */
class ScriptedHost implements HostAccess {
  readonly isControlNode: boolean;
  readonly steps: string[] = [];
  readonly #runs: Answer[];
  readonly #connects: (HostUnreachable | undefined)[];

  constructor(runs: readonly Answer[], connects: readonly (HostUnreachable | undefined)[] = [], isControlNode = false) {
    this.#runs = [...runs];
    this.#connects = [...connects];
    this.isControlNode = isControlNode;
  }
  async run({ script }: Apply) {
    this.steps.push(`run ${script.text.split("\n")[0]}`);
    clock += 10;
    const answer = this.#runs.shift() ?? {};
    if (answer instanceof HostUnreachable) throw answer;
    return { rc: answer.rc ?? 0, stdout: Buffer.from(answer.stdout ?? ""), stderr: Buffer.from(answer.stderr ?? "") };
  }
  async disconnect() {
    this.steps.push("disconnect");
  }
  async reconnect({ timeoutMs }: { readonly timeoutMs: number }) {
    this.steps.push("connect");
    const problem = this.#connects.length > 1 ? this.#connects.shift() : this.#connects[0];
    clock += problem?.code === "timeout" ? timeoutMs : 10;
    if (problem !== undefined) throw problem;
  }
  async sleep(ms: number) {
    if (ms > 0) this.steps.push(`sleep ${Math.round(ms / 1000)}`);
    clock += ms;
  }
}

const lost = new HostUnreachable("the connection was lost", "lost", false);
const refused = new HostUnreachable("h: connection refused", "refused", false);
const late = new HostUnreachable("h: no answer in time", "timeout", false);
const otherKey = new HostUnreachable("h: the host key has changed", "host-key-changed", true);

type Stepped = { readonly name: string; readonly parameters: typeof reboot.parameters | typeof waitForConnection.parameters };
function paramsOf<P>(
  module: Pick<typeof reboot, "name"> & { readonly parameters: { readonly typeOf?: P } & Stepped["parameters"] },
  raw: object,
): P {
  const { value, problems } = parseParameters<P>(module.parameters as never, module.name, { ...raw });
  expect(problems).toEqual([]);
  return value;
}

describe("reboot", () => {
  const perform = (host: HostAccess, raw: object = {}) => reboot.perform(paramsOf(reboot, raw), host, control, contextOf());

  it("is done when the boot id is another one and the test command succeeds", async () => {
    const host = new ScriptedHost(
      [{ stdout: "a 1" }, lost, { stdout: "a 1" }, { stdout: "b 1" }, { rc: 1, stderr: "not yet" }, {}],
      [undefined, refused, undefined],
    );
    expect(await perform(host, { pre_reboot_delay: 5, post_reboot_delay: 7 })).toEqual({
      changed: true,
      rebooted: true,
      elapsed: 15,
    });
    const boot = "run read -r k3_boot < /proc/sys/kernel/random/boot_id || exit 1";
    const test = "run /bin/sh -c whoami";
    expect(host.steps).toEqual([
      boot,
      "sleep 5",
      "run PATH=/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:$PATH",
      ...["connect", boot, "sleep 1", "connect", "sleep 1", "connect", boot],
      "sleep 7",
      ...["connect", test, "sleep 1", "connect", test],
    ]);
  });

  it("takes a new process 1 for a reboot, as in a container", async () => {
    const host = new ScriptedHost([{ stdout: "a 1" }, {}, { stdout: "a 2" }, {}]);
    expect(await perform(host)).toMatchObject({ rebooted: true });
  });

  it("is not fooled by a host that merely answers", async () => {
    const host = new ScriptedHost([{ stdout: "a 1" }, {}, ...Array.from({ length: 40 }, () => ({ stdout: "a 1" }))]);
    expect(await perform(host, { reboot_timeout: 20 })).toEqual({
      failed: true,
      changed: true,
      rebooted: false,
      elapsed: 20,
      msg: "timed out waiting for the reboot after 20 s; the last attempt: the host answers, but has not been down",
    });
  });

  it("tells of the last attempt that came to something, and not that its time ran out in the next", async () => {
    const answers = [{ stdout: "a 1" }, {}, { stdout: "a 1" }];
    const host = new ScriptedHost(answers, [undefined, late]);
    expect(await perform(host, { reboot_timeout: 5 })).toMatchObject({
      msg: "timed out waiting for the reboot after 5 s; the last attempt: the host answers, but has not been down",
    });
    expect(await perform(new ScriptedHost(answers, [late]), { reboot_timeout: 5 })).toMatchObject({
      msg: "timed out waiting for the reboot after 5 s; the last attempt: h: no answer in time",
    });
  });

  it("gives up on a host that stays away", async () => {
    const host = new ScriptedHost([{ stdout: "a 1" }, {}], [refused]);
    expect(await perform(host, { reboot_timeout: 5 })).toMatchObject({
      failed: true,
      msg: "timed out waiting for the reboot after 5 s; the last attempt: h: connection refused",
    });
  });

  it.each([
    ["the control node", new ScriptedHost([], [], true), {}, "this would reboot the control node, with k3sprov on it"],
    [
      "a command that fails",
      new ScriptedHost([{ stdout: "a 1" }, { rc: 1, stderr: "must be root" }]),
      {},
      "the reboot command failed: must be root",
    ],
    [
      "a host that has no boot id",
      new ScriptedHost([{ rc: 1, stderr: "no such file" }]),
      {},
      "cannot tell one boot of the host from the next: no such file",
    ],
    ["another host key", new ScriptedHost([{ stdout: "a" }, {}], [otherKey]), {}, "h: the host key has changed"],
    [
      "a useless boot_time_command",
      new ScriptedHost([{ stdout: "" }]),
      { boot_time_command: "true" },
      "cannot tell one boot of the host from the next: no output",
    ],
  ])("fails for %s", async (_, host, raw, message) => {
    const error = await perform(host, raw).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(ModuleFailure);
    expect(error).toMatchObject({ message });
  });

  it.each(SHELLS)("reads boot id and process 1 with %s", async (shell) => {
    const local = await localHost(shell);
    const host = new ScriptedHost([]);
    let text = "";
    const seen: HostAccess = {
      isControlNode: false,
      disconnect: () => host.disconnect(),
      reconnect: (options) => host.reconnect(options),
      sleep: (ms) => host.sleep(ms),
      run: async ({ script }) => {
        const output = await local.run(script);
        text = output.stdout.toString("utf8");
        return { ...output, rc: 1 };
      },
    };
    await perform(seen).catch(() => {});
    expect(text).toMatch(/^[0-9a-f-]{36} \d+\n$/);
    await local.remove();
  });
});

describe("wait_for_connection", () => {
  const perform = (host: HostAccess, raw: object = {}) =>
    waitForConnection.perform(paramsOf(waitForConnection, raw), host, control, contextOf());

  it("tries until the host lets us in", async () => {
    const host = new ScriptedHost([], [refused, lost, undefined]);
    expect(await perform(host, { delay: 3, sleep: 2 })).toEqual({ changed: false, elapsed: 7 });
    expect(host.steps).toEqual(["sleep 3", "connect", "sleep 2", "connect", "sleep 2", "connect"]);
  });

  it("says what the last attempt came to when the time is up", async () => {
    expect(await perform(new ScriptedHost([], [refused]), { timeout: 4 })).toEqual({
      failed: true,
      changed: false,
      elapsed: 4,
      msg: "timed out waiting for the host after 4 s; the last attempt: h: connection refused",
    });
  });

  it("does not wait for what waiting does not mend", async () => {
    await expect(perform(new ScriptedHost([], [otherKey]))).rejects.toThrow("h: the host key has changed");
  });
});

it.each([
  ["reboot", { reboot_timeout: "soon" }, 'reboot: "reboot_timeout" is "soon", but must be a whole number'],
  ["reboot", { timeout: 5 }, 'reboot has no parameter "timeout"'],
  ["reboot", { test_command: ["true"] }, 'reboot: "test_command" is ["true"], but must be a string'],
  ["reboot", { search_paths: { a: 1 } }, 'reboot: "search_paths.0" is {"a":1}, but must be a path'],
  ["reboot", { post_reboot_delay: 1.5 }, 'reboot: "post_reboot_delay" is 1.5, but must be a whole number'],
  ["wait_for_connection", { timeout: "long" }, 'wait_for_connection: "timeout" is "long", but must be a whole number'],
  ["wait_for_connection", { delay: [1] }, 'wait_for_connection: "delay" is [1], but must be a whole number'],
  ["wait_for_connection", { sleep: 0.5 }, 'wait_for_connection: "sleep" is 0.5, but must be a whole number'],
  ["wait_for_connection", { host: "x" }, 'wait_for_connection has no parameter "host"'],
  ["wait_for_connection", { time_out: 5 }, 'wait_for_connection has no parameter "time_out"; did you mean "timeout"?'],
] as const)("%s refuses %j", (name, raw, message) => {
  const module = name === "reboot" ? reboot : waitForConnection;
  const { problems } = parseParameters<unknown>(module.parameters, module.name, raw);
  expect(problems.map((one) => one.message)).toEqual([message]);
});
