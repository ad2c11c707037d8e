import { describe, expect, it } from "vitest";
import { apply } from "./cli.ts";
import { converges } from "./converges.ts";
import { fileFamily } from "./file-family.ts";
import { play } from "./play.ts";
import { freshHost } from "./pool.ts";

// A host whose /bin/sh is busybox ash and whose tools are busybox' applets, as on Alpine.
describe("a busybox host", () => {
  const host = freshHost({ image: "openrc" });

  it("has nothing of GNU in its PATH", async () => {
    expect(await host().read("for t in sh stat awk find adduser; do readlink $(command -v $t); done")).toBe(
      Array.from({ length: 5 }, () => "/bin/busybox").join("\n"),
    );
    expect((await host().exec("command -v useradd bash getfacl systemctl python3")).rc).not.toBe(0);
  });

  it("takes every module of the file family", async () => {
    await converges(host(), play(fileFamily.tasks), fileFamily.expected);
  });

  it("makes accounts with adduser and addgroup", async () => {
    await converges(
      host(),
      play(`- name: Group
  group: { name: operators, gid: 4711 }
- name: User
  user: { name: oscar, uid: 4712, group: operators, comment: Oscar, shell: /bin/ash, groups: [adm], append: true }
- name: System user
  user: { name: worker, system: true, home: /var/lib/worker, create_home: false, shell: /sbin/nologin }`),
      {
        changed: ["Group", "User", "System user"],
        disturb: [{ by: "delgroup oscar adm", repairedBy: "User" }],
        absent: play(`- user: { name: oscar, state: absent, remove: true }
- user: { name: worker, state: absent }
- group: { name: operators, state: absent }`),
        // Whoever writes it puts the day of the password's change there.
        ignore: ["/etc/shadow", "/etc/gshadow"],
      },
    );
  });

  it("runs commands, sets kernel settings and gathers facts", async () => {
    await converges(
      host(),
      play(`- name: Once
  command: { cmd: touch /var/tmp/once, creates: /var/tmp/once }
- name: Shell
  shell: { cmd: "echo $HOME > /var/tmp/shell", creates: "/var/tmp/sh*" }
- name: Setting
  sysctl: { name: net.ipv4.ip_default_ttl, value: 65, sysctl_file: /etc/sysctl.d/50-x.conf, sysctl_set: true }
- name: Wait
  wait_for: { port: 22, timeout: 5 }
- setup:
- assert:
    that:
      - ansible_facts.service_mgr == 'openrc'
      - ansible_facts.memtotal_mb > 100
      - ansible_facts.default_ipv4.address in ansible_facts.all_ipv4_addresses
      - ansible_facts.user_id == 'root'`),
      {
        changed: ["Once", "Shell", "Setting"],
        absent: play(`- file: { path: "{{ item }}", state: absent }
  loop: [/var/tmp/once, /var/tmp/shell, /etc/sysctl.d/50-x.conf]`),
        ignore: ["net.ipv4.ip_default_ttl"],
      },
    );
  });

  it("uses a command that an earlier task of the run has brought", async () => {
    // As a package with shadow's tools would, of which there is none for this image.
    const usermod = '#!/bin/sh\n[ "$1" = -c ] && sed -i "s/^\\($3:[^:]*:[^:]*:[^:]*:\\)[^:]*/\\1$2/" /etc/passwd\n';
    const playbook = play(`- name: Tools
  copy: { src: usermod, dest: "/usr/local/sbin/{{ item }}", mode: "0755" }
  loop: [usermod, useradd]
- name: User
  user: { name: deploy, comment: Deployer }`);
    await converges(host(), playbook, {
      changed: ["Tools", "User"],
      files: { "files/usermod": usermod },
      absent: play(`- user: { name: deploy, comment: "" }
- file: { path: "/usr/local/sbin/{{ item }}", state: absent }
  loop: [usermod, useradd]`),
      ignore: ["/etc/passwd"],
    });
  });

  it("names a full disk, and leaves the old file", async () => {
    await host().read("mkdir /srv/small && mount -t tmpfs -o size=64k none /srv/small && echo old > /srv/small/f");
    const report = await apply(host(), play("- copy: { dest: /srv/small/f, content: \"{{ 'x' * 100000 }}\" }"), { rc: 2 });
    expect(report.stdout).toContain("could not write");
    expect(await host().read("cat /srv/small/f; ls -A /srv/small | wc -l")).toBe("old\n1");
  });
});
