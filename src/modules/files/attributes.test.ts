import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type LocalHost, localHost, makeTree, runModule } from "../support/run-local.test-support.ts";
import { copy } from "./copy.ts";
import { file } from "./file.ts";
import { lineinfile } from "./lineinfile.ts";

// Every step starts processes, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

type Raw = Readonly<Record<string, unknown>>;

const chattr = (flags: string, ...paths: readonly string[]): void => {
  execFileSync("chattr", [flags, ...paths]);
};
const flagsOf = (path: string): string =>
  execFileSync("lsattr", ["-d", path], { encoding: "utf8" }).split(" ", 1)[0]?.replace(/[-eI]/g, "") ?? "";

/** Why flags cannot be tried here. */
function problem(): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), "k3sprov-flags-"));
  const path = join(directory, "f");
  try {
    writeFileSync(path, "");
    chattr("+iAdS", path);
    chattr("-iAdS", path);
    return undefined;
  } catch (error) {
    return String(error);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
const why = problem();
if (why !== undefined) console.warn(`flags of files are not tried for real: ${why}`);

describe.skipIf(why !== undefined).each(["dash", "bash"] as const)("flags, with %s", (shell) => {
  let host: LocalHost;
  beforeEach(async () => {
    host = await localHost(shell);
  });
  afterEach(async () => {
    execFileSync("find", [host.directory, "!", "-type", "l", "-exec", "chattr", "-ia", "{}", "+"]);
    await host.remove();
  });
  const at = (name: string): string => join(host.directory, name);
  const run = (module: unknown, raw: Raw) => runModule(host, module, raw);
  /** The first run changes something, the second nothing. */
  const settles = async (module: unknown, raw: Raw): Promise<void> => {
    expect(await run(module, raw)).toMatchObject({ changed: true });
    expect(await run(module, raw)).toMatchObject({ changed: false });
  };

  it("are set, cleared, and made exactly these", async () => {
    await makeTree(host.directory, { f: "", "d/": "" });
    for (const [attributes, flags] of [
      ["+A", "A"],
      ["+dS", "SdA"],
      ["-A", "Sd"],
      ["=A", "A"],
      ["=", ""],
      ["i", "i"],
      ["=i", undefined],
      ["-i", ""],
    ] as const) {
      for (const path of [at("f"), at("d")]) {
        const task = { path, attributes };
        if (flags === undefined) expect(await run(file, task)).toMatchObject({ changed: false });
        else {
          await settles(file, task);
          expect(flagsOf(path), attributes).toBe(flags);
        }
      }
    }
  });

  it("show as a difference, and in check mode nothing is set", async () => {
    await makeTree(host.directory, { f: "" });
    const outcome = await runModule(host, file, { path: at("f"), attr: "+d" }, { checkMode: true });
    expect(outcome.changed).toBe(true);
    expect(outcome.differences).toMatchObject([{ subject: at("f"), name: "attributes", after: expect.stringMatching(/^d/) }]);
    expect(flagsOf(at("f"))).toBe("");
  });

  it("of something new are exactly those, though a directory hands its own down", async () => {
    await makeTree(host.directory, { "d/": "" });
    chattr("+AS", at("d"));
    writeFileSync(at("d/control"), "");
    mkdirSync(at("d/sub"));
    const inherited = flagsOf(at("d/control"));
    await settles(copy, { dest: at("d/f"), content: "x", attributes: "=d" });
    expect(flagsOf(at("d/f"))).toBe("d");
    await settles(file, {
      path: at("d/t"),
      state: "touch",
      access_time: "preserve",
      modification_time: "preserve",
      attributes: "+d",
    });
    expect([...flagsOf(at("d/t"))].sort()).toEqual([...inherited, "d"].sort());
    await settles(file, { path: at("d/n/m"), state: "directory", attributes: "+i" });
    expect(flagsOf(at("d/n"))).toBe(flagsOf(at("d/sub")));
    expect(flagsOf(at("d/n/m"))).toContain("i");
  });

  it("i is lifted for a change by the task that names it, and comes back", async () => {
    const task = { dest: at("f"), attributes: "+i", mode: "0640" };
    await settles(copy, { ...task, content: "one" });
    await settles(copy, { ...task, content: "two" });
    await settles(copy, { ...task, content: "two", mode: "0600" });
    await settles(lineinfile, { path: at("f"), line: "three", attributes: "+i" });
    expect([await readFile(at("f"), "utf8"), (await stat(at("f"))).mode & 0o777, flagsOf(at("f"))]).toEqual([
      "two\nthree\n",
      0o600,
      "i",
    ]);
    expect((await run(copy, { ...task, content: "four", validate: "false %s" })).failed).toBe("failed to validate: rc:1 error:");
    expect([await readFile(at("f"), "utf8"), flagsOf(at("f"))]).toEqual(["two\nthree\n", "i"]);
    await settles(copy, { ...task, content: "five", attributes: "-i" });
    expect([await readFile(at("f"), "utf8"), flagsOf(at("f"))]).toEqual(["five", ""]);
  });

  it("i that the task does not name is left alone, with advice", async () => {
    await makeTree(host.directory, { f: "old" });
    chattr("+i", at("f"));
    const advice = `${at("f")} is immutable (flag i), and the task does not say what becomes of that: attributes "-i" clears it, "+i" lifts it for the change and sets it again`;
    for (const task of [
      { content: "new", attributes: "+d" },
      { content: "old", attributes: "+d" },
    ]) {
      expect(await run(copy, { dest: at("f"), ...task })).toMatchObject({ changed: false, failed: advice });
    }
    expect([await readFile(at("f"), "utf8"), flagsOf(at("f"))]).toEqual(["old", "i"]);
  });

  it("of a whole tree are searched for and set", async () => {
    await makeTree(host.directory, { "t/a": "", "t/sub/b": "", "t/l": "-> a", "t/c d": "" });
    chattr("+A", at("t/a"));
    const task = { path: at("t"), recurse: true, attributes: "+A" };
    const outcome = await run(file, task);
    expect(outcome.differences.map((one) => one.subject).sort()).toEqual([at("t"), at("t/c d"), at("t/sub"), at("t/sub/b")]);
    expect(await run(file, task)).toMatchObject({ changed: false });
    chattr("-A", at("t/sub/b"));
    expect((await run(file, task)).differences).toEqual([
      { kind: "field", subject: at("t/sub/b"), name: "attributes", before: "others", after: "flags +A" },
    ]);
    await settles(file, { ...task, attributes: "=id", mode: "u=rwX,go=" });
    await settles(file, { ...task, attributes: "=id", mode: "u=rwX,g=rX,o=" });
    expect(["t", "t/a", "t/c d", "t/sub", "t/sub/b"].map((name) => flagsOf(at(name)))).toEqual(Array(5).fill("id"));
    expect((await stat(at("t/sub/b"))).mode & 0o777).toBe(0o640);
    await settles(file, { ...task, attributes: "-i" });
    expect(flagsOf(at("t/sub/b"))).toBe("d");
  });

  it("are those of the file that a link leads to", async () => {
    await makeTree(host.directory, { f: "x", l: "-> f", "d/": "", dl: "-> d" });
    await settles(file, { path: at("l"), state: "file", attributes: "+d" });
    await settles(copy, { dest: at("l"), content: "y", follow: true, attributes: "+A" });
    await settles(file, { path: at("dl"), state: "directory", attributes: "+d" });
    expect([flagsOf(at("f")), flagsOf(at("d"))]).toEqual(["dA", "d"]);
    expect(await run(file, { path: at("l"), state: "link", src: "f", follow: false, attributes: "+d" })).toMatchObject({
      failed: `${at("l")} is a symbolic link, which has no attributes to set`,
    });
  });

  it("are refused where the file system has none", async () => {
    expect(await run(file, { path: "/proc/version", attributes: "+i" })).toMatchObject({
      changed: false,
      failed:
        'cannot set attributes "+i" of /proc/version: the file system has no such flags: lsattr: Operation not supported While reading flags on /proc/version',
    });
    expect(await run(copy, { dest: "/proc/new", content: "x", attributes: "+i" })).toMatchObject({
      changed: false,
      failed:
        'cannot set attributes "+i" of /proc/new: the file system has no such flags: lsattr: Operation not supported While reading flags on /proc',
    });
  });
});

describe("a host without chattr", () => {
  it("misses it, which a package of an earlier task may bring", async () => {
    const host = await localHost("busybox");
    await makeTree(host.directory, { f: "" });
    await expect(runModule(host, file, { path: join(host.directory, "f"), attributes: "+i" })).rejects.toMatchObject({
      resource: "command:chattr",
      message: `cannot set attributes "+i" of ${join(host.directory, "f")}: the host has no chattr and lsattr; install e2fsprogs`,
    });
    await host.remove();
  });
});
