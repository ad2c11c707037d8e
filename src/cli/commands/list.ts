import type { Group, Inventory } from "../../inventory/model.ts";
import { resultText } from "../../report/result-text.ts";
import { oneLine } from "../../report/terminal-safe.ts";
import { didYouMean } from "../../suggest.ts";
import type { Key, Value } from "../../vars/value.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Invocation } from "../invocation.ts";
import { createPrompter } from "../prompt.ts";
import { type Shown, shownValue } from "../shown-value.ts";
import { loadBasics, loadHosts } from "../sources.ts";
import { UsageError } from "../usage.ts";

const subjects = ["graph", "hosts", "groups", "vars"] as const;

/** `k3sprov list [graph|hosts|groups|vars] [PATTERN]`. */
export async function run(invocation: Invocation): Promise<number> {
  const { args, settings, process: at } = invocation;
  const [wanted = "graph", pattern = "all"] = args;
  const subject = subjects.find((one) => one === wanted);
  if (subject === undefined) {
    throw new UsageError(
      `list takes ${subjects.join(", ")}, not "${wanted}"${didYouMean(wanted, subjects)}`,
      "k3sprov list --help",
    );
  }
  const { vault } = await loadBasics(invocation, createPrompter(at.stdin));
  const inventory = await loadHosts(invocation, vault);
  const hosts = inventory.select(pattern, settings.limit).map((host) => host.name);
  const isText = settings.format === "text";
  const data = dataOf(subject, inventory, hosts);
  at.stdout.write(
    isText ? textOf(subject, inventory, hosts, data) : `${JSON.stringify(data, undefined, settings.format === "json" ? 2 : 0)}\n`,
  );
  return exitCodes.ok.code;
}

function dataOf(subject: (typeof subjects)[number], inventory: Inventory, hosts: readonly string[]): Shown {
  switch (subject) {
    case "hosts":
      return hosts;
    case "groups":
      return Object.fromEntries(groupsOf(inventory, hosts).map((group) => [group.name, membersOf(inventory, group, hosts)]));
    case "vars":
      return Object.fromEntries(hosts.map((host) => [host, varsOf(inventory, host)]));
    case "graph":
      return wholeInventory(inventory, hosts);
  }
}

function textOf(subject: (typeof subjects)[number], inventory: Inventory, hosts: readonly string[], data: Shown): string {
  switch (subject) {
    case "hosts":
      return `  hosts (${hosts.length}):\n${hosts.map((host) => `    ${oneLine(host)}\n`).join("")}`;
    case "groups":
      return groupsOf(inventory, hosts)
        .map((group) => `${oneLine(group.name)}: ${membersOf(inventory, group, hosts).map(oneLine).join(", ")}\n`)
        .join("");
    case "vars":
      return `${resultText(data, true)}\n`;
    case "graph":
      return `${graphLines(inventory, "all", "", new Set(hosts), new Set()).join("\n")}\n`;
  }
}

function groupsOf(inventory: Inventory, hosts: readonly string[]): readonly Group[] {
  const all = [...inventory.groups.values()];
  return all.filter((group) => membersOf(inventory, group, hosts).length > 0);
}

function membersOf(inventory: Inventory, group: Group, hosts: readonly string[]): readonly string[] {
  const wanted = new Set(hosts);
  return inventory
    .hostsOf(group.name)
    .map((host) => host.name)
    .filter((name) => wanted.has(name));
}

function graphLines(
  inventory: Inventory,
  name: string,
  indent: string,
  hosts: ReadonlySet<string>,
  path: ReadonlySet<string>,
): readonly string[] {
  const group = inventory.groups.get(name);
  const lines = [`${indent}${indent === "" ? "" : "|--"}@${oneLine(name)}:`];
  // A cycle has been refused when the inventory was read; a graph must end in any case.
  if (group === undefined || path.has(name)) return lines;
  const below = indent === "" ? "  " : `${indent}|  `;
  for (const child of group.children.keys()) lines.push(...graphLines(inventory, child, below, hosts, new Set([...path, name])));
  // Every host is in `all`; it is shown where it was put, or in `ungrouped`.
  for (const host of name === "all" ? [] : group.hosts) if (hosts.has(host)) lines.push(`${below}|--${oneLine(host)}`);
  return lines;
}

function varsOf(inventory: Inventory, host: string): Shown {
  const vars = new Map<Key, Value>();
  for (const layer of inventory.varsOf(host, undefined)) for (const [key, value] of layer.vars) vars.set(key, value);
  return shownValue(vars);
}

/** The shape that inventory programs print, so that the answer can be an inventory again. */
function wholeInventory(inventory: Inventory, hosts: readonly string[]): Shown {
  const wanted = new Set(hosts);
  const groups = [...inventory.groups.values()].map((group): [string, Shown] => [
    group.name,
    group.name === "all"
      ? { children: [...group.children.keys()] }
      : { hosts: [...group.hosts].filter((host) => wanted.has(host)), children: [...group.children.keys()] },
  ]);
  return {
    _meta: { hostvars: Object.fromEntries(hosts.map((host) => [host, varsOf(inventory, host)])) },
    ...Object.fromEntries(groups),
  };
}
