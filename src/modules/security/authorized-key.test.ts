import { execFileSync } from "node:child_process";
import { lstat, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { optionSet, parseKeyLine, withKeys, withoutKeys } from "../support/accounts/public-keys.ts";
import { type LocalHost, localHost, makeTree, runModule, SHELLS } from "../support/run-local.test-support.ts";
import { authorizedKey } from "./authorized-key.ts";

vi.setConfig({ testTimeout: 60_000 });

const ADA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAv0n7Ri0sQmGIdmMScn6t0Xm8ATg1Yw8h5X8sCq3Vxl";
const BOB = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7";
const OLD = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBA==";

const keysOf = (text: string) => text.split("\n").flatMap((line) => parseKeyLine(line) ?? []);

describe("lines of keys", () => {
  it.each([
    [`${ADA} ada`, { options: "", type: "ssh-ed25519", comment: "ada" }],
    [`command="echo \\"a b\\"",no-pty ${ADA} ada @ home`, { options: 'command="echo \\"a b\\"",no-pty', comment: "ada @ home" }],
    [`from="10.0.0.0/8" ${ADA}`, { options: 'from="10.0.0.0/8"', comment: "" }],
  ])("%s", (line, parts) => expect(parseKeyLine(line)).toMatchObject(parts));

  it("have options in any order, whatever their case", () => {
    expect(optionSet('No-Pty,command="a,b"')).toBe(optionSet('command="a,b",no-pty'));
    expect(optionSet('command="A"')).not.toBe(optionSet('command="a"'));
  });

  it.each([
    ["nothing there", "", false, `${ADA} ada\n`],
    ["there already", `# x\n${ADA} ada\n${BOB}\n`, false, `# x\n${ADA} ada\n${BOB}\n`],
    ["no newline at the end", `${ADA} ada`, false, `${ADA} ada`],
    ["another comment", `${ADA} eve\n`, false, `${ADA} ada\n`],
    ["other options", `no-pty ${ADA} ada\n${BOB}\n`, false, `${ADA} ada\n${BOB}\n`],
    ["twice", `${ADA} ada\nno-pty ${ADA} ada\n`, false, `${ADA} ada\n`],
    ["exclusive", `# x\n${BOB}\n\n${OLD}\nrubbish that sshd may understand\n`, true, `# x\n\n${ADA} ada\n`],
  ])("are added: %s", (_name, before, exclusive, after) => {
    expect(withKeys(before, keysOf(`${ADA} ada`), exclusive)).toBe(after);
    expect(withKeys(after, keysOf(`${ADA} ada`), exclusive)).toBe(after);
  });

  it("are removed whatever stands around them", () => {
    const text = `# ${ADA}\n${BOB} b\nno-pty ${ADA} x\n${ADA}\n`;
    expect(withoutKeys(text, keysOf(ADA))).toBe(`# ${ADA}\n${BOB} b\n`);
    expect(withoutKeys(`${ADA}\n`, keysOf(ADA))).toBe("");
  });
});

describe("authorized_key refuses", () => {
  it.each([
    ["no key", { key: "# only a comment" }, '"key" holds no key'],
    [
      "something else",
      { key: "rsa AAAA ada" },
      'invalid key specified: rsa AAAA ada (a line is: [options] type key [comment], such as "ssh-ed25519 AAAA… name")',
    ],
    [
      "a key of another type",
      { key: "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAv0 ada" },
      "invalid key specified: ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIAv0 ada (it says ssh-rsa, but what follows is one of type ssh-ed25519)",
    ],
    [
      "a key that is cut off",
      { key: "ssh-rsa AAA~ ada" },
      "invalid key specified: ssh-rsa AAA~ ada (it says ssh-rsa, but what follows is no base64 of a key)",
    ],
    [
      "a private key, without showing it",
      { key: "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn" },
      '"key" holds a private key; give the public one (the file whose name ends in .pub)',
    ],
  ])("%s", async (_name, raw, message) => {
    const host = await localHost("dash");
    expect((await runModule(host, authorizedKey, { user: "root", path: "/nowhere/x", ...raw })).failed).toBe(message);
    await host.remove();
  });
});

describe.each(SHELLS)("authorized_key with %s", (shell) => {
  let host: LocalHost;
  beforeEach(async () => {
    host = await localHost(shell);
  });
  afterEach(() => host.remove());
  const at = (name: string): string => join(host.directory, name);
  const run = (raw: object) => runModule(host, authorizedKey, { user: "root", ...raw });

  it("makes the file and its directory, and removes the key", async () => {
    const made = await run({ path: at("ssh/keys"), key: `${ADA} ada\n# and\n${BOB} bob\n` });
    expect(made).toMatchObject({ changed: true, result: { keyfile: at("ssh/keys"), state: "present" } });
    expect(await readFile(at("ssh/keys"), "utf8")).toBe(`${ADA} ada\n${BOB} bob\n`);
    expect((await lstat(at("ssh"))).mode & 0o7777).toBe(0o700);
    expect((await lstat(at("ssh/keys"))).mode & 0o7777).toBe(0o600);
    expect((await run({ path: at("ssh/keys"), key: `${BOB} bob` })).changed).toBe(false);
    expect((await run({ path: at("ssh/keys"), key: BOB, state: "absent" })).changed).toBe(true);
    expect(await readFile(at("ssh/keys"), "utf8")).toBe(`${ADA} ada\n`);
    expect((await run({ path: at("ssh/keys"), key: BOB, state: "absent" })).changed).toBe(false);
  });

  it("keeps mode and owner of a file outside of the home, and bytes in another encoding", async () => {
    await makeTree(host.directory, { "keys@0644": Buffer.from([0x23, 0xe9, 0x0a]) });
    await run({ path: at("keys"), key: `${ADA} ada`, key_options: "no-pty", comment: "é" });
    const expected = Buffer.concat([Buffer.from([0x23, 0xe9, 0x0a]), Buffer.from(`no-pty ${ADA} é\n`)]);
    expect(await readFile(at("keys"))).toEqual(expected);
    expect((await lstat(at("keys"))).mode & 0o7777).toBe(0o644);
    expect((await run({ path: at("keys"), key: `${ADA} x`, key_options: "no-pty", comment: "é" })).changed).toBe(false);
  });

  it("replaces a link, or follows it when told to", async () => {
    await writeFile(at("real"), `${BOB}\n`);
    await symlink("real", at("link"));
    expect((await run({ path: at("link"), key: BOB })).changed).toBe(false);
    await run({ path: at("link"), key: ADA, follow: true });
    expect(await readFile(at("real"), "utf8")).toBe(`${BOB}\n${ADA}\n`);
    await run({ path: at("link"), key: ADA, state: "absent" });
    expect((await lstat(at("link"))).isFile()).toBe(true);
    expect(await readFile(at("real"), "utf8")).toBe(`${BOB}\n${ADA}\n`);
  });

  it("refuses a link of somebody else", async () => {
    await writeFile(at("real"), "secret\n");
    await symlink("real", at("link"));
    execFileSync("chown", ["-h", "65534", at("link")]);
    for (const follow of [true, false]) {
      expect((await run({ path: at("link"), key: ADA, follow })).failed).toBe(
        `${at("link")} is a symbolic link that nobody made; refusing to follow it as root`,
      );
    }
  });

  it("says which user or directory is missing", async () => {
    await expect(run({ user: "no-such-user", path: at("x"), key: ADA })).rejects.toThrow(
      "Failed to lookup user no-such-user: there is no such user",
    );
    await expect(run({ user: "no-such-user", key: ADA })).rejects.toThrow(
      "Failed to lookup user no-such-user: there is no such user",
    );
    await expect(run({ path: at("a/b"), key: ADA, manage_dir: false })).rejects.toThrow(
      `Destination directory ${at("a")} does not exist`,
    );
  });
});
