import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApplyOptions, apply } from "./cli.ts";
import { converges } from "./converges.ts";
import type { TestHost } from "./host.ts";
import { freshHost, freshHosts } from "./pool.ts";
import { runFolder } from "./run.ts";

const play = (...tasks: readonly string[]): string =>
  `- hosts: all\n  become: true\n  gather_facts: false\n  tasks:\n${tasks.map((task) => `    - { ${task} }\n`).join("")}`;

const sha256 = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");
const MiB = 1_048_576;

describe("large files", () => {
  const host = freshHost();
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(runFolder(), "large-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Random blocks with long stretches of zeros between them: something of each kind of piece. */
  function sparseFile(name: string, size: number): string {
    const path = join(folder, name);
    const file = openSync(path, "w");
    for (let at = 0; at < size; at += 48 * MiB) writeSync(file, randomBytes(3 * MiB), 0, 3 * MiB, at);
    truncateSync(path, size);
    return path;
  }

  /** Peak of the memory of one k3sprov process, in bytes. */
  async function peakOf(playbook: string, options: ApplyOptions = {}) {
    const at = join(folder, "peak");
    const hook = join(folder, "peak.mjs");
    writeFileSync(
      hook,
      `import { writeFileSync } from "node:fs";\nprocess.on("exit", () => writeFileSync(${JSON.stringify(at)}, String(process.resourceUsage().maxRSS)));\n`,
    );
    const report = await apply([host()], playbook, { ...options, env: { NODE_OPTIONS: `--import ${hook}` } });
    return { report, bytes: Number(readFileSync(at, "utf8")) * 1024 };
  }

  const hidden = (one: TestHost) => one.read("find / -xdev -name '.k3sprov.*' 2>/dev/null | head");

  it("are copied in constant memory, and once", { timeout: 240_000 }, async () => {
    const src = sparseFile("sparse", 300 * MiB);
    const small = join(folder, "small");
    writeFileSync(small, "small");
    const base = await peakOf(play(`copy: { src: ${small}, dest: /srv/small }`));
    const large = await peakOf(play(`name: large, copy: { src: ${src}, dest: /srv/large, mode: '0640' }`));
    expect(large.report.changes).toEqual({ fresh1: ["large"] });
    console.log(`peak memory: ${base.bytes / MiB} MiB with a small file, ${large.bytes / MiB} MiB with one of 300 MiB`);
    expect(large.bytes - base.bytes).toBeLessThan(150 * MiB);
    expect(await host().read("sha256sum /srv/large; stat -c '%a %U' /srv/large; ls -A /srv")).toBe(
      `${sha256(readFileSync(src))}  /srv/large\n640 root\nlarge\nsmall`,
    );
    expect(await hidden(host())).toBe("");
    const again = await peakOf(play(`copy: { src: ${src}, dest: /srv/large, mode: '0640' }`));
    expect(again.report.changes).toEqual({});
    expect(again.report.costs["fresh1"]?.bytesSent).toBeLessThan(50_000);
    // Seven blocks of 3 MiB do not shrink, the rest hardly counts.
    expect(large.report.costs["fresh1"]?.bytesSent).toBeLessThan(100 * MiB);
    await host().read("rm /srv/large /srv/small");
  });

  it("keep copy's promises", { timeout: 420_000 }, async () => {
    const src = sparseFile("fifty", 50 * MiB);
    await converges(
      host(),
      play(`name: fifty, copy: { src: ${src}, dest: /srv/new/fifty, mode: '0600' }`).replace(
        "tasks:\n",
        "tasks:\n    - { name: folder, file: { path: /srv/new, state: directory } }\n",
      ),
      {
        changed: ["folder", "fifty"],
        disturb: [
          { by: "printf x | dd of=/srv/new/fifty bs=1 seek=1000000 conv=notrunc", repairedBy: "fifty" },
          { by: "chmod 644 /srv/new/fifty", repairedBy: "fifty" },
        ],
        absent: play("file: { path: /srv/new, state: absent }"),
      },
    );
  });

  it("leave the old file and nothing else when the disk is full", async () => {
    const src = join(folder, "fifty");
    await host().read("mkdir /mnt/full && mount -t tmpfs -o size=20m none /mnt/full && echo old >/mnt/full/file");
    const report = await apply([host()], play(`copy: { src: ${src}, dest: /mnt/full/file }`), { rc: 2 });
    // What complains is the tool that writes: this file shrinks at its end, where the disk is full.
    expect(report.stdout).toContain(
      `"msg": "could not write all of ${src} below /mnt/full: gzip: stdout: No space left on device; nothing was changed"`,
    );
    expect(await host().read("cat /mnt/full/file; ls -A /mnt/full")).toBe("old\nfile");
    await host().read("umount /mnt/full && rmdir /mnt/full");
  });
});

describe("fetch", () => {
  const hosts = freshHosts(2, { prefix: "source" });
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(runFolder(), "fetched-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const at = (path: string): string => join(folder, path);

  it("brings files of several hosts, once, whole and as foretold", async () => {
    for (const host of hosts()) {
      await host.read("head -c 9000000 /dev/urandom >/srv/large; head -c 6000000 /dev/zero >>/srv/large; chmod 600 /srv/large");
    }
    const text = play(
      `name: large, fetch: { src: /srv/large, dest: ${at("all")} }, register: got`,
      `name: name, fetch: { src: /etc/hostname, dest: '${at("names")}/{{ inventory_hostname }}', flat: true }`,
      `name: gone, fetch: { src: /srv/gone, dest: ${at("all")}, fail_on_missing: false }`,
      "name: fields, assert: { that: [got.checksum == got.remote_checksum, got.md5sum is defined, got.dest is file, got.src == '/srv/large'] }, when: not ansible_check_mode",
    );
    const both = { source1: ["large", "name"], source2: ["large", "name"] };
    expect((await apply(hosts(), text, { check: true })).changes).toEqual(both);
    expect(existsSync(at("all"))).toBe(false);
    expect((await apply(hosts(), text)).changes).toEqual(both);
    for (const host of hosts()) {
      const path = at(`all/${host.name}/srv/large`);
      expect(`${sha256(readFileSync(path))}  /srv/large`).toBe(await host.read("sha256sum /srv/large"));
      expect(readFileSync(at(`names/${host.name}`), "utf8")).toBe(`${host.name}\n`);
    }
    expect(readdirSync(at("all/source1/srv"))).toEqual(["large"]);
    const again = await apply(hosts(), text);
    expect(again.changes).toEqual({});
    expect(again.costs["source1"]?.bytesReceived).toBeLessThan(50_000);
    writeFileSync(at("names/source1"), "drift");
    expect((await apply(hosts(), text, { check: true })).changes).toEqual({ source1: ["name"] });
    expect((await apply(hosts(), text)).changes).toEqual({ source1: ["name"] });
  });

  it.each([
    ["{ src: /srv/gone, dest: /tmp/x }", "the remote file does not exist: /srv/gone"],
    ["{ src: /etc, dest: /tmp/x }", "/etc is a directory, which fetch does not bring over"],
    ["{ src: /dev/null, dest: /tmp/x }", "/dev/null is a character, not a regular file"],
    [
      "{ src: /etc/passwd, dest: /tmp, flat: true }",
      "dest is an existing directory; with a slash at its end the file goes into it: /tmp",
    ],
    [
      "{ src: /etc/passwd, dest: /proc/no }",
      "cannot write /proc/no/source1/etc/passwd on the control node: ENOENT: no such file or directory, mkdir '/proc/no'",
    ],
  ])("refuses %s", async (parameters, message) => {
    const [host] = hosts();
    const report = await apply(host === undefined ? [] : [host], play(`fetch: ${parameters}`), { rc: 2 });
    expect(report.stdout).toContain(`"msg": "${message}"`);
  });
});

describe("script", () => {
  const host = freshHost();

  it("runs a script of the control node, unless what it makes is there", async () => {
    const text = play(
      "name: make, script: { cmd: make.sh '/srv/made file', creates: /srv/made file }, register: made",
      "name: told, assert: { that: \"made.rc == 0 and made.stdout == 'made'\" }, when: made is changed and not ansible_check_mode",
    );
    const files = { "files/make.sh": '#!/bin/sh\necho made >"$1"; cat "$1"\n' };
    expect((await apply([host()], text, { files, check: true })).changes).toEqual({ fresh1: ["make"] });
    expect((await apply([host()], text, { files })).changes).toEqual({ fresh1: ["make"] });
    expect((await apply([host()], text, { files })).changes).toEqual({});
    expect((await apply([host()], text, { files, check: true })).changes).toEqual({});
    expect(await host().read("find /tmp /var/tmp /root -name '.k3sprov*'")).toBe("");
  });

  it("finds a place where programs may be started", async () => {
    await host().read("mount -t tmpfs -o noexec none /tmp");
    const report = await apply([host()], play("script: where.sh"), { files: { "files/where.sh": "#!/bin/sh\necho $0\n" } });
    expect(report.stdout).toMatch(/"stdout": "\/var\/tmp\/\.k3sprov\.[0-9a-f]{32}\/where\.sh"/);
    await host().read("umount /tmp");
  });
});

describe("unarchive", () => {
  // The one image that has zstd.
  const host = freshHost({ image: "proxy" });

  it("keeps its promises", { timeout: 420_000 }, async () => {
    await host().read(
      "mkdir -p /root/t/sub && echo one >/root/t/one && echo two >/root/t/sub/two && ln -s one /root/t/link && chmod 750 /root/t/sub",
    );
    await host().read(
      "tar -C /root -cf /root/t.tar t && tar -C /root -czf /root/t.tgz t && tar -C /root --zstd -cf /root/t.tar.zst t && rm -r /root/t",
    );
    const folder = mkdtempSync(join(runFolder(), "archive-"));
    writeFileSync(join(folder, "t.tgz"), Buffer.from(await host().read("base64 -w0 /root/t.tgz"), "base64"));
    const text = play(
      "name: folders, file: { path: '{{ item }}', state: directory }, loop: [/srv/here, /srv/there, /srv/zst]",
      `name: here, unarchive: { src: ${join(folder, "t.tgz")}, dest: /srv/here, owner: deploy }`,
      "name: there, unarchive: { src: /root/t.tar, dest: /srv/there, remote_src: true, extra_opts: ['--strip-components=1'] }",
      "name: zst, unarchive: { src: /root/t.tar.zst, dest: /srv/zst, remote_src: true, keep_newer: true, exclude: [link, 'o*'], list_files: true }, register: zst",
      "assert: { that: \"zst.files | sort == ['t', 't/sub', 't/sub/two']\" }, when: zst is defined and not ansible_check_mode",
    );
    await converges(host(), text, {
      changed: ["folders", "here", "there", "zst"],
      disturb: [
        { by: "echo drift >/srv/here/t/sub/two", repairedBy: "here" },
        { by: "ln -sfn two /srv/there/link", repairedBy: "there" },
        { by: "chmod 700 /srv/there/sub", repairedBy: "there" },
        { by: "echo drift >/srv/zst/t/sub/two; touch -d 2001-01-01 /srv/zst/t/sub/two", repairedBy: "zst" },
      ],
      absent: play("file: { path: '{{ item }}', state: absent }, loop: [/srv/here, /srv/there, /srv/zst]"),
    });
    await host().read("mkdir -p /srv/zst/t/sub && echo newer >/srv/zst/t/sub/two");
    await apply([host()], play("unarchive: { src: /root/t.tar.zst, dest: /srv/zst, remote_src: true, keep_newer: true }"));
    expect(await host().read("cat /srv/zst/t/one /srv/zst/t/sub/two; rm -r /srv/zst")).toBe("one\nnewer");
    rmSync(folder, { recursive: true });
  });

  it("says what is missing to unpack an archive", async () => {
    await host().read("printf '\\375\\067\\172\\130\\132\\000xz' >/root/t.xz");
    const report = await apply([host()], play("unarchive: { src: /root/t.xz, dest: /srv, remote_src: true }"), { rc: 2 });
    expect(report.stdout).toContain('"msg": "cannot list /root/t.xz: there is no \\"xz\\" to unpack /root/t.xz with"');
  });

  it("changes nothing where its user may not write, nor when the archive is no archive", async () => {
    await host().read(
      "mkdir -p /root/u && echo x >/root/u/x && tar -C /root -cf /srv/u.tar u && head -c 4000 /dev/urandom >/srv/bad.tgz",
    );
    const refused = async (parameters: string, on: TestHost, become: string): Promise<string> => {
      const text = `- hosts: all\n  gather_facts: false\n  become: ${become}\n  tasks:\n    - unarchive: { ${parameters}, remote_src: true }\n`;
      return (await apply([on], text, { rc: 2 })).stdout;
    };
    const deploy = host().as("deploy");
    expect(await refused("src: /srv/u.tar, dest: /etc", deploy, "false")).toMatch(
      /mkdir: cannot create directory '\/etc\/\.k3sprov\.[0-9a-f]{32}': Permission denied/,
    );
    await host().read("chmod 600 /srv/u.tar");
    expect(await refused("src: /srv/u.tar, dest: /tmp", deploy, "false")).toContain(
      '"msg": "cannot list /srv/u.tar: cannot read /srv/u.tar"',
    );
    expect(await refused("src: /srv/bad.tgz, dest: /tmp", host(), "true")).toContain('"msg": "cannot list /srv/bad.tgz: ');
    expect(await host().read("ls -A /etc /tmp | grep -e k3sprov -e '^u$' || :; rm -r /root/u /srv/u.tar /srv/bad.tgz")).toBe("");
  });

  it("changes nothing when the disk is full", async () => {
    await host().read("head -c 9000000 /dev/zero | tr '\\0' x >/root/big && tar -C /root -czf /root/big.tgz big");
    await host().read("mkdir /mnt/full && mount -t tmpfs -o size=4m none /mnt/full && echo old >/mnt/full/big");
    const report = await apply([host()], play("unarchive: { src: /root/big.tgz, dest: /mnt/full, remote_src: true }"), { rc: 2 });
    expect(report.stdout).toContain("could not unpack the archive to /mnt/full; is the disk full? Nothing was changed");
    expect(await host().read("cat /mnt/full/big; ls -A /mnt/full")).toBe("old\nbig");
    await host().read("umount /mnt/full && rmdir /mnt/full && rm /root/big /root/big.tgz");
  });
});
