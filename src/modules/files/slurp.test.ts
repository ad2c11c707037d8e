import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { sh } from "../../sh.ts";
import { parseParameters } from "../parameters.ts";
import { CONTENT_LIMIT } from "../support/files/content-collector.ts";
import { checkAll, type LocalHost, localHost, makeTree, runModule, SHELLS } from "../support/run-local.test-support.ts";
import { copy } from "./copy.ts";
import { slurp } from "./slurp.ts";

// Every step starts processes, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

type Raw = Readonly<Record<string, unknown>>;

describe.each(SHELLS)("slurp, with %s", (shell) => {
  let host: LocalHost;
  beforeEach(async () => {
    host = await localHost(shell);
  });
  afterEach(() => host.remove());
  const at = (name: string): string => join(host.directory, name);
  const read = (raw: Raw) => runModule(host, slurp, raw);

  it.each<[name: string, content: string | Uint8Array, base64: string]>([
    ["text", "hello\n", "aGVsbG8K"],
    ["nothing", "", ""],
    ["bytes that are no text", Buffer.from([0, 255, 10, 13]), "AP8KDQ=="],
    ["text of many bytes", "ä".repeat(400), Buffer.from("ä".repeat(400)).toString("base64")],
  ])("reads %s", async (_, content, base64) => {
    await makeTree(host.directory, { f: content });
    expect(await read({ src: at("f") })).toMatchObject({
      changed: false,
      result: { content: base64, encoding: "base64", source: at("f") },
    });
  });

  it("reads what a link leads to, by odd names, below the home directory, and what the kernel makes up", async () => {
    await makeTree(host.directory, { "a b'c\n": "x", l: "-> a b'c\n" });
    for (const src of [at("l"), at("a b'c\n"), "~/l", "$HOME/l", "l"])
      expect((await read({ path: src })).result).toEqual({ content: "eA==", encoding: "base64", source: src });
    const version = (await read({ src: "/proc/version" })).result["content"];
    expect(Buffer.from(String(version), "base64").toString()).toMatch(/^Linux version /);
  });

  it("says what it cannot read", async () => {
    await makeTree(host.directory, { "d/": "", dangling: "-> gone", "file/": "" });
    await host.run(sh`mkfifo ${at("pipe")}`);
    await writeFile(at("large"), Buffer.alloc(CONTENT_LIMIT + 1));
    for (const name of ["gone", "d/gone", "dangling"]) {
      await expect(read({ src: at(name) })).rejects.toMatchObject({
        resource: `path:${at(name)}`,
        message: `file not found: ${at(name)}`,
      });
    }
    for (const [src, failed] of [
      [at("d"), `source is a directory and must be a file: ${at("d")}`],
      [at("pipe"), `source is a fifo and must be a file: ${at("pipe")}`],
      ["/dev/zero", "source is a character and must be a file: /dev/zero"],
      [
        at("large"),
        `${at("large")} has 10485761 bytes, at most 10485760 can be read into a variable; fetch brings a file of any size to the control node`,
      ],
    ] as const)
      expect(await read({ src })).toMatchObject({ changed: false, failed });
  });

  it("does not take what it may not read for something that is not there", async () => {
    const guest = await localHost(shell, 65_534);
    const path = join(guest.directory, "secret");
    await makeTree(guest.directory, { "secret@0600": "x", "closed/f": "x" });
    await chmod(join(guest.directory, "closed"), 0o700);
    expect(await runModule(guest, slurp, { src: path })).toMatchObject({ failed: `cannot read ${path}: permission denied` });
    const inside = join(guest.directory, "closed", "f");
    expect(await runModule(guest, slurp, { src: inside })).toMatchObject({
      failed: expect.stringMatching(/^cannot (?:look at|read) .*\/closed\/f: permission denied$/),
    });
    await guest.remove();
  });

  it("foresees what a task before it would write", async () => {
    const [, seen] = await checkAll(host, [
      [copy, { dest: at("new"), content: "soon" }],
      [slurp, { src: at("new") }],
    ]);
    expect(seen).toEqual({ changed: false, result: { content: "c29vbg==", encoding: "base64", source: at("new") } });
  });
});

describe("parameters of slurp", () => {
  it.each<[Raw, string]>([
    [{}, 'slurp needs the parameter "src"'],
    [{ src: "" }, 'slurp: "src" is "", but must be a path'],
    [{ src: ["/a"] }, 'slurp: "src" is ["/a"], but must be a path'],
    [{ src: "/a", path: "/b" }, 'slurp: "path" and "src" are the same parameter; give one of them'],
    [{ source: "/a" }, 'slurp has no parameter "source"\nslurp needs the parameter "src"'],
  ])("%j", (raw, message) => {
    expect(
      parseParameters(slurp.parameters, "slurp", raw)
        .problems.map((one) => one.message)
        .join("\n"),
    ).toBe(message);
  });
});
