import { mkdtemp, readFile, rm, stat as statOf } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { directoryControl, type LocalHost, localHost, makeTree, runModule, SHELLS } from "../support/run-local.test-support.ts";
import { template } from "./template.ts";

// Every step starts processes, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

describe.each(SHELLS)("template with %s", (shell) => {
  let host: LocalHost;
  let files: string;
  beforeEach(async () => {
    host = await localHost(shell);
    files = await mkdtemp(join(tmpdir(), "k3sprov-files-"));
    await makeTree(files, { "greeting.j2@0640": "Hello {{ name }}\n", "key.j2": "key={{ secret }}\n" });
  });
  afterEach(async () => {
    await host.remove();
    await rm(files, { recursive: true });
  });
  const at = (name: string): string => join(host.directory, name);
  const run = (
    raw: Readonly<Record<string, unknown>>,
    variables: Readonly<Record<string, string>> = { name: "World" },
    diff = false,
  ) => runModule(host, template, raw, { control: directoryControl(files, variables), diff });

  it("writes what is rendered, and only when it differs", async () => {
    const task = { src: "greeting.j2", dest: at("f"), mode: "preserve" };
    expect(await run(task)).toMatchObject({
      changed: true,
      result: {
        dest: at("f"),
        src: join(files, "greeting.j2"),
        checksum: "648a6a6ffffdaa0badb23b8baf90b6168dd16b3a",
        mode: "0640",
        size: 12,
      },
    });
    expect(await readFile(at("f"), "utf8")).toBe("Hello World\n");
    expect((await statOf(at("f"))).mode & 0o7777).toBe(0o640);
    expect(await run(task)).toMatchObject({ changed: false });
    expect((await run(task, { name: "Mars" }, true)).differences).toEqual([
      { kind: "text", subject: at("f"), before: "Hello World\n", after: "Hello Mars\n" },
    ]);
  });

  it("keeps the template's name in a directory", async () => {
    await makeTree(host.directory, { "d/": "" });
    expect(await run({ src: "greeting.j2", dest: at("d") })).toMatchObject({ result: { dest: at("d/greeting.j2") } });
  });

  it("writes the line endings that are asked for", async () => {
    await run({ src: "greeting.j2", dest: at("f"), newline_sequence: "\\r\\n" });
    expect(await readFile(at("f"), "utf8")).toBe("Hello World\r\n");
  });

  it("shows nothing of a secret", async () => {
    await makeTree(files, { "key.j2": "hunter2\n" });
    const outcome = await run({ src: "key.j2", dest: at("k"), mode: "0600" }, { secret: "hunter2" }, true);
    expect(outcome.differences).toEqual([
      { kind: "field", subject: at("k"), name: "state", before: "absent", after: "file" },
      { kind: "field", subject: at("k"), name: "content", before: null, after: "(hidden)" },
    ]);
  });

  it("writes in the encoding that is asked for", async () => {
    const task = { src: "greeting.j2", dest: at("f"), output_encoding: "latin-1" };
    expect(await run(task, { name: "J\u00fcrgen" })).toMatchObject({ changed: true, result: { size: 13 } });
    expect(await readFile(at("f"))).toEqual(Buffer.from("Hello J\u00fcrgen\n", "latin1"));
    expect(await run(task, { name: "J\u00fcrgen" })).toMatchObject({ changed: false });
    expect(await run(task, { name: "\u20ac" })).toMatchObject({
      failed: '"\u20ac" cannot be written in the encoding latin-1',
    });
    expect(await run({ ...task, output_encoding: "ebcdic" })).toMatchObject({
      failed: 'encoding "ebcdic" is not supported; there are utf-8, latin-1, ascii, utf-16-le and utf-16-be',
    });
  });
});
