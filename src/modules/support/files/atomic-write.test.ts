import { readdir, readFile, stat as statOf, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { joinSh, type Sh, sh } from "../../../sh.ts";
import { ask, type LocalHost, localHost, SHELLS } from "../run-local.test-support.ts";
import { unknownTraits } from "../traits.ts";
import { type FileWrite, validationCommand, writeScript } from "./atomic-write.ts";
import type { Inode } from "./path-collector.ts";
import { pathQuestion } from "./path-collector.ts";

// Every step starts processes, on machines that may be busy.
vi.setConfig({ testTimeout: 60_000 });

const CONTENT = Buffer.alloc(5000, "x");
const write = (dest: string, more: Partial<FileWrite> = {}): FileWrite => ({
  dest,
  from: { payload: "content", size: CONTENT.byteLength },
  previous: undefined,
  replaces: false,
  set: {},
  wanted: {},
  validate: undefined,
  backup: false,
  unsafeWrites: false,
  ...more,
});

describe.each(SHELLS)("writeScript with %s", (shell) => {
  let host: LocalHost;
  let dest: string;
  beforeEach(async () => {
    host = await localHost(shell);
    dest = join(host.directory, "f");
    await writeFile(dest, "old", { mode: 0o600 });
  });
  afterEach(() => host.remove());
  const run = (script: Sh, content: Uint8Array = CONTENT) => host.run(script, { content: { content } });
  const expectUntouched = async (): Promise<void> => {
    expect(await readFile(dest, "utf8")).toBe("old");
    expect(await readdir(host.directory)).toEqual(["f"]);
  };

  it("leaves the old file when the disk is full", async () => {
    const output = await run(joinSh([sh`trap '' XFSZ; ulimit -f 2`, writeScript(write(dest), host.traits)]));
    expect(output.rc).not.toBe(0);
    expect(output.stderr.toString()).toContain(
      `could not write the new content of ${dest}; is the disk full? Nothing was changed`,
    );
    await expectUntouched();
  });

  it("leaves the old file when content is cut short without an error", async () => {
    const output = await run(writeScript(write(dest), host.traits), CONTENT.subarray(1));
    expect(output.stderr.toString()).toBe(`could not write all of ${dest}; is the disk full? Nothing was changed\n`);
    await expectUntouched();
  });

  it("leaves the old file, and nothing else, when it is terminated", async () => {
    const killed = sh`payload() { printf half; sh -c 'kill -TERM $PPID'; }`;
    expect((await run(joinSh([killed, writeScript(write(dest), host.traits)]))).rc).not.toBe(0);
    await expectUntouched();
  });

  it("does not move into a directory that came to be there", async () => {
    const output = await run(writeScript(write(host.directory), host.traits));
    expect(output).toMatchObject({ rc: 1 });
    expect(output.stderr.toString()).toBe(`${host.directory} is a directory\n`);
  });

  it("never lets others read the new content before it has its mode", async () => {
    const seen = join(host.directory, "seen");
    const validate = `sh -c 'stat -c %%a "$1" > ${seen}' sh %s`;
    const script = writeScript(write(dest, { set: { mode: 0o644 }, validate }), host.traits);
    expect((await run(script)).rc).toBe(0);
    expect(await readFile(seen, "utf8")).toBe("600\n");
    expect((await statOf(dest)).mode & 0o777).toBe(0o644);
  });

  it("keeps owner, mode and ACL of the old file", async () => {
    await host.run(sh`chown 1:2 ${dest}; chmod 2640 ${dest}; if command -v setfacl; then setfacl -m u:3:r ${dest}; fi`);
    const previous = (await ask(host, [pathQuestion(dest)])).get(`path\n${dest}`);
    // The collector's answer for a file that is there.
    expect((await run(writeScript(write(dest, { previous: previous as Inode }), host.traits))).rc).toBe(0);
    expect(await statOf(dest)).toMatchObject({ uid: 1, gid: 2, size: CONTENT.byteLength });
    expect((await statOf(dest)).mode & 0o7777).toBe(0o2640);
    const acl = await host.run(sh`if command -v getfacl > /dev/null; then getfacl -c -n -p -s ${dest}; fi`);
    if (acl.stdout.length > 0) expect(acl.stdout.toString()).toContain("user:3:r--");
  });

  it("works beside names that a shell would take apart", async () => {
    const odd = join(host.directory, `a'b "c $(id) ;*\n-rf`);
    expect((await run(writeScript(write(odd, { validate: "test -s %s" }), host.traits))).rc).toBe(0);
    expect(await readFile(odd)).toEqual(CONTENT);
  });
});

describe("scripts", () => {
  it("set SELinux contexts before the rename", () => {
    const traits = { ...unknownTraits, selinux: true };
    const text = writeScript(write("/etc/f", { wanted: { context: { type: "etc_t" } } }), traits).text;
    expect(text.indexOf("chcon -t etc_t")).toBeGreaterThan(text.indexOf("payload content"));
    expect(text.indexOf("mv -f")).toBeGreaterThan(text.indexOf("chcon -t etc_t"));
    expect(writeScript(write("/etc/f"), unknownTraits).text).not.toContain("chcon");
  });

  it("put the new file's name in the place of %s, and run no shell", () => {
    expect(validationCommand("visudo -cf %s").text).toBe('visudo -cf "$k3_tmp"');
    expect(validationCommand("x --file=%s 'a;b'").text).toBe(`x '--file='"$k3_tmp" 'a;b'`);
    expect(() => validationCommand("x '%s")).toThrow("validate is no command line: a quotation is not closed: x '%s");
  });
});
