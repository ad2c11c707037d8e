import { joinSh, sh } from "../../../sh.ts";
import { type Collector, type Question, Unknown } from "../../contract.ts";
import type { Family } from "./iptables-rule.ts";

/** Seconds to wait for others that hold the lock of iptables. */
export const WAIT = 10;

export const programOf = (family: Family): "iptables" | "ip6tables" => (family === "ipv6" ? "ip6tables" : "iptables");

/** A chain of a table. `policy` is undefined for those that are not the system's own. */
export type Chain = {
  readonly name: string;
  readonly policy: string | undefined;
  readonly rules: number;
  /** In predictions: an earlier task would have removed all rules, so that what was asked about single ones no longer holds. */
  readonly isFlushed?: true;
};

/** "no program": the host has no iptables. */
export type Table = readonly Chain[] | "no program";

/** Item: "FAMILY TABLE". The rules are only counted, on the host: K3s alone makes thousands of them. */
const tableCollector: Collector<Table> = {
  name: "iptables-table",
  beforeTraits: true,
  script: (items) =>
    joinSh(
      items.map((item) => {
        const [family = "", table = ""] = item.split(" ");
        const program = programOf(family === "ipv6" ? "ipv6" : "ipv4");
        return sh`if command -v ${program} >/dev/null 2>&1; then
if said=$(${program} -w ${WAIT} -t ${table} -S 2>&1); then
printf '%s\\n' "$said" | awk '/^-[PN] /{print} /^-A /{n[$2]++} END{for(c in n) print "-A",c,n[c]}'; printf '\\0'
else printf '!%s\\0' "$said"; fi
else printf 'none\\0'; fi`;
      }),
    ),
  decode: (output, items) => {
    const parts = output.stdout.toString("utf8").split("\0");
    return items.map((item, index) => {
      const part = parts[index];
      if (part === "none") return "no program";
      if (part === undefined || part.startsWith("!") || (part === "" && output.rc !== 0)) {
        return new Unknown(
          `cannot list the rules of ${item}: ${(part ?? "").slice(1).trim() || output.stderr.toString("utf8").trim()}`,
        );
      }
      return parseTable(part);
    });
  },
};

function parseTable(text: string): readonly Chain[] {
  const chains = new Map<string, Chain>();
  for (const line of text.split("\n")) {
    const [kind, name = "", value] = line.split(" ");
    if (kind === "-P") chains.set(name, { name, policy: value, rules: 0 });
    if (kind === "-N") chains.set(name, { name, policy: undefined, rules: 0 });
    const chain = chains.get(name);
    if (kind === "-A" && chain !== undefined) chains.set(name, { ...chain, rules: Number(value) });
  }
  return [...chains.values()];
}

export function tableQuestion(family: Family, table: string): Question<Table> {
  return { collector: tableCollector, item: `${family} ${table}` };
}

/** `refused`: iptables does not take the rule, and says why. */
export type Rule = { readonly state: "present" | "absent" } | { readonly state: "refused"; readonly said: string };

/** Item: a JSON list of family, table, chain and the arguments of the rule. `-C` only looks. */
const ruleCollector: Collector<Rule> = {
  name: "iptables-rule",
  beforeTraits: true,
  script: (items) =>
    joinSh(
      items.map((item) => {
        const [family, table = "", chain = "", ...words] = readItem(item);
        const program = programOf(family === "ipv6" ? "ipv6" : "ipv4");
        return sh`if command -v ${program} >/dev/null 2>&1; then
said=$(${program} -w ${WAIT} -t ${table} -C ${chain} ${words} 2>&1); printf '%s %s\\0' $? "$said"
else printf 'none\\0'; fi`;
      }),
    ),
  decode: (output, items) => {
    const parts = output.stdout.toString("utf8").split("\0");
    return items.map((_item, index) => {
      const [, status, said = ""] = /^(\d+|none)(?: ([\s\S]*))?$/.exec(parts[index] ?? "") ?? [];
      if (status === "none" || status === "1") return { state: "absent" };
      if (status === "0") return { state: "present" };
      // 2: a mistake in the arguments, 3: another version, 4: no permission, or the lock.
      if (status === "2") return { state: "refused", said: firstLine(said) };
      return new Unknown(`cannot look for a rule of iptables: ${firstLine(said) || output.stderr.toString("utf8").trim()}`);
    });
  },
};

function readItem(item: string): string[] {
  const words: unknown = JSON.parse(item);
  return Array.isArray(words) ? words.map(String) : [];
}

const firstLine = (text: string): string => text.trim().split("\n")[0] ?? "";

export function ruleQuestion(family: Family, table: string, chain: string, words: readonly string[]): Question<Rule> {
  return { collector: ruleCollector, item: JSON.stringify([family, table, chain, ...words]) };
}

/** In predictions: what was asked of the host about a rule, and then changed, counts more than that its chain was emptied. */
export type PredictedRule = Rule & { readonly isPredicted?: true };
