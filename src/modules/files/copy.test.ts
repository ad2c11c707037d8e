import { lstat, mkdtemp, readdir, readFile, readlink, rm, stat as statOf, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { joinSh, sh } from "../../sh.ts";
import { digestOf } from "../support/files/content-difference.ts";
import { directoryControl, type LocalHost, localHost, makeTree, runModule, SHELLS } from "../support/run-local.test-support.ts";
import { copy } from "./copy.ts";

// Every step starts processes, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const sha1Of = { hello: "f572d396fae9206628714fb2ce00f72e94f2258f" };
const modeOf = async (path: string): Promise<string> => ((await statOf(path)).mode & 0o7777).toString(8);

describe.each(SHELLS)("copy with %s", (shell) => {
  let host: LocalHost;
  let files: string;
  beforeEach(async () => {
    host = await localHost(shell);
    files = await mkdtemp(join(tmpdir(), "k3sprov-files-"));
  });
  afterEach(async () => {
    await host.remove();
    await rm(files, { recursive: true });
  });
  const at = (name: string): string => join(host.directory, name);
  const run = (raw: Readonly<Record<string, unknown>>, options: { readonly diff?: boolean; readonly checkMode?: boolean } = {}) =>
    runModule(host, copy, raw, { control: directoryControl(files), ...options });

  it("writes a new file, then finds nothing to do", async () => {
    const task = { content: "hello\n", dest: at("x y"), mode: "0640" };
    const first = await run(task);
    expect(first).toMatchObject({
      changed: true,
      differences: [
        { kind: "field", subject: at("x y"), name: "state", before: "absent", after: "file" },
        { kind: "field", name: "content", before: null },
      ],
      result: {
        dest: at("x y"),
        checksum: sha1Of.hello,
        mode: "0640",
        owner: "root",
        group: "root",
        uid: 0,
        gid: 0,
        size: 6,
        state: "file",
      },
    });
    expect(first.predicted).toEqual(first.result);
    expect(await readFile(at("x y"), "utf8")).toBe("hello\n");
    expect(await run(task)).toMatchObject({ changed: false, result: first.result });
  });

  it("gives a new file mode 0644, and keeps the mode of an old one", async () => {
    await run({ content: "a", dest: at("new") });
    expect(await modeOf(at("new"))).toBe("644");
    await makeTree(host.directory, { "old@4711": "b" });
    await run({ content: "c", dest: at("old") });
    expect(await modeOf(at("old"))).toBe("4711");
  });

  it("changes the mode alone, without writing", async () => {
    await makeTree(host.directory, { "f@0600": "same" });
    const before = (await statOf(at("f"))).ino;
    const outcome = await run({ content: "same", dest: at("f"), mode: "a+r" });
    expect(outcome.differences).toEqual([{ kind: "field", subject: at("f"), name: "mode", before: "0600", after: "0644" }]);
    expect((await statOf(at("f"))).ino).toBe(before);
  });

  it("sets owner and group by number and name, and needs them to be there", async () => {
    await run({ content: "x", dest: at("f"), owner: "1", group: "daemon", mode: "4755" });
    expect(await statOf(at("f"))).toMatchObject({ uid: 1, gid: 1 });
    expect(await modeOf(at("f"))).toBe("4755");
    await run({ content: "x", dest: at("f"), owner: "root" });
    expect(await modeOf(at("f"))).toBe("4755");
    await expect(run({ content: "x", dest: at("f"), owner: "nobody-knows" })).rejects.toMatchObject({
      resource: "user:nobody-knows",
      message: "chown failed: failed to look up user nobody-knows",
    });
    await expect(run({ content: "x", dest: at("f"), group: "nobody-knows" })).rejects.toMatchObject({
      resource: "group:nobody-knows",
    });
  });

  it("shows the texts in diff mode", async () => {
    await makeTree(host.directory, { f: "old\n" });
    const outcome = await run({ content: "new\n", dest: at("f") }, { diff: true });
    expect(outcome.differences).toEqual([{ kind: "text", subject: at("f"), before: "old\n", after: "new\n" }]);
  });

  it("changes nothing in check mode", async () => {
    const outcome = await run({ content: "hello\n", dest: at("f") }, { checkMode: true });
    expect(outcome).toMatchObject({ changed: true, result: { checksum: sha1Of.hello, size: 6, mode: "0644" } });
    expect(await readdir(host.directory)).toEqual([]);
  });

  it("keeps a backup for each change", async () => {
    await makeTree(host.directory, { "f@0600": "1" });
    const first = await run({ content: "2", dest: at("f"), backup: true });
    const second = await run({ content: "3", dest: at("f"), backup: true });
    const [one, two] = [String(first.result["backup_file"]), String(second.result["backup_file"])];
    expect(one).not.toBe(two);
    expect(await readFile(one, "utf8")).toBe("1");
    expect(await readFile(two, "utf8")).toBe("2");
    expect(await modeOf(one)).toBe("600");
    expect(one).toMatch(/\/f\.\d+\.\d{4}-\d\d-\d\d@\d\d:\d\d:\d\d~$/);
  });

  it("validates before it replaces", async () => {
    await makeTree(host.directory, { f: "old" });
    const outcome = await run({ content: "it's new", dest: at("f"), validate: `grep -q "it's old" %s` });
    expect(outcome).toMatchObject({ changed: false, failed: "failed to validate: rc:1 error:" });
    expect(await readFile(at("f"), "utf8")).toBe("old");
    expect(await run({ content: "it's new", dest: at("f"), validate: `grep -q "it's new" %s` })).toMatchObject({ changed: true });
    expect(await run({ content: "x", dest: at("f"), validate: "true" })).toMatchObject({
      failed: "validate must contain %s: true",
    });
  });

  it("leaves a file alone with force: false", async () => {
    await makeTree(host.directory, { "f@0600": "old" });
    expect(await run({ content: "new", dest: at("f"), force: false, mode: "0644" })).toMatchObject({ changed: false });
    expect(await run({ content: "new", dest: at("g"), force: false })).toMatchObject({ changed: true });
  });

  it("replaces a link, or follows it", async () => {
    await makeTree(host.directory, { "real@0600": "old", link: "-> real", other: "-> real" });
    await run({ content: "one", dest: at("link"), follow: true });
    expect(await readlink(at("link"))).toBe("real");
    expect(await readFile(at("real"), "utf8")).toBe("one");
    expect(await modeOf(at("real"))).toBe("600");
    const replaced = await run({ content: "one", dest: at("other") });
    expect(replaced).toMatchObject({ changed: true, result: { state: "file" } });
    expect((await lstat(at("other"))).isFile()).toBe(true);
    await symlink("not-there", at("dangling"));
    await run({ content: "two", dest: at("dangling"), follow: true });
    expect(await readFile(at("not-there"), "utf8")).toBe("two");
  });

  it("does not follow a link that somebody else planted", async () => {
    await makeTree(host.directory, { "shared/@1777": "", victim: "v", "shared/trap": "-> ../victim" });
    await host.run(sh`chown -h 1 ${at("shared/trap")}`);
    const outcome = await run({ content: "x", dest: at("shared/trap"), follow: true });
    expect(outcome.failed).toMatch(
      /is a symbolic link that \S+ made in a directory everybody can write to; refusing to follow it$/,
    );
    expect(await readFile(at("victim"), "utf8")).toBe("v");
    await run({ content: "x", dest: at("shared/trap") });
    expect(await readFile(at("victim"), "utf8")).toBe("v");
  });

  it("does not write as root to what a user's link leads to, unless it is the user's", async () => {
    await makeTree(host.directory, {
      "home/": "",
      victim: "v",
      "home/own": "o",
      "home/out": "-> ../victim",
      "home/in": "-> own",
    });
    const chown = (name: string) => sh`chown -h 1 ${at(name)}`;
    await host.run(joinSh([chown("home"), chown("home/own"), chown("home/out"), chown("home/in")]));
    const outcome = await run({ content: "x", dest: at("home/out"), follow: true });
    expect(outcome.failed).toMatch(
      /home\/out is a symbolic link that (\S+) made, to what is not \1's own; refusing to follow it as root$/,
    );
    expect(await readFile(at("victim"), "utf8")).toBe("v");
    expect(await run({ content: "v", dest: at("home/out"), follow: true })).toMatchObject({ changed: false });
    expect(await run({ content: "x", dest: at("home/in"), follow: true })).toMatchObject({ changed: true });
    expect(await readFile(at("home/own"), "utf8")).toBe("x");
  });

  it("puts a file into a directory, and makes one that ends in a slash", async () => {
    await makeTree(files, { "conf/a.txt": "A" });
    await makeTree(host.directory, { "dir/": "", "to-dir": "-> dir" });
    expect(await run({ src: "conf/a.txt", dest: at("dir") })).toMatchObject({
      result: { dest: at("dir/a.txt"), src: join(files, "conf/a.txt") },
    });
    expect(await run({ src: "conf/a.txt", dest: at("to-dir") })).toMatchObject({ changed: false });
    const made = await run({ src: "conf/a.txt", dest: `${at("x/y")}/`, directory_mode: "0700" });
    expect(made).toMatchObject({ changed: true, result: { dest: at("x/y/a.txt") } });
    expect(await modeOf(at("x"))).toBe("700");
    expect(await run({ content: "x", dest: at("dir") })).toMatchObject({
      failed: `can not use content with a dir as dest: ${at("dir")}; give the path of the file`,
    });
    await expect(run({ content: "x", dest: at("no/f") })).rejects.toMatchObject({
      resource: `path:${at("no")}`,
      message: `Destination directory ${at("no")} does not exist`,
    });
  });

  it("copies the mode with preserve", async () => {
    await makeTree(files, { "tool@0751": "#!/bin/sh\n" });
    await run({ src: "tool", dest: at("tool"), mode: "preserve" });
    expect(await modeOf(at("tool"))).toBe("751");
  });

  it("writes mappings as JSON, as Python does", async () => {
    await run({ content: { a: [1, true, null], ü: "\u007f" }, dest: at("j") });
    expect(await readFile(at("j"), "utf8")).toBe('{"a": [1, true, null], "\\u00fc": "\\u007f"}');
  });

  it("copies a directory, or its contents", async () => {
    await makeTree(files, { "tree/a@0600": "A", "tree/sub/b c": "B", "tree/empty/": "" });
    const whole = { src: "tree", dest: at("into"), mode: "0640", directory_mode: "0750" };
    expect((await run(whole)).changed).toBe(true);
    expect(await readFile(at("into/tree/sub/b c"), "utf8")).toBe("B");
    expect(await modeOf(at("into/tree/a"))).toBe("640");
    expect(await modeOf(at("into/tree/empty"))).toBe("750");
    expect(await run(whole)).toMatchObject({ changed: false });
    await makeTree(host.directory, { "into/tree/sub/b c": "drift", "into/tree/extra": "stays" });
    expect((await run(whole)).differences).toHaveLength(1);
    expect(await readFile(at("into/tree/extra"), "utf8")).toBe("stays");
    await run({ src: "tree/", dest: at("flat"), mode: "preserve" });
    expect(await readFile(at("flat/sub/b c"), "utf8")).toBe("B");
    expect(await modeOf(at("flat/a"))).toBe("600");
  });

  it("streams what is large, and reads it for the prediction in check mode only", async () => {
    const content = Buffer.alloc(2_000_000, "large\n");
    await makeTree(files, { large: content, "tree/large": content });
    const task = { src: "large", dest: at("f"), mode: "0600" };
    const first = await run(task);
    expect(first).toMatchObject({
      changed: true,
      result: { size: 2_000_000, mode: "0600", checksum: digestOf("sha1", content) },
    });
    expect(first.predicted).toEqual(first.result);
    expect((await readFile(at("f"))).equals(content)).toBe(true);
    expect(await run(task)).toMatchObject({ changed: false });
    expect(await run({ src: "tree/", dest: at("d") }, { checkMode: true })).toMatchObject({ changed: true });
    expect(await run({ src: "tree/", dest: at("d") })).toMatchObject({ changed: true });
    expect((await readFile(at("d/large"))).equals(content)).toBe(true);
    expect(await run({ ...task, checksum: "0".repeat(40) })).toMatchObject({
      failed: `the source does not match the expected checksum ${"0".repeat(40)}; its SHA-1 is ${digestOf("sha1", content)}`,
    });
  });

  it("copies the links of a tree as such with local_follow: false", async () => {
    await makeTree(files, { "tree/a": "A", "tree/sub/to-a": "-> ../a", "tree/nowhere": "-> gone" });
    const task = { src: "tree/", dest: at("d"), local_follow: false, owner: "1" };
    const first = await run(task);
    expect(first.changed).toBe(true);
    expect(await readlink(at("d/sub/to-a"))).toBe("../a");
    expect(await readlink(at("d/nowhere"))).toBe("gone");
    expect((await lstat(at("d/nowhere"))).uid).toBe(1);
    expect(await run(task)).toMatchObject({ changed: false });
    await rm(at("d/nowhere"));
    await makeTree(host.directory, { "d/nowhere": "a file" });
    expect((await run(task)).differences).toEqual([
      { kind: "field", subject: at("d/nowhere"), name: "state", before: "file", after: "link to gone" },
    ]);
    await rm(at("d/nowhere"));
    await makeTree(host.directory, { "d/nowhere/": "" });
    expect(await run(task)).toMatchObject({
      failed: `${at("d/nowhere")} is a directory, where a symbolic link to gone shall be`,
    });
    expect(await run({ src: "tree/", dest: at("e") })).toMatchObject({
      failed: `cannot read ${join(files, "tree/nowhere")} on the control node: ENOENT: no such file or directory, stat '${join(files, "tree/nowhere")}'`,
    });
  });

  it("copies on the host", async () => {
    await makeTree(host.directory, { "s@0600": "S", "d/x@0711": "X", "d/in/y": "Y" });
    const file = { src: at("s"), dest: at("t"), remote_src: true };
    expect(await run(file, { diff: true })).toMatchObject({ changed: true, result: { mode: "0644", size: 1 } });
    expect(await run(file)).toMatchObject({ changed: false });
    await run({ ...file, mode: "preserve" });
    expect(await modeOf(at("t"))).toBe("600");
    const tree = { src: at("d"), dest: at("e"), remote_src: true };
    expect(await run(tree, { checkMode: true })).toMatchObject({ changed: true });
    expect(await run(tree)).toMatchObject({ changed: true, result: { dest: at("e"), state: "directory" } });
    expect(await readFile(at("e/d/in/y"), "utf8")).toBe("Y");
    expect(await modeOf(at("e/d/x"))).toBe("711");
    expect(await run(tree)).toMatchObject({ changed: false });
    await makeTree(host.directory, { "e/d/in/y": "drift" });
    expect((await run(tree)).differences).toHaveLength(1);
    await expect(run({ src: at("gone"), dest: at("t"), remote_src: true })).rejects.toMatchObject({
      resource: `path:${at("gone")}`,
      message: `Source ${at("gone")} not found`,
    });
  });

  it("checks the source's checksum", async () => {
    expect(await run({ content: "hello\n", dest: at("f"), checksum: "0".repeat(40) })).toMatchObject({
      failed: `the source does not match the expected checksum ${"0".repeat(40)}; its SHA-1 is ${sha1Of.hello}`,
    });
  });

  it("says that it cannot replace a directory or a device", async () => {
    await makeTree(files, { f: "x" });
    await makeTree(host.directory, { "d/f/": "" });
    expect(await run({ src: "f", dest: at("d") })).toMatchObject({ failed: `${at("d/f")} is a directory, not a file` });
    expect(await run({ content: "x", dest: "/dev/null" })).toMatchObject({
      failed: "/dev/null is a character, not a regular file",
    });
  });

  it("keeps any bytes under any name", async () => {
    const name = fc.string({ unit: "binary", minLength: 1, maxLength: 20 }).map((text) => text.replace(/[\0/]/g, "_"));
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), name, async (bytes, raw) => {
        const usable = Buffer.from(raw, "utf8").toString("utf8");
        fc.pre(usable !== "." && usable !== ".." && Buffer.byteLength(usable) < 200);
        await makeTree(files, { source: bytes });
        const outcome = await run({ src: "source", dest: `${host.directory}/-${usable}`, backup: false });
        expect(outcome.failed).toBeUndefined();
        expect(Buffer.compare(await readFile(`${host.directory}/-${usable}`), bytes)).toBe(0);
      }),
      { numRuns: 12 },
    );
  });
});
