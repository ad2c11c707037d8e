import { chmod, chown, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { sh } from "../../sh.ts";
import { checkAll, type LocalHost, localHost, makeTree, runModule, SHELLS } from "../support/run-local.test-support.ts";
import { copy } from "./copy.ts";
import { file } from "./file.ts";
import { lineinfile } from "./lineinfile.ts";
import { slurp } from "./slurp.ts";
import { stat } from "./stat.ts";
import { template } from "./template.ts";

// Every step starts processes, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

describe("check mode, task after task", () => {
  let host: LocalHost;
  beforeEach(async () => {
    host = await localHost("dash");
  });
  afterEach(() => host.remove());
  const at = (name: string): string => join(host.directory, name);

  it("knows what earlier tasks would have done", async () => {
    const tasks: readonly (readonly [unknown, Readonly<Record<string, unknown>>])[] = [
      [file, { path: at("etc/app"), state: "directory", mode: "0750" }],
      [copy, { content: "a=1\n", dest: at("etc/app/conf"), mode: "0640" }],
      [lineinfile, { path: at("etc/app/conf"), regexp: "^a=", line: "a=2" }],
      [copy, { content: "a=2\n", dest: at("etc/app/conf") }],
      [file, { path: at("etc/link"), src: "app/conf", state: "link" }],
      [lineinfile, { path: at("etc/link"), line: "a=2" }],
      [lineinfile, { path: at("etc/link"), line: "b=3" }],
      [stat, { path: at("etc/app/conf") }],
      [slurp, { src: at("etc/app/conf") }],
      [file, { path: at("etc/app/conf"), mode: "0600" }],
      [file, { path: at("etc/app/touched"), state: "touch", access_time: "preserve", modification_time: "preserve" }],
      [file, { path: at("etc/app/touched"), state: "absent" }],
      [file, { path: at("etc/app/touched"), state: "absent" }],
    ];
    const changed = [true, true, true, false, true, false, true, false, false, true, true, true, false];
    const predicted = await checkAll(host, tasks);
    expect(predicted.map((one) => one.changed)).toEqual(changed);
    expect(predicted[8]?.result).toMatchObject({ content: Buffer.from("a=2\nb=3\n").toString("base64") });
    const applied = [];
    for (const [module, raw] of tasks) applied.push(await runModule(host, module, raw));
    expect(applied.map((one) => one.changed)).toEqual(changed);
    // Times, inodes and devices cannot be known before, nor what the file system and `file` will say of it.
    const { atime, mtime, ctime, inode, dev, attr_flags, attributes, version, charset, mimetype, ...known } = Object(
      applied[7]?.result["stat"],
    );
    expect([typeof attr_flags, Array.isArray(attributes), typeof charset, typeof mimetype]).toEqual([
      "string",
      true,
      "string",
      "string",
    ]);
    expect(predicted[7]?.result["stat"]).toMatchObject({ attr_flags: "", attributes: [], version: null, mimetype: "unknown" });
    expect([atime, mtime, ctime, inode, dev].every((one) => typeof one === "number")).toBe(true);
    expect(predicted[7]?.result["stat"]).toMatchObject(known);
  });
});

describe.each(SHELLS)("as a user who may not do everything, with %s", (shell) => {
  let host: LocalHost;
  beforeEach(async () => {
    host = await localHost(shell, 65534);
    await chown(host.directory, 65534, 65534);
    await makeTree(host.directory, { "closed/f": "secret", "hidden@0600": "x" });
    await chmod(join(host.directory, "closed"), 0o700);
  });
  afterEach(() => host.remove());
  const at = (name: string): string => join(host.directory, name);

  it("does not take what it cannot see for absent", async () => {
    for (const module of [copy, lineinfile]) {
      const raw = module === copy ? { content: "x", dest: at("closed/f") } : { path: at("closed/f"), line: "x" };
      expect(await runModule(host, module, raw)).toMatchObject({ failed: `cannot look at ${at("closed/f")}: permission denied` });
    }
    expect(await runModule(host, stat, { path: at("closed/f") })).toMatchObject({
      failed: `cannot look at ${at("closed/f")}: permission denied`,
    });
    expect(await runModule(host, copy, { content: "x", dest: at("hidden") })).toMatchObject({
      failed: `cannot read ${at("hidden")}: permission denied`,
    });
    expect(await runModule(host, slurp, { src: at("hidden") })).toMatchObject({
      failed: `cannot read ${at("hidden")}: permission denied`,
    });
    const seen = await runModule(host, stat, { path: at("hidden") });
    expect(seen.result["stat"]).toMatchObject({ exists: true, readable: false, size: 1 });
    expect(seen.result["stat"]).not.toHaveProperty("checksum");
  });

  it("writes its own files, and leaves others' as they are when it may not", async () => {
    expect(await runModule(host, copy, { content: "x", dest: at("mine") })).toMatchObject({
      changed: true,
      result: { uid: 65534, mode: "0644" },
    });
    await makeTree(host.directory, { "roots@0644": "old" });
    const outcome = await runModule(host, copy, { content: "new", dest: at("roots") });
    expect(outcome.failed).toMatch(/chown/);
    expect(await readFile(at("roots"), "utf8")).toBe("old");
    expect(await runModule(host, file, { path: at("mine"), owner: "root" })).toMatchObject({
      changed: false,
      failed: expect.stringMatching(/chown/),
    });
  });
});

describe("secrets", () => {
  it("are in no script", async () => {
    const host = await localHost("dash");
    const scripts: string[] = [];
    const run: LocalHost["run"] = (script, payloads) => {
      scripts.push(script.text);
      return host.run(script, payloads);
    };
    const spying = { ...host, run };
    await runModule(spying, copy, { content: "hunter2", dest: join(host.directory, "a") });
    await runModule(spying, lineinfile, { path: join(host.directory, "a"), line: "hunter3" });
    expect(scripts.join("\n")).not.toMatch(/hunter/);
    await host.remove();
  });
});

describe.each(SHELLS)("a file that cannot be renamed over, with %s", (shell) => {
  it("is written into with unsafe_writes only", async () => {
    const host = await localHost(shell);
    const target = join(host.directory, "f");
    await makeTree(host.directory, { "f@0640": "old" });
    // A mv that refuses stands for a mount.
    const busy = {
      ...host,
      run: (script: ReturnType<typeof sh>, payloads?: Parameters<LocalHost["run"]>[1]) =>
        host.run(
          sh`mv() { echo "mv: Device or resource busy" >&2; return 1; }
${script}`,
          payloads,
        ),
    };
    const outcome = await runModule(busy, copy, { content: "new", dest: target });
    expect(outcome.failed).toBe(
      `mv: Device or resource busy\ncould not replace ${target}; if it is a mount (a container's file), set unsafe_writes: true`,
    );
    expect(await runModule(busy, copy, { content: "new", dest: target, unsafe_writes: true, mode: "0600" })).toMatchObject({
      changed: true,
      result: { mode: "0600" },
    });
    expect(await readFile(target, "utf8")).toBe("new");
    await host.remove();
  });
});

describe("documentation", () => {
  it.each([copy, file, lineinfile, slurp, stat, template])("$name", (module) => {
    expect(module.example.startsWith("- name: ")).toBe(true);
    for (const parameter of Object.values(module.parameters.parameters)) expect(parameter.description).toMatch(/\.$/);
  });
});
