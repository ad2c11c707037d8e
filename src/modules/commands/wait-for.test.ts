import { spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inputOf, localContext } from "../../../test/local-shell.ts";
import type { Output } from "../contract.ts";
import { addressCodes, stateCode } from "../support/commands/waiting.ts";
import { waitFor } from "./wait-for.ts";

// The server lives in this process, so the script must not block it.
async function waits(raw: Readonly<Record<string, unknown>>) {
  const input = await inputOf(waitFor as never, { sleep: 1, ...raw }, localContext());
  const { script } = waitFor.run(input as never, localContext());
  const output = await new Promise<Output>((resolve) => {
    const child = spawn("/bin/sh", ["-c", script.text], { stdio: ["ignore", "pipe", "pipe"] });
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on("data", (data: Buffer) => stdout.push(data));
    child.stderr.on("data", (data: Buffer) => stderr.push(data));
    child.on("close", (rc) => resolve({ rc: rc ?? 137, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) }));
  });
  return waitFor.result(output, input as never, 1200);
}

const server = createServer((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n"));
let port = 0;
const folder = mkdtempSync(join(tmpdir(), "k3sprov-wait-"));
const file = join(folder, "a b");

beforeAll(async () => {
  writeFileSync(file, "first\nversion=12.3 ready\n");
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => server.close());

describe("wait_for", () => {
  it.each([[{ path: "/etc/passwd" }], [{ path: "/etc/no-such", state: "absent" }], [{ timeout: 0 }]])(
    "%j is so at once",
    async (raw) => expect(await waits(raw)).toMatchObject({ changed: false, elapsed: 1 }),
  );

  it("finds a text in a file, and its groups", async () => {
    expect(await waits({ path: file, search_regex: "version=(?P<major>\\d+)\\.(\\d+)" })).toMatchObject({
      match_groups: ["12", "3"],
      match_groupdict: { major: "12" },
    });
  });

  it("sees a listening port without connecting, and one that is closed", async () => {
    expect(await waits({ port })).toMatchObject({ port, state: "started" });
    expect(await waits({ port: 1, state: "stopped" })).toMatchObject({ state: "stopped" });
  });

  it("connects to read what the service says", async () => {
    expect(await waits({ port, search_regex: "OpenSSH_(\\S+)" })).toMatchObject({ match_groups: ["9.2"] });
    expect(await waits({ port, host: "127.0.0.2", timeout: 0 })).toMatchObject({ failed: true });
  });

  it.each([
    [{ port: 1, timeout: 0 }, "Timeout when waiting for 127.0.0.1:1"],
    [{ path: "/etc/no-such", timeout: 0 }, "Timeout when waiting for file /etc/no-such"],
    [{ path: "/etc/passwd", state: "absent", timeout: 0 }, "Timeout when waiting for /etc/passwd to be absent."],
    [
      { path: "/etc/passwd", search_regex: "no such", timeout: 0 },
      "Timeout when waiting for search string no such in /etc/passwd",
    ],
    [{ path: "/etc/no-such", timeout: 0, msg: "too slow" }, "too slow"],
  ])("%j times out", async (raw, msg) => expect(await waits(raw)).toEqual({ failed: true, changed: false, elapsed: 1, msg }));

  it("waits until connections are gone", async () => {
    expect(await waits({ port: 1, state: "drained", exclude_hosts: ["10.0.0.1", "::1"] })).toMatchObject({ state: "drained" });
  });
});

describe("addresses and states of /proc/net/tcp", () => {
  it.each([
    ["127.0.0.1", ["0100007F", "0000000000000000FFFF00000100007F"]],
    ["::1", ["00000000000000000000000001000000"]],
    ["fe80::1", ["000080FE000000000000000001000000"]],
    ["300.1.1.1", undefined],
    ["host", undefined],
    ["1::2::3", undefined],
  ])("%s", (address, expected) => expect(addressCodes(address)).toEqual(expected));

  it("knows states", () => {
    expect(stateCode("ESTABLISHED")).toBe("01");
    expect(stateCode("LISTEN")).toBe("0A");
    expect(stateCode("X")).toBeUndefined();
  });
});
