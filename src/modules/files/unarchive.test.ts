import { execFileSync } from "node:child_process";
import { lstat, mkdtemp, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { directoryControl, type LocalHost, localHost, makeTree, runModule, SHELLS } from "../support/run-local.test-support.ts";
import { unarchive } from "./unarchive.ts";

vi.setConfig({ testTimeout: 90_000 });

describe.each(SHELLS)("unarchive with %s", (shell) => {
  let host: LocalHost;
  let files: string;
  beforeEach(async () => {
    host = await localHost(shell);
    files = await mkdtemp(join(tmpdir(), "k3sprov-archives-"));
    await makeTree(host.directory, { "d/": "" });
    await makeTree(files, {
      "top/bin/tool@0755": "#!/bin/sh\n",
      "top/bin/also": "-> tool",
      "top/a b'c": "A",
      "top/conf/x@0640": "X",
      "top/empty/": "",
    });
  });
  afterEach(async () => {
    await host.remove();
    await rm(files, { recursive: true });
  });
  const at = (name: string): string => join(host.directory, name);
  const make = (name: string, ...args: string[]) =>
    execFileSync(
      name.endsWith(".zip") ? "zip" : "tar",
      name.endsWith(".zip") ? ["-qr", name, ...args] : ["-caf", name, ...args],
      { cwd: files },
    );
  const run = (raw: Readonly<Record<string, unknown>>, options: { readonly checkMode?: boolean } = {}) =>
    runModule(host, unarchive, { dest: at("d"), ...raw }, { control: directoryControl(files), ...options });
  const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o7777).toString(8);

  it.each(["a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz"])(
    "unpacks %s of either machine, finds drift, and mends only that",
    async (name) => {
      make(name, "top");
      for (const raw of [{ src: name }, { src: join(files, name), remote_src: true, dest: at("e") }]) {
        await makeTree(host.directory, { "e/": "" });
        const to = "dest" in raw ? "e" : "d";
        expect(await run(raw, { checkMode: true })).toMatchObject({ changed: true });
        const first = await run(raw);
        expect(first).toMatchObject({ changed: true, result: { dest: at(to), state: "directory" } });
        expect(first.differences).toHaveLength(8);
        expect(await readFile(at(`${to}/top/a b'c`), "utf8")).toBe("A");
        expect(await readlink(at(`${to}/top/bin/also`))).toBe("tool");
        expect(await modeOf(at(`${to}/top/conf/x`))).toBe("640");
        expect(await run(raw)).toEqual({ changed: false, differences: [], predicted: {}, result: expect.any(Object) });
        const kept = (await lstat(at(`${to}/top/bin/tool`))).ino;
        await writeFile(at(`${to}/top/conf/x`), "drift");
        expect((await run(raw)).differences).toMatchObject([{ subject: at(`${to}/top/conf/x`), name: "content" }]);
        expect(await readFile(at(`${to}/top/conf/x`), "utf8")).toBe("X");
        expect((await lstat(at(`${to}/top/bin/tool`))).ino).toBe(kept);
        await host.run(
          (await import("../../sh.ts")).sh`chmod 600 ${at(`${to}/top/bin/tool`)}; ln -sfn nowhere ${at(`${to}/top/bin/also`)}`,
        );
        expect((await run(raw)).differences.map((one) => one.subject).sort()).toEqual([
          at(`${to}/top/bin/also`),
          at(`${to}/top/bin/tool`),
        ]);
        expect(await run(raw)).toMatchObject({ changed: false });
      }
    },
  );

  it("unpacks zip files", async () => {
    await rm(join(files, "top/bin/also"));
    make("a.zip", "top");
    for (const raw of [{ src: "a.zip" }, { src: join(files, "a.zip"), remote_src: true }]) {
      await rm(at("d/top"), { recursive: true, force: true });
      expect(await run({ ...raw, list_files: true })).toMatchObject({
        changed: true,
        result: { files: expect.arrayContaining(["top/a b'c", "top/conf/x", "top/empty"]) },
      });
      expect(await readFile(at("d/top/a b'c"), "utf8")).toBe("A");
      expect(await run(raw)).toEqual({ changed: false, differences: [], predicted: {}, result: expect.any(Object) });
    }
  });

  it("strips, selects, and gives owners and modes", async () => {
    make("a.tar.gz", "./top");
    const raw = {
      src: "a.tar.gz",
      extra_opts: ["--strip-components=1"],
      exclude: ["top/empty", "also"],
      owner: "1",
      mode: "0640",
    };
    expect(await run(raw)).toMatchObject({ changed: true });
    expect(await run(raw)).toMatchObject({ changed: false });
    expect((await stat(at("d/conf/x"))).uid).toBe(1);
    expect(await modeOf(at("d/bin"))).toBe("750");
    expect(await modeOf(at("d/bin/tool"))).toBe("640");
    await expect(lstat(at("d/empty"))).rejects.toThrow("ENOENT");
    await expect(lstat(at("d/bin/also"))).rejects.toThrow("ENOENT");
    expect(await run({ src: "a.tar.gz", include: ["top/conf"], dest: at("d") })).toMatchObject({ changed: true });
    expect(await run({ src: "a.tar.gz", creates: at("d/top") })).toMatchObject({ changed: false });
  });

  it.each([
    [["--transform=s,^top,/abs,", "-P", "top"], 'its member "/abs" has an absolute path'],
    [["--transform=s,^top,../up,", "-P", "top"], 'its member "../up" leads upwards with ".."'],
    [["top", "pipe"], 'its member "pipe" is a device, a pipe or another thing that is neither file, directory nor link'],
    [["out"], 'its link "out" leads out of the destination, to "../x"'],
    [["etc"], 'its link "etc" leads out of the destination, to "/etc"'],
    [["sly"], 'its link "sly" leads out of the destination, to "a/b/../../.."'],
  ])("refuses what would leave the destination: %s", async (args, why) => {
    execFileSync("mkfifo", [join(files, "pipe")]);
    await makeTree(files, { out: "-> ../x", etc: "-> /etc", sly: "-> a/b/../../.." });
    make("bad.tar", ...args);
    const src = join(files, "bad.tar");
    expect(await run({ src: "bad.tar" })).toMatchObject({ changed: false, failed: `refusing to unpack ${src}: ${why}` });
    // busybox' tar takes the beginning of such names away before anybody can see it.
    const isHidden = shell === "busybox" && args.includes("-P");
    expect(await run({ src, remote_src: true })).toMatchObject({
      changed: false,
      failed: `refusing to unpack ${src}: ${isHidden ? 'it has members with absolute paths or ".."' : why}`,
    });
  });

  it("refuses a member below a link of the archive", async () => {
    await makeTree(files, { "one/l": "-> .", "two/l/x": "X" });
    execFileSync("tar", ["-cf", "bad.tar", "-C", "one", "l", "-C", "../two", "l/x"], { cwd: files });
    expect(await run({ src: "bad.tar" })).toMatchObject({
      failed: `refusing to unpack ${join(files, "bad.tar")}: its member "l/x" lies below its link "l"`,
    });
  });

  it("says what is wrong", async () => {
    make("a.tar", "top");
    expect(await run({ src: "https://example.org/a.tar" })).toMatchObject({
      failed:
        "src is a URL, which unarchive does not download: get it with get_url and give its path with remote_src: true: https://example.org/a.tar",
    });
    expect(await run({ src: "a.tar", extra_opts: "--exclude=x" })).toMatchObject({
      failed: 'extra_opts "--exclude=x" is not supported; --strip-components=N and --no-same-owner are',
    });
    await expect(run({ src: "a.tar", dest: at("gone") })).rejects.toMatchObject({
      resource: `path:${at("gone")}`,
      message: `dest '${at("gone")}' must be an existing dir`,
    });
    await expect(run({ src: at("gone.tar"), remote_src: true })).rejects.toMatchObject({
      message: `Source '${at("gone.tar")}' does not exist`,
    });
    await makeTree(host.directory, { "d/top/conf/x/": "" });
    expect(await run({ src: "a.tar" })).toMatchObject({
      failed: `${at("d/top/conf/x")} is a directory, where the archive has a file`,
    });
    await writeFile(join(files, "no.tar"), "this is no archive at all".repeat(100));
    expect((await run({ src: "no.tar" })).failed).toMatch(new RegExp(`^cannot list ${join(files, "no.tar")}: tar: `));
    await expect(run({ src: "a.tar", include: ["x"], exclude: ["y"] })).rejects.toThrow(
      'unarchive: "include" and "exclude" exclude each other; give one of them',
    );
  });
});
