import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../src/connection/connect.ts";
import type { ConnectionOptions } from "../../src/connection/connection.ts";
import { sh } from "../../src/sh.ts";
import { freePort, keygen, type Sshd, startSshd, unique, whyNoSshd } from "./sshd.ts";
import { sshOptions, text, without } from "./sshd-options.ts";

const reason = whyNoSshd();
if (reason !== undefined) console.log(`ssh-connect is skipped: it ${reason}`);

describe.skipIf(reason !== undefined)("entering a host", () => {
  let server: Sshd;
  beforeAll(async () => {
    server = await startSshd({
      config: `KbdInteractiveAuthentication yes\nMaxAuthTries 4\nMatch User ${unique("k3tkbd")}\n  PasswordAuthentication no`,
    });
    server.makeUser(unique("k3t"), { password: "right" });
    server.makeUser(unique("k3tkbd"), { password: "right" });
  });
  afterAll(() => server.stop());

  async function whoami(options: ConnectionOptions): Promise<string> {
    const connection = connect(options);
    try {
      return text(await connection.shell().run([{ script: sh`id -un` }]))[0]?.trim() ?? "";
    } finally {
      await connection.close();
    }
  }
  function authorized(file: string): void {
    execFileSync("sh", ["-c", `cat ${file}.pub >> ${server.folder}/authorized/${unique("k3t")}`]);
  }
  const noKey = (more: Partial<ConnectionOptions> = {}) => without(sshOptions(server, unique("k3t"), more), "privateKeyFile");

  it("takes a key file, in one round trip", async () => {
    const connection = connect(sshOptions(server, unique("k3t")));
    expect(connection.target).toBe(`ssh -p ${server.port} ${unique("k3t")}@127.0.0.1`);
    expect(text(await connection.shell().run([{ script: sh`id -un` }, { script: sh`pwd` }]))).toEqual([
      `${unique("k3t")}\n`,
      `/home/${unique("k3t")}\n`,
    ]);
    expect(connection.statistics).toMatchObject({ roundTrips: 1, connects: 1 });
    await connection.close();
  });

  it.each(["rsa", "ecdsa"])("takes an %s key, in OpenSSH's, PEM and PKCS #8 format", async (type) => {
    const file = join(server.folder, `id_${type}`);
    keygen(file, type);
    authorized(file);
    expect(await whoami(sshOptions(server, unique("k3t"), { privateKeyFile: file }))).toBe(unique("k3t"));
    for (const format of ["PEM", "PKCS8"]) {
      copyFileSync(file, `${file}.${format}`);
      execFileSync("ssh-keygen", ["-q", "-p", "-N", "", "-P", "", "-m", format, "-f", `${file}.${format}`]);
      expect(await whoami(sshOptions(server, unique("k3t"), { privateKeyFile: `${file}.${format}` }))).toBe(unique("k3t"));
    }
  });

  it("asks once for the passphrase of a key, for however many hosts", async () => {
    const file = join(server.folder, "id_encrypted");
    keygen(file, "ed25519", "open sesame");
    authorized(file);
    const questions: string[] = [];
    const prompt = async (question: string) => {
      questions.push(question);
      return questions.length === 1 ? "wrong" : "open sesame";
    };
    const options = sshOptions(server, unique("k3t"), { privateKeyFile: file, prompt });
    expect(await Promise.all([whoami(options), whoami(options), whoami(options)])).toEqual([
      unique("k3t"),
      unique("k3t"),
      unique("k3t"),
    ]);
    expect(questions).toEqual([`Passphrase for the key ${file}: `, `Passphrase for the key ${file} (that was not it): `]);
    expect(await whoami(sshOptions(server, unique("k3t"), { privateKeyFile: file, privateKeyPassphrase: "open sesame" }))).toBe(
      unique("k3t"),
    );
    await expect(
      whoami(sshOptions(server, unique("k3t"), { privateKeyFile: file, privateKeyPassphrase: "no" })),
    ).rejects.toMatchObject({
      code: "passphrase",
      message: `the passphrase for the key ${file} is wrong`,
    });
    await expect(whoami(sshOptions(server, unique("k3t"), { privateKeyFile: file }))).rejects.toMatchObject({
      code: "authentication",
      message: expect.stringContaining(`key ${file} (not offered: it is encrypted, and no passphrase was given)`),
    });
  });

  it("uses the agent, and spares the passphrase of a key that it holds", async () => {
    const file = join(server.folder, "id_agent");
    keygen(file, "ed25519", "secret");
    authorized(file);
    const socket = join(server.folder, "agent");
    const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    const before = process.env["SSH_AUTH_SOCK"];
    try {
      process.env["SSH_AUTH_SOCK"] = socket;
      writeFileSync(join(server.folder, "askpass"), "#!/bin/sh\necho secret\n", { mode: 0o755 });
      const askpass = join(server.folder, "askpass");
      const add = `n=0; until ssh-add ${file}; do n=$((n+1)); [ $n -lt 50 ] || exit 1; sleep 0.1; done`;
      execFileSync("sh", ["-c", add], {
        env: { ...process.env, SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: "force" },
        stdio: "ignore",
      });
      expect(await whoami(noKey())).toBe(unique("k3t"));
      const prompt = async () => {
        throw new Error("nobody should be asked");
      };
      expect(await whoami(sshOptions(server, unique("k3t"), { privateKeyFile: file, prompt }))).toBe(unique("k3t"));
    } finally {
      if (before === undefined) delete process.env["SSH_AUTH_SOCK"];
      else process.env["SSH_AUTH_SOCK"] = before;
      agent.kill();
    }
  });

  it("goes on without an agent that is gone", async () => {
    const before = process.env["SSH_AUTH_SOCK"];
    process.env["SSH_AUTH_SOCK"] = "/nonexistent";
    try {
      expect(await whoami(noKey({ password: "right" }))).toBe(unique("k3t"));
      await expect(whoami(noKey())).rejects.toMatchObject({ message: expect.stringContaining("the agent at /nonexistent (") });
    } finally {
      if (before === undefined) delete process.env["SSH_AUTH_SOCK"];
      else process.env["SSH_AUTH_SOCK"] = before;
    }
  });

  it("takes a password, also where the server asks for it interactively", async () => {
    expect(await whoami(noKey({ password: "right" }))).toBe(unique("k3t"));
    expect(await whoami(noKey({ user: unique("k3tkbd"), password: "right" }))).toBe(unique("k3tkbd"));
  });

  it("says what was tried", async () => {
    await expect(whoami(noKey({ password: "wrong" }))).rejects.toMatchObject({
      code: "authentication",
      message: `node1 (127.0.0.1 port ${server.port}): user ${unique("k3t")} was not let in: tried password, password (keyboard-interactive); the host takes publickey, password, keyboard-interactive`,
    });
    const file = join(server.folder, "id_stranger");
    keygen(file, "ed25519");
    await expect(whoami(sshOptions(server, unique("k3t"), { privateKeyFile: file }))).rejects.toMatchObject({
      code: "authentication",
      message: expect.stringContaining(`user ${unique("k3t")} was not let in: tried key ${file}`),
    });
    await expect(whoami(sshOptions(server, unique("k3t"), { privateKeyFile: "/nonexistent" }))).rejects.toMatchObject({
      code: "key-unreadable",
      message: `node1 (127.0.0.1 port ${server.port}): there is no key file /nonexistent`,
    });
  });

  it.each(["bash", "zsh", "fish", "tcsh"])("works with %s as the login shell, and noise in its start-up file", async (shell) => {
    const path = execFileSync("sh", ["-c", `command -v ${shell} || true`], { encoding: "utf8" }).trim();
    if (path === "") return console.log(`${shell} is not installed`);
    const user = unique(`k3t${shell}`);
    server.makeUser(user, { shell: path });
    for (const file of [".bashrc", ".zshenv", ".tcshrc", ".config/fish/config.fish"]) {
      execFileSync("sh", ["-c", `mkdir -p /home/${user}/.config/fish; echo 'echo welcome' > /home/${user}/${file}`]);
    }
    expect(await whoami(sshOptions(server, user))).toBe(user);
  });

  it("says that a user has no shell", async () => {
    server.makeUser(unique("k3tno"), { shell: "/usr/sbin/nologin" });
    await expect(whoami(sshOptions(server, unique("k3tno")))).rejects.toMatchObject({
      code: "shell-failed",
      message: `node1 (127.0.0.1 port ${server.port}): the login user has no shell: This account is currently not available.`,
    });
  });

  it("reads ssh_config, and goes through a ProxyCommand", async () => {
    const file = join(server.folder, "ssh_config");
    const known = join(server.folder, "known_hosts");
    writeFileSync(known, `alias ${server.hostKey("ed25519")}\n`);
    writeFileSync(
      file,
      `Host n*\n HostName 127.0.0.1\n Port ${server.port}\n User ${unique("k3t")}\n IdentityFile ${server.key}\n IdentityAgent none\n HostKeyAlias alias\n UserKnownHostsFile ${known}\nHost n2\n ProxyCommand bash -c 'exec 3<>/dev/tcp/%h/%p; cat <&3 & cat >&3'\n`,
    );
    const bare = { kind: "ssh", hostKeyChecking: "strict", sshConfigFile: file, connectTimeoutMs: 8000 } as const;
    expect(await whoami({ ...bare, name: "n1", host: "n1" })).toBe(unique("k3t"));
    expect(await whoami({ ...bare, name: "n2", host: "n2" })).toBe(unique("k3t"));
  });

  it("tells the ways of not getting there apart", async () => {
    const port = await freePort();
    await expect(whoami(sshOptions(server, unique("k3t"), { port }))).rejects.toMatchObject({
      code: "refused",
      message: `node1 (127.0.0.1 port ${port}): port ${port} refuses connections`,
      retryable: true,
    });
    await expect(whoami(sshOptions(server, unique("k3t"), { host: "no-such-host.invalid" }))).rejects.toMatchObject({
      code: "name-not-found",
    });
    const silent = createServer((socket) => socket.on("error", () => {}));
    const silentPort = await new Promise<number>((resolve) => {
      silent.listen(0, "127.0.0.1", () => {
        const address = silent.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    await expect(whoami(sshOptions(server, unique("k3t"), { port: silentPort, connectTimeoutMs: 300 }))).rejects.toMatchObject({
      code: "connect-timeout",
      message: `node1 (127.0.0.1 port ${silentPort}): no connection within 0.3 s`,
    });
    silent.close();
    const web = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    const webPort = await new Promise<number>((resolve) => {
      web.listen(0, "127.0.0.1", () => {
        const address = web.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    await expect(whoami(sshOptions(server, unique("k3t"), { port: webPort }))).rejects.toMatchObject({ name: "ConnectionError" });
    web.close();
  });
});
