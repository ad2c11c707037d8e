import { chmod, mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { Unknown } from "../../contract.ts";
import { groupQuestion, userCollector, userQuestion } from "../accounts/accounts-collector.ts";
import { ask, type LocalHost, localHost, SHELLS } from "../run-local.test-support.ts";
import { CONTENT_LIMIT, contentQuestion } from "./content-collector.ts";
import { sha256 } from "./content-difference.ts";
import { digestQuestion } from "./digest-collector.ts";
import { pathCollector, pathQuestion } from "./path-collector.ts";

// Every step starts processes, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const NAMES = ["plain", "with space", "new\nline", "quo'te\"s", "-n", "$HOME", "back\\slash", "*", "|a|b|", "ünï"];

describe.each(SHELLS)("%s", (shell) => {
  let host: LocalHost;
  beforeAll(async () => {
    host = await localHost(shell);
    for (const name of NAMES) await writeFile(join(host.directory, name), `content of ${name}`);
    await mkdir(join(host.directory, "sub"));
    await symlink("plain", join(host.directory, "link"));
    await symlink("nowhere\n", join(host.directory, "dangling"));
    await symlink("sub", join(host.directory, "to-sub"));
    await chmod(join(host.directory, "plain"), 0o4750);
  });
  afterAll(() => host.remove());
  const at = (name: string): string => join(host.directory, name);

  it("tells what is at many paths at once", async () => {
    const names = [...NAMES, "gone", "gone/too", "plain/x", "sub", "link", "dangling", "to-sub"];
    const answers = await ask(
      host,
      names.map((name) => pathQuestion(at(name))),
    );
    const seen = (name: string): unknown => answers.get(`path\n${at(name)}`);
    for (const name of NAMES)
      expect(seen(name)).toMatchObject({ kind: "file", size: Buffer.byteLength(`content of ${name}`), owner: "root", uid: 0 });
    expect(seen("plain")).toMatchObject({ mode: 0o4750 });
    expect(seen("gone")).toEqual({ kind: "absent" });
    expect(seen("gone/too")).toEqual({ kind: "absent" });
    expect(seen("plain/x")).toEqual({ kind: "absent" });
    expect(seen("sub")).toMatchObject({ kind: "directory" });
    expect(seen("link")).toMatchObject({
      kind: "link",
      link: { target: "plain", path: at("plain"), inode: { kind: "file", mode: 0o4750 } },
    });
    expect(seen("dangling")).toMatchObject({ kind: "link", link: { target: "nowhere\n", inode: null } });
    expect(seen("to-sub")).toMatchObject({ kind: "link", link: { target: "sub", inode: { kind: "directory" } } });
  });

  it("reads digests and contents of many files at once", async () => {
    const names = [...NAMES, "link", "gone", "sub"];
    const answers = await ask(
      host,
      names.flatMap((name) => [digestQuestion(at(name)), digestQuestion(at(name), "sha1"), contentQuestion(at(name))]),
    );
    for (const name of NAMES) {
      const content = Buffer.from(`content of ${name}`);
      expect(answers.get(`digest\nsha256 ${at(name)}`), name).toBe(sha256(content));
      expect(answers.get(`digest\nsha1 ${at(name)}`), name).toHaveLength(40);
      expect(answers.get(`content\n${at(name)}`), name).toEqual({ kind: "file", base64: content.toString("base64") });
    }
    expect(answers.get(`digest\nsha256 ${at("link")}`)).toBe(sha256(Buffer.from("content of plain")));
    expect(answers.get(`digest\nsha256 ${at("gone")}`)).toBeNull();
    expect(answers.get(`digest\nsha256 ${at("sub")}`)).toBeNull();
    expect(answers.get(`content\n${at("gone")}`)).toEqual({ kind: "none" });
    expect(answers.get(`content\n${at("sub")}`)).toEqual({ kind: "other" });
  });

  it("brings no file over that is above the limit, and those beside it", async () => {
    const names = ["large", "at the limit", "link to large", "plain"];
    for (const [name, size] of [
      ["large", CONTENT_LIMIT + 1],
      ["at the limit", CONTENT_LIMIT],
    ] as const) {
      await writeFile(at(name), "");
      await truncate(at(name), size);
    }
    await symlink("large", at("link to large"));
    const answers = await ask(
      host,
      names.map((name) => contentQuestion(at(name))),
    );
    const seen = names.map((name) => answers.get(`content\n${at(name)}`));
    const large = { kind: "too-large", size: CONTENT_LIMIT + 1 };
    expect([seen[0], seen[2]]).toEqual([large, large]);
    expect(seen[1]).toMatchObject({ kind: "file", base64: expect.stringMatching(/^A+=*$/) });
    expect(seen[3]).toMatchObject({ kind: "file" });
    // Alone it is under no file that is too large, and nobody asks for its size.
    const alone = await ask(host, [contentQuestion(at("at the limit"))]);
    expect(alone.get(`content\n${at("at the limit")}`)).toEqual(seen[1]);
  });

  it("reads files that say they are empty", async () => {
    const answers = await ask(host, [contentQuestion("/proc/sys/kernel/ostype")]);
    expect(answers.get("content\n/proc/sys/kernel/ostype")).toEqual({
      kind: "file",
      base64: Buffer.from("Linux\n").toString("base64"),
    });
  });

  it("looks accounts up by name and number", async () => {
    const answers = await ask(host, [
      ...["root", "0", "nobody-of-that-name", "-x", ""].map(userQuestion),
      groupQuestion("daemon"),
      groupQuestion("gone"),
    ]);
    expect(answers.get("user-account\nroot")).toMatchObject({ name: "root", uid: 0, gid: 0, home: "/root" });
    expect(answers.get("user-account\n0")).toMatchObject({ name: "root" });
    expect(answers.get("user-account\nnobody-of-that-name")).toBeNull();
    expect(answers.get("user-account\n-x")).toBeNull();
    expect(answers.get("user-account\n")).toBeNull();
    expect(answers.get("group-account\ndaemon")).toEqual({ name: "daemon", gid: 1, members: [] });
    expect(answers.get("group-account\ngone")).toBeNull();
  });

  it("keeps any content", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        await writeFile(at("bytes"), bytes);
        const answers = await ask(host, [contentQuestion(at("bytes")), digestQuestion(at("bytes"))]);
        expect(answers.get(`content\n${at("bytes")}`)).toEqual({ kind: "file", base64: Buffer.from(bytes).toString("base64") });
        expect(answers.get(`digest\nsha256 ${at("bytes")}`)).toBe(sha256(bytes));
      }),
      { numRuns: 15 },
    );
  });
});

describe("answers that are not known", () => {
  const nothing = { rc: 127, stdout: Buffer.alloc(0), stderr: Buffer.from('the host has no "stat" command\n') };
  const traits = {
    kernel: "",
    machine: "",
    osFamily: [],
    serviceManager: "none",
    packageManager: "none",
    selinux: false,
    userId: 0,
    home: "/",
    commands: new Set<string>(),
  } as const;

  it("are not absence", () => {
    expect(pathCollector.decode(nothing, ["/x"], traits)).toEqual([new Unknown('stat failed: the host has no "stat" command')]);
    expect(pathCollector.decode({ rc: 0, stdout: Buffer.from("\0!\0"), stderr: Buffer.alloc(0) }, ["/x/y"], traits)).toEqual([
      new Unknown("cannot look at /x/y: permission denied"),
    ]);
    expect(userCollector.decode(nothing, ["bob", ""], traits)).toEqual([
      new Unknown('cannot look up the account "bob": the host has no "stat" command'),
      null,
    ]);
  });
});
