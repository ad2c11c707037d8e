import { stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { raw } from "../commands/raw.ts";
import type { ActionModule, Json } from "../contract.ts";
import { ModuleFailure } from "../contract.ts";
import { parseParameters } from "../parameters.ts";
import { noControlNode } from "../support/control/no-control-node.test-support.ts";
import { type LocalHost, localHost, makeTree, SHELLS } from "../support/run-local.test-support.ts";
import { tempfile } from "./tempfile.ts";

// Every step starts processes, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

type Raw = Readonly<Record<string, unknown>>;

async function act<P>(host: LocalHost, module: ActionModule<P>, given: Raw): Promise<{ readonly [name: string]: Json }> {
  const { value, problems } = parseParameters(module.parameters, module.name, given);
  if (problems.length > 0) return { msg: problems.map((one) => one.message).join("\n") };
  const context = { traits: host.traits, checkMode: false, diff: false };
  try {
    const control = noControlNode("not needed");
    const input = module.prepare === undefined ? value : await module.prepare(value, control, context);
    const work = module.run?.(input, context);
    if (work === undefined || module.result === undefined) throw new Error(`${module.name} runs no script`);
    return module.result(await host.run(work.script, work.payloads), input, 0);
  } catch (error) {
    if (error instanceof ModuleFailure) return { msg: error.message };
    throw error;
  }
}

describe.each(SHELLS)("with %s", (shell) => {
  let host: LocalHost;
  beforeEach(async () => {
    host = await localHost(shell);
  });
  afterEach(() => host.remove());
  const at = (name: string): string => join(host.directory, name);

  describe("tempfile", () => {
    it("makes a file that is closed to others, another one each time", async () => {
      const made = await act(host, tempfile, { path: host.directory });
      expect(made).toMatchObject({ changed: true, state: "file", mode: "0600", uid: 0, gid: 0, owner: "root", size: 0 });
      expect(String(made["path"])).toMatch(new RegExp(`^${host.directory}/ansible\\.\\w{8}$`));
      expect((await stat(String(made["path"]))).mode & 0o7777).toBe(0o600);
      expect((await act(host, tempfile, { path: host.directory }))["path"]).not.toBe(made["path"]);
    });

    it.each(["file", "directory"])("makes a %s of a given kind of name", async (state) => {
      const made = await act(host, tempfile, { path: "~", state, prefix: "it's ", suffix: ".d e" });
      expect(String(made["path"])).toMatch(new RegExp(`^${host.directory}/it's \\w{8}\\.d e$`));
      const found = await stat(String(made["path"]));
      expect([found.isDirectory(), found.nlink === 1 || state === "directory"]).toEqual([state === "directory", true]);
      expect(found.mode & 0o7777).toBe(state === "directory" ? 0o700 : 0o600);
    });

    it("says what is wrong", async () => {
      await makeTree(host.directory, { f: "" });
      expect(await act(host, tempfile, { path: at("f") })).toMatchObject({ failed: true, msg: `${at("f")} is not a directory` });
      expect(await act(host, tempfile, { path: at("gone") })).toMatchObject({
        failed: true,
        msg: `${at("gone")} is not a directory`,
      });
      expect((await act(host, tempfile, { path: "/proc" }))["failed"]).toBe(true);
    });
  });

  describe("raw", () => {
    it("runs a text as it stands", async () => {
      expect(await act(host, raw, { free_form: "echo $HOME | cat; echo bad >&2" })).toEqual({
        changed: true,
        rc: 0,
        stdout: `${host.directory}\n`,
        stderr: "bad\n",
        msg: "",
      });
      expect(await act(host, raw, { free_form: "exit 3" })).toMatchObject({ failed: true, rc: 3, msg: "non-zero return code" });
      expect(await act(host, raw, { free_form: "echo 'a  b' \"$0\"", executable: "/bin/sh" })).toMatchObject({ rc: 0 });
    });

    it("says what is wrong", async () => {
      expect(await act(host, raw, { free_form: "x", executable: "/gone" })).toMatchObject({ failed: true, rc: 127 });
      expect(await act(host, raw, { free_form: "x", executable: "/etc/passwd" })).toMatchObject({ failed: true, rc: 126 });
    });
  });
});
