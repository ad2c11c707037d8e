import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../src/connection/connect.ts";
import { sh } from "../../src/sh.ts";
import { freePort, type Sshd, startSshd, unique, whyNoSshd } from "./sshd.ts";
import { sshOptions, text } from "./sshd-options.ts";

const reason = whyNoSshd();
if (reason !== undefined) console.log(`ssh-jump is skipped: it ${reason}`);

describe.skipIf(reason !== undefined)("jump hosts", () => {
  let target: Sshd;
  let first: Sshd;
  let second: Sshd;
  let known: string;
  const log = (server: Sshd) => readFileSync(join(server.folder, "log"), "utf8");
  beforeAll(async () => {
    target = await startSshd();
    first = await startSshd();
    second = await startSshd({ config: `Match User ${unique("k3tjail")}\n  AllowTcpForwarding no` });
    target.makeUser(unique("k3tend"));
    for (const server of [first, second]) {
      server.makeUser(unique("k3tjump"));
      // One key opens all three.
      writeFileSync(join(server.folder, "authorized", unique("k3tjump")), readFileSync(`${target.key}.pub`));
    }
    second.makeUser(unique("k3tjail"));
    writeFileSync(join(second.folder, "authorized", unique("k3tjail")), readFileSync(`${target.key}.pub`));
    known = join(target.folder, "known_all");
    writeFileSync(known, target.knownHosts + first.knownHosts + second.knownHosts);
  });
  afterAll(async () => {
    await Promise.all([target, first, second].map((server) => server.stop()));
  });
  const hop = (server: Sshd, user = unique("k3tjump")) => `${user}@127.0.0.1:${server.port}`;
  const host = (name: string, proxyJump: string) =>
    connect(sshOptions(target, unique("k3tend"), { name, proxyJump, knownHostsFiles: [known] }));

  it("goes through a chain, and opens each hop once for all hosts behind it", async () => {
    const before = log(first).length;
    const connections = ["a", "b", "c"].map((name) => host(name, `${hop(first)},${hop(second)}`));
    const answers = await Promise.all(connections.map((one) => one.shell().run([{ script: sh`id -un` }])));
    expect(answers.map((results) => text(results)[0])).toEqual([
      `${unique("k3tend")}\n`,
      `${unique("k3tend")}\n`,
      `${unique("k3tend")}\n`,
    ]);
    expect(
      log(first)
        .slice(before)
        .match(/Accepted publickey for k3tjumpx/g),
    ).toHaveLength(1);
    expect(log(second).match(/Accepted publickey for k3tjumpx/g)).toHaveLength(1);
    await connections[0]?.close();
    expect(text((await connections[1]?.shell().run([{ script: sh`echo still here` }])) ?? [])).toEqual(["still here\n"]);
    await Promise.all(connections.map((one) => one.close()));
  });

  it("opens a hop again once it was closed", async () => {
    const connection = host("a", hop(first));
    expect(text(await connection.shell().run([{ script: sh`echo in` }]))).toEqual(["in\n"]);
    await connection.close();
  });

  it("verifies the keys of jump hosts too", async () => {
    writeFileSync(`${known}_some`, target.knownHosts);
    const connection = connect(
      sshOptions(target, unique("k3tend"), { proxyJump: hop(first), knownHostsFiles: [`${known}_some`] }),
    );
    await expect(connection.shell().run([{ script: sh`true` }])).rejects.toMatchObject({
      code: "jump-host",
      message: expect.stringMatching(
        `^node1 \\(127.0.0.1 port ${target.port}\\): by way of jump host ${unique("k3tjump")}@127.0.0.1:${first.port}: its host key is not known: ssh-ed25519 SHA256:`,
      ),
    });
    await connection.close();
  });

  it("tells a bad hop from a bad host behind it", async () => {
    const port = await freePort();
    const behind = connect(sshOptions(target, unique("k3tend"), { port, proxyJump: hop(first), knownHostsFiles: [known] }));
    await expect(behind.shell().run([{ script: sh`true` }])).rejects.toMatchObject({
      code: "refused",
      message: `node1 (127.0.0.1 port ${port}): jump host ${hop(first)} does not reach 127.0.0.1 port ${port}: Connection refused`,
    });
    const jail = host("node1", hop(second, unique("k3tjail")));
    await expect(jail.shell().run([{ script: sh`true` }])).rejects.toMatchObject({
      code: "jump-host",
      message: `node1 (127.0.0.1 port ${target.port}): jump host ${hop(second, unique("k3tjail"))} does not reach 127.0.0.1 port ${target.port}: open failed`,
    });
    const nobody = host("node1", `127.0.0.1:${port}`);
    await expect(nobody.shell().run([{ script: sh`true` }])).rejects.toMatchObject({
      code: "jump-host",
      message: `node1 (127.0.0.1 port ${target.port}): by way of jump host 127.0.0.1:${port}: port ${port} refuses connections`,
    });
    await Promise.all([behind.close(), jail.close(), nobody.close()]);
  });
});
