import { describe, expect, it } from "vitest";
import { apply } from "./cli.ts";
import { converges, type Expectation } from "./converges.ts";
import { freshHost } from "./pool.ts";

type Case = Omit<Expectation, "changed"> & {
  readonly module: string;
  /** Tasks, each as YAML flow text after its name. */
  readonly tasks: readonly (readonly [name: string, task: string])[];
  readonly undo?: readonly string[];
  /** Tasks that find nothing to do even on a fresh host. */
  readonly unchanged?: readonly string[];
};

const play = (tasks: readonly string[]): string =>
  `- hosts: all\n  become: true\n  gather_facts: false\n  tasks:\n${tasks.map((task) => `    - { ${task} }\n`).join("")}`;

// Every module that describes state, on a real Debian host: check tells what apply changes, the second apply changes nothing, drift is
// mended by the one task whose business it is, and the opposite puts the host back.
const cases: readonly Case[] = [
  {
    module: "file",
    tasks: [
      ["folder", "file: { path: /srv/t/a, state: directory, mode: '0750', owner: deploy, group: deploy }"],
      ["touch", "file: { path: /srv/t/a/f, state: touch, access_time: preserve, modification_time: preserve, mode: '0600' }"],
      ["link", "file: { src: /srv/t/a/f, dest: /srv/t/l, state: link }"],
      ["hard link", "file: { src: /srv/t/a/f, dest: /srv/t/h, state: hard }"],
    ],
    disturb: [
      { by: "chmod 700 /srv/t/a", repairedBy: "folder" },
      { by: "ln -sfn /etc/passwd /srv/t/l", repairedBy: "link" },
    ],
    undo: ["file: { path: /srv/t, state: absent }"],
  },
  {
    module: "copy",
    tasks: [
      ["text", "copy: { dest: /srv/c.conf, content: 'a: {{ 1 + 1 }}', mode: '0640' }"],
      ["file", "copy: { src: data.bin, dest: /srv/, owner: deploy }"],
      ["mapping", "copy: { dest: /srv/c.json, content: { a: [1, 2] } }"],
      [
        "checked",
        "copy: { dest: /etc/sudoers.d/t, content: \"deploy ALL=(ALL) NOPASSWD: ALL\\n\", mode: '0440', validate: '/usr/sbin/visudo -cf %s' }",
      ],
    ],
    files: { "files/data.bin": "\u0000\u0001 not text \n" },
    disturb: [
      { by: "echo x >>/srv/c.conf", repairedBy: "text" },
      { by: "chown root /srv/data.bin", repairedBy: "file" },
    ],
    undo: ["file: { path: '{{ item }}', state: absent }, loop: [/srv/c.conf, /srv/data.bin, /srv/c.json, /etc/sudoers.d/t]"],
  },
  {
    module: "template",
    tasks: [["render", "template: { src: t.j2, dest: /srv/t.conf, mode: '0644' }, vars: { names: [a, b] }"]],
    files: { "templates/t.j2": "{% for name in names %}\n{{ loop.index }} {{ name }}\n{% endfor %}\n" },
    disturb: [{ by: "sed -i s/a/z/ /srv/t.conf", repairedBy: "render" }],
    undo: ["file: { path: /srv/t.conf, state: absent }"],
  },
  {
    module: "lineinfile and blockinfile",
    tasks: [
      ["line", "lineinfile: { path: /srv/l.conf, line: 'a = 1', regexp: '^a =', create: true, mode: '0644' }"],
      ["second line", "lineinfile: { path: /srv/l.conf, line: 'b = 2', insertafter: '^a' }"],
      ["block", "blockinfile: { path: /srv/l.conf, block: \"x\\ny\", marker: '# {mark} t' }"],
    ],
    disturb: [
      { by: "sed -i 's/a = 1/a = 3/' /srv/l.conf", repairedBy: "line" },
      { by: "sed -i '/^y$/d' /srv/l.conf", repairedBy: "block" },
    ],
    undo: ["file: { path: /srv/l.conf, state: absent }"],
  },
  {
    module: "group and user",
    tasks: [
      ["group", "group: { name: team, gid: 4242 }"],
      ["user", "user: { name: ada, uid: 4243, groups: team, append: true, shell: /bin/bash, comment: Ada, password: '$6$ab$x' }"],
    ],
    disturb: [
      { by: "usermod -s /bin/sh ada", repairedBy: "user" },
      { by: "gpasswd -d ada team", repairedBy: "user" },
    ],
    undo: ["user: { name: ada, state: absent, remove: true }", "group: { name: team, state: absent }"],
    // useradd and userdel leave the backups of what they edited.
    ignore: [
      "/etc/passwd-",
      "/etc/group-",
      "/etc/shadow-",
      "/etc/gshadow-",
      "/etc/subuid-",
      "/etc/subgid-",
      "/etc/subuid",
      "/etc/subgid",
    ],
  },
  {
    module: "sysctl",
    tasks: [
      ["setting", "sysctl: { name: net.ipv4.ip_forward, value: '0', sysctl_set: true, sysctl_file: /etc/sysctl.d/90-t.conf }"],
    ],
    disturb: [{ by: "sed -i 's/= *0/= 1/; s/=0/=1/' /etc/sysctl.d/90-t.conf", repairedBy: "setting" }],
  },
  {
    module: "systemd and service",
    tasks: [
      [
        "unit",
        'copy: { dest: /etc/systemd/system/t.service, content: "[Service]\\nExecStart=/bin/sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n" }',
      ],
      ["run", "systemd: { name: t, state: started, enabled: true, daemon_reload: true }"],
    ],
    disturb: [
      { by: "systemctl stop t", repairedBy: "run" },
      { by: "systemctl disable t", repairedBy: "run" },
    ],
  },
];

describe.each(cases)("$module", ({ tasks, undo, unchanged = [], disturb, ...options }) => {
  const host = freshHost();

  it("keeps the promises", { timeout: 180_000 }, async () => {
    const text = play(tasks.map(([name, task]) => `name: ${name}, ${task}`));
    await converges(host(), text, {
      ...options,
      ...(disturb === undefined ? {} : { disturb }),
      ...(undo === undefined ? {} : { absent: play(undo) }),
      changed: tasks.map(([name]) => name).filter((name) => !unchanged.includes(name)),
    });
  });
});

describe("packages", () => {
  const host = freshHost();

  it("are installed in one transaction, foreseen, kept and removed", { timeout: 180_000 }, async () => {
    const text = play([
      "name: install, package: { name: [tree, jq], state: present }",
      "name: keep, apt: { name: tree }",
      "name: versions, command: 'dpkg-query -W tree jq', changed_when: false",
    ]);
    const check = await apply([host()], text, { check: true });
    expect(check.changes).toEqual({ fresh1: ["install"] });
    expect((await host().exec("command -v tree")).rc).not.toBe(0);
    expect((await apply([host()], text)).changes).toEqual({ fresh1: ["install"] });
    expect((await apply([host()], text)).changes).toEqual({});
    const removal = play(["name: remove, apt: { name: [tree, jq], state: absent, purge: true, autoremove: true }"]);
    expect((await apply([host()], removal)).changes).toEqual({ fresh1: ["remove"] });
    expect((await host().exec("command -v tree jq")).rc).not.toBe(0);
  });

  it("that do not exist are an error that says so", async () => {
    const report = await apply([host()], play(["apt: { name: no-such-package-here }"]), { rc: 2 });
    expect(report.stdout).toMatch(/no-such-package-here/);
  });
});

describe("modules that only look or act", () => {
  const host = freshHost();

  it("give Ansible's fields", async () => {
    const text = `
- hosts: all
  become: true
  tasks:
    - assert:
        that:
          - ansible_facts.os_family == 'Debian'
          - ansible_facts.distribution_major_version == '12'
          - ansible_facts.service_mgr == 'systemd'
          - ansible_facts.pkg_mgr == 'apt'
          - ansible_hostname == ansible_facts.hostname
          - ansible_facts.memtotal_mb > 0
          - ansible_facts.default_ipv4.address is defined
    - stat: { path: /etc/passwd }
      register: passwd
    - slurp: { src: /etc/hostname }
      register: name
    - command: { cmd: echo hello, creates: /no/such/file }
      register: said
    - command: { cmd: echo hello, creates: /etc/passwd }
      register: unsaid
    - shell: echo $0; echo err >&2
      register: shelled
    - ping:
      register: pong
    - wait_for: { port: 22, timeout: 5 }
    - assert:
        that:
          - passwd.stat.exists and passwd.stat.isreg and passwd.stat.mode == '0644' and passwd.stat.pw_name == 'root'
          - name.content | b64decode | trim == ansible_facts.hostname
          - said is changed and said.stdout == 'hello' and said.rc == 0
          - unsaid is not changed
          - shelled.stderr_lines == ['err']
          - pong.ping == 'pong'
`;
    const report = await apply([host()], text);
    expect(Object.values(report.hosts)[0]).toMatchObject({ failed: 0, changed: 2 });
  });

  it("fail as Ansible's do", async () => {
    for (const task of [
      "command: /bin/false",
      "stat: { path: /x, checksum_algorithm: md6 }",
      "wait_for: { port: 1, timeout: 1 }",
      "fail: { msg: no }",
    ]) {
      const told = await apply([host()], `- { hosts: all, gather_facts: false, tasks: [{ ${task} }] }`, { rc: 2 }).then(
        () => "failed",
        (error: Error) => (/ended with 3/.test(error.message) ? "refused" : error.message),
      );
      expect(["failed", "refused"]).toContain(told);
    }
  });
});
