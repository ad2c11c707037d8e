import { execFileSync } from "node:child_process";
import { lstat, mkdtemp, readdir, readFile, readlink, rm, stat, utimes, writeFile } from "node:fs/promises";
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

  // busybox has no zstd.
  it.each(["a.tar", "a.tar.gz", "a.tar.bz2", "a.tar.xz", ...(shell === "busybox" ? [] : ["a.tar.zst"])])(
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
    ["keep_newer", { keep_newer: true }],
    ["the same as an option of tar", { extra_opts: ["--keep-newer-files"] }],
  ])("keeps what is newer than the archive: %s", async (_name, keeps) => {
    await utimes(join(files, "top/conf/x"), 1_600_000_000, 1_600_000_000);
    // busybox' unzip gives files the time at which it unpacks them.
    for (const name of shell === "busybox" ? ["a.tar.gz"] : ["a.tar.gz", "a.zip"]) {
      await rm(at("d"), { recursive: true });
      await makeTree(host.directory, { "d/": "" });
      make(name, "top/conf", "top/a b'c");
      const raw = { src: name, ...keeps };
      expect(await run(raw)).toMatchObject({ changed: true });
      expect(await run(raw)).toMatchObject({ changed: false });
      expect(Math.abs((await stat(at("d/top/conf/x"))).mtimeMs / 1000 - 1_600_000_000)).toBeLessThan(60);
      await makeTree(host.directory, { "d/top/conf/x@0600": "newer" });
      expect(await run(raw), name).toMatchObject({ changed: false });
      await utimes(at("d/top/conf/x"), 1_500_000_000, 1_500_000_000);
      expect((await run(raw)).differences, name).toMatchObject([{ subject: at("d/top/conf/x"), name: "content" }]);
      expect(await readFile(at("d/top/conf/x"), "utf8")).toBe("X");
      expect(await run({ src: name }), "without it, time does not matter").toMatchObject({ changed: false });
    }
  });

  it("leaves alone what is there, when tar is told to", async () => {
    make("a.tar", "top/conf", "top/a b'c");
    await makeTree(host.directory, { "d/top/conf/x": "old" });
    const raw = { src: "a.tar", extra_opts: "--skip-old-files --no-same-owner" };
    expect((await run(raw)).differences.map((one) => one.subject)).toContain(at("d/top/a b'c"));
    expect(await run(raw)).toMatchObject({ changed: false });
    expect(await readFile(at("d/top/conf/x"), "utf8")).toBe("old");
  });

  it("leaves out and strips in tar's words", async () => {
    make("a.tar", "top");
    const raw = {
      src: "a.tar",
      extra_opts: ["--strip-components", "1", "--exclude=a b*", "--exclude bin/also"],
      list_files: true,
    };
    expect(await run(raw)).toMatchObject({ changed: true });
    const after = await run(raw);
    expect(after.changed).toBe(false);
    expect([...(after.result["files"] as string[])].sort()).toEqual(["bin", "bin/tool", "conf", "conf/x", "empty"]);
    expect((await readdir(at("d"))).sort()).toEqual(["bin", "conf", "empty"]);
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

  it("notices damage that only the packer's own checksum tells of", async () => {
    make("a.tar.gz", "top");
    const whole = await readFile(join(files, "a.tar.gz"));
    const flipped = Buffer.from(whole);
    flipped[whole.length - 8] = (flipped[whole.length - 8] ?? 0) ^ 1;
    for (const [name, bytes] of [
      ["cut.tar.gz", whole.subarray(0, -6)],
      ["flipped.tar.gz", flipped],
    ] as const) {
      await writeFile(join(files, name), bytes);
      for (const raw of [{ src: name }, { src: join(files, name), remote_src: true }]) {
        expect((await run(raw)).failed).toMatch(new RegExp(`^cannot list ${join(files, name)}: g(un)?zip: `));
      }
    }
    expect(await readdir(at("d"))).toEqual([]);
  });

  it("says what is wrong", async () => {
    make("a.tar", "top");
    expect(await run({ src: "https://example.org/a.tar" })).toMatchObject({
      failed:
        "src is a URL, which unarchive does not download: get it with get_url and give its path with remote_src: true: https://example.org/a.tar",
    });
    for (const [extra_opts, failed] of [
      [
        "--transform=s/a/b/",
        'extra_opts "--transform=s/a/b/" is not supported; --strip-components=N, --exclude=PATTERN, --keep-newer-files, --skip-old-files, --overwrite, --wildcards and --no-same-owner are',
      ],
      ["--strip-components=one", 'extra_opts "--strip-components" is "one", but must be a number'],
      ["--strip-components", 'extra_opts "--strip-components" lacks its value'],
      [["--exclude"], 'extra_opts "--exclude" lacks its value'],
    ] as const) {
      expect(await run({ src: "a.tar", extra_opts })).toMatchObject({ failed });
    }
    expect(await run({ src: "a.tar", include: ["no*"] })).toMatchObject({
      failed: `${join(files, "a.tar")} has no member "no*", which include names`,
    });
    expect(await run({ src: "top" })).toMatchObject({ failed: `the archive ${join(files, "top")} is a directory` });
    expect(await run({ src: "none.tar" })).toMatchObject({ failed: 'there is no file "none.tar" on the control node' });
    await writeFile(join(files, "vault.tar"), "$ANSIBLE_VAULT;1.1;AES256\n6162\n");
    expect(await run({ src: "vault.tar" })).toMatchObject({
      failed: `the archive ${join(files, "vault.tar")} is encrypted by Ansible Vault; unarchive does not decrypt it`,
    });
    await writeFile(at("file"), "");
    expect(await run({ src: "a.tar", dest: at("file") })).toMatchObject({
      failed: `dest '${at("file")}' must be an existing dir, but is a file`,
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
