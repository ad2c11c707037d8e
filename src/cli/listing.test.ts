import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { fakeProcess } from "../../test/cli/fake-process.ts";
import { main } from "./main.ts";

const folder = mkdtempSync(join(tmpdir(), "k3sprov-cli-"));
const path = (name: string): string => join(folder, name);
mkdirSync(path("roles/web/tasks"), { recursive: true });
mkdirSync(path("roles/web/meta"), { recursive: true });
writeFileSync(path("roles/web/tasks/main.yml"), "- name: Install\n  command: /bin/true\n  tags: [install]\n");
writeFileSync(
  path("roles/web/meta/argument_specs.yml"),
  `argument_specs:
  main:
    short_description: Serves pages.
    options:
      web_port: { type: int, default: 80, description: Where it listens. }
      web_hosts: { type: list, elements: str, required: true, choices: [a, b], description: [Names., More.] }
`,
);
writeFileSync(
  path("site.yaml"),
  `- name: First
  hosts: web
  gather_facts: false
  tags: [all_of_it]
  roles: [{ role: web, vars: { web_hosts: [a] } }]
  tasks:
    - name: "Say {{ word }}"
      debug: { msg: hi }
      tags: [say]
    - block:
        - ping:
- hosts: db
  tasks:
    - ping:
`,
);
writeFileSync(
  path("hosts.yaml"),
  `all:
  children:
    web: { hosts: { web1: { port: 80, text: "{{ port }}", secret: !vault "$ANSIBLE_VAULT;1.1;AES256\\n00" }, web2: } }
    db: { hosts: { db1: } }
`,
);
writeFileSync(path("bad.yaml"), "- hosts: web\n  tasks:\n    - copyy: {}\n    - debug: { msgg: x }\n");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(...argv: readonly string[]) {
  const at = fakeProcess(argv, { cwd: folder });
  const code = await main(at);
  return { code, out: at.told.out.replaceAll(`${folder}/`, ""), error: at.told.error.replaceAll(`${folder}/`, "") };
}

describe("apply --list-…", () => {
  it("lists hosts, tasks and tags as Ansible does", async () => {
    const { out, code } = await run(
      "apply",
      "site.yaml",
      "-i",
      "hosts.yaml",
      "--list-hosts",
      "--list-tasks",
      "--list-tags",
      "-l",
      "!web2",
    );
    expect(out).toBe(`
playbook: site.yaml

  play #1 (web): First\tTAGS: [all_of_it]
    pattern: ['web']
    hosts (1):
      web1
    tasks:
      web : Install\tTAGS: [all_of_it, install]
      Say {{ word }}\tTAGS: [all_of_it, say]
      ping\tTAGS: [all_of_it]
      TASK TAGS: [all_of_it, install, say]

  play #2 (db): db\tTAGS: []
    pattern: ['db']
    hosts (1):
      db1
    tasks:
      ping\tTAGS: []
      TASK TAGS: []
`);
    expect(code).toBe(0);
  });

  it("leaves out what tags leave out", async () => {
    const { out } = await run("apply", "site.yaml", "-i", "hosts.yaml", "--list-tasks", "-t", "say");
    expect(out.match(/^ {6}\S.*$/gm)).toEqual(["      Say {{ word }}\tTAGS: [all_of_it, say]"]);
  });

  it("checks the syntax and stops there", async () => {
    expect(await run("apply", "site.yaml", "-i", "hosts.yaml", "--syntax-check")).toEqual({
      code: 0,
      out: "\nplaybook: site.yaml\n",
      error: "",
    });
  });
});

describe("lint", () => {
  it("tells every mistake with its place", async () => {
    const { code, out, error } = await run("lint", "bad.yaml", "site.yaml");
    expect({ code, out }).toEqual({ code: 3, out: "" });
    expect(error).toContain("bad.yaml:3:7");
    expect(error).toContain('did you mean "copy"?');
    expect(error).toContain("bad.yaml:4:16");
    expect(error).toContain('did you mean "msg"?');
    expect(error.endsWith("2 errors\n")).toBe(true);
  });

  it("tells them to machines, too", async () => {
    const { code, out } = await run("lint", "--format", "json", "bad.yaml");
    expect(code).toBe(3);
    const found: unknown = JSON.parse(out);
    expect(found).toMatchObject([
      { severity: "error", position: { line: 3 } },
      { severity: "error", position: { line: 4 } },
    ]);
  });

  it("says so when all is well", async () => {
    expect(await run("lint", "site.yaml")).toEqual({ code: 0, out: "1 playbook: no errors\n", error: "" });
  });
});

describe("list", () => {
  it.each<[readonly string[], string]>([
    [[], "@all:\n  |--@ungrouped:\n  |--@web:\n  |  |--web1\n  |  |--web2\n  |--@db:\n  |  |--db1\n"],
    [["hosts", "web"], "  hosts (2):\n    web1\n    web2\n"],
    [["groups"], "all: web1, web2, db1\nweb: web1, web2\ndb: db1\n"],
    [
      ["vars", "web1"],
      '{\n    "web1": {\n        "port": 80,\n        "secret": "********",\n        "text": "{{ port }}"\n    }\n}\n',
    ],
  ])("%j", async (args, expected) => {
    expect(await run("list", ...args, "-i", "hosts.yaml")).toEqual({ code: 0, out: expected, error: "" });
  });

  it("prints what can be an inventory again", async () => {
    const { out } = await run("list", "--format", "json", "-i", "hosts.yaml");
    expect(JSON.parse(out)).toEqual({
      _meta: { hostvars: { web1: { port: 80, text: "{{ port }}", secret: "********" }, web2: {}, db1: {} } },
      all: { children: ["ungrouped", "web", "db"] },
      ungrouped: { hosts: [], children: [] },
      web: { hosts: ["web1", "web2"], children: [] },
      db: { hosts: ["db1"], children: [] },
    });
  });

  it("refuses what it cannot list", async () => {
    expect(await run("list", "host")).toEqual({
      code: 5,
      out: "",
      error: 'error: list takes graph, hosts, groups, vars, not "host"; did you mean "hosts"?\n  help: k3sprov list --help\n',
    });
  });
});

describe("doc", () => {
  it("tells about a role", async () => {
    expect((await run("doc", "web")).out).toBe(`ROLE web
  Serves pages.

  roles/web

VARIABLES
  web_port (int, default: 80)
      Where it listens.
  web_hosts (list of str, required)
      Names. More.
      one of: a, b
`);
  });

  it("tells about a module and lists all", async () => {
    expect((await run("doc", "debug")).out).toContain("PARAMETERS");
    const { out } = await run("doc");
    expect(out).toMatch(/^ {2}debug {2,}\S/m);
    expect(out).toMatch(/^ {2}web {2,}Serves pages\.$/m);
  });

  it("takes the word role or module where both have a name", async () => {
    expect((await run("doc", "role", "web")).out).toMatch(/^ROLE web\n/);
    expect((await run("doc", "module", "debug")).out).toMatch(/^DEBUG\n/);
    expect((await run("doc", "role", "debug")).error).toBe('error: there is no role "debug"\n  help: k3sprov doc lists them\n');
    expect((await run("doc", "debug", "web")).error).toBe(
      "error: one name at a time: debug web\n  help: k3sprov doc lists them\n",
    );
  });

  it("suggests", async () => {
    expect(await run("doc", "debgu")).toEqual({
      code: 5,
      out: "",
      error: 'error: there is no module or role "debgu"; did you mean "debug"?\n  help: k3sprov doc lists them\n',
    });
  });
});

describe("__complete", () => {
  it.each<[readonly string[], readonly string[]]>([
    [["ap"], ["apply"]],
    [["co"], ["completion"]],
    [["apply", ""], [":files"]],
    [["apply", "--dr"], ["--dry-run"]],
    [
      ["apply", "--no-"],
      ["--no-progress", "--no-color"],
    ],
    [
      ["apply", "--become-method", ""],
      ["sudo", "su", "doas"],
    ],
    [["apply", "--become-method=d"], ["--become-method=doas"]],
    [["apply", "-i", ""], [":files"]],
    [
      ["apply", "-i", "hosts.yaml", "-l", "w"],
      ["web", "web1", "web2"],
    ],
    [
      ["apply", "-i", "hosts.yaml", "-l", "web:!d"],
      ["web:!db", "web:!db1"],
    ],
    [["apply", "-i", "hosts.yaml", "site.yaml", "-t", "s"], ["say"]],
    [["apply", "-i", "hosts.yaml", "site.yaml", "-t", "say,in"], ["say,install"]],
    [
      ["ping", "-i", "hosts.yaml", "db"],
      ["db", "db1"],
    ],
    [["kubeconfig", "-o", ""], [":files"]],
    [["kubeconfig", "--output="], [":files"]],
    [["kubeconfig", "--name", ""], []],
    [
      ["kubeconfig", "--name", "x", "-i", "hosts.yaml", "db"],
      ["db", "db1"],
    ],
    [
      ["list", "g"],
      ["graph", "groups"],
    ],
    [["doc", "we"], ["web"]],
    [["completion", "z"], ["zsh"]],
    [["apply", "-i", "nonexistent", "-l", ""], []],
  ])("%j", async (words, expected) => {
    const { out, code, error } = await run("__complete", "--", ...words);
    expect({ code, error }).toEqual({ code: 0, error: "" });
    expect(out.split("\n").slice(0, -1)).toEqual(expected);
  });
});
