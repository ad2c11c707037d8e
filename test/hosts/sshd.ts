import { execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, connect as tcpConnect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A private OpenSSH server on the loopback, and the files that belong to it. */
export type Sshd = {
  readonly port: number;
  readonly folder: string;
  /** known_hosts lines for the server's keys, `[127.0.0.1]:port`. */
  readonly knownHosts: string;
  /** A client key that `user`s made by `makeUser` accept. */
  readonly key: string;
  hostKey(type: "ed25519" | "ecdsa" | "rsa"): string;
  makeUser(name: string, options?: { readonly shell?: string; readonly password?: string }): void;
  stop(): Promise<void>;
};

/** A user name that no other run on this machine has, so that two may run at once. */
export function unique(name: string): string {
  return `${name}x${process.pid}`;
}

/** Users whose run was killed before it could remove them. */
function removeAbandonedUsers(): void {
  for (const line of readFileSync("/etc/passwd", "utf8").split("\n")) {
    const [, name, pid] = /^(k3t[a-z]*x(\d+)):/.exec(line) ?? [];
    if (name !== undefined && !existsSync(`/proc/${pid}`)) removeUser(name);
  }
}

function removeUser(name: string): void {
  try {
    execFileSync("userdel", ["-r", "-f", name], { stdio: "ignore" });
  } catch {
    // userdel complains about a missing mail spool after it has removed the user, or there is none.
  }
  rmSync(`/etc/sudoers.d/${name}`, { force: true });
}

/** Why these tests cannot run on this machine, if they cannot. */
export function whyNoSshd(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root, to make users";
  try {
    execFileSync("/bin/sh", ["-c", "test -x /usr/sbin/sshd && command -v useradd ssh-keygen sudo"]);
    return undefined;
  } catch {
    return "needs /usr/sbin/sshd, useradd, ssh-keygen and sudo";
  }
}

export async function startSshd(
  options: { readonly config?: string; readonly keyTypes?: readonly ("ed25519" | "ecdsa" | "rsa")[] } = {},
): Promise<Sshd> {
  removeAbandonedUsers();
  const folder = mkdtempSync(join(tmpdir(), "k3sprov-sshd-"));
  chmodSync(folder, 0o755);
  const keyTypes = options.keyTypes ?? ["ed25519"];
  for (const type of keyTypes) keygen(join(folder, `host_${type}`), type);
  keygen(join(folder, "id"), "ed25519");
  mkdirSync(join(folder, "authorized"));
  mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const port = await freePort();
  writeFileSync(
    join(folder, "sshd_config"),
    [
      `Port ${port}`,
      "ListenAddress 127.0.0.1",
      ...keyTypes.map((type) => `HostKey ${folder}/host_${type}`),
      `AuthorizedKeysFile ${folder}/authorized/%u`,
      `PidFile ${folder}/pid`,
      "StrictModes no",
      "UsePAM yes",
      "PermitRootLogin yes",
      "MaxStartups 200",
      "LogLevel VERBOSE",
      options.config ?? "",
      "",
    ].join("\n"),
  );
  const server = spawn("/usr/sbin/sshd", ["-D", "-E", join(folder, "log"), "-f", join(folder, "sshd_config")], {
    stdio: "ignore",
  });
  const users = new Set<string>();
  const pub = execFileSync("cat", [join(folder, "id.pub")], { encoding: "utf8" });
  writeFileSync(join(folder, "authorized", "root"), pub);
  await listening(port);
  const hostKey = (type: string) => execFileSync("cat", [join(folder, `host_${type}.pub`)], { encoding: "utf8" }).trim();
  return {
    port,
    folder,
    key: join(folder, "id"),
    knownHosts: keyTypes.map((type) => `[127.0.0.1]:${port} ${hostKey(type)}\n`).join(""),
    hostKey,
    makeUser(name, { shell = "/bin/sh", password } = {}) {
      removeUser(name);
      execFileSync("useradd", ["-m", "-s", shell, name]);
      if (password !== undefined) execFileSync("chpasswd", { input: `${name}:${password}\n` });
      users.add(name);
      writeFileSync(join(folder, "authorized", name), pub);
    },
    async stop() {
      for (const name of users) {
        try {
          execFileSync("pkill", ["-KILL", "-u", name], { stdio: "ignore" });
        } catch {
          // No process of that user is left.
        }
        removeUser(name);
      }
      const ended = new Promise((resolve) => server.once("exit", resolve));
      server.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function keygen(file: string, type: string, passphrase = ""): void {
  execFileSync("ssh-keygen", [
    "-q",
    "-t",
    type,
    "-N",
    passphrase,
    "-f",
    file,
    "-C",
    `test-${type}`,
    ...(type === "rsa" ? ["-b", "2048"] : []),
  ]);
  chownSync(file, 0, 0);
}

/** A rule in /etc/sudoers.d that goes with the user. */
export function allowSudo(user: string, rule: string): void {
  writeFileSync(`/etc/sudoers.d/${user}`, `${rule}\n`, { mode: 0o440 });
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

async function listening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = tcpConnect(port, "127.0.0.1");
      socket.once("connect", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("sshd does not listen");
}
