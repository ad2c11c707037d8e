import { describe, expect, it } from "vitest";
import { apply } from "./cli.ts";
import { converges } from "./converges.ts";
import { messagesOf } from "./messages.ts";
import { play } from "./play.ts";
import { freshHost } from "./pool.ts";

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

describe("user and group", () => {
  const host = freshHost();

  it("keep their promises", { timeout: 400_000 }, async () => {
    await host().read("mkdir -p /etc/skel.d/in; echo hi >/etc/skel.d/in/.profile; ln -s /etc/shadow /etc/skel.d/link");
    await converges(
      host(),
      play(`- name: Team
  group: { name: team, gid: 5000 }
- name: Ada
  user:
    name: ada
    uid: 5001
    group: team
    groups: [adm]
    home: /srv/homes/ada
    skeleton: /etc/skel.d
    umask: "027"
    shell: /bin/bash
    password_expire_max: 90
    password_expire_account_disable: 5
    subuid_ranges: "300000:65536"
    subgid_ranges: auto
    generate_ssh_key: true
    ssh_key_type: ed25519
    ssh_key_passphrase: open sesame
    ssh_key_comment: ada of the team
- name: Twin
  user: { name: twin, uid: 5001, non_unique: true, create_home: false, password_lock: true }`),
      {
        changed: ["Team", "Ada", "Twin"],
        disturb: [
          { by: "chage -M 99999 ada", repairedBy: "Ada" },
          { by: "chage -I -1 ada", repairedBy: "Ada" },
          { by: "sed -i s/ada:300000/ada:400000/ /etc/subuid", repairedBy: "Ada" },
          { by: "sed -i /ada:/d /etc/subgid", repairedBy: "Ada" },
          { by: "gpasswd -a ada cdrom", repairedBy: "Ada" },
          { by: "groupmod -g 5009 team", repairedBy: "Team" },
        ],
        absent: play(`- user: { name: "{{ item }}", state: absent, remove: true, force: true }
  loop: [twin, ada]
- group: { name: team, state: absent }
- file: { path: /srv/homes, state: absent }`),
        ignore: ACCOUNT_FILES,
      },
    );
  });

  it("make homes and keys that nobody else can read", async () => {
    await host().read("useradd -M -s /bin/sh cyd; rm -rf /home/cyd");
    const task = play(`- name: Cyd
  user: { name: cyd, skeleton: /etc/skel.d, generate_ssh_key: true, ssh_key_passphrase: open sesame, ssh_key_type: ed25519 }`);
    await apply(host(), task, { args: ["-vvv", "--diff"] });
    expect(
      await host().read(
        "cd /home/cyd; stat -c '%a %U %n' . in/.profile .ssh .ssh/*; stat -c '%U %N' link; stat -c %U /etc/shadow",
      ),
    ).toBe(
      `755 cyd .
644 cyd in/.profile
700 cyd .ssh
600 cyd .ssh/id_ed25519
644 cyd .ssh/id_ed25519.pub
cyd 'link' -> '/etc/shadow'
root`,
    );
    // The key opens with the passphrase, and not without.
    expect((await host().exec("ssh-keygen -y -P 'open sesame' -f /home/cyd/.ssh/id_ed25519")).rc).toBe(0);
    expect((await host().exec("ssh-keygen -y -P '' -f /home/cyd/.ssh/id_ed25519")).rc).not.toBe(0);
    expect((await apply(host(), task)).hosts["fresh1"]).toMatchObject({ changed: 0 });
  });

  it("do not put a key where a user's link leads", async () => {
    await host().read("useradd -m eve; rm -rf /home/eve/.ssh; ln -s /etc /home/eve/.ssh; chown -h eve /home/eve/.ssh");
    const report = await apply(host(), play("- user: { name: eve, generate_ssh_key: true, ssh_key_type: ed25519 }"), { rc: 2 });
    expect(messagesOf(report)).toContain("/home/eve/.ssh is a symbolic link that the user made; refusing to follow it as root");
    expect((await host().exec("ls /etc/id_ed25519")).rc).not.toBe(0);
  });

  it("move a home", async () => {
    await host().read("useradd -m fay; echo mine >/home/fay/file");
    await apply(host(), play("- user: { name: fay, home: /srv/fay, move_home: true }"));
    expect(await host().read("cat /srv/fay/file; ls -A /srv/fay | grep -c skel || :; ls -d /home/fay 2>&1 | wc -l")).toContain(
      "mine\n0",
    );
    expect((await apply(host(), play("- user: { name: fay, home: /srv/fay, move_home: true }"))).hosts["fresh1"]).toMatchObject({
      changed: 0,
    });
  });

  it.each([
    [
      "user: { name: new, shell: /bin/sh, skeleton: /etc/skel, home: /dev/null/x }",
      "mkdir: cannot create directory '/dev/null': File exists",
    ],
  ])("say what is wrong with %s", async (task, message) => {
    const before = await host().read("cat /etc/passwd /etc/group /etc/subuid");
    const report = await apply(host(), play(`- ${task}`), { rc: 2 });
    expect(messagesOf(report)).toContain(message);
    expect(await host().read("cat /etc/passwd /etc/group /etc/subuid")).toBe(before);
  });
});
