import type { Diagnostics, Position } from "../diagnostic.ts";
import { didYouMean } from "../suggest.ts";
import { keyPosition, positionAt, sourceMapOf } from "../vars/provenance.ts";
import { isMap, type Key, type Value, type ValueMap } from "../vars/value.ts";
import type { Inventory } from "./model.ts";
import { type HostAddress, RangeProblem, readHostAddress } from "./ranges.ts";

const SECTIONS = ["hosts", "vars", "children"];

/** Adds a YAML inventory (groups at the top, each with hosts, vars and children) as it was parsed from `file`. */
export function addYamlInventory(inventory: Inventory, data: Value, file: string, problems: Diagnostics): void {
  if (data === null) return;
  const start: Position = sourceMapOf(data)?.position ?? { file, line: 1, column: 1 };
  if (!isMap(data)) {
    problems.error("inventory", "an inventory must be a mapping of groups", { position: start, help: example });
    return;
  }
  if (data.has("plugin")) {
    const position = keyPosition(data, "plugin") ?? start;
    const help = "write its hosts into a file, or give a program that prints them as JSON (--list)";
    problems.error("inventory", "inventory plugins are not supported", { position, help });
    return;
  }
  for (const [name, group] of data) {
    // `hosts:` at the top is a slip that would make a group of that name.
    if (SECTIONS.includes(String(name))) {
      const position = keyPosition(data, name) ?? start;
      problems.error("inventory", `"${String(name)}" stands at the top, where the names of groups belong`, {
        position,
        help: example,
      });
    } else new Reader(inventory, file, problems).group(String(name), group, keyPosition(data, name) ?? start);
  }
}

const example = "write all:, below it hosts:, and below that the names of the hosts";

class Reader {
  readonly #inventory: Inventory;
  readonly #file: string;
  readonly #problems: Diagnostics;

  constructor(inventory: Inventory, file: string, problems: Diagnostics) {
    this.#inventory = inventory;
    this.#file = file;
    this.#problems = problems;
  }

  group(name: string, data: Value, position: Position): void {
    this.#inventory.group(name, position);
    if (data === null) return;
    if (!isMap(data)) {
      this.#error(`the group "${name}" must be a mapping with ${list(SECTIONS)}`, position);
      return;
    }
    for (const [key, content] of data) {
      const at = keyPosition(data, key) ?? position;
      switch (key) {
        case "hosts":
          this.#hosts(name, content, at);
          break;
        case "vars": {
          const vars = this.#mapping(content, `the vars of group "${name}"`, at);
          if (vars !== undefined) this.#inventory.group(name).addVars(vars);
          break;
        }
        case "children":
          this.#children(name, content, at);
          break;
        default:
          this.#error(
            `the group "${name}" has no section "${String(key)}"${didYouMean(String(key), SECTIONS)}`,
            at,
            `a group has ${list(SECTIONS)}`,
          );
      }
    }
  }

  #children(name: string, data: Value, position: Position): void {
    for (const [child, content] of this.#mapping(data, `the children of group "${name}"`, position) ?? []) {
      const at = keyPosition(data, child) ?? position;
      this.#inventory.addChild(name, String(child), at);
      this.group(String(child), content, at);
    }
  }

  #hosts(group: string, data: Value, position: Position): void {
    for (const [key, content] of this.#mapping(data, `the hosts of group "${group}"`, position) ?? []) {
      const at = keyPosition(data, key) ?? position;
      const address = this.#address(String(key), at);
      if (address === undefined) continue;
      const vars = this.#mapping(content, `the variables of host "${String(key)}"`, positionAt(data, [key]) ?? at);
      for (const name of address.names) {
        const host = this.#inventory.addMember(group, name, this.#file, at);
        if (address.port !== undefined) host.vars.push(new Map<Key, Value>([["ansible_port", address.port]]));
        if (vars !== undefined && vars.size > 0) host.vars.push(vars);
      }
    }
  }

  #address(text: string, position: Position): HostAddress | undefined {
    try {
      return readHostAddress(text);
    } catch (error) {
      if (!(error instanceof RangeProblem)) throw error;
      this.#error(error.message, position);
      return undefined;
    }
  }

  // As in Ansible, `hosts: web1` is short for `hosts: { web1: }`.
  #mapping(data: Value, what: string, position: Position): ValueMap | undefined {
    if (data === null) return undefined;
    if (isMap(data)) return data;
    if (typeof data === "string" && !what.includes("variables") && !what.includes("vars")) return new Map([[data, null]]);
    const example = what.includes("vars") || what.includes("variables") ? "name: value" : "web1:";
    const help = Array.isArray(data) ? `without the dashes: "${example}"` : undefined;
    this.#error(`${what} must be a mapping`, position, help);
    return undefined;
  }

  #error(message: string, position: Position, help?: string): void {
    this.#problems.error("inventory", message, { position, ...(help === undefined ? {} : { help }) });
  }
}

function list(words: readonly string[]): string {
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
