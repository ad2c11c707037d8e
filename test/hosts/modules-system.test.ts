import { describe, expect, it } from "vitest";
import { apply, type RunReport } from "./cli.ts";
import { converges } from "./converges.ts";
import { messagesOf } from "./messages.ts";
import { play } from "./play.ts";
import { freshHost } from "./pool.ts";

/** Titles of the tasks that changed the host of a `describe`. */
const changesOf = (report: RunReport): readonly string[] => report.changes["fresh1"] ?? [];

describe("user and group", () => {
  const host = freshHost();

  it("make accounts, notice drift, and undo them", async () => {
    await converges(
      host(),
      play(`- name: Group
  group: { name: operators, gid: 4711 }
- name: User
  user:
    name: oscar
    uid: 4712
    group: operators
    groups: [adm, cdrom]
    comment: Oscar the operator
    shell: /bin/bash
    password: $6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g.
    generate_ssh_key: true
    ssh_key_type: ed25519
- name: System user
  user: { name: worker, system: true, home: /var/lib/worker, shell: /usr/sbin/nologin, expires: 4102444800 }`),
      {
        changed: ["Group", "User", "System user"],
        disturb: [
          { by: "usermod -s /bin/sh oscar", repairedBy: "User" },
          { by: "gpasswd -d oscar adm", repairedBy: "User" },
          { by: "echo oscar:other | chpasswd", repairedBy: "User" },
          { by: "usermod -e '' worker", repairedBy: "System user" },
        ],
        absent: play(`- user: { name: oscar, state: absent, remove: true }
- user: { name: worker, state: absent, remove: true }
- group: { name: operators, state: absent }`),
        // useradd and userdel keep backups of their files, and subordinate ids; the clock of a password change is in shadow.
        ignore: ["/etc/passwd-", "/etc/group-", "/etc/shadow-", "/etc/gshadow-", "/etc/subuid-", "/etc/subgid-", "/etc/shadow"],
      },
    );
  });

  it("keep a password off command lines and out of the output", async () => {
    const hash = "$6$salt$abcdefghijklmnop";
    const report = await apply(host(), play(`- name: User\n  user: { name: paula, password: '${hash}' }`), {
      args: ["-vvv", "--diff"],
    });
    expect(report.stdout + report.stderr).not.toContain(hash);
    expect(await host().read("getent shadow paula | cut -d: -f2")).toBe(hash);
    const again = await apply(host(), play("- user: { name: paula, password: 'x', update_password: on_create }"));
    expect(Object.values(again.hosts)[0]).toMatchObject({ changed: 0, failed: 0 });
  });

  it("name what is missing", async () => {
    const report = await apply(host(), play("- name: User\n  user: { name: quentin, groups: [no-such-group] }"), { rc: 2 });
    expect(Object.values(report.hosts)[0]).toMatchObject({ changed: 0, failed: 1 });
    expect(messagesOf(report)).toContain("Group no-such-group does not exist");
  });
});

describe("systemd and service", () => {
  const host = freshHost();
  const unit = (name: string, body: string): string => `- name: Unit ${name}
  copy:
    dest: /etc/systemd/system/${name}.service
    content: |
      [Service]
${body.replace(/^/gm, "      ")}
      [Install]
      WantedBy=multi-user.target`;

  it("start, enable, restart when what they read has changed, and undo it", async () => {
    await converges(
      host(),
      play(`- name: Settings
  copy: { dest: /etc/demo.env, content: "A=1\\n" }
- name: More settings
  file: { path: /etc/demo.d, state: directory, mode: "0755" }
${unit("demo", "EnvironmentFile=/etc/demo.env\nExecStart=/bin/sleep infinity")}
- name: Service
  systemd: { name: demo, state: started, enabled: true, restart_when_changed: [/etc/demo.env, /etc/demo.d] }
- name: Masked
  systemd: { name: no-such-thing, masked: true }`),
      {
        changed: ["Settings", "More settings", "Unit demo", "Service", "Masked"],
        disturb: [
          { by: "systemctl stop demo", repairedBy: "Service" },
          { by: "systemctl disable demo", repairedBy: "Service" },
          { by: "systemctl unmask no-such-thing", repairedBy: "Masked" },
          { by: "sleep 0.1; touch /etc/demo.env", repairedBy: "Service" },
          { by: "sleep 0.1; touch /etc/demo.d/new; rm /etc/demo.d/new", repairedBy: "Service" },
        ],
        absent: play(`- stat: { path: /etc/systemd/system/demo.service }
  register: unit
- systemd: { name: demo, state: stopped, enabled: false }
  when: unit.stat.exists
- systemd: { name: no-such-thing, masked: false }
- file: { path: /etc/systemd/system/demo.service, state: absent }
- file: { path: /etc/demo.env, state: absent }
- file: { path: /etc/demo.d, state: absent }
- systemd: { daemon_reload: true }`),
      },
    );
  });

  it("restart at once after a change within the same second, and not twice", async () => {
    const text = (value: string): string =>
      play(`${unit("quick", "EnvironmentFile=-/etc/quick.env\nExecStart=/bin/sleep infinity")}
- name: Settings
  copy: { dest: /etc/quick.env, content: "A=${value}\\n" }
- name: Service
  systemd: { name: quick, state: started, restart_when_changed: [/etc/quick.env] }`);
    const started = () => host().read("systemctl show -p InvocationID --value quick");
    await apply(host(), text("1"));
    const first = await started();
    for (const value of ["2", "3"]) {
      expect(changesOf(await apply(host(), text(value), { check: true }))).toEqual(["Settings", "Service"]);
      expect(changesOf(await apply(host(), text(value)))).toEqual(["Settings", "Service"]);
      expect(changesOf(await apply(host(), text(value)))).toEqual([]);
    }
    expect(await started()).not.toBe(first);
  });

  it("read changed unit files again, and say so", async () => {
    const text = (seconds: string): string =>
      play(`${unit("reread", `ExecStart=/bin/sleep ${seconds}`)}
- name: Reload
  systemd: { daemon_reload: true }
- name: Service
  systemd: { name: reread, state: started }`);
    await apply(host(), text("1000"));
    expect(changesOf(await apply(host(), text("2000"), { check: true }))).toEqual(["Unit reread", "Reload"]);
    expect(changesOf(await apply(host(), text("2000")))).toEqual(["Unit reread", "Reload"]);
    expect(changesOf(await apply(host(), text("2000")))).toEqual([]);
    expect(await host().read("systemctl show -p NeedDaemonReload --value reread")).toBe("no");
  });

  it("restart each time when told to, and let oneshot units end", async () => {
    const text = play(`${unit("once", "Type=oneshot\nExecStart=/bin/true")}
- name: Once
  service: { name: once, state: started }
- name: Again
  service: { name: cron-like, state: restarted }
  when: false`);
    expect((await apply(host(), text)).hosts["fresh1"]).toMatchObject({ changed: 2, failed: 0 });
    const restart = play("- name: Restart\n  service: { name: quick, state: restarted }");
    for (const _ of [1, 2]) expect(changesOf(await apply(host(), restart))).toEqual(["Restart"]);
  });

  it("that are not there are refused, also by a check", async () => {
    const task = play("- service: { name: no-such-unit, state: started }");
    for (const check of [false, true]) {
      expect(messagesOf(await apply(host(), task, { check, rc: 2 }))).toBe(
        "Could not find the requested service no-such-unit: host",
      );
    }
  });

  it("tell why a service has failed", async () => {
    const text = play(`${unit("broken", "ExecStart=/bin/sh -c 'echo no such luck >&2; exit 3'")}
- name: Broken
  systemd: { name: broken, state: restarted }`);
    const report = await apply(host(), text, { rc: 2 });
    expect(messagesOf(report)).toContain("no such luck");
  });
});

describe("packages", () => {
  const host = freshHost();

  it("come in one transaction, at a version, and go again", { timeout: 300_000 }, async () => {
    await host().read("rm -rf /var/lib/apt/lists; mkdir -p /var/lib/apt/lists/partial");
    await converges(
      host(),
      play(`- name: Lists
  apt: { update_cache: true, cache_valid_time: 86400 }
- name: Two packages
  apt: { name: [hello, tree=2.*], install_recommends: false }
- name: By any name
  package: { name: hello }`),
      {
        changed: ["Lists", "Two packages"],
        disturb: [{ by: "apt-get purge -y -q tree", repairedBy: "Two packages" }],
        absent: play("- apt: { name: [hello, tree], state: absent, purge: true, autoremove: true }"),
        // What apt keeps for itself, and what dpkg's triggers rewrite.
        ignore: ["/var/lib/apt", "/var/cache/apt", "/var/lib/dpkg", "/var/log", "/var/cache", "/usr/share/info"],
      },
    );
  });

  it("cannot be installed when nobody has them", async () => {
    const report = await apply(host(), play("- apt: { name: no-such-package-at-all }"), { rc: 2 });
    expect(report.hosts["fresh1"]).toMatchObject({ failed: 1 });
    expect(messagesOf(report)).toContain("Unable to locate package no-such-package-at-all");
  });

  it("wait for dpkg's lock, and say who holds it", async () => {
    // A lock as dpkg takes it (fcntl, struct flock of 64-bit Linux); flock(1) takes another kind.
    const lock = `open F, ">>", "/var/lib/dpkg/lock-frontend"; $l = pack("s s x4 q q i x4", 1, 0, 0, 0, 0); fcntl F, 6, $l or die; sleep 8`;
    await host().read(`perl -e '${lock}' >/dev/null 2>&1 & sleep 0.3`);
    const report = await apply(host(), play("- name: Package\n  apt: { name: hello, lock_timeout: 0 }"), { rc: 2 });
    expect(messagesOf(report)).toContain("Could not get lock /var/lib/dpkg/lock-frontend");
    const later = await apply(host(), play("- name: Package\n  apt: { name: hello, lock_timeout: 60 }"));
    expect(changesOf(later)).toEqual(["Package"]);
  });
});

describe("kernel settings and modules", () => {
  const host = freshHost();

  it("are written where the host reads them at boot", async () => {
    await host().read("printf '# ours\\nnet.ipv4.ip_forward = 0\\nnet/ipv4/ip_forward=0\\n' > /etc/sysctl.d/50-old.conf");
    await converges(
      host(),
      play(`- name: Setting
  sysctl: { name: net.ipv4.ip_forward, value: true, sysctl_file: /etc/sysctl.d/50-old.conf, reload: false }
- name: Several values
  sysctl: { name: net.ipv4.tcp_rmem, value: "4096  131072 6291456", sysctl_file: /etc/sysctl.d/60-new.conf, reload: false }`),
      {
        changed: ["Setting", "Several values"],
        disturb: [{ by: "sed -i s/=1/=0/ /etc/sysctl.d/50-old.conf", repairedBy: "Setting" }],
      },
    );
    expect(await host().read("cat /etc/sysctl.d/50-old.conf /etc/sysctl.d/60-new.conf")).toBe(
      "# ours\nnet.ipv4.ip_forward=1\nnet.ipv4.tcp_rmem=4096 131072 6291456",
    );
    const gone = play(
      "- name: Gone\n  sysctl: { name: net.ipv4.ip_forward, state: absent, sysctl_file: /etc/sysctl.d/50-old.conf, reload: false }",
    );
    expect(changesOf(await apply(host(), gone))).toEqual(["Gone"]);
    expect(changesOf(await apply(host(), gone))).toEqual([]);
  });

  it("name a setting that the kernel does not have", async () => {
    for (const check of [true, false]) {
      const report = await apply(host(), play("- sysctl: { name: net.no.such, value: 1, sysctl_set: true }"), { check, rc: 2 });
      expect(messagesOf(report)).toContain(
        'the kernel has no setting "net.no.such" (/proc/sys/net/no/such); is a module missing?',
      );
    }
  });

  it("load modules at boot", async () => {
    // tun is built into the kernel of the machine or loaded there or neither; only the files are looked at.
    const text = (persistent: string): string =>
      play(`- name: Module\n  modprobe: { name: loop, state: present, persistent: ${persistent} }`);
    const report = await apply(host(), text("present"));
    if (report.hosts["fresh1"]?.failed === 1) {
      expect(messagesOf(report)).toMatch(/there is no module "loop" for the running kernel/);
      return;
    }
    expect(await host().read("cat /etc/modules-load.d/loop.conf")).toBe("loop");
    expect(changesOf(await apply(host(), text("present")))).toEqual([]);
    expect(changesOf(await apply(host(), text("absent")))).toEqual(["Module"]);
    expect(changesOf(await apply(host(), text("absent")))).toEqual([]);
    expect(await host().read("cat /etc/modules-load.d/loop.conf")).toBe("#loop");
  });
});

describe("commands, waiting and facts", () => {
  const host = freshHost();

  it("command and shell run every time, unless creates says that there is nothing to do", async () => {
    await converges(
      host(),
      play(`- name: Once
  command: { cmd: touch /var/tmp/once, creates: /var/tmp/once }
- name: Once with a pattern
  shell: { cmd: "echo $HOME > /var/tmp/pattern-1", creates: "/var/tmp/pattern-*" }
- name: Only when it is there
  command: { cmd: rm /var/tmp/gone, removes: /var/tmp/gone }
- name: Wait
  wait_for: { path: /var/tmp/once, timeout: 5 }
- name: Port
  wait_for: { port: 22, timeout: 5 }`),
      {
        changed: ["Once", "Once with a pattern"],
        absent: play("- file: { path: '/var/tmp/{{ item }}', state: absent }\n  loop: [once, pattern-1]"),
      },
    );
  });

  it("do not show a shell's text in the list of processes", async () => {
    const report = await apply(
      host(),
      play(`- name: Look
  shell: "ps -e -o args | grep -c 'se[c]ret-word' ; true"
  register: seen
- name: Tell
  assert: { that: seen.stdout == '0' }`),
    );
    expect(report.hosts["fresh1"]).toMatchObject({ failed: 0 });
  });

  it("gather facts that agree with the host", async () => {
    const report = await apply(
      host(),
      `- hosts: all
  become: true
  tasks:
    - assert:
        that:
          - ansible_facts['distribution'] == 'Debian'
          - ansible_os_family == 'Debian'
          - ansible_distribution_major_version | int >= 12
          - ansible_service_mgr == 'systemd'
          - ansible_pkg_mgr == 'apt'
          - ansible_user_id == 'root'
          - ansible_default_ipv4.address in ansible_all_ipv4_addresses
          - ansible_default_ipv4.interface in ansible_interfaces
          - ansible_virtualization_type == 'docker'
          - ansible_virtualization_role == 'guest'
          - ansible_memtotal_mb > 100
          - ansible_processor_vcpus >= 1
          - ansible_hostname == hostname.stdout
          - ansible_kernel == kernel.stdout
      vars:
        hostname: { stdout: "{{ ansible_nodename }}" }
        kernel: { stdout: "{{ ansible_facts.kernel }}" }
`,
    );
    expect(messagesOf(report)).not.toContain("Assertion failed");
    expect(report.hosts["fresh1"]).toMatchObject({ failed: 0, changed: 0 });
  });
});

describe("mount", () => {
  const host = freshHost();

  it("mounts, for now and after a reboot, and undoes it", { timeout: 400_000 }, async () => {
    await host().read("mkdir -p '/srv/with blank/in'; echo found >'/srv/with blank/in/file'");
    await converges(
      host(),
      play(`- name: Memory
  mount: { path: /srv/memory, src: tmpfs, fstype: tmpfs, opts: "size=1m,nosuid,mode=0750", state: mounted, backup: false }
- name: Bound
  ansible.posix.mount: { path: "/srv/bound here", src: /srv/with blank/in, fstype: none, opts: "bind,ro", state: mounted }
- name: Listed
  mount: { name: /srv/listed, src: LABEL=none-such, fstype: ext4, boot: false, state: present }
- name: Passing
  mount: { path: /srv/passing, src: tmpfs, fstype: tmpfs, state: ephemeral }`),
      {
        changed: ["Memory", "Bound", "Listed", "Passing"],
        disturb: [
          { by: "umount '/srv/bound here'", repairedBy: "Bound" },
          { by: "mount -o remount,bind,rw '/srv/bound here'", repairedBy: "Bound" },
          { by: "umount '/srv/bound here'; mount --bind /etc '/srv/bound here'", repairedBy: "Bound" },
          { by: "umount /srv/memory; rmdir /srv/memory", repairedBy: "Memory" },
          { by: "sed -i s/ext4/xfs/ /etc/fstab", repairedBy: "Listed" },
          { by: "umount /srv/passing", repairedBy: "Passing" },
        ],
        absent: play(`- mount: { path: "{{ item }}", state: absent }
  loop: [/srv/memory, /srv/bound here, /srv/listed, /srv/passing]`),
        // The times of a directory that was there come back; these were made before the first look and by a mount.
        ignore: ["/etc/fstab"],
      },
    );
    expect(await host().read("cat /etc/fstab; grep -c /srv /proc/self/mounts || :")).toMatch(/^(#.*\n)?0$/);
    expect(await host().read("cat '/srv/with blank/in/file'")).toBe("found");
  });

  it("changes the options of what is mounted, and leaves alone what it is not to touch", async () => {
    const text = (size: string, state: string): string =>
      play(
        `- name: Memory\n  mount: { path: /srv/m, src: tmpfs, fstype: tmpfs, opts: "size=${size}", state: ${state}, backup: true }`,
      );
    await apply(host(), text("1m", "mounted"));
    await host().read("echo kept >/srv/m/file");
    expect(changesOf(await apply(host(), text("2m", "mounted"), { check: true }))).toEqual(["Memory"]);
    expect(changesOf(await apply(host(), text("2m", "mounted")))).toEqual(["Memory"]);
    expect(await host().read("cat /srv/m/file; df -k --output=size /srv/m | tail -n 1; ls /etc/fstab.*~ | wc -l")).toMatch(
      /^kept\n *2048\n2$/,
    );
    expect(changesOf(await apply(host(), text("2m", "remounted")))).toEqual(["Memory"]);
    expect(changesOf(await apply(host(), text("2m", "unmounted")))).toEqual(["Memory"]);
    expect(changesOf(await apply(host(), text("2m", "unmounted")))).toEqual([]);
    expect(await host().read("grep -c ' /srv/m ' /etc/fstab; ls -A /srv/m | wc -l")).toBe("1\n0");
    expect(changesOf(await apply(host(), text("2m", "absent_from_fstab")))).toEqual(["Memory"]);
    await host().read("touch /srv/m/in-use");
    expect(changesOf(await apply(host(), text("2m", "absent")))).toEqual([]);
    expect(await host().read("ls /srv/m")).toBe("in-use");
  });

  it.each([
    ["src: /dev/none, fstype: ext4", "the device /dev/none does not exist"],
    ["src: /srv/none, fstype: none, opts: bind", "the directory /srv/none, which is to be mounted, does not exist"],
    ["src: none, fstype: nosuchfs", "special device none does not exist"],
    ["path: /etc/hostname/x, src: tmpfs, fstype: tmpfs", "Not a directory"],
    ["src: tmpfs, fstype: tmpfs, fstab: /srv/no/fstab", "Destination directory /srv/no does not exist"],
    [
      "src: tmpfs, fstype: tmpfs, fstab: /srv/full/fstab",
      "could not write the new content of /srv/full/fstab; is the disk full? Nothing was changed",
    ],
  ])("says what is wrong with %s, and leaves the host as it was", async (parameters, message) => {
    await host().read(
      "mkdir -p /srv/full; mountpoint -q /srv/full || { mount -t tmpfs -o size=4k none /srv/full; head -c 4096 /dev/zero >/srv/full/x; }",
    );
    const before = await host().read("cat /etc/fstab; cat /proc/self/mounts; ls -A /srv /srv/full");
    const place = parameters.startsWith("path") ? "" : "path: /srv/new, ";
    const report = await apply(host(), play(`- mount: { ${place}${parameters}, state: mounted }`), { rc: 2 });
    expect(messagesOf(report)).toContain(message);
    expect(await host().read("cat /etc/fstab; cat /proc/self/mounts; ls -A /srv /srv/full")).toBe(before);
  });
});

describe("pam_limits", () => {
  const host = freshHost();

  it("keeps its promises", async () => {
    await host().read("printf '*\\tsoft\\tnofile\\t1024 # of old\\n' >/etc/security/limits.d/20-old.conf");
    await converges(
      host(),
      play(`- name: Raised
  pam_limits: { domain: "*", limit_type: soft, limit_item: nofile, value: 65536, dest: /etc/security/limits.d/20-old.conf }
- name: New
  community.general.pam_limits: { domain: "@db", limit_type: "-", limit_item: memlock, value: unlimited, dest: /etc/security/limits.d/30-new.conf, comment: the database }
- name: High enough
  pam_limits: { domain: "*", limit_type: soft, limit_item: nofile, value: 4096, use_max: true, dest: /etc/security/limits.d/20-old.conf }`),
      {
        changed: ["Raised", "New"],
        disturb: [
          { by: "sed -i s/65536/70000/ /etc/security/limits.d/20-old.conf", repairedBy: "Raised" },
          { by: "rm /etc/security/limits.d/30-new.conf", repairedBy: "New" },
        ],
        absent: play(`- copy: { dest: /etc/security/limits.d/20-old.conf, content: "*\\tsoft\\tnofile\\t1024 # of old\\n" }
- file: { path: /etc/security/limits.d/30-new.conf, state: absent }`),
      },
    );
    await apply(host(), play("- pam_limits: { domain: root, limit_type: hard, limit_item: nofile, value: 4321 }"));
    // What the host's own PAM makes of it.
    expect(await host().read("su root -c 'ulimit -Hn'")).toBe("4321");
  });
});

describe("known_hosts", () => {
  const host = freshHost();

  it("keeps its promises", async () => {
    const key = "AAAAC3NzaC1lZDI1NTE5AAAAIAv0n7Ri0sQmGIdmMScn6t0Xm8ATg1Yw8h5X8sCq3Vxl";
    await converges(
      host(),
      play(`- name: In clear
  known_hosts: { name: backup.example.com, key: "backup.example.com,10.1.2.3 ssh-ed25519 ${key}", path: /etc/ssh/ssh_known_hosts }
- name: Hashed
  known_hosts: { name: "[git.example.com]:2222", key: "[git.example.com]:2222 ssh-ed25519 ${key}", path: /etc/ssh/ssh_known_hosts, hash_host: true }`),
      {
        changed: ["In clear", "Hashed"],
        disturb: [
          {
            by: "ssh-keygen -R backup.example.com -f /etc/ssh/ssh_known_hosts; rm /etc/ssh/*.old; chmod 644 /etc/ssh/ssh_known_hosts",
            repairedBy: "In clear",
          },
        ],
        absent: play(`- known_hosts: { name: "{{ item }}", path: /etc/ssh/ssh_known_hosts, state: absent }
  loop: [backup.example.com, "[git.example.com]:2222"]
- file: { path: /etc/ssh/ssh_known_hosts, state: absent }
  when: false`),
        // ssh-keygen writes the lines that stay in another order; an empty file is left.
        ignore: ["/etc/ssh/ssh_known_hosts", "/etc/ssh"],
      },
    );
    // The other name of the line stays: nothing was said about it.
    expect(await host().read("stat -c %a /etc/ssh/ssh_known_hosts; cut -d ' ' -f 1 /etc/ssh/ssh_known_hosts")).toBe(
      "644\n10.1.2.3",
    );
  });
});
