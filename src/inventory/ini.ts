import type { Diagnostics, Position } from "../diagnostic.ts";
import { didYouMean } from "../suggest.ts";
import { setSourceMap } from "../vars/provenance.ts";
import { isList, isMap, type Key, looksLikeTemplate, TemplateString, type Value, type ValueMap } from "../vars/value.ts";
import type { Inventory } from "./model.ts";
import { readPythonLiteral } from "./python-literal.ts";
import { RangeProblem, readHostAddress } from "./ranges.ts";
import { splitWords } from "./words.ts";

type Section = { readonly kind: "hosts" | "children" | "vars"; readonly group: string; readonly position: Position };
type Entry = { readonly name: string; readonly text: string; readonly position: Position; readonly keyPosition: Position };

const SECTION = /^\[([^:\]\s]+)(?::([^\]]*))?\]\s*(?:[#;].*)?$/;
const KINDS = ["children", "vars"];

/** Adds an INI inventory. Problems of all lines are collected. */
export function addIniInventory(inventory: Inventory, text: string, file: string, problems: Diagnostics): void {
  new Reader(inventory, file, problems).read(text);
}

class Reader {
  readonly #inventory: Inventory;
  readonly #file: string;
  readonly #problems: Diagnostics;
  /** Groups that this file needs, but which may come later in it. */
  readonly #wanted = new Map<string, { readonly section: string; readonly position: Position }>();
  readonly #vars = new Map<string, Entry[]>();

  constructor(inventory: Inventory, file: string, problems: Diagnostics) {
    this.#inventory = inventory;
    this.#file = file;
    this.#problems = problems;
  }

  read(text: string): void {
    let section: Section = { kind: "hosts", group: "ungrouped", position: this.#at(1, 1) };
    for (const [index, raw] of text.split(/\r?\n/).entries()) {
      const line = raw.trimEnd();
      const trimmed = line.trimStart();
      if (trimmed === "" || trimmed.startsWith("#") || trimmed.startsWith(";")) continue;
      const position = this.#at(index + 1, line.length - trimmed.length + 1, line.length + 1);
      if (trimmed.startsWith("[") && !isBracketedHost(trimmed)) section = this.#section(trimmed, position) ?? section;
      else this.#line(section, line, trimmed, position);
    }
    this.#finish();
  }

  #section(line: string, position: Position): Section | undefined {
    const match = SECTION.exec(line);
    if (match?.[1] === undefined) {
      this.#error(`"${line}" is no section`, position, "a section is [group], [group:vars] or [group:children]");
      return undefined;
    }
    const [, group, kind] = match;
    if (kind !== undefined && kind !== "children" && kind !== "vars") {
      this.#error(
        `the section "${line}" has the unknown kind "${kind}"${didYouMean(kind, KINDS)}`,
        position,
        "a section is [group], [group:vars] or [group:children]",
      );
      return undefined;
    }
    // A section of vars does not make a group; it must be there, before or behind.
    if (kind === "vars") this.#want(group, `[${group}:vars]`, position);
    else this.#inventory.group(group, position);
    return { kind: kind ?? "hosts", group, position };
  }

  #line(section: Section, line: string, trimmed: string, position: Position): void {
    if (section.kind === "hosts") {
      this.#host(section.group, line, position);
      return;
    }
    if (section.kind === "vars") {
      this.#variable(section.group, line, position);
      return;
    }
    const child = /^([^:\]\s]+)\s*(?:#.*)?$/.exec(trimmed)?.[1];
    if (child === undefined) {
      this.#error(`[${section.group}:children] needs the name of one group on each line`, position);
      return;
    }
    this.#want(child, `[${section.group}:children]`, position);
    this.#inventory.addChild(section.group, child, position);
  }

  #host(group: string, line: string, position: Position): void {
    try {
      const [first, ...rest] = splitWords(line);
      if (first === undefined) return;
      const { names, port } = readHostAddress(first.text);
      const entries = rest.flatMap((word) =>
        this.#assignment(word.text, line, this.#at(position.line, word.column, word.column + word.text.length)),
      );
      const vars = this.#varsOf(entries, position);
      for (const name of names) {
        const host = this.#inventory.addMember(group, name, this.#file, position);
        if (port !== undefined) host.vars.push(new Map<Key, Value>([["ansible_port", port]]));
        if (vars.size > 0) host.vars.push(vars);
      }
    } catch (error) {
      if (!(error instanceof RangeProblem || error instanceof SyntaxError)) throw error;
      this.#error(error.message, position);
    }
  }

  #assignment(text: string, line: string, position: Position): readonly Entry[] {
    const equals = text.indexOf("=");
    if (equals < 1) {
      const help = line.includes(" = ") ? "no spaces around the = of a host's variables" : "quote a value that has spaces in it";
      this.#error(`"${text}" is neither a host nor name=value; one line is for one host`, position, help);
      return [];
    }
    const isQuoted = /["']/.test(line.charAt(position.column - 1 + equals + 1));
    const value = this.#at(position.line, position.column + equals + 1 + (isQuoted ? 1 : 0));
    const key = this.#at(position.line, position.column, position.column + equals);
    return [{ name: text.slice(0, equals), text: text.slice(equals + 1), position: value, keyPosition: key }];
  }

  #variable(group: string, line: string, position: Position): void {
    const equals = line.indexOf("=");
    if (equals < 0) {
      this.#error(`[${group}:vars] needs name=value on each line`, position);
      return;
    }
    const name = line.slice(0, equals).trim();
    const raw = line.slice(equals + 1);
    const text = raw.trim();
    const column = equals + 2 + (raw.length - raw.trimStart().length);
    const entries = this.#vars.get(group) ?? [];
    const key = this.#at(position.line, position.column, position.column + name.length);
    entries.push({ name, text, position: this.#at(position.line, column, column + text.length), keyPosition: key });
    this.#vars.set(group, entries);
  }

  #varsOf(entries: readonly Entry[], position: Position): ValueMap {
    const vars = new Map<Key, Value>();
    const keys = new Map<Key, Position>();
    const members = new Map<Key, Position>();
    for (const entry of entries) {
      vars.set(entry.name, readValue(entry.text, entry.position));
      keys.set(entry.name, entry.keyPosition);
      members.set(entry.name, entry.position);
    }
    setSourceMap(vars, { position, keys, members });
    return vars;
  }

  #want(group: string, section: string, position: Position): void {
    if (!this.#wanted.has(group)) this.#wanted.set(group, { section, position });
  }

  #finish(): void {
    for (const [name, { section, position }] of this.#wanted) {
      // addChild has made the group; what tells is whether anything but a mention did.
      if (name === "all" || name === "ungrouped" || this.#isDefined(name)) continue;
      const others = [...this.#inventory.groups.keys()].filter((other) => other !== name);
      this.#error(
        `${section} speaks of a group "${name}" that is not there${didYouMean(name, others)}`,
        position,
        `add a section [${name}]`,
      );
    }
    for (const [group, entries] of this.#vars) {
      const first = entries[0];
      if (first !== undefined) this.#inventory.group(group).addVars(this.#varsOf(entries, first.keyPosition));
    }
  }

  #isDefined(name: string): boolean {
    const group = this.#inventory.groups.get(name);
    if (group === undefined) return false;
    const mention = this.#wanted.get(name)?.position;
    return group.position !== mention || group.hosts.size > 0 || group.children.size > 0;
  }

  #at(line: number, column: number, endColumn?: number): Position {
    return { file: this.#file, line, column, ...(endColumn === undefined ? {} : { endColumn }) };
  }

  #error(message: string, position: Position, help?: string): void {
    this.#problems.error("inventory", message, { position, ...(help === undefined ? {} : { help }) });
  }
}

// `[2001:db8::1]:22 name=value` begins like a section.
function isBracketedHost(line: string): boolean {
  return /^\[[0-9a-fA-F.%]*(?::[0-9a-fA-F.%]*){2,}\]/.test(line);
}

function readValue(text: string, position: Position): Value {
  const literal = readPythonLiteral(text);
  return withTemplates(literal === undefined ? text : literal, position);
}

function withTemplates(value: Value, position: Position): Value {
  if (typeof value === "string") return looksLikeTemplate(value) ? new TemplateString(value, position) : value;
  if (isList(value)) return value.map((member) => withTemplates(member, position));
  if (isMap(value)) return new Map([...value].map(([key, member]): [Key, Value] => [key, withTemplates(member, position)]));
  return value;
}
