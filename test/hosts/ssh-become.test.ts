import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connect } from "../../src/connection/connect.ts";
import type { Become, Connection } from "../../src/connection/connection.ts";
import { sh } from "../../src/sh.ts";
import { allowSudo, type Sshd, startSshd, unique, whyNoSshd } from "./sshd.ts";
import { sshOptions, text } from "./sshd-options.ts";

const reason = whyNoSshd();
if (reason !== undefined) console.log(`ssh-become is skipped: it ${reason}`);

describe.skipIf(reason !== undefined)("becoming another user", () => {
  let server: Sshd;
  const open: Connection[] = [];
  beforeAll(async () => {
    server = await startSshd();
    server.makeUser(unique("k3tfree"), { password: "right" });
    allowSudo(unique("k3tfree"), `${unique("k3tfree")} ALL=(ALL) NOPASSWD: ALL`);
    server.makeUser(unique("k3tpass"), { password: "right" });
    allowSudo(unique("k3tpass"), `${unique("k3tpass")} ALL=(ALL) ALL\nDefaults:${unique("k3tpass")} timestamp_timeout=0`);
    server.makeUser(unique("k3ttty"));
    allowSudo(unique("k3ttty"), `${unique("k3ttty")} ALL=(ALL) NOPASSWD: ALL\nDefaults:${unique("k3ttty")} requiretty`);
    server.makeUser(unique("k3tnone"), { password: "right" });
    server.makeUser(unique("k3tother"), { password: "theirs" });
  });
  afterAll(async () => {
    await Promise.all(open.map((one) => one.close()));
    await server.stop();
  });

  async function id(user: string, become: Become): Promise<string> {
    const connection = connect(sshOptions(server, user));
    open.push(connection);
    const results = await connection.shell(become).run([{ script: sh`echo "$(id -un) $HOME"` }]);
    return text(results)[0]?.trim() ?? "";
  }
  const root = (more: Partial<Become> = {}): Become => ({ method: "sudo", user: "root", ...more });
  const label = () => `node1 (127.0.0.1 port ${server.port})`;

  it.each<[string, string, Become, string]>([
    ["sudo without a password", unique("k3tfree"), root(), "root /root"],
    ["sudo with a password that nobody asks for", unique("k3tfree"), root({ password: "whatever" }), "root /root"],
    ["sudo with a password", unique("k3tpass"), root({ password: "right" }), "root /root"],
    [
      "sudo to a plain user",
      unique("k3tfree"),
      root({ user: unique("k3tother") }),
      `${unique("k3tother")} /home/${unique("k3tother")}`,
    ],
    ["Ansible's default flags", unique("k3tpass"), root({ password: "right", flags: ["-H", "-S", "-n"] }), "root /root"],
    [
      "su with a password",
      unique("k3tnone"),
      { method: "su", user: unique("k3tother"), password: "theirs" },
      `${unique("k3tother")} /home/${unique("k3tother")}`,
    ],
    ["root by su", "root", { method: "su", user: unique("k3tother") }, `${unique("k3tother")} /home/${unique("k3tother")}`],
    ["root by sudo", "root", root({ user: unique("k3tother") }), `${unique("k3tother")} /home/${unique("k3tother")}`],
    ["root already", "root", root({ password: "not needed", executable: "/nonexistent" }), "root /root"],
  ])("%s", async (_name, user, become, expected) => {
    expect(await id(user, become)).toBe(expected);
  });

  it.each<[string, string, Become, string, string]>([
    [
      "no password",
      unique("k3tpass"),
      root(),
      "become-password-required",
      ": sudo wants a password: sudo: a password is required",
    ],
    [
      "wrong password",
      unique("k3tpass"),
      root({ password: "wrong" }),
      "become-password-wrong",
      ": sudo did not accept the password",
    ],
    [
      "no rule",
      unique("k3tnone"),
      root({ password: "right" }),
      "become-not-allowed",
      `: sudo does not let us become root: ${unique("k3tnone")} is not in the sudoers file.`,
    ],
    [
      "requiretty",
      unique("k3ttty"),
      root(),
      "become-tty-required",
      ": sudo insists on a terminal: sudo: sorry, you must have a tty to run sudo",
    ],
    [
      "no such user",
      unique("k3tfree"),
      root({ user: unique("k3tnobody") }),
      "become-user-unknown",
      `: there is no user ${unique("k3tnobody")} to become: sudo: unknown user ${unique("k3tnobody")}; sudo: error initializing audit plugin sudoers_audit`,
    ],
    [
      "no sudo",
      unique("k3tfree"),
      root({ executable: "/nonexistent/sudo" }),
      "become-missing",
      ": there is no /nonexistent/sudo on the host: env: '/nonexistent/sudo': No such file or directory",
    ],
    [
      "su wants a password",
      unique("k3tnone"),
      { method: "su", user: "root" },
      "become-password-required",
      ": su wants a password",
    ],
    [
      "su with a wrong one",
      unique("k3tnone"),
      { method: "su", user: unique("k3tother"), password: "no" },
      "become-password-wrong",
      ": su did not accept the password: su: Authentication failure",
    ],
    [
      "su to nobody",
      "root",
      { method: "su", user: unique("k3tnobody") },
      "become-user-unknown",
      `: there is no user ${unique("k3tnobody")} to become: su: user ${unique("k3tnobody")} does not exist or the user entry does not contain all the required fields`,
    ],
  ])("%s", async (_name, user, become, code, message) => {
    await expect(id(user, become)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(`${label()}${message}`),
      started: false,
    });
  });

  it("keeps the password out of sight", async () => {
    const connection = connect(sshOptions(server, unique("k3tpass")));
    const results = await connection
      .shell(root({ password: "right" }))
      .run([
        { script: sh`cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -x -c '[r]ight'; true` },
      ]);
    expect(text(results)).toEqual(["0\n"]);
    await connection.close();
  });

  it("runs the shells of several users side by side over one connection", async () => {
    const connection = connect(sshOptions(server, unique("k3tfree")));
    const become = [undefined, root(), root({ user: unique("k3tother") })];
    const answers = await Promise.all(become.map((one) => connection.shell(one).run([{ script: sh`id -un` }])));
    expect(answers.map((results) => text(results)[0])).toEqual([`${unique("k3tfree")}\n`, "root\n", `${unique("k3tother")}\n`]);
    expect(connection.statistics).toMatchObject({ connects: 1, roundTrips: 3 });
    await connection.close();
  });

  it("starts elsewhere when the login user's home is closed to the other", async () => {
    execFileSync("chmod", ["700", `/home/${unique("k3tfree")}`]);
    const connection = connect(sshOptions(server, unique("k3tfree")));
    expect(
      text(await connection.shell(root({ user: unique("k3tother") })).run([{ script: sh`pwd; ls >/dev/null && echo fine` }])),
    ).toEqual(["/\nfine\n"]);
    await connection.close();
  });

  it("kills a runaway of root", async () => {
    const connection = connect(sshOptions(server, unique("k3tfree")));
    const mark = `4${Math.floor(Math.random() * 1e8)}`;
    await expect(
      connection.shell(root()).run([{ script: sh`sleep ${mark} & sleep ${mark}` }], { timeoutMs: 500 }),
    ).rejects.toMatchObject({ code: "timeout" });
    expect(
      text(
        await connection
          .shell(root())
          .run([{ script: sh`cat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c ${`sleep [4]${mark.slice(1)}`}; true` }]),
      ),
    ).toEqual(["0\n"]);
    await connection.close();
  });

  describe("the lock", () => {
    const lock = (owner: string, waitMs = 0) => ({ owner, waitMs });

    it("keeps a second run out and says who is at work", async () => {
      const script = `
        import { connect } from "${import.meta.dirname}/../../src/connection/connect.ts";
        import { sh } from "${import.meta.dirname}/../../src/sh.ts";
        const options = JSON.parse(process.argv[2]);
        const connection = connect(options);
        try { await connection.shell({ method: "sudo", user: "root" }).run([{ script: sh\`true\` }]); console.log("in"); }
        catch (error) { console.log(error.code + " " + error.message); }
        await connection.close();`;
      const file = `${server.folder}/second.mts`;
      writeFileSync(file, script);
      const second = (waitMs: number) =>
        execFileSync(
          "npx",
          ["tsx", file, JSON.stringify(sshOptions(server, unique("k3tfree"), { lock: lock("second", waitMs) }))],
          {
            encoding: "utf8",
            cwd: `${import.meta.dirname}/../..`,
          },
        ).trim();
      const connection = connect(sshOptions(server, unique("k3tfree"), { lock: lock("alice@laptop, k3sprov apply site.yaml") }));
      const shell = connection.shell(root());
      // What stays in the background must not keep the lock.
      await shell.run([{ script: sh`sleep 20 >/dev/null 2>&1 &` }]);
      expect(second(0)).toBe(`locked ${label()}: another run is at work there: alice@laptop, k3sprov apply site.yaml`);
      await connection.close();
      expect(second(3000)).toBe("in");
    });

    it("lets two connections of one run pass", async () => {
      const one = connect(sshOptions(server, unique("k3tfree"), { lock: lock("me") }));
      const two = connect(sshOptions(server, unique("k3tfree"), { lock: lock("me") }));
      await one.shell(root()).run([{ script: sh`true` }]);
      await two.shell(root()).run([{ script: sh`true` }]);
      await Promise.all([one.close(), two.close()]);
    });

    it("leaves nothing behind for a plain user", async () => {
      const connection = connect(sshOptions(server, unique("k3tother"), { lock: lock("me") }));
      expect(text(await connection.shell().run([{ script: sh`ls -A | grep -c lock` }]))).toEqual(["0\n"]);
      await connection.close();
      expect(existsSync(`/home/${unique("k3tother")}/.k3sprov.lock`)).toBe(false);
    });
  });
});
