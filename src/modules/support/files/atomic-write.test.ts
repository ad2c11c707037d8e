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

  it("takes the place of a link to a directory, instead of moving into it", async () => {
    const inner = join(host.directory, "d");
    await host.run(sh`mkdir ${inner}; ln -s d ${join(host.directory, "l")}`);
    expect((await run(writeScript(write(join(host.directory, "l")), host.traits))).rc).toBe(0);
    expect(await readFile(join(host.directory, "l"))).toEqual(CONTENT);
    expect(await readdir(inner)).toEqual([]);
  });

  it("makes a backup, and nothing else stays", async () => {
    const output = await run(writeScript(write(dest, { backup: true, replaces: true }), host.traits));
    expect(output.rc).toBe(0);
    const [backup = "", ...rest] = (await readdir(host.directory)).filter((name) => name !== "f");
    expect(rest).toEqual([]);
    expect(`backup_file=${join(host.directory, backup)}\0`).toBe(output.stdout.toString());
    expect(await readFile(join(host.directory, backup), "utf8")).toBe("old");
    expect((await statOf(join(host.directory, backup))).mode & 0o777).toBe(0o600);
  });

  describe("where somebody else has the directory", () => {
    let victim: string;
    beforeEach(async () => {
      victim = join(host.directory, "victim");
      await host.run(sh`mkdir ${join(host.directory, "home")}; chown 1234:1234 ${join(host.directory, "home")} || true`);
      await host.run(sh`mkdir ${victim}; echo secret > ${join(victim, ".k3sprov.new")}; echo secret > ${join(victim, "f")}`);
    });
    const expectVictimUntouched = async (): Promise<void> => {
      expect(await readdir(victim)).toEqual([".k3sprov.new", "f"]);
      expect(await readFile(join(victim, ".k3sprov.new"), "utf8")).toBe("secret\n");
      expect(await readFile(join(victim, "f"), "utf8")).toBe("secret\n");
    };
    // What the owner of the directory would do between mktemp and the next command.
    const swapped = (by: Sh): Sh =>
      sh`mktemp() { k3_made=$(command mktemp "$@") && mv "$k3_made" "$k3_made.away" && ${by} && echo "$k3_made"; }`;

    it("does not go through a link that was put in the place of its own directory", async () => {
      const output = await run(joinSh([swapped(sh`ln -s ${victim} "$k3_made"`), writeScript(write(dest), host.traits)]));
      expect(output).toMatchObject({ rc: 1 });
      expect(output.stderr.toString()).toBe(`somebody interferes with the temporary directory in ${host.directory}\n`);
      expect(await readFile(dest, "utf8")).toBe("old");
      await expectVictimUntouched();
    });

    it("does not use a directory that others may write to", async () => {
      const open = swapped(sh`mkdir "$k3_made" && chmod 777 "$k3_made"`);
      const output = await run(joinSh([open, writeScript(write(dest), host.traits)]));
      expect(output.stderr.toString()).toBe(
        `others could write into the temporary directory beside ${dest}: the file system keeps no permissions, or somebody interferes. Nothing was changed; unsafe_writes: true does without\n`,
      );
      expect(await readFile(dest, "utf8")).toBe("old");
    });

    // Only root can be led somewhere that the user could not go.
    describe.runIf(process.getuid?.() === 0)("as root", () => {
      const home = (): string => join(host.directory, "home");

      it("does not follow the user's link to what is not the user's", async () => {
        const link = join(home(), "link");
        await host.run(sh`ln -s ${victim} ${link}; chown -h 1234:1234 ${link}`);
        const output = await run(writeScript(write(join(link, "f")), host.traits));
        expect(output).toMatchObject({ rc: 1 });
        expect(output.stderr.toString()).toBe(
          `a symbolic link in ${link}, which user number 1234 may have made, leads to ${victim}, which is another's; refusing to follow it as root\n`,
        );
        await expectVictimUntouched();
      });

      it.each<[string, Sh]>([
        ["the user's link to the user's own", sh`mkdir real; chown -h 1234:1234 real; ln -s real link; chown -h 1234:1234 link`],
        ["root's link", sh`mkdir real; ln -s real link; cd ..; chown 0:0 home`],
      ])("follows %s", async (_, make) => {
        await host.run(sh`cd ${home()} && ${make}`);
        expect((await run(writeScript(write(join(home(), "link/f")), host.traits))).stderr.toString()).toBe("");
        expect(await readFile(join(home(), "real/f"))).toEqual(CONTENT);
      });
    });
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
    expect(text.indexOf('k3_place "$k3_tmp"')).toBeGreaterThan(text.indexOf("chcon -t etc_t"));
    expect(writeScript(write("/etc/f"), unknownTraits).text).not.toContain("chcon");
  });

  it("put the new file's name in the place of %s, and run no shell", () => {
    expect(validationCommand("visudo -cf %s").text).toBe('visudo -cf "$k3_dir/$k3_tmp"');
    expect(validationCommand("x --file=%s 'a;b'").text).toBe(`x '--file='"$k3_dir/$k3_tmp" 'a;b'`);
    expect(() => validationCommand("x '%s")).toThrow("validate is no command line: a quotation is not closed: x '%s");
  });
});
