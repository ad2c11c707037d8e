import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApplyOptions, apply } from "./cli.ts";
import { converges } from "./converges.ts";
import type { TestHost } from "./host.ts";
import { freshHost } from "./pool.ts";
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

  it("keep copy's promises", async () => {
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
