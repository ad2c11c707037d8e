import { describe, expect, it } from "vitest";
import { archiveWithAttributes, attributesIn, CAPABILITY } from "../../src/modules/support/files/xattrs.test-support.ts";
import { apply } from "./cli.ts";
import { converges, type Expectation } from "./converges.ts";
import { freshHost } from "./pool.ts";
import { diffSnapshots } from "./snapshot-diff.ts";

type Case = Omit<Expectation, "changed"> & {
  readonly module: string;
  /** Tasks that change a fresh host, each as YAML flow text after its name. */
  readonly tasks: readonly (readonly [name: string, task: string])[];
  readonly undo: readonly string[];
};

const play = (tasks: readonly string[]): string =>
  `- hosts: all\n  become: true\n  gather_facts: false\n  tasks:\n${tasks.map((task) => `    - { ${task} }\n`).join("")}`;

const cases: readonly Case[] = [
  {
    module: "replace",
    tasks: [
      ["file", "copy: { dest: /srv/r.conf, content: \"host = a\\nport = 1\\n[x]\\nhost = a\\n\", mode: '0640', force: false }"],
      ["everywhere", "replace: { path: /srv/r.conf, regexp: '^(host = )a$', replace: '\\1b' }"],
      [
        "in a section",
        "replace: { path: /srv/r.conf, regexp: '^host = .*', replace: 'host = c', after: '\\[x\\]', mode: '0600' }",
      ],
    ],
    disturb: [
      { by: "sed -i 's/^host = b/host = a/' /srv/r.conf", repairedBy: "everywhere" },
      { by: "chmod 644 /srv/r.conf", repairedBy: "in a section" },
    ],
    undo: ["file: { path: /srv/r.conf, state: absent }"],
  },
  {
    module: "ini_file",
    tasks: [
      ["file", "ini_file: { path: /srv/i/x.ini, section: one, option: a, value: '1', mode: '0640', owner: deploy }"],
      ["second", "ini_file: { path: /srv/i/x.ini, section: one, option: b, values: [x, y] }"],
      ["section", "community.general.ini_file: { path: /srv/i/x.ini, section: two, option: flag, allow_no_value: true }"],
    ],
    disturb: [
      { by: "sed -i 's/^a = 1/a = 2/' /srv/i/x.ini", repairedBy: "file" },
      { by: "sed -i '/^b = y/d' /srv/i/x.ini", repairedBy: "second" },
      { by: "sed -i '/^flag/d' /srv/i/x.ini", repairedBy: "section" },
    ],
    undo: ["file: { path: /srv/i, state: absent }"],
  },
  {
    module: "assemble and find",
    tasks: [
      ["folder", "file: { path: /srv/parts, state: directory }"],
      ["first", "copy: { dest: /srv/parts/1, content: one, mode: '0600' }"],
      ["second", 'copy: { dest: /srv/parts/2, content: "two\\n" }'],
      ["whole", "assemble: { src: /srv/parts, dest: /srv/whole, delimiter: '# --', mode: '0600', owner: deploy }"],
    ],
    disturb: [
      { by: "echo 3 >>/srv/whole", repairedBy: "whole" },
      { by: "chown root /srv/whole", repairedBy: "whole" },
    ],
    undo: ["file: { path: '{{ item }}', state: absent }, loop: [/srv/parts, /srv/whole]"],
  },
];

describe.each(cases)("$module", ({ tasks, undo, ...options }) => {
  const host = freshHost();

  it("keeps the promises", { timeout: 400_000 }, async () => {
    const text = play(tasks.map(([name, task]) => `name: ${name}, ${task}`));
    await converges(host(), text, { ...options, absent: play(undo), changed: tasks.map(([name]) => name) });
  });
});

describe("modules that look or act", () => {
  const host = freshHost();

  it("give Ansible's fields", { timeout: 400_000 }, async () => {
    const text = `
- hosts: all
  become: true
  gather_facts: false
  tasks:
    - tempfile: { state: directory, suffix: .t }
      register: made
    - copy: { dest: "{{ made.path }}/{{ item }}", content: "{{ item }}" }
      loop: [a.conf, b.conf]
    - find: { paths: "{{ made.path }}", patterns: "*.conf", contains: "b\\\\.", get_checksum: true }
      register: found
    - slurp: { src: "{{ made.path }}/a.conf" }
      register: read
    - slurp: { path: /proc/sys/kernel/ostype }
      register: kernel
    - raw: "id -un; echo oops >&2"
      register: said
      changed_when: false
    - assert:
        that:
          - made.path is match('/tmp/ansible\\.\\w{8}\\.t$') and made.mode == '0700' and made.owner == 'root'
          - found.matched == 1 and found.examined == 2 and found.files[0].path == made.path ~ '/b.conf'
          - found.files[0].checksum == 'b.conf' | hash('sha1') and found.files[0].pw_name == 'root'
          - read is not changed and read.content | b64decode == 'a.conf' and read.encoding == 'base64' and read.source == made.path ~ '/a.conf'
          - kernel.content | b64decode == "Linux\\n"
          - said.stdout_lines == ['root'] and said.stderr_lines == ['oops'] and said.rc == 0
    - file: { path: "{{ made.path }}", state: absent }
`;
    const before = await host().snapshot();
    expect(Object.values((await apply([host()], text)).hosts)[0]).toMatchObject({ failed: 0, changed: 3 });
    expect(diffSnapshots(before, await host().snapshot(), { by: "state" })).toEqual([]);
    expect((await apply([host()], text.replace(/- assert:[\s\S]*?(?=- file:)/, ""), { check: true })).rc).toBe(0);
    expect(diffSnapshots(before, await host().snapshot(), { by: "state" })).toEqual([]);
  });
});

describe("flags of files", () => {
  const host = freshHost();

  it("are set, foreseen, mended and kept", { timeout: 400_000 }, async ({ skip }) => {
    const able = await host().exec("touch /srv/probe && chattr +AdS /srv/probe; rm -f /srv/probe");
    if (able.stderr !== "") skip(`the host's file system has no flags: ${able.stderr}`);
    const flags = (path: string): Promise<string> => host().read(`lsattr -d ${path} | cut -d' ' -f1 | tr -d -- -eI`);
    const text = play([
      "name: folder, file: { path: /srv/t, state: directory, attributes: +A }",
      "name: file, copy: { dest: /srv/t/f, content: one, attributes: =dS, mode: '0640' }",
      "name: line, lineinfile: { path: /srv/t/l, line: x, create: true, attr: S }",
    ]);
    await converges(host(), text, {
      changed: ["folder", "file", "line"],
      disturb: [
        { by: "chattr -S /srv/t/f", repairedBy: "file" },
        { by: "chattr +A /srv/t/l", repairedBy: "line" },
        { by: "chattr -A /srv/t", repairedBy: "folder" },
      ],
      absent: play(["file: { path: /srv/t, state: absent }"]),
    });
    await apply([host()], text);
    await apply([host()], play(["copy: { dest: /srv/t/f, content: two, attributes: -d }"]));
    expect(await host().read("cat /srv/t/f")).toBe("two");
    expect([await flags("/srv/t/l"), await flags("/srv/t")]).toEqual(["S", "A"]);
    expect(await flags("/srv/t/f")).toBe("S");
    const given = { "user.note": "hello", "security.capability": CAPABILITY };
    const archive = archiveWithAttributes("x", "old", given).toString("base64");
    await host().read(`echo ${archive} | base64 -d | tar -C /srv/t --xattrs --xattrs-include='*' -xf -`);
    await apply([host()], play(["copy: { dest: /srv/t/x, content: new, owner: deploy }"]));
    const told = await host().read("tar -C /srv/t --xattrs --xattrs-include='*' -cf - x | base64; rm /srv/t/x");
    expect(attributesIn(Buffer.from(told, "base64"))).toMatchObject(given);
    const tree = play(["name: tree, file: { path: /srv/t, recurse: true, attributes: '=dA' }"]);
    expect((await apply([host()], tree, { check: true })).changes).toEqual({ fresh1: ["tree"] });
    expect((await apply([host()], tree)).changes).toEqual({ fresh1: ["tree"] });
    expect((await apply([host()], tree)).changes).toEqual({});
    expect(await Promise.all(["", "/f", "/l"].map((name) => flags(`/srv/t${name}`)))).toEqual(["dA", "dA", "dA"]);
  });
});
