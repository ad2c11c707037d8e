import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Sh, sh } from "../sh.ts";
import type { ConnectionOptions, Section, SectionResult, Shell } from "./connection.ts";
import { HostConnection } from "./host-connection.ts";
import { openLocal } from "./local.ts";

const options: ConnectionOptions = {
  kind: "local",
  name: "here",
  host: "localhost",
  hostKeyChecking: "strict",
  connectTimeoutMs: 20_000,
};

/** A connection whose shells are `program`, whatever /bin/sh is on this machine. */
function connection(
  program: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
  more: Partial<ConnectionOptions> = {},
) {
  const [command = "/bin/sh", ...args] = program;
  const start = (): ChildProcessWithoutNullStreams =>
    spawn(command, args, { detached: true, env: environment, stdio: ["pipe", "pipe", "pipe"] });
  return new HostConnection({ ...options, ...more }, "local", "here", openLocal("here", start));
}

const shells = [
  { name: "dash", program: ["dash"] },
  { name: "bash as sh", program: ["bash", "--posix"] },
  { name: "busybox ash", program: ["busybox", "ash"] },
].filter(({ program }) => spawnSync(program[0] ?? "", [...program.slice(1), "-c", "exit 0"]).status === 0);

const text = (result: SectionResult | undefined) => [
  result?.rc,
  result?.stdout.toString("latin1"),
  result?.stderr.toString("latin1"),
];
const sha = (content: Uint8Array) => createHash("sha256").update(content).digest("hex");

describe.each(shells)("$name", { timeout: 30_000 }, ({ name, program }) => {
  let host: HostConnection;
  let shell: Shell;
  beforeAll(() => {
    host = connection(program);
    shell = host.shell();
  });
  afterAll(() => host.close());
  const run = async (...sections: readonly Section[]) => (await shell.run(sections)).map(text);
  const one = async (script: Sh, rest: Omit<Section, "script"> = {}) => (await run({ script, ...rest }))[0];

  it("survives whatever a section does", async () => {
    const results = await run(
      { script: sh`exit 3` },
      { script: sh`exec false` },
      { script: sh`set -e; false; echo never` },
      { script: sh`cd /; umask 077; trap 'echo bye' EXIT; LEAK=1` },
      { script: sh`pwd; umask; echo "\${LEAK-none}"` },
      { script: sh`kill -9 "$(exec sh -c 'echo $PPID')"` },
      { script: sh`cat; read -r line || echo "no input"` },
      { script: sh`printf 'no newline'; printf 'nor here' >&2; false` },
      { script: new Sh("-x looks like an option") },
      { script: new Sh("") },
    );
    expect(results.slice(0, 4)).toEqual([
      [3, "", ""],
      [1, "", ""],
      [1, "", ""],
      [0, "bye\n", ""],
    ]);
    expect(results[4]).toEqual([
      0,
      `${process.cwd()}\n0022\nnone\n`.replace("0022", results[4]?.[1]?.toString().includes("0022") ? "0022" : "022"),
      "",
    ]);
    expect(results[5]?.[0]).toBe(137);
    expect(results[6]).toEqual([0, "no input\n", ""]);
    expect(results[7]).toEqual([1, "no newline", "nor here"]);
    expect(results[8]?.[0]).toBe(127);
    expect(results[9]).toEqual([0, "", ""]);
  });

  it.each(["if", "case x in", "echo 'open", 'echo "open', ")", "cat <<EOF\nopen", "}", "for", "$(", "`"])(
    "survives the syntax of %j",
    async (script) => {
      const [broken, after] = await run({ script: new Sh(script) }, { script: sh`echo here` });
      expect(after).toEqual([0, "here\n", ""]);
      // An unfinished here-document is only a warning everywhere.
      if (!script.startsWith("cat")) expect(broken?.[0]).not.toBe(0);
    },
  );

  it("does not wait for what stays in the background", async () => {
    const started = performance.now();
    const results = await run({ script: sh`sleep 3 & echo started` }, { script: sh`echo next` });
    expect(results).toEqual([
      [0, "started\n", ""],
      [0, "next\n", ""],
    ]);
    expect(performance.now() - started).toBeLessThan(2500);
  });

  it("gives back any bytes on both streams, and any text in quotes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        fc.uint8Array({ maxLength: 300 }),
        fc.string({ unit: "binary" }),
        async (out, err, word) => {
          const value = word.replaceAll("\0", "");
          const [bytes, quoted, variable] = await shell.run([
            { script: sh`payload out; payload err >&2`, payloads: { out: { content: out }, err: { content: err } } },
            { script: sh`printf %s ${value}` },
            { script: sh`printf %s "$VALUE"`, environment: { VALUE: value } },
          ]);
          expect(bytes?.stdout.equals(out)).toBe(true);
          expect(bytes?.stderr.equals(err)).toBe(true);
          expect(quoted?.stdout.toString("utf8")).toBe(Buffer.from(value).toString("utf8"));
          expect(variable?.stdout.toString("utf8")).toBe(Buffer.from(value).toString("utf8"));
        },
      ),
      { numRuns: 40 },
    );
  });

  it("carries megabytes both ways", async () => {
    const content = randomBytes(3_000_000);
    const [result] = await shell.run([{ script: sh`payload data; payload data >&2`, payloads: { data: { content } } }]);
    expect(sha(result?.stdout ?? Buffer.alloc(0))).toBe(sha(content));
    expect(sha(result?.stderr ?? Buffer.alloc(0))).toBe(sha(content));
  });

  it("carries long text, and several payloads, more than once", async () => {
    const long = Buffer.from(Array.from({ length: 20_000 }, (_, index) => `line ${index} 'quoted' $(not run) \\n`).join("\n"));
    const script = sh`payload long | cksum; payload long | cksum; payload empty; payload small`;
    const result = await one(script, {
      payloads: { long: { content: long }, empty: { content: Buffer.alloc(0) }, small: { content: Buffer.from("it's") } },
    });
    const sum = spawnSync("cksum", { input: long }).stdout.toString();
    expect(result).toEqual([0, `${sum}${sum}it's`, ""]);
  });

  it("says so when a payload is not there", async () => {
    expect(await one(sh`payload b`, { payloads: { a: { content: Buffer.from("x") } } })).toEqual([
      2,
      "",
      'there is no payload "b"\n',
    ]);
  });

  it("keeps environment and payloads to their section", async () => {
    const results = await run(
      { script: sh`echo "$A"; payload p`, environment: { A: "it's" }, payloads: { p: { content: Buffer.from("x\n") } } },
      { script: sh`echo "\${A-none}"; payload p` },
    );
    expect(results[0]).toEqual([0, "it's\nx\n", ""]);
    expect(results[1]?.slice(0, 2)).toEqual([127, "none\n"]);
  });

  it("shows neither its delimiters nor its scripts", async () => {
    const secret = randomBytes(8).toString("hex");
    const [first, second] = await run(
      { script: sh`: ${secret}; set; echo "$_"; env; true "$(tr '\\0' '\\n' </proc/$$/cmdline)"` },
      {
        script: sh`set; echo "$_"; cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep ${`[${secret.slice(0, 1)}]${secret.slice(1)}`}; true`,
      },
    );
    expect(`${first?.[1]}${second?.[1]}`).not.toMatch(/^[^=]*\b[0-9a-f]{32}\b/m);
    expect(second?.[1]).not.toContain(secret);
  });

  it("gives sections no descriptor but the three", async () => {
    const result = await one(sh`ls -l /proc/self/fd | grep -v '/proc/' | grep -c -e 'k3sprov' -e ' 9 ->'`);
    expect(result?.[1]).toBe("0\n");
  });

  it("queues calls, in order", async () => {
    const results = await Promise.all([
      shell.run([{ script: sh`sleep 0.1; echo 1` }]),
      shell.run([{ script: sh`echo 2` }]),
      shell.run([{ script: sh`echo 3` }]),
    ]);
    expect(results.map(([only]) => only?.stdout.toString())).toEqual(["1\n", "2\n", "3\n"]);
  });

  it("kills what runs too long, with all that it started", async () => {
    const mark = `3${Math.floor(Math.random() * 1e8)}`;
    const script = sh`sleep ${mark} & (trap '' TERM; sleep ${mark}; sleep ${mark}); sleep ${mark}`;
    const failed = shell.run([{ script: sh`echo first` }, { script }, { script: sh`echo never >/tmp/${mark}` }], {
      timeoutMs: 400,
    });
    await expect(failed).rejects.toMatchObject({ code: "timeout", started: true, completed: [{ rc: 0 }] });
    expect(
      spawnSync("sh", [
        "-c",
        `cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -c 'sleep [${mark[0]}]${mark.slice(1)}'`,
      ]).stdout.toString(),
    ).toBe("0\n");
    expect(await one(sh`test -e /tmp/${mark} || echo anew`)).toEqual([0, "anew\n", ""]);
  });

  it("stops at an abort", async () => {
    const controller = new AbortController();
    const running = shell.run([{ script: sh`sleep 30` }], { signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    await expect(running).rejects.toMatchObject({ code: "aborted", started: true });
    await expect(shell.run([{ script: sh`true` }], { signal: controller.signal })).rejects.toMatchObject({
      code: "aborted",
      started: false,
    });
  });

  it("tells when the shell itself is gone, and opens another", async () => {
    const killed = shell.run([{ script: sh`echo one` }, { script: sh`kill -9 $$; sleep 5` }]);
    await expect(killed).rejects.toMatchObject({
      code: "lost",
      message: "here: the shell ended (signal SIGKILL) while a script was running",
      completed: [{ rc: 0 }],
      started: true,
    });
    expect(await one(sh`echo two`)).toEqual([0, "two\n", ""]);
  });

  it("needs one round trip for the first script, and undoes a hostile environment", async () => {
    const hostile = {
      PATH: "/usr/bin:/bin",
      LC_ALL: "C.UTF-8",
      GREP_OPTIONS: "-v",
      CDPATH: "/tmp",
      HISTFILE: "/tmp/x",
      ENV: "/nonexistent",
    };
    const fresh = connection(program, hostile);
    const [result] = await fresh
      .shell()
      .run([{ script: sh`echo "$LC_ALL,\${GREP_OPTIONS-},\${CDPATH-},\${HISTFILE-},\${ENV-}"; umask; echo "$PATH"` }]);
    expect(result?.stdout.toString()).toMatch(
      /^C,,,,\n0?022\n\/usr\/bin:\/bin:\/usr\/local\/sbin:\/usr\/local\/bin:\/usr\/sbin:\/sbin\n$/,
    );
    expect(fresh.statistics).toMatchObject({ roundTrips: 1, connects: 1 });
    await fresh.close();
  });

  it("does without base64, openssl and gzip", async () => {
    const content = randomBytes(5000);
    const poor = new HostConnection(
      options,
      "local",
      "here",
      openLocal("here", () => barren(program)),
    );
    const [result] = await poor.shell().run([{ script: sh`payload data`, payloads: { data: { content } } }]);
    expect(sha(result?.stdout ?? Buffer.alloc(0))).toBe(sha(content));
    await poor.close();
  });

  if (name === "bash as sh") {
    it("is not slow with a large payload in bash, which reads its program byte by byte", async () => {
      const content = randomBytes(8_000_000);
      const started = performance.now();
      const [result] = await shell.run([{ script: sh`payload data | sha256sum`, payloads: { data: { content } } }]);
      expect(result?.stdout.toString().slice(0, 64)).toBe(sha(content));
      expect(performance.now() - started).toBeLessThan(5000);
    });
  }
});

/** A shell for which `command -v` finds no decoder. */
function barren([command = "", ...args]: readonly string[]): ChildProcessWithoutNullStreams {
  const child = spawn(command, args, { detached: true, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.write("command() { return 1; }\n");
  return child;
}

describe("HostConnection", () => {
  it("kills what runs when it is closed, and refuses afterwards", async () => {
    const host = connection(["dash"]);
    const mark = `5${Math.floor(Math.random() * 1e8)}`;
    const running = host.shell().run([{ script: sh`sleep ${mark} & sleep ${mark}` }]);
    setTimeout(() => void host.close(), 100);
    await expect(running).rejects.toMatchObject({ code: "aborted", started: true });
    await host.close();
    const left = spawnSync("sh", [
      "-c",
      `cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -c 'sleep [5]${mark.slice(1)}'`,
    ]);
    expect(left.stdout.toString()).toBe("0\n");
    await expect(host.shell().run([{ script: sh`true` }])).rejects.toMatchObject({ code: "aborted", started: false });
  });

  it("lets a script under way come to its end when the run is interrupted, and begins no other", async () => {
    const controller = new AbortController();
    const host = connection(["dash"], process.env, { signal: controller.signal });
    const shell = host.shell();
    await shell.run([{ script: sh`true` }]);
    const running = shell.run([{ script: sh`sleep 0.3; echo end` }]);
    const waiting = shell.run([{ script: sh`echo never` }]);
    setTimeout(() => controller.abort(), 100);
    expect((await running)[0]?.stdout.toString()).toBe("end\n");
    await expect(waiting).rejects.toMatchObject({ code: "aborted", started: false });
    await host.close();
  });
});
