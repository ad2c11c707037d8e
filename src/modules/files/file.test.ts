import { lstat, readdir, readFile, readlink, stat as statOf } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { sh } from "../../sh.ts";
import { type LocalHost, localHost, makeTree, runModule, SHELLS } from "../support/run-local.test-support.ts";
import { file } from "./file.ts";

// Every step starts processes, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const modeOf = async (path: string): Promise<string> => ((await statOf(path)).mode & 0o7777).toString(8);

describe.each(SHELLS)("file with %s", (shell) => {
  let host: LocalHost;
  beforeEach(async () => {
    host = await localHost(shell);
  });
  afterEach(() => host.remove());
  const at = (name: string): string => join(host.directory, name);
  const run = (raw: Readonly<Record<string, unknown>>, options: { readonly checkMode?: boolean } = {}) =>
    runModule(host, file, raw, options);

  it("makes a directory and those above it, each with the attributes", async () => {
    const task = { path: `${at("a/b/c d")}/`, state: "directory", mode: "0750", owner: "1", group: "1" };
    const first = await run(task);
    expect(first.differences.map((one) => one.subject)).toEqual([at("a"), at("a/b"), at("a/b/c d")]);
    expect(first.result).toMatchObject({ path: `${at("a/b/c d")}/`, state: "directory", mode: "0750", owner: "daemon", uid: 1 });
    expect(await modeOf(at("a/b"))).toBe("750");
    expect((await statOf(at("a"))).uid).toBe(1);
    expect(await run(task)).toMatchObject({ changed: false });
    expect((await run({ ...task, mode: "u=rwx,go=rX" })).differences).toEqual([
      { kind: "field", subject: at("a/b/c d"), name: "mode", before: "0750", after: "0755" },
    ]);
  });

  it("clears and keeps a directory's setgid bit as asked", async () => {
    await makeTree(host.directory, { "d/@2755": "" });
    await run({ path: at("d/new"), state: "directory" });
    expect(await modeOf(at("d/new"))).toBe("2755");
    await run({ path: at("d"), state: "directory", mode: "0755" });
    expect(await modeOf(at("d"))).toBe("755");
  });

  it("refuses to make a directory of something else", async () => {
    await makeTree(host.directory, { f: "", "sub/": "", "to-sub": "-> sub", broken: "-> gone" });
    expect(await run({ path: at("f"), state: "directory" })).toMatchObject({ failed: `${at("f")} already exists as a file` });
    expect(await run({ path: at("f/g"), state: "directory" })).toMatchObject({ failed: `${at("f")} is a file, not a directory` });
    expect(await run({ path: at("broken"), state: "directory" })).toMatchObject({
      failed: `${at("broken")} already exists as a link`,
    });
    expect(await run({ path: at("to-sub"), state: "directory", mode: "0700" })).toMatchObject({ changed: true });
    expect(await modeOf(at("sub"))).toBe("700");
  });

  it("sets attributes of what is there, and needs it to be there", async () => {
    await makeTree(host.directory, { "f@0600": "x", "d/": "", l: "-> f" });
    expect(await run({ path: at("f"), mode: "go+r" })).toMatchObject({
      changed: true,
      result: { path: at("f"), state: "file", mode: "0644" },
    });
    expect(await run({ path: at("l"), mode: "0600" })).toMatchObject({ changed: true });
    expect(await modeOf(at("f"))).toBe("600");
    expect(await run({ path: at("l"), state: "file", follow: false })).toMatchObject({
      failed: `file (${at("l")}) is link, cannot continue`,
    });
    expect(await run({ path: at("d"), state: "file" })).toMatchObject({
      failed: `file (${at("d")}) is directory, cannot continue`,
    });
    expect(await run({ path: at("d"), mode: "0711" })).toMatchObject({ result: { state: "directory", mode: "0711" } });
    await expect(run({ path: at("gone"), mode: "0600" })).rejects.toMatchObject({
      resource: `path:${at("gone")}`,
      message: `file (${at("gone")}) is absent, cannot continue`,
    });
  });

  it("keeps setuid when it only changes the owner", async () => {
    await makeTree(host.directory, { "f@4755": "x" });
    await run({ path: at("f"), owner: "1" });
    expect(await modeOf(at("f"))).toBe("4755");
  });

  it("makes and changes symbolic links", async () => {
    await makeTree(host.directory, { one: "1", "two/": "", "sub/": "", "to-one": "-> one" });
    const link = { path: at("sub/l"), src: "../one", state: "link" };
    expect(await run(link)).toMatchObject({ changed: true, result: { dest: at("sub/l"), src: "../one", state: "link" } });
    expect(await readlink(at("sub/l"))).toBe("../one");
    expect(await run(link)).toMatchObject({ changed: false });
    await run({ ...link, src: at("two") });
    // A link to a directory is replaced, not filled.
    expect((await run({ ...link, src: at("one") })).differences).toEqual([
      { kind: "field", subject: at("sub/l"), name: "state", before: `link to ${at("two")}`, after: `link to ${at("one")}` },
    ]);
    expect(await readdir(at("two"))).toEqual([]);
    expect(await run({ path: at("sub/l"), state: "link" })).toMatchObject({ changed: false });
    await expect(run({ ...link, src: "gone" })).rejects.toMatchObject({
      resource: `path:${at("sub/gone")}`,
      message: `src file does not exist, use "force=yes" if you really want to create the link: ${at("sub/gone")}`,
    });
    expect(await run({ ...link, src: "-gone", force: true })).toMatchObject({ changed: true });
    expect(await readlink(at("sub/l"))).toBe("-gone");
    expect(await run({ path: at("one"), src: at("to-one"), state: "link", force: true })).toMatchObject({
      failed: `a link at ${at("one")} to ${at("to-one")} would lead to itself`,
    });
  });

  it("gives attributes to what a link leads to, or to the link", async () => {
    await makeTree(host.directory, { "one@0600": "1" });
    await run({ path: at("l"), src: "one", state: "link", mode: "0644", owner: "1" });
    expect(await modeOf(at("one"))).toBe("644");
    expect((await statOf(at("one"))).uid).toBe(1);
    await run({ path: at("m"), src: "one", state: "link", owner: "2", follow: false });
    expect((await lstat(at("m"))).uid).toBe(2);
    expect((await statOf(at("one"))).uid).toBe(1);
    expect(await run({ path: at("m"), src: "one", state: "link", owner: "2", follow: false })).toMatchObject({ changed: false });
  });

  it("converts to a link only when forced, and never a directory that holds something", async () => {
    await makeTree(host.directory, { src: "", f: "x", "empty/": "", "full/x": "" });
    const link = (name: string, force: boolean) => run({ path: at(name), src: at("src"), state: "link", force });
    expect(await link("f", false)).toMatchObject({ failed: `refusing to convert from file to symlink for ${at("f")}` });
    expect(await link("empty", false)).toMatchObject({
      failed: `refusing to convert from directory to symlink for ${at("empty")}`,
    });
    expect(await link("full", true)).toMatchObject({
      failed: `the directory ${at("full")} is not empty, refusing to convert it`,
    });
    expect(await link("f", true)).toMatchObject({ changed: true });
    expect(await link("empty", true)).toMatchObject({ changed: true });
    expect(await readlink(at("empty"))).toBe(at("src"));
  });

  it("makes hard links", async () => {
    await makeTree(host.directory, { one: "1", other: "2" });
    const link = { path: at("two"), src: at("one"), state: "hard" };
    expect(await run(link)).toMatchObject({ changed: true, result: { dest: at("two"), state: "hard" } });
    expect((await statOf(at("two"))).ino).toBe((await statOf(at("one"))).ino);
    expect(await run(link)).toMatchObject({ changed: false });
    expect(await run({ ...link, path: at("other") })).toMatchObject({ failed: "Cannot link, file exists at destination" });
    expect(await run({ ...link, path: at("other"), force: true })).toMatchObject({ changed: true });
    expect(await readFile(at("other"), "utf8")).toBe("1");
  });

  it("removes anything, and nothing when nothing is there", async () => {
    await makeTree(host.directory, { "d/e/f": "", f: "", target: "t", l: "-> target" });
    for (const name of ["d", "f", "l"]) {
      expect(await run({ path: at(name), state: "absent" })).toMatchObject({
        changed: true,
        result: { path: at(name), state: "absent" },
      });
    }
    expect(await readdir(host.directory)).toEqual(["target"]);
    expect(await run({ path: at("d"), state: "absent" })).toMatchObject({
      changed: false,
      result: { path: at("d"), state: "absent" },
    });
    expect(await run({ path: "/", state: "absent" }, { checkMode: true })).toMatchObject({ failed: "refusing to remove /" });
    expect(await run({ path: `${host.directory}/..`, state: "absent" }, { checkMode: true })).toMatchObject({
      failed: `refusing to remove ${host.directory}/..`,
    });
  });

  it("touches", async () => {
    const once = { path: at("f"), state: "touch", mode: "0600", access_time: "preserve", modification_time: "preserve" };
    expect(await run(once)).toMatchObject({ changed: true, result: { dest: at("f"), state: "file", size: 0, mode: "0600" } });
    expect(await run(once)).toMatchObject({ changed: false });
    const outcome = await run({ path: at("f"), state: "touch" });
    expect(outcome.changed).toBe(true);
    expect(outcome.differences.map((one) => "name" in one && one.name)).toEqual(["mtime", "atime"]);
    await makeTree(host.directory, { l: "-> made" });
    await run({ path: at("l"), state: "touch" });
    expect(await readFile(at("made"), "utf8")).toBe("");
    await expect(run({ path: at("no/f"), state: "touch" })).rejects.toMatchObject({ resource: `path:${at("no")}` });
  });

  it("sets times", async () => {
    await makeTree(host.directory, { f: "" });
    const task = {
      path: at("f"),
      state: "file",
      modification_time: "202001020304.05",
      access_time: "2021",
      access_time_format: "%Y",
    };
    expect(await run(task)).toMatchObject({ changed: true });
    expect((await statOf(at("f"))).mtime).toEqual(new Date(2020, 0, 2, 3, 4, 5));
    expect((await statOf(at("f"))).atime).toEqual(new Date(2021, 0, 1));
    expect(await run(task)).toMatchObject({ changed: false });
    expect(await run({ ...task, modification_time: "yesterday" })).toMatchObject({
      failed: "Error while obtaining timestamp for time yesterday using format %Y%m%d%H%M.%S",
    });
  });

  it("sets modes below a directory, X for directories and what is executable", async () => {
    await makeTree(host.directory, {
      "t/a@0600": "",
      "t/run@0700": "",
      "t/sub/b\nc@0644": "",
      "t/sub/@0700": "",
      out: "",
      "t/l": "-> ../out",
    });
    await host.run(sh`chmod 0600 ${at("out")}`);
    const task = { path: at("t"), state: "directory", recurse: true, mode: "u=rwX,go=rX" };
    const first = await run(task);
    expect(first.differences.map((one) => one.subject).sort()).toEqual(
      [`${at("t")}/a`, `${at("t")}/run`, `${at("t")}/sub`].sort(),
    );
    expect([await modeOf(at("t/a")), await modeOf(at("t/run")), await modeOf(at("t/sub")), await modeOf(at("out"))]).toEqual([
      "644",
      "755",
      "755",
      "600",
    ]);
    expect(await run(task)).toMatchObject({ changed: false });
    await run({ ...task, mode: "0711", owner: "1", group: "1" });
    expect([await modeOf(at("t/a")), await modeOf(at("t/sub/b\nc"))]).toEqual(["711", "711"]);
    expect([(await lstat(at("t/l"))).uid, (await statOf(at("out"))).uid, (await statOf(at("t/sub"))).gid]).toEqual([1, 0, 1]);
    await host.run(sh`chmod 2711 ${at("t/sub")}; chmod 0640 ${at("t/a")}`);
    expect((await run({ path: at("t"), recurse: true, mode: "0711" })).differences).toHaveLength(2);
    expect([await modeOf(at("t/sub")), await modeOf(at("t/a"))]).toEqual(["711", "711"]);
    expect(await run({ path: at("t"), state: "directory", recurse: true, mode: "g=u" })).toMatchObject({ changed: true });
    expect(await modeOf(at("t/a"))).toBe("771");
  });
});
