import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readSshConfig } from "./ssh-config.ts";

const folder = mkdtempSync(join(tmpdir(), "k3sprov-config-"));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;

function read(text: string, host: string, options: { user?: string; port?: number } = {}) {
  count += 1;
  const file = join(folder, `config${count}`);
  writeFileSync(file, text);
  const warnings: string[] = [];
  return { settings: readSshConfig(host, { file, warn: (message) => warnings.push(message), ...options }), warnings };
}

describe("readSshConfig", () => {
  it.each([
    ["the first value wins", "Host node1\n User a\nHost *\n User b\n", "node1", { user: "a" }],
    ["later blocks fill in", "Host node1\n User a\nHost *\n Port 2222\n", "node1", { user: "a", port: 2222 }],
    ["negated pattern", "Host *.lan !gate.lan\n User a\n", "gate.lan", {}],
    ["equals sign and quotes", 'Host=node1\n User = "a b"\n', "node1", { user: "a b" }],
    ["comments", "Host node1 # mine\n # User x\n User a # b\n", "node1", { user: "a" }],
    ["HostName with %h", "Host node*\n HostName %h.example\n", "node1", { hostName: "node1.example" }],
    ["settings before any Host", "Port 23\nHost x\n Port 24\n", "node1", { port: 23 }],
    ["Match all", "Match all\n User m\n", "node1", { user: "m" }],
    [
      "Match host sees HostName",
      "Host n\n HostName n.example\nMatch host *.example\n User m\n",
      "n",
      { hostName: "n.example", user: "m" },
    ],
    [
      "Match originalhost",
      "Host n\n HostName n.example\nMatch originalhost n.example\n User m\n",
      "n",
      { hostName: "n.example" },
    ],
    ["Match user", "Host n\n User a\nMatch user a host n\n Port 24\n", "n", { user: "a", port: 24 }],
    ["Match localuser", `Match localuser ${userInfo().username}\n Port 24\n`, "n", { port: 24 }],
    ["Match negated", "Match !host n\n Port 24\n", "n", {}],
    ["Match final never", "Match final all\n Port 24\n", "n", {}],
    [
      "times",
      "ConnectTimeout 1m30s\nServerAliveInterval 5\nServerAliveCountMax 2\n",
      "n",
      { connectTimeoutMs: 90_000, serverAliveMs: 5000, serverAliveCountMax: 2 },
    ],
    [
      "identity files add up",
      "Host n\n IdentityFile ~/.ssh/%n\nHost *\n IdentityFile %d/k\n IdentitiesOnly yes\n",
      "n",
      { identityFiles: [`${homedir()}/.ssh/n`, `${homedir()}/k`], identitiesOnly: true },
    ],
    ["ProxyCommand", "ProxyCommand nc -X 5 %h %p\nPort 24\n", "n", { proxyCommand: "nc -X 5 n 24", port: 24 }],
    ["ProxyJump", "ProxyJump a@b:22,c\n", "n", { proxyJump: "a@b:22,c" }],
    [
      "host keys",
      "StrictHostKeyChecking accept-new\nUserKnownHostsFile /a /b\nHostKeyAlias x\n",
      "n",
      { strictHostKeyChecking: "accept-new", userKnownHostsFiles: ["/a", "/b"], hostKeyAlias: "x" },
    ],
    ["unknown keywords are passed over", "Ciphers aes128-ctr\nFrobnicate yes\n", "n", {}],
  ] as const)("%s", (_name, text, host, expected) => {
    expect(read(text, host).settings).toEqual({ hostName: host, identityFiles: [], identitiesOnly: false, ...expected });
  });

  it("lets a user that is known already beat the file", () => {
    expect(read("User a\nMatch user b\n Port 24\n", "n", { user: "b" }).settings).toMatchObject({ user: "b", port: 24 });
  });

  it("puts the port that is used into tokens", () => {
    expect(read("Port 1\nProxyCommand nc %h %p\n", "n", { port: 2 }).settings.proxyCommand).toBe("nc n 2");
  });

  it("includes files by pattern, and only where their block is for the host", () => {
    mkdirSync(join(folder, "d"));
    writeFileSync(join(folder, "d", "1.conf"), "Host n\n User one\nHost other\n Port 1\n");
    writeFileSync(join(folder, "d", "2.conf"), "User two\nPort 2\n");
    expect(read("Include d/*.conf\n", "n").settings).toMatchObject({ user: "one", port: 2 });
    expect(read("Host other\n Include d/*.conf\nHost n\n User x\n", "n").settings).toEqual({
      hostName: "n",
      user: "x",
      identityFiles: [],
      identitiesOnly: false,
    });
  });

  it("goes on after an Include with the block that it stands in", () => {
    writeFileSync(join(folder, "inner"), "Host other\n Port 1\n");
    expect(read("Host n\n Include inner\n User x\n", "n").settings).toMatchObject({ user: "x" });
  });

  it("refuses Match exec with a warning", () => {
    const { settings, warnings } = read('Match exec "touch /tmp/x"\n User a\nHost n\n Port 24\n', "n");
    expect(settings).toMatchObject({ port: 24 });
    expect(settings.user).toBeUndefined();
    expect(warnings).toEqual(['ssh configuration: "Match exec" is not supported; its block is passed over']);
  });
});
