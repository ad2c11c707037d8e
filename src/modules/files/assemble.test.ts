import { chmod, chown, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { parseParameters } from "../parameters.ts";
import { joinFragments } from "../support/files/fragments.ts";
import {
  ask,
  directoryControl,
  type LocalHost,
  localHost,
  makeTree,
  runModule,
  SHELLS,
} from "../support/run-local.test-support.ts";
import { assemble } from "./assemble.ts";

// Every step starts processes, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

type Raw = Readonly<Record<string, unknown>>;

// What Ansible's assemble makes of the same.
it.each<[readonly string[], string | undefined, string]>([
  [[], "--", ""],
  [["a\n", "b"], undefined, "a\nb"],
  [["a", "b\n"], undefined, "a\nb\n"],
  [["a\n", "b\n"], "--", "a\n--\nb\n"],
  [["a", "b"], "--\\n", "a\n--\nb"],
  [["", "b"], undefined, "\nb"],
  [["a\n", "b\n"], "\\t\\x41\\101\\q", "a\n\tAA\\q\nb\n"],
])("%j with delimiter %j", (texts, delimiter, expected) => {
  const fragments = texts.map((text, index) => ({ name: `${9 - index}`, bytes: Buffer.from(text) })).reverse();
  const inOrder = fragments.map(({ bytes }, index) => ({ name: String(texts.length - index), bytes }));
  expect(Buffer.from(joinFragments(inOrder, delimiter)).toString()).toBe(expected);
});

describe.each(SHELLS)("assemble with %s", (shell) => {
  let host: LocalHost;
  beforeEach(async () => {
    host = await localHost(shell);
    await makeTree(host.directory, {
      "d/10-a": "a\n",
      "d/20 b": "b",
      "d/.hidden": "h\n",
      "d/sub/x": "no\n",
      "d/30-c": "-> ../c",
      c: "c\n",
    });
  });
  afterEach(() => host.remove());
  const at = (name: string): string => join(host.directory, name);
  const run = (raw: Raw, options: Parameters<typeof runModule>[3] = {}) =>
    runModule(host, assemble, { src: at("d"), dest: at("out"), ...raw }, options);

  it("puts the fragments together, once", async () => {
    const task = { delimiter: "#", mode: "0600" };
    expect(await run(task)).toMatchObject({ changed: true, result: { dest: at("out"), src: at("d"), msg: "OK", mode: "0600" } });
    expect(await readFile(at("out"), "utf8")).toBe("h\n#\na\n#\nb\n#\nc\n");
    expect(await run(task)).toMatchObject({ changed: false, result: { msg: "OK", size: 14 } });
  });

  it("takes those that are wanted", async () => {
    await run({ ignore_hidden: true, regexp: "^\\.|^\\d0-" });
    expect(await readFile(at("out"), "utf8")).toBe("a\nc\n");
  });

  it("takes them from the control node", async () => {
    await makeTree(host.directory, { "control/parts/b": "2\n", "control/parts/a": "1\n", "control/parts/s/x": "" });
    const control = directoryControl(at("control"));
    expect(await run({ src: "parts", remote_src: false }, { control })).toMatchObject({ changed: true });
    expect(await readFile(at("out"), "utf8")).toBe("1\n2\n");
    expect(await run({ src: "parts/a", remote_src: false }, { control })).toMatchObject({
      failed: `Source (${at("control/parts/a")}) is not a directory`,
    });
    expect(await run({ src: "none", remote_src: false }, { control })).toMatchObject({
      failed: 'there is no file "none" on the control node',
    });
  });

  it("says what is wrong, and leaves the file as it is", async () => {
    await makeTree(host.directory, { out: "old" });
    await expect(run({ src: at("gone") })).rejects.toMatchObject({ message: `Source (${at("gone")}) does not exist` });
    expect(await run({ src: at("c") })).toMatchObject({ failed: `Source (${at("c")}) is not a directory` });
    expect(await run({ dest: at("d") })).toMatchObject({ failed: `dest ${at("d")} is a directory; assemble writes a file` });
    expect(await run({ validate: "grep -q z %s" })).toMatchObject({ failed: "failed to validate: rc:1 error:" });
    expect(await run({ regexp: "(" })).toMatchObject({
      failed: 'regexp "(" is not a regular expression that can be used: unterminated group',
    });
    expect(await readFile(at("out"), "utf8")).toBe("old");
  });

  it("does not take for missing what it may not read", async () => {
    const user = await localHost(shell, 65534);
    await makeTree(user.directory, { "d/a@0600": "x", "closed/a": "" });
    await chmod(join(user.directory, "closed"), 0o711);
    await chown(user.directory, 65534, 65534);
    const task = (name: string) => ({ src: join(user.directory, name), dest: join(user.directory, "out") });
    expect(await runModule(user, assemble, task("d"))).toMatchObject({
      failed: `${join(user.directory, "d/a")} cannot be read: permission denied`,
    });
    expect(await runModule(user, assemble, task("closed"))).toMatchObject({
      failed: `cannot look into ${join(user.directory, "closed")}: permission denied`,
    });
    await user.remove();
  });

  it("does not foresee what a fragment will hold", async () => {
    await run({});
    const wouldChange = new Map([[at("d/10-a"), 1]]);
    const context = { traits: host.traits, checkMode: true, diff: false, wouldChange };
    const { value } = parseParameters(assemble.parameters, "assemble", { src: at("d"), dest: at("out") });
    const input = await assemble.prepare?.(value, directoryControl(host.directory), context);
    if (input === undefined) throw new Error("assemble prepares");
    const questions = Object.entries(assemble.probe(input, context));
    const answers = await ask(
      host,
      questions.map(([, question]) => question),
    );
    const state = Object.fromEntries(
      questions.map(([name, { collector, item }]) => [name, answers.get(`${collector.name}\n${item}`)]),
    );
    expect(assemble.plan(state, input, context)).toEqual({
      differences: [],
      data: [],
      maybe: `an earlier task would change ${at("d/10-a")}`,
    });
  });
});
