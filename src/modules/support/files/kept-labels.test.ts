import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Sh, sh } from "../../../sh.ts";
import { copy } from "../../files/copy.ts";
import { lineinfile } from "../../files/lineinfile.ts";
import { type LocalHost, localHost, runModule } from "../run-local.test-support.ts";
import { type Attributes, archiveWithAttributes, attributesIn, CAPABILITY } from "./xattrs.test-support.ts";

// Every step starts processes, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const ALL: Attributes = { "user.note": "hello\nworld", "trusted.mark": "x", "security.capability": CAPABILITY };

function make(directory: string, name: string): void {
  const input = archiveWithAttributes(name, "old\n", ALL);
  execFileSync("tar", ["-C", directory, "--xattrs", "--xattrs-include=*", "-xf", "-"], { input });
  execFileSync("chattr", ["+AdS", join(directory, name)]);
}
const attributesOf = (directory: string, name: string): Attributes =>
  attributesIn(execFileSync("tar", ["-C", directory, "--xattrs", "--xattrs-include=*", "-cf", "-", name]));
const flagsOf = (path: string): string =>
  execFileSync("lsattr", ["-d", path], { encoding: "utf8" }).split(" ", 1)[0]?.replace(/[-eI]/g, "") ?? "";

/** Why attributes and flags cannot be tried here. */
function problem(): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), "k3sprov-xattrs-"));
  try {
    make(directory, "f");
    const { "security.selinux": _, ...found } = attributesOf(directory, "f");
    return JSON.stringify(found) === JSON.stringify(ALL) ? undefined : `found ${JSON.stringify(found)}`;
  } catch (error) {
    return String(error);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
const why = problem();
if (why !== undefined) console.warn(`extended attributes of replaced files are not tried for real: ${why}`);

describe.skipIf(why !== undefined).each(["dash", "bash"] as const)("a file that is replaced, with %s", (shell) => {
  let host: LocalHost;
  let path: string;
  beforeEach(async () => {
    host = await localHost(shell);
    path = join(host.directory, "f");
    make(host.directory, "f");
  });
  afterEach(async () => {
    execFileSync("chattr", ["-ia", path]);
    await host.remove();
  });
  const attributes = (): Attributes => {
    const { "security.selinux": _, ...found } = attributesOf(host.directory, "f");
    return found;
  };
  /** The same host, whose scripts find these functions first. */
  const where = (functions: Sh): LocalHost => ({
    ...host,
    run: (script, payloads) =>
      host.run(
        sh`${functions}
${script}`,
        payloads,
      ),
  });

  it("keeps its extended attributes, its capabilities and its flags", async () => {
    const inode = (await stat(path)).ino;
    expect(await runModule(host, copy, { dest: path, content: "new\n", owner: "1", mode: "0750" })).toMatchObject({
      changed: true,
    });
    // The number of the first file is free from here on.
    const replaced = (await stat(path)).ino;
    expect(replaced).not.toBe(inode);
    expect(await runModule(host, lineinfile, { path, line: "more" })).toMatchObject({ changed: true });
    expect(readFileSync(path, "utf8")).toBe("new\nmore\n");
    expect((await stat(path)).ino).not.toBe(replaced);
    expect(attributes()).toEqual(ALL);
    expect(flagsOf(path)).toBe("SdA");
  });

  it("has the flags of the old one, not those that its directory hands down", async () => {
    execFileSync("chattr", ["-S", path]);
    execFileSync("chattr", ["+S", host.directory]);
    await runModule(host, copy, { dest: path, content: "new" });
    expect(flagsOf(path)).toBe("dA");
    execFileSync("chattr", ["-dA", path]);
    await runModule(host, copy, { dest: path, content: "newer" });
    expect(flagsOf(path)).toBe("");
  });

  it("is not replaced when they cannot be kept", async () => {
    const full = where(sh`cp() { echo "cp: setting attribute 'user.note': No space left on device" >&2; return 1; }`);
    const outcome = await runModule(full, copy, { dest: path, content: "new" });
    expect(outcome.failed).toBe(
      `cannot give the new ${path} the extended attributes of the old one; nothing was changed: cp: setting attribute 'user.note': No space left on device`,
    );
    const refusing = where(sh`chattr() { echo "chattr: Operation not permitted" >&2; return 1; }`);
    expect((await runModule(refusing, copy, { dest: path, content: "new" })).failed).toBe(
      `chattr: Operation not permitted\ncannot give the new ${path} the flags of the old one (SdA); nothing was changed`,
    );
    expect([readFileSync(path, "utf8"), attributes(), flagsOf(path)]).toEqual(["old\n", ALL, "SdA"]);
  });

  it("is replaced without them where the host has no tool that knows of them", async () => {
    const poor = where(sh`lsattr() { return 127; }
cp() { echo "cp: unrecognized option '--attributes-only'" >&2; return 1; }`);
    expect(await runModule(poor, copy, { dest: path, content: "new" })).toMatchObject({ changed: true });
    expect([readFileSync(path, "utf8"), attributes(), flagsOf(path)]).toEqual(["new", {}, ""]);
  });

  it.each(["i", "a"])("stays as it is while it has the flag %s, with advice", async (flag) => {
    execFileSync("chattr", [`+${flag}`, path]);
    expect((await runModule(host, copy, { dest: path, content: "new", backup: true })).failed).toBe(
      `${path} cannot be replaced: it is immutable (flag i) or can only be appended to (flag a). Nothing was changed; the task's attributes "-i" clear the flag, "+i" lift it for the change and set it again`,
    );
    expect([readFileSync(path, "utf8"), attributes()]).toEqual(["old\n", ALL]);
  });
});
