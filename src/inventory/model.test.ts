import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DiagnosticError } from "../diagnostic.ts";
import { formatDiagnostic } from "../excerpt.ts";
import { Inventory } from "./model.ts";

function sample(): Inventory {
  const inventory = new Inventory();
  for (const name of ["web1", "web2", "web3"]) inventory.addMember("web", name, "x", undefined);
  for (const name of ["db1", "db2", "web3"]) inventory.addMember("db", name, "x", undefined);
  inventory.addMember("staging", "web2", "x", undefined);
  inventory.addMember("staging", "db2", "x", undefined);
  inventory.addMember("ungrouped", "2001:db8::1", "x", undefined);
  inventory.addChild("prod", "web", undefined);
  inventory.settle();
  return inventory;
}

const select = (pattern: string, limit?: string) =>
  sample()
    .select(pattern, limit)
    .map((host) => host.name);

describe("Inventory.select", () => {
  it.each([
    ["all", ["2001:db8::1", "db1", "db2", "web3", "web2", "web1"]],
    ["*", ["2001:db8::1", "db1", "db2", "web3", "web2", "web1"]],
    ["web", ["web1", "web2", "web3"]],
    ["web:db", ["web1", "web2", "web3", "db1", "db2"]],
    ["db,web1", ["db1", "db2", "web3", "web1"]],
    ["web:&staging", ["web2"]],
    ["&staging:web", ["web2"]],
    ["web:!db", ["web1", "web2"]],
    ["!web", ["2001:db8::1", "db1", "db2"]],
    ["all:!web:!db", ["2001:db8::1"]],
    ["web[0]", ["web1"]],
    ["web[-1]", ["web3"]],
    ["web[0:1]", ["web1", "web2"]],
    ["web[1:]", ["web2", "web3"]],
    ["web[1-2]", ["web2", "web3"]],
    ["web[7]", []],
    ["w*", ["web1", "web2", "web3"]],
    ["*b1", ["web1", "db1"]],
    ["web?", ["web1", "web2", "web3"]],
    ["web[13]?", []],
    ["[!w]*2", ["db2"]],
    ["~(web|db)[12]$", ["web1", "web2", "db1", "db2"]],
    ["~2001:", ["2001:db8::1"]],
    ["2001:db8::1", ["2001:db8::1"]],
    ["prod", ["web1", "web2", "web3"]],
    ["localhost", ["localhost"]],
    ["nothing", []],
    ["", []],
  ])("%s", (pattern, names) => {
    expect([...select(pattern)].sort()).toEqual([...names].sort());
  });

  it("keeps the order of the pattern and of the groups", () => {
    expect(select("db:web")).toEqual(["db1", "db2", "web3", "web1", "web2"]);
  });

  it("takes only what is in the limit", () => {
    expect(select("web", "staging")).toEqual(["web2"]);
    expect(select("web", "db1")).toEqual([]);
    const file = join(mkdtempSync(join(tmpdir(), "k3sprov-limit-")), "failed.retry");
    writeFileSync(file, "web3\n# comment\n\nweb1\n");
    expect(select("web", `@${file}`)).toEqual(["web1", "web3"]);
  });

  it("warns of a pattern that matches nothing, once, and refuses such a limit", () => {
    const inventory = sample();
    inventory.select("wbe:db");
    inventory.select("wbe");
    expect(inventory.warnings.map(formatDiagnostic)).toEqual([
      'warning: the pattern "wbe" matches no host and no group; did you mean "web"?',
    ]);
    let told = "";
    try {
      inventory.select("all", "stagign");
    } catch (error) {
      told = error instanceof DiagnosticError ? error.diagnostics.map(formatDiagnostic).join("\n") : String(error);
    }
    expect(told).toBe('error: --limit "stagign" matches no host\n  help: did you mean "staging"?');
    expect(() => inventory.select("~[")).toThrow('the host pattern "~[" is no regular expression');
  });
});

describe("Inventory", () => {
  it("ranks groups by depth, priority and name, and hosts' variables above them", () => {
    const inventory = new Inventory();
    inventory.addMember("b", "h", "x", undefined).vars.push(new Map([["who", "host"]]));
    inventory.addMember("c", "h", "x", undefined);
    inventory.addMember("a", "h", "x", undefined);
    inventory.addChild("top", "c", undefined);
    inventory.group("a").addVars(
      new Map<string, string | number>([
        ["who", "a"],
        ["ansible_group_priority", 7],
      ]),
    );
    inventory.settle();
    expect(inventory.groupsOf("h").map((group) => group.name)).toEqual(["b", "top", "a", "c"]);
    for (const name of ["all", "b", "c", "top"]) inventory.group(name).addVars(new Map([["who", name]]));
    expect(inventory.varsOf("h", undefined).map(({ layer, vars }) => [layer, vars.get("who")])).toEqual([
      ["inventory-host", "host"],
      ["inventory-group", "c"],
      ["inventory-group", "a"],
      ["inventory-group", "top"],
      ["inventory-group", "b"],
      ["inventory-group-all", "all"],
    ]);
  });

  it("has a localhost that nobody wrote down", () => {
    const inventory = sample();
    expect(inventory.hostNames()).not.toContain("localhost");
    expect(inventory.host("localhost")?.isImplicit).toBe(true);
    expect(inventory.varsOf("localhost", undefined)).toEqual([
      { layer: "inventory-host", label: "host localhost", vars: new Map([["ansible_connection", "local"]]) },
    ]);
    expect(inventory.select("all").map((host) => host.name)).not.toContain("localhost");
  });

  it("grows by add_host and group_by", () => {
    const inventory = sample();
    const before = inventory.revision;
    expect(inventory.addHost("new", ["fresh"], new Map([["x", 1]]))).toBe(true);
    expect(inventory.addHost("new", ["fresh"], new Map())).toBe(false);
    expect(inventory.addHost("bare", [], new Map())).toBe(true);
    expect(inventory.addToGroup("web1", "os_debian", ["linux"])).toBe(true);
    expect(inventory.addToGroup("web1", "os_debian", ["linux"])).toBe(false);
    expect(inventory.revision).toBeGreaterThan(before);
    expect(inventory.groupNamesOf("web1")).toEqual(["linux", "os_debian", "prod", "web"]);
    expect(inventory.groupNamesOf("bare")).toEqual(["ungrouped"]);
    expect(inventory.groupMap().get("fresh")).toEqual(["new"]);
    expect(inventory.select("linux").map((host) => host.name)).toEqual(["web1"]);
  });
});

describe("FolderVars", () => {
  it("takes the first of NAME/, NAME.yml, …, files of a folder in order, and says what it passes over", () => {
    const folder = mkdtempSync(join(tmpdir(), "k3sprov-vars-"));
    mkdirSync(join(folder, "group_vars/web/more"), { recursive: true });
    for (const name of ["web/a.yml", "web/b.json", "web/.c.yml", "web/d.yml~", "web/e.txt", "web/more/f.yml"]) {
      writeFileSync(join(folder, "group_vars", name), "");
    }
    writeFileSync(join(folder, "group_vars/web.yml"), "");
    writeFileSync(join(folder, "group_vars/db.yaml"), "");
    const read: string[] = [];
    const inventory = new Inventory({
      readVars: (file) => {
        read.push(file.slice(folder.length + 1));
        return new Map([["file", file.slice(folder.length + 1)]]);
      },
    });
    const beside = inventory.varsBeside(folder);
    expect(beside.ofGroup("web").map((vars) => vars.get("file"))).toEqual([
      "group_vars/web/more/f.yml",
      "group_vars/web/b.json",
      "group_vars/web/a.yml",
    ]);
    beside.ofGroup("web");
    beside.ofHost("web");
    expect(beside.ofGroup("db")).toHaveLength(1);
    expect(read).toHaveLength(4);
    expect(inventory.warnings.map((one) => one.message.replaceAll(`${folder}/`, ""))).toEqual([
      "group_vars/web.yml is not read, because group_vars/web is there",
    ]);
  });
});
