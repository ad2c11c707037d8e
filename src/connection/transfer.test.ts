import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Sh, sh } from "../sh.ts";
import type { ConnectionOptions, FilePayload } from "./connection.ts";
import { HostConnection } from "./host-connection.ts";
import { openLocal } from "./local.ts";

const options: ConnectionOptions = {
  kind: "local",
  name: "here",
  host: "localhost",
  hostKeyChecking: "strict",
  connectTimeoutMs: 20_000,
  reconnects: 3,
};

const shells = [
  { name: "dash", program: ["dash"] },
  { name: "bash as sh", program: ["bash", "--posix"] },
  { name: "busybox ash", program: ["busybox", "ash"] },
].filter(({ program }) => spawnSync(program[0] ?? "", [...program.slice(1), "-c", "exit 0"]).status === 0);

const sha = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");

describe.each(shells)("a large file with $name", { timeout: 60_000 }, ({ name, program }) => {
  let folder: string;
  let host: HostConnection;
  const children: ChildProcessWithoutNullStreams[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "k3sprov-transfer-"));
    mkdirSync(join(folder, "dest"));
    const environment = { ...process.env };
    if (name === "busybox ash") {
      // Its own `head`, which takes more from a pipe than it gives away, and nothing of coreutils.
      mkdirSync(join(folder, "bin"));
      spawnSync("busybox", ["--install", "-s", join(folder, "bin")]);
      environment["PATH"] = join(folder, "bin");
    }
    const [command = "", ...args] = program;
    const binary = spawnSync("sh", ["-c", `command -v ${command}`])
      .stdout.toString()
      .trim();
    const start = (): ChildProcessWithoutNullStreams => {
      const child = spawn(binary, args, { detached: true, env: environment, stdio: ["pipe", "pipe", "pipe"] });
      children.push(child);
      return child;
    };
    host = new HostConnection(options, "local", "here", openLocal("here", start));
  });
  afterEach(async () => {
    await host.close();
    children.length = 0;
    rmSync(folder, { recursive: true, force: true });
  });
  const at = (path: string): string => join(folder, path);
  const source = (content: Buffer, more: Partial<FilePayload> = {}): FilePayload => {
    writeFileSync(at("source"), content);
    return { file: at("source"), size: content.length, digest: sha(content), near: at("dest"), ...more };
  };
  const place = (payload: FilePayload, script: Sh = sh`payload_into data ${at("dest/file")}`) =>
    host.shell().run([{ script, payloads: { data: payload } }, { script: sh`echo after` }]);
  const left = (): string[] => readdirSync(at("dest")).filter((entry) => entry.startsWith("."));

  it("arrives whole, written once, closed to others, and leaves nothing else", async () => {
    const content = Buffer.concat([randomBytes(8_388_608), Buffer.alloc(5_000_000, "text that shrinks\n"), randomBytes(17)]);
    const seen = sh`ls -ld ${at("dest")}/.k3sprov.*; ls -l ${at("dest")}/.k3sprov.*/part; payload_into data ${at("dest/file")}`;
    const [result, after] = await place(source(content), seen);
    expect(result).toMatchObject({ rc: 0, stderr: Buffer.alloc(0) });
    expect(
      result?.stdout
        .toString()
        .split("\n")
        .map((line) => line.slice(0, 10)),
    ).toEqual(["drwx------", "-rw-------", ""]);
    expect(after?.stdout.toString()).toBe("after\n");
    expect(sha(readFileSync(at("dest/file")))).toBe(sha(content));
    expect(readdirSync(at("dest"))).toEqual(["file"]);
    expect(lstatSync(at("dest/file")).mode & 0o777).toBe(0o600);
    // What shrinks has been compressed, what does not has not.
    expect(host.statistics.bytesSent).toBeGreaterThan(8_388_608);
    expect(host.statistics.bytesSent).toBeLessThan(8_600_000);
  });

  it("can be read as a stream, is put together above a directory that is not there yet, and shares a section with small ones", async () => {
    const content = randomBytes(1_500_000);
    const [result] = await host.shell().run([
      {
        script: sh`payload small; payload data | wc -c; mkdir -p ${at("dest/a/b")}; payload_into data ${at("dest/a/b/c")}; payload_into small ${at("dest/s")}`,
        payloads: { small: { content: Buffer.from("tiny ") }, data: source(content, { near: at("dest/a/b") }) },
      },
    ]);
    expect(result?.stdout.toString().replace(/ +/g, " ")).toBe("tiny 1500000\n");
    expect(sha(readFileSync(at("dest/a/b/c")))).toBe(sha(content));
    expect(readFileSync(at("dest/s"), "utf8")).toBe("tiny ");
    expect(left()).toEqual([]);
  });

  it("costs a small file one round trip, and a large one a round trip for each piece besides", async () => {
    const small = await place(source(randomBytes(1_000_000)));
    expect(small[0]?.rc).toBe(0);
    const opening = host.statistics.roundTrips;
    await place(source(randomBytes(1_000_000)));
    expect(host.statistics.roundTrips - opening).toBe(1);
    await place(source(randomBytes(17_000_000)));
    // One to begin, three pieces of 8 MiB, one for the digest, one for the script.
    expect(host.statistics.roundTrips - opening - 1).toBe(6);
  });

  it("goes on where it was after the connection was lost", async () => {
    const content = randomBytes(40_000_000);
    const running = place(source(content));
    const part = (): string | undefined =>
      left()
        .map((entry) => join(at("dest"), entry, "part"))
        .find((path) => existsSync(path));
    let cuts = 0;
    const cutter = setInterval(() => {
      const path = part();
      const size = path === undefined ? 0 : (lstatSync(path, { throwIfNoEntry: false })?.size ?? 0);
      if (size < 10_000_000 * (cuts + 1) || cuts === 2) return;
      cuts += 1;
      children.at(-1)?.stdin.destroy();
    }, 2);
    const [result] = await running;
    clearInterval(cutter);
    expect(cuts).toBe(2);
    expect(result?.rc).toBe(0);
    expect(sha(readFileSync(at("dest/file")))).toBe(sha(content));
    expect(left()).toEqual([]);
    expect(children).toHaveLength(3);
    expect(host.statistics.bytesSent).toBeLessThan(70_000_000);
  });

  it("is sent again as a whole where what had arrived is not a part of it", async () => {
    const content = randomBytes(12_000_000);
    const running = place(source(content));
    const cutter = setInterval(() => {
      for (const entry of left()) {
        const path = join(at("dest"), entry, "part");
        if ((lstatSync(path, { throwIfNoEntry: false })?.size ?? 0) < 100_000) continue;
        clearInterval(cutter);
        children.at(-1)?.stdin.destroy();
        truncateSync(path, 0);
        writeFileSync(path, "not a part of it");
      }
    }, 1);
    const [result] = await running;
    expect(result?.rc).toBe(0);
    expect(sha(readFileSync(at("dest/file")))).toBe(sha(content));
    expect(left()).toEqual([]);
  });

  it("is refused when it is not what it was, is gone, or cannot be put anywhere, and the shell goes on", async () => {
    const content = randomBytes(2_000_000);
    const payload = source(content);
    const said = async (one: FilePayload) => {
      const [result, after] = await place(one);
      expect([result?.rc, after?.stdout.toString()]).toEqual([1, "after\n"]);
      expect(left()).toEqual([]);
      expect(existsSync(at("dest/file"))).toBe(false);
      return result?.stderr.toString();
    };
    expect(await said({ ...payload, digest: sha(Buffer.from("other")) })).toBe(
      `${payload.file} did not arrive as it was: it has changed while it was being copied; nothing was changed\n`,
    );
    expect(await said({ ...payload, size: 2_500_000 })).toBe(
      `${payload.file} has changed while it was being copied; nothing was changed\n`,
    );
    expect(await said({ ...payload, file: at("gone") })).toBe(
      `cannot read ${at("gone")} on the control node: ENOENT: no such file or directory, open '${at("gone")}'\n`,
    );
    expect(await said({ ...payload, near: "/proc/sys" })).toMatch(
      /^cannot bring \S+ to \/proc\/sys: mkdir: .*\/proc\/sys\/\.k3sprov\.\S+: .*; nothing was changed\n$/,
    );
  });

  it("is taken back when the time is up, or nobody wants it any more", async () => {
    const payload = source(randomBytes(60_000_000));
    await host.shell().run([{ script: sh`:` }]);
    const late = host.shell().run([{ script: sh`:`, payloads: { data: payload } }], { timeoutMs: 60 });
    await expect(late).rejects.toMatchObject({ code: "timeout", started: false });
    expect(left()).toEqual([]);
    const stop = new AbortController();
    const running = host.shell().run([{ script: sh`:`, payloads: { data: payload } }], { signal: stop.signal });
    setTimeout(() => stop.abort(), 80);
    await expect(running).rejects.toMatchObject({ code: "aborted", started: false });
    expect(left()).toEqual([]);
    expect((await host.shell().run([{ script: sh`echo on` }]))[0]?.stdout.toString()).toBe("on\n");
  });
});
