import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { DiagnosticError } from "../diagnostic.ts";
import { formatDiagnostic } from "../excerpt.ts";
import { Secret, TemplateString } from "../vars/value.ts";
import { encryptVault } from "../vault/format.ts";
import { VaultSecrets } from "../vault/secrets.ts";
import { loadInventory } from "./load.ts";
import type { Inventory } from "./model.ts";

const password = Buffer.from("s3cret");
const vault = new VaultSecrets([{ id: "default", password, source: "a test" }]);

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "k3sprov-inventory-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
    if (text.startsWith("#!")) chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

const load = (cwd: string, ...sources: string[]) => loadInventory(sources, { vault, cwd, programTimeoutMs: 2000 });

/** Variables of a host, each with the value that wins; layers of one kind come the strongest first. */
function varsOf(inventory: Inventory, host: string, layer: string): Record<string, unknown> {
  const maps = inventory.varsOf(host, undefined).filter((one) => one.layer === layer);
  return Object.fromEntries(maps.toReversed().flatMap((one) => [...one.vars]));
}

async function told(files: Readonly<Record<string, string>>, ...sources: string[]): Promise<string> {
  const folder = folderWith(files);
  try {
    await load(folder, ...sources);
  } catch (error) {
    if (error instanceof DiagnosticError) return error.diagnostics.map(formatDiagnostic).join("\n").replaceAll(`${folder}/`, "");
    throw error;
  }
  return "no error";
}

describe("loadInventory: YAML", () => {
  it("reads groups, hosts with ranges, variables and children", async () => {
    const folder = folderWith({
      "hosts.yml": `all:
  vars: { all_var: 1 }
  hosts:
    lone:
  children:
    web:
      hosts:
        web[1:2]: { role: front }
        web3:2222:
      vars: { url: "http://{{ inventory_hostname }}" }
      children:
        edge: { hosts: edge1 }
`,
    });
    const inventory = await load(folder, "hosts.yml");
    expect(inventory.hostNames()).toEqual(["lone", "web1", "web2", "web3", "edge1"]);
    expect(inventory.groupNamesOf("edge1")).toEqual(["edge", "web"]);
    expect(inventory.groupNamesOf("lone")).toEqual(["ungrouped"]);
    expect(varsOf(inventory, "web3", "inventory-host")).toEqual({ ansible_port: 2222 });
    const file = join(folder, "hosts.yml");
    expect(varsOf(inventory, "edge1", "inventory-group")).toEqual({
      url: new TemplateString("http://{{ inventory_hostname }}", { file, line: 10, column: 21, endColumn: 52 }),
    });
    expect(inventory.fileOf("web1")).toBe(file);
    expect(inventory.sources).toEqual([file]);
  });

  it("tells every mistake at once", async () => {
    expect(
      await told(
        {
          "hosts.yml": `all:
  hosts:
    - web1
  childern:
    x:
web:
  host:
    a:
  vars: [1]
  hosts:
    "web[3:1]":
hosts:
  a:
`,
        },
        "hosts.yml",
      ),
    ).toBe(`error: the hosts of group "all" must be a mapping
  hosts.yml:2:3
  1 | all:
  2 |   hosts:
    |   ^^^^^
  help: without the dashes: "web1:"
error: the group "all" has no section "childern"; did you mean "children"?
  hosts.yml:4:3
  3 |     - web1
  4 |   childern:
    |   ^^^^^^^^
  help: a group has hosts, vars and children
error: the group "web" has no section "host"; did you mean "hosts"?
  hosts.yml:7:3
  6 | web:
  7 |   host:
    |   ^^^^
  help: a group has hosts, vars and children
error: the vars of group "web" must be a mapping
  hosts.yml:9:3
  8 |     a:
  9 |   vars: [1]
    |   ^^^^
  help: without the dashes: "name: value"
error: the range in "web[3:1]" ends before it begins
  hosts.yml:11:5
  10 |   hosts:
  11 |     "web[3:1]":
     |     ^^^^^^^^^^
error: "hosts" stands at the top, where the names of groups belong
  hosts.yml:12:1
  11 |     "web[3:1]":
  12 | hosts:
     | ^^^^^
  help: write all:, below it hosts:, and below that the names of the hosts`);
  });

  it("refuses plugins and circles", async () => {
    expect(await told({ "a.yml": "plugin: aws_ec2\n" }, "a.yml")).toBe(`error: inventory plugins are not supported
  a.yml:1:1
  1 | plugin: aws_ec2
    | ^^^^^^
  help: write its hosts into a file, or give a program that prints them as JSON (--list)`);
    expect(await told({ "a.yml": "a:\n  children:\n    b:\n      children:\n        a:\n" }, "a.yml")).toBe(
      `error: the group "a" is its own ancestor: a > b > a
  a.yml:5:9
  4 |       children:
  5 |         a:
    |         ^`,
    );
  });
});

describe("loadInventory: INI", () => {
  it("reads hosts, groups, variables and children", async () => {
    const folder = folderWith({
      hosts: `# comment
lone ansible_host=10.0.0.9 s="a b" n=1 y=yes z=0644

[web] # comment
web[01:02].example.org:2222 list='[1, "{{ x }}"]'
[all:vars]
text = yes # kept
number = 12 # dropped
none = None
[prod:children]
web
[prod:vars]
tpl = {{ env }}
ansible_group_priority = 5
`,
    });
    const inventory = await load(folder, "hosts");
    const file = join(folder, "hosts");
    expect(inventory.hostNames()).toEqual(["lone", "web01.example.org", "web02.example.org"]);
    expect(varsOf(inventory, "lone", "inventory-host")).toEqual({
      ansible_host: "10.0.0.9",
      s: "a b",
      n: 1,
      y: "yes",
      z: "0644",
    });
    expect(varsOf(inventory, "web01.example.org", "inventory-host")).toEqual({
      ansible_port: 2222,
      list: [1, new TemplateString("{{ x }}", { file, line: 5, column: 35 })],
    });
    expect(varsOf(inventory, "lone", "inventory-group-all")).toEqual({ text: "yes # kept", number: 12, none: null });
    expect(varsOf(inventory, "web01.example.org", "inventory-group")).toEqual({
      tpl: new TemplateString("{{ env }}", { file, line: 13, column: 7, endColumn: 16 }),
    });
    expect(inventory.groups.get("prod")?.priority).toBe(5);
  });

  it("tells every mistake at once", async () => {
    const text = '[web:chidlren]\n[web]\nweb1 a = 1\nweb2 x="y\n[prod:children]\nweb\ndb\n[dd:vars]\na=1\n[web:vars]\nnothing\n';
    expect(
      await told({ hosts: text }, "hosts"),
    ).toBe(`error: the section "[web:chidlren]" has the unknown kind "chidlren"; did you mean "children"?
  hosts:1:1
  1 | [web:chidlren]
    | ^^^^^^^^^^^^^^
  help: a section is [group], [group:vars] or [group:children]
error: "a" is neither a host nor name=value; one line is for one host
  hosts:3:6
  2 | [web]
  3 | web1 a = 1
    |      ^
  help: no spaces around the = of a host's variables
error: "=" is neither a host nor name=value; one line is for one host
  hosts:3:8
  2 | [web]
  3 | web1 a = 1
    |        ^
  help: no spaces around the = of a host's variables
error: "1" is neither a host nor name=value; one line is for one host
  hosts:3:10
  2 | [web]
  3 | web1 a = 1
    |          ^
  help: no spaces around the = of a host's variables
error: a closing " is missing
  hosts:4:1
  3 | web1 a = 1
  4 | web2 x="y
    | ^^^^^^^^^
error: [web:vars] needs name=value on each line
  hosts:11:1
  10 | [web:vars]
  11 | nothing
     | ^^^^^^^
error: [prod:children] speaks of a group "db" that is not there
  hosts:7:1
  6 | web
  7 | db
    | ^^
  help: add a section [db]
error: [dd:vars] speaks of a group "dd" that is not there; did you mean "db"?
  hosts:8:1
  7 | db
  8 | [dd:vars]
    | ^^^^^^^^^
  help: add a section [dd]`);
  });
});

describe("loadInventory: programs", () => {
  it("reads --list with _meta, and asks --host without", async () => {
    const folder = folderWith({
      "meta.sh":
        '#!/bin/sh\n[ "$1" = --list ] && echo \'{"web": {"hosts": ["w1"], "vars": {"a": 1}, "children": ["sub"]}, "_meta": {"hostvars": {"w1": {"b": 2}}}}\'\n',
      "each.sh": '#!/bin/sh\ncase $1 in --list) echo \'{"db": ["d1", "d2"]}\';; --host) echo "{\\"me\\": \\"$2\\"}";; esac\n',
    });
    const inventory = await load(folder, "meta.sh", "each.sh");
    expect(inventory.hostNames()).toEqual(["w1", "d1", "d2"]);
    expect(varsOf(inventory, "w1", "inventory-host")).toEqual({ b: 2 });
    expect(varsOf(inventory, "w1", "inventory-group")).toEqual({ a: 1 });
    expect(varsOf(inventory, "d2", "inventory-host")).toEqual({ me: "d2" });
    expect([...(inventory.groups.get("web")?.children.keys() ?? [])]).toEqual(["sub"]);
  });

  it("says what a program did wrong", async () => {
    expect(await told({ "a.sh": "#!/bin/sh\necho no network >&2; exit 3\n" }, "a.sh")).toBe(
      "error: the inventory program a.sh --list ended with exit status 3\n  help: it said: no network",
    );
    expect(await told({ "a.sh": "#!/bin/sh\necho hello\n" }, "a.sh")).toBe(
      "error: a JSON value is expected here\n  a.sh --list:1:1\n  1 | hello\n    | ^",
    );
    expect(await told({ "a.sh": "#!/bin/sh\nexec sleep 30\n" }, "a.sh")).toBe(
      "error: the inventory program a.sh --list did not end within 2 seconds",
    );
  });
});

describe("loadInventory: sources", () => {
  it("reads all inventories of a folder, and lists", async () => {
    const folder = folderWith({
      "i/1.yml": "web: {hosts: {a: {x: 1}}}\n",
      "i/2": "[web]\na x=2\nb\n",
      "i/readme.md": "no inventory",
      "i/.hidden": "no inventory",
      "i/old.ini": "[x]\n",
      "i/group_vars/web.yml": "y: 1\n",
      "i/deep/3.json": '{"all": {"hosts": {"c": null}}}',
    });
    const inventory = await load(folder, "i", "d1,d[2:3]:22,");
    expect(inventory.hostNames()).toEqual(["a", "b", "c", "d1", "d2", "d3"]);
    expect(varsOf(inventory, "a", "inventory-host")).toEqual({ x: 2 });
    expect(varsOf(inventory, "a", "inventory-group-vars")).toEqual({ y: 1 });
    expect(inventory.warnings.map((one) => one.message)).toEqual([
      `${folder}/i/old.ini is not read: in a folder, .ini files are no inventories`,
    ]);
  });

  it("reads encrypted files as secrets", async () => {
    const folder = folderWith({ hosts: "a\n", "group_vars/all/vault.yml": encryptVault(Buffer.from("token: abc\n"), password) });
    expect(varsOf(await load(folder, "hosts"), "a", "inventory-group-vars-all")).toEqual({ token: new Secret("abc") });
  });

  it("warns of names that no template can read, and of hosts named like groups", async () => {
    const inventory = await load(folderWith({ hosts: "[web]\nweb my-var=1\n" }), "hosts");
    expect(inventory.warnings.map((one) => one.message)).toEqual([
      '"web" is the name of a host and of a group; a pattern with it means both',
      '"my-var" is no name for a variable: it must be letters, digits and underscores, and not begin with a digit',
    ]);
  });

  it("refuses what is not there, together with what is wrong elsewhere", async () => {
    expect(await told({ "a.yml": "all: 1\n" }, "nothing", "a.yml")).toBe(`error: there is no inventory nothing
  help: for a host of that name write "nothing,"
error: the group "all" must be a mapping with hosts, vars and children
  a.yml:1:1
  1 | all: 1
    | ^^^`);
  });
});
