import { readFileSync } from "node:fs";
import { type Diagnostic, refuse } from "../diagnostic.ts";
import { didYouMean } from "../suggest.ts";
import type { Host, Inventory } from "./model.ts";

type Part = { readonly operator: "" | "&" | "!"; readonly text: string };

const SUBSCRIPT = /^(.+)\[(?:(-?[0-9]+)|([0-9]+)([:-])(-?[0-9]*))\]$/;

/** See `Inventory.select`. */
export function selectHosts(inventory: Inventory, pattern: string, limit: string | undefined): readonly Host[] {
  const hosts = evaluate(inventory, splitPattern(pattern));
  if (limit === undefined || limit.trim() === "") return hosts;
  const parts = limitParts(limit);
  const allowed = new Set(evaluate(inventory, parts));
  if (allowed.size === 0) {
    refuse("limit", `--limit "${limit}" matches no host`, { help: suggestion(inventory, parts) });
  }
  return hosts.filter((host) => allowed.has(host));
}

/** Cuts `web:&staging,!db` into its parts. Colons inside of brackets, IPv6 addresses and regular expressions do not cut. */
export function splitPattern(pattern: string): readonly Part[] {
  return pattern
    .split(/,(?![^[]*\])/)
    .flatMap((one) => (one.trim().startsWith("~") || isAddress(one.trim()) ? [one] : one.split(/:(?![^[]*\])/)))
    .map((one) => one.trim())
    .filter((one) => one !== "")
    .map((one): Part => {
      const operator = one.startsWith("&") ? "&" : one.startsWith("!") ? "!" : "";
      return { operator, text: one.slice(operator.length) };
    });
}

// `!~regex` and `&~regex` are cut at the operator, so only the rest can be an expression with colons.
function isAddress(text: string): boolean {
  return /^[!&]?~/.test(text) || /^[!&]?(?=(?:[^:]*:){2})[0-9a-fA-F:.]+(?:%\w+)?$/.test(text);
}

// As in Ansible: whatever the order they are written in, first what is added, then what is required, then what is taken away.
function evaluate(inventory: Inventory, parts: readonly Part[]): readonly Host[] {
  const of = (operator: Part["operator"]): readonly Part[] => parts.filter((part) => part.operator === operator);
  const added = of("");
  let hosts = new Set<Host>();
  for (const part of added.length === 0 && parts.length > 0 ? [{ operator: "", text: "all" } as const] : added) {
    for (const host of matches(inventory, part)) hosts.add(host);
  }
  for (const part of of("&")) {
    const required = new Set(matches(inventory, part));
    hosts = new Set([...hosts].filter((host) => required.has(host)));
  }
  for (const part of of("!")) for (const host of matches(inventory, part)) hosts.delete(host);
  return [...hosts];
}

function matches(inventory: Inventory, part: Part): readonly Host[] {
  const subscript = part.text.startsWith("~") ? null : SUBSCRIPT.exec(part.text);
  const text = subscript?.[1] ?? part.text;
  const found = enumerate(inventory, text);
  if (found.length === 0 && text !== "all") inventory.warn(noMatch(inventory, part));
  if (subscript === null) return found;
  const [, , single, first, , last] = subscript;
  if (single !== undefined) return found.slice(Number(single)).slice(0, 1);
  // Both ends are included: [0:1] is two hosts.
  const end = last === undefined || last === "" || last === "-1" ? found.length : Number(last) + 1;
  return found.slice(Number(first), end);
}

function enumerate(inventory: Inventory, text: string): readonly Host[] {
  const isMatch = matcher(text);
  const found = new Set<Host>();
  const groups = [...inventory.groups.keys()].filter(isMatch);
  for (const group of groups) for (const host of inventory.hostsOf(group)) found.add(host);
  if (groups.length === 0 || /[~.?*[]/.test(text)) {
    for (const host of inventory.hosts.values()) if (isMatch(host.name)) found.add(host);
  }
  // A host that is named like a group is meant as well.
  const same = inventory.hosts.get(text);
  if (same !== undefined) found.add(same);
  if (found.size > 0) return [...found];
  const implicit = inventory.host(text);
  return implicit === undefined ? [] : [implicit];
}

function matcher(text: string): (name: string) => boolean {
  if (text.startsWith("~")) {
    const expression = regularExpression(text.slice(1));
    return (name) => expression.test(name);
  }
  if (text === "*") return () => true;
  if (!/[*?[]/.test(text)) return (name) => name === text;
  const expression = glob(text);
  return (name) => expression.test(name);
}

// Python's re.match, which this means in Ansible, looks at the beginning only.
function regularExpression(source: string): RegExp {
  try {
    return new RegExp(`^(?:${source})`, "u");
  } catch (error) {
    return refuse(
      "pattern",
      `the host pattern "~${source}" is no regular expression: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function glob(text: string): RegExp {
  let source = "";
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? "";
    const close = char === "[" ? text.indexOf("]", at + 2) : -1;
    if (char === "*") source += ".*";
    else if (char === "?") source += ".";
    else if (close > 0) {
      const inside = text.slice(at + 1, close);
      const negated = inside.startsWith("!");
      source += `[${negated ? "^" : ""}${(negated ? inside.slice(1) : inside).replace(/[\\\]^[]/g, "\\$&")}]`;
      at = close;
    } else source += char.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  }
  return new RegExp(`^${source}$`, "su");
}

/** `--limit @failed.txt` names a file with one pattern a line. */
function limitParts(limit: string): readonly Part[] {
  return limit
    .split(/,(?![^[]*\])/)
    .map((one) => one.trim())
    .flatMap((one) => (one.startsWith("@") ? linesOf(one.slice(1)) : [one]))
    .flatMap(splitPattern);
}

function linesOf(file: string): readonly string[] {
  try {
    return readFileSync(file, "utf8")
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "" && !line.startsWith("#"));
  } catch (error) {
    return refuse(
      "limit",
      `the file of --limit @${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function noMatch(inventory: Inventory, part: Part): Diagnostic {
  return {
    severity: "warning",
    code: "pattern-matches-nothing",
    message: `the pattern "${part.text}" matches no host and no group${didYouMean(part.text, names(inventory))}`,
  };
}

function suggestion(inventory: Inventory, parts: readonly Part[]): string {
  if (inventory.hosts.size === 0) return "the inventory has no hosts; give one with -i";
  const known = parts.map((part) => didYouMean(part.text, names(inventory))).find((text) => text !== "");
  return known === undefined ? "k3sprov list shows the hosts and groups of the inventory" : known.replace(/^; /, "");
}

function names(inventory: Inventory): readonly string[] {
  return [...inventory.groups.keys(), ...inventory.hosts.keys()];
}
