import { describe, expect, it } from "vitest";
import { z } from "zod";
import { apply, type RunReport } from "./cli.ts";
import { converges } from "./converges.ts";
import { freshHost } from "./pool.ts";

const play = (tasks: string): string => `
- hosts: all
  become: true
  gather_facts: false
  tasks:
${tasks.replace(/^/gm, "    ")}
`;

const shape = z.object({
  tasks: z.array(z.object({ results: z.array(z.object({ result: z.looseObject({ msg: z.unknown().optional() }) })) })),
});

/** Messages of all results, one a line. */
const messagesOf = (report: RunReport): string =>
  shape
    .parse(JSON.parse(report.stdout))
    .tasks.flatMap((task) => task.results.map(({ result }) => String(result.msg ?? "")))
    .join("\n");

const ADA = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAv0n7Ri0sQmGIdmMScn6t0Xm8ATg1Yw8h5X8sCq3Vxl";
const BOB = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7";
// useradd and userdel rewrite them; the day of a password's change is in shadow.
const ACCOUNT_FILES = ["/etc/shadow", "/etc/gshadow", "/etc/subuid", "/etc/subgid"];

describe("authorized_key", () => {
  const host = freshHost();

  it("keeps its promises", async () => {
    await converges(
      host(),
      play(`- name: User
  user: { name: ada, shell: /bin/bash }
- name: Key
  authorized_key: { user: ada, key: "${ADA} ada", key_options: 'no-pty,from="10.0.0.0/8"' }
- name: Both
  ansible.posix.authorized_key:
    user: ada
    path: /etc/ssh/keys/ada
    exclusive: true
    key: |
      ${ADA} ada
      ${BOB} bob`),
      {
        changed: ["User", "Key", "Both"],
        disturb: [
          { by: "chmod 755 /home/ada/.ssh", repairedBy: "Key" },
          {
            by: "chmod 666 /home/ada/.ssh/authorized_keys; chown root /home/ada/.ssh/authorized_keys; chmod 602 /home/ada/.ssh/authorized_keys",
            repairedBy: "Key",
          },
          { by: "sed -i s/no-pty,// /home/ada/.ssh/authorized_keys", repairedBy: "Key" },
          { by: "echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA eve' >>/etc/ssh/keys/ada", repairedBy: "Both" },
          { by: "rm -r /home/ada/.ssh", repairedBy: "Key" },
        ],
        absent: play(`- user: { name: ada, state: absent, remove: true }
- file: { path: /etc/ssh/keys, state: absent }`),
        ignore: ACCOUNT_FILES,
      },
    );
  });

  it("lets in whom it says, and nobody else", async () => {
    const file = "/home/deploy/.ssh/authorized_keys";
    await host().read("mkdir -p /home/deploy/.ssh && chown deploy: /home/deploy/.ssh");
    await host().read(`echo '${BOB} bob' >${file}; chown deploy: ${file}; chmod 640 ${file}`);
    await apply(host(), play(`- authorized_key: { user: deploy, key: "${ADA} ada" }`));
    expect(await host().read(`stat -c '%a %U:%G' /home/deploy/.ssh ${file}; cat ${file}`)).toBe(
      `700 deploy:deploy\n640 deploy:deploy\n${BOB} bob\n${ADA} ada`,
    );
    // A key goes whatever its options are.
    await host().read(`sed -i 's/^ssh-rsa/no-pty ssh-rsa/' ${file}`);
    const removal = play(`- authorized_key: { user: deploy, key: "${BOB}", state: absent }`);
    for (const changed of [1, 0]) expect((await apply(host(), removal)).hosts["fresh1"]).toMatchObject({ changed });
    expect(await host().read(`stat -c '%a %U:%G' ${file}; cat ${file}`)).toBe(`640 deploy:deploy\n${ADA} ada`);
    // The user needs no root for the file that is the user's own.
    const own = `- hosts: all\n  gather_facts: false\n  tasks:\n  - authorized_key: { user: deploy, key: "${BOB} b" }\n`;
    expect((await apply(host().as("deploy"), own)).hosts["fresh1"]).toMatchObject({ changed: 1 });
    expect((await apply(host().as("deploy"), own)).hosts["fresh1"]).toMatchObject({ changed: 0 });
  });

  it("does not go where a user's links lead, and leaves the host unharmed", async () => {
    await host().read("rm -rf /home/wheel-pw/.ssh; ln -s /etc /home/wheel-pw/.ssh; chown -h wheel-pw /home/wheel-pw/.ssh");
    const task = play(`- authorized_key: { user: wheel-pw, key: "${ADA}" }`);
    for (const check of [true, false]) {
      const report = await apply(host(), task, { check, rc: 2 });
      expect(messagesOf(report)).toBe("/home/wheel-pw/.ssh is a symbolic link that wheel-pw made; refusing to follow it as root");
    }
    expect(await host().read("stat -c '%a %U' /etc; ls /etc/authorized_keys 2>&1 || :")).toContain("755 root\n");
    await host().read("rm /home/wheel-pw/.ssh; mkdir /home/wheel-pw/.ssh; ln -s /etc/shadow /home/wheel-pw/.ssh/authorized_keys");
    await host().read("chown -h wheel-pw /home/wheel-pw/.ssh/authorized_keys");
    expect(messagesOf(await apply(host(), task, { rc: 2 }))).toBe(
      "/home/wheel-pw/.ssh/authorized_keys is a symbolic link that wheel-pw made; refusing to follow it as root",
    );
    await host().read("rm -r /home/wheel-pw/.ssh");
  });

  it.each([
    ["who is not there", "user: nobody-here", "Failed to lookup user nobody-here: there is no such user"],
    ["whose home is not there", "user: games", "the home directory /usr/games of games does not exist"],
    ["on a full disk", "user: root, path: /mnt/full/keys, manage_dir: false", "could not write"],
  ])("says what is wrong with a user %s", async (_name, parameters, message) => {
    await host().read(
      "mountpoint -q /mnt/full || { mkdir -p /mnt/full; mount -t tmpfs -o size=4k none /mnt/full; head -c 4096 /dev/zero >/mnt/full/x || :; }; rm -rf /usr/games",
    );
    const report = await apply(host(), play(`- authorized_key: { ${parameters}, key: "${ADA}" }`), { rc: 2 });
    expect(messagesOf(report)).toContain(message);
    expect(await host().read("ls -A /mnt/full")).toBe("x");
  });
});
