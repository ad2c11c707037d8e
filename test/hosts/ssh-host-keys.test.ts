import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../src/connection/connect.ts";
import type { ConnectionOptions } from "../../src/connection/connection.ts";
import { sh } from "../../src/sh.ts";
import { keygen, type Sshd, startSshd, unique, whyNoSshd } from "./sshd.ts";
import { sshOptions, text } from "./sshd-options.ts";

const reason = whyNoSshd();
if (reason !== undefined) console.log(`ssh-host-keys is skipped: it ${reason}`);

describe.skipIf(reason !== undefined)("host keys", () => {
  let server: Sshd;
  let known: string;
  let label: string;
  let name: string;
  beforeAll(async () => {
    server = await startSshd({ keyTypes: ["ed25519", "ecdsa", "rsa"] });
    server.makeUser(unique("k3tkey"));
    known = join(server.folder, "known");
    label = `node1 (127.0.0.1 port ${server.port})`;
    name = `[127.0.0.1]:${server.port}`;
  });
  afterAll(() => server.stop());

  async function enter(lines: string | undefined, more: Partial<ConnectionOptions> = {}): Promise<string> {
    if (lines === undefined) rmSync(known, { force: true });
    else writeFileSync(known, lines);
    const connection = connect(sshOptions(server, unique("k3tkey"), { knownHostsFiles: [known], ...more }));
    try {
      return text(await connection.shell().run([{ script: sh`echo in` }]))[0] ?? "";
    } finally {
      await connection.close();
    }
  }
  const print = (file: string) => execFileSync("ssh-keygen", ["-lf", file], { encoding: "utf8" }).split(" ")[1] ?? "";
  const shown = (type: "ed25519" | "ecdsa" | "rsa") => print(join(server.folder, `host_${type}.pub`));

  it.each(["ed25519", "ecdsa", "rsa"] as const)("asks for the %s key when that is the one it knows", async (type) => {
    expect(await enter(`${name} ${server.hostKey(type)}\n`)).toBe("in\n");
  });

  it("finds hashed names", async () => {
    writeFileSync(known, server.knownHosts);
    execFileSync("ssh-keygen", ["-q", "-H", "-f", known]);
    const hashed = readFileSync(known, "utf8");
    expect(hashed).not.toContain("127.0.0.1");
    expect(await enter(hashed)).toBe("in\n");
  });

  it("refuses an unknown key, with its fingerprint and how to add it", async () => {
    await expect(enter(undefined)).rejects.toMatchObject({
      code: "host-key-unknown",
      message: `${label}: its host key is not known: ssh-ed25519 ${shown("ed25519")}`,
      help: `compare the fingerprint with the host's own (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), then: ssh-keyscan -p ${server.port} 127.0.0.1 >> ${known}; or run with --host-key-checking accept-new`,
    });
    expect(existsSync(known)).toBe(false);
  });

  it.each(["strict", "accept-new"] as const)(
    "refuses a changed key under %s, with both fingerprints",
    async (hostKeyChecking) => {
      const other = join(server.folder, `other_${hostKeyChecking}`);
      keygen(other, "ed25519");
      const lines = `# a comment\n${name} ${readFileSync(`${other}.pub`, "utf8")}`;
      await expect(enter(lines, { hostKeyChecking })).rejects.toMatchObject({
        code: "host-key-changed",
        message: `${label}: its host key has changed: it is ssh-ed25519 ${shown("ed25519")}; known is ssh-ed25519 ${print(`${other}.pub`)} (${known}:2)`,
      });
      expect(readFileSync(known, "utf8")).toBe(lines);
    },
  );

  it("refuses a revoked key", async () => {
    const lines = `${name} ${server.hostKey("ed25519")}\n@revoked * ${server.hostKey("ed25519")}\n`;
    await expect(enter(lines, { hostKeyChecking: "accept-new" })).rejects.toMatchObject({
      code: "host-key-revoked",
      message: `${label}: its host key is revoked: ssh-ed25519 ${shown("ed25519")} (${known}:2)`,
    });
  });

  it("says that it does not verify host certificates", async () => {
    await expect(enter(`@cert-authority * ${server.hostKey("rsa")}\n`)).rejects.toMatchObject({
      code: "host-key-unknown",
      message: `${label}: its host key is not known: ssh-ed25519 ${shown("ed25519")}; ${known}:1 trusts a certificate authority, but host certificates are not supported`,
    });
  });

  it("adds a new key once, however many ask at the same time", async () => {
    rmSync(known, { force: true });
    writeFileSync(known, "# no line feed at the end");
    const notices: string[] = [];
    const options = { hostKeyChecking: "accept-new", notice: (message: string) => notices.push(message) } as const;
    const all = Array.from({ length: 12 }, () => {
      const connection = connect(sshOptions(server, unique("k3tkey"), { knownHostsFiles: [known], ...options }));
      return connection
        .shell()
        .run([{ script: sh`echo in` }])
        .finally(() => connection.close());
    });
    await Promise.all(all);
    expect(readFileSync(known, "utf8")).toBe(
      `# no line feed at the end\n${name} ${server.hostKey("ed25519").split(" ").slice(0, 2).join(" ")}\n`,
    );
    expect(notices).toEqual([`${label}: added its ssh-ed25519 host key ${shown("ed25519")} to ${known}`]);
    expect(await enter(readFileSync(known, "utf8"))).toBe("in\n");
  });

  it("makes the folder and file that were missing, for their owner alone", async () => {
    const file = join(server.folder, "home", ".ssh", "known_hosts");
    expect(await enter("", { hostKeyChecking: "accept-new", knownHostsFiles: [file] })).toBe("in\n");
    expect([statSync(join(file, "..")).mode & 0o777, statSync(file).mode & 0o777]).toEqual([0o700, 0o600]);
  });

  it("looks at nothing when it is off", async () => {
    expect(await enter(undefined, { hostKeyChecking: "off" })).toBe("in\n");
    expect(existsSync(known)).toBe(false);
  });
});
