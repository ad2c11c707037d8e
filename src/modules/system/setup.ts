import { didYouMean } from "../../suggest.ts";
import { type Json, type JsonObject, ModuleFailure, stateModule, Unknown } from "../contract.ts";
import { distributionFacts } from "../facts/distribution.ts";
import { hardwareFacts } from "../facts/hardware.ts";
import { localFacts } from "../facts/local.ts";
import { networkFacts } from "../facts/network.ts";
import { type FactFamily, rawFacts } from "../facts/raw.ts";
import { factsScript } from "../facts/script.ts";
import { systemFacts } from "../facts/system.ts";
import { timeFacts } from "../facts/time.ts";
import { virtualizationFacts } from "../facts/virtualization.ts";
import { int, listOf, parameters, path, str } from "../parameters.ts";
import { ask } from "../support/question.ts";

/** Families that `gather_subset` names; those of "min" are always gathered unless "!min" is said. */
const FAMILIES: Readonly<Record<string, { readonly subsets: readonly string[]; readonly facts: FactFamily }>> = {
  system: { subsets: ["min"], facts: systemFacts },
  distribution: { subsets: ["min", "distribution"], facts: distributionFacts },
  date_time: { subsets: ["min", "date_time"], facts: timeFacts },
  local: { subsets: ["min", "local"], facts: localFacts },
  network: {
    subsets: ["network", "interfaces", "default_ipv4", "default_ipv6", "all_ipv4_addresses", "all_ipv6_addresses"],
    facts: networkFacts,
  },
  hardware: { subsets: ["hardware", "devices", "mounts", "processor", "memory", "memtotal_mb", "dmi"], facts: hardwareFacts },
  virtual: { subsets: ["virtual", "virtualization_type", "virtualization_role"], facts: virtualizationFacts },
};
/** Names of facts of the smallest subset, which people give to `gather_subset` one by one. */
const MIN_FACTS = "apparmor caps cmdline dns env fips lsb pkg_mgr platform python selinux service_mgr ssh_pub_keys user".split(
  " ",
);
const SUBSETS = new Set([
  "all",
  "min",
  "facter",
  "ohai",
  ...Object.values(FAMILIES).flatMap((family) => family.subsets),
  ...MIN_FACTS,
]);

export const setup = stateModule({
  name: "setup",
  aliases: ["gather_facts", "ansible.builtin.gather_facts"],
  summary: "Gathers facts about the host.",
  description: [
    "One POSIX sh script of about ten processes; Python is not needed, and so there are no facts about it. The facts are those of the user that the task becomes.",
    "The full host name is looked up in /etc/hosts only; a DNS server is not asked.",
  ],
  parameters: parameters(
    {
      gather_subset: {
        ...listOf(str()),
        default: ["all"],
        description: "Families: all, min, network, hardware, virtual, or names of facts; `!name` leaves one out.",
      },
      filter: {
        ...listOf(str()),
        default: [],
        description: "Only facts whose names match one of these patterns, such as `ansible_eth*`.",
      },
      gather_timeout: {
        ...int(),
        default: 10,
        description: "Accepted; file systems that do not answer are given up after five seconds.",
      },
      fact_path: {
        ...path(),
        default: "/etc/ansible/facts.d",
        description: "Where the host has facts of its own: *.fact, JSON or INI, or programs that print them.",
      },
    },
    {},
    ({ gather_subset: subsets }) => {
      const unknown = subsets.map((one) => one.replace(/^!/, "")).find((one) => !SUBSETS.has(one));
      if (unknown === undefined) return;
      const known = [...SUBSETS].sort();
      throw new ModuleFailure(
        `"gather_subset" has "${unknown}", but must have some of ${known.join(", ")}, with ! in front to leave one out${didYouMean(unknown, known)}`,
      );
    },
  ),
  example: `- name: What kind of host is this?
  setup:
    gather_subset:
      - "!all"
      - network
`,
  returns: { ansible_facts: "The facts, each name with `ansible_` in front." },
  probe: (params) => ({
    raw: ask("facts", factsScript(params.fact_path), (output) => {
      const said = output.stdout.toString("utf8");
      return said.includes("@k3sprov:env")
        ? said
        : new Unknown(`the host gave no facts: ${output.stderr.toString("utf8").trim()}`);
    }),
  }),
  readsOnly: true,
  plan: () => undefined,
  apply: () => {
    throw new Error("bug: setup has nothing to apply");
  },
  result: (state, params, context) => {
    const raw = rawFacts(state.raw);
    const facts: Record<string, Json> = {};
    for (const name of chosen(params.gather_subset)) {
      for (const [fact, value] of Object.entries(FAMILIES[name]?.facts(raw, context.traits) ?? {}))
        facts[`ansible_${fact}`] = value;
    }
    facts["ansible_gather_subset"] = [...params.gather_subset];
    facts["gather_subset"] = [...params.gather_subset];
    facts["module_setup"] = true;
    return { ansible_facts: filtered(facts, params.filter) };
  },
});

function chosen(subsets: readonly string[]): string[] {
  const out = new Set(subsets.filter((one) => one.startsWith("!")).map((one) => one.slice(1)));
  const wanted = subsets.filter((one) => !one.startsWith("!"));
  const all = wanted.includes("all") || (wanted.length === 0 && !out.has("all"));
  return Object.entries(FAMILIES).flatMap(([name, { subsets: own }]) => {
    const isMin = own.includes("min");
    if (own.some((one) => wanted.includes(one))) return [name];
    if (isMin) return out.has("min") && !wanted.some((one) => MIN_FACTS.includes(one) && name === "system") ? [] : [name];
    return all && !out.has("all") && !own.some((one) => out.has(one)) ? [name] : [];
  });
}

function filtered(facts: JsonObject, patterns: readonly string[]): JsonObject {
  const given = patterns.filter((one) => one !== "" && one !== "*");
  if (given.length === 0) return facts;
  const tests = given.map(
    (one) =>
      new RegExp(
        `^${one
          .replace(/[.+^${}()|\\]/g, "\\$&")
          .replace(/\*/g, ".*")
          .replace(/\?/g, ".")}$`,
      ),
  );
  return Object.fromEntries(
    Object.entries(facts).filter(([name]) => tests.some((test) => test.test(name) || test.test(name.replace(/^ansible_/, "")))),
  );
}
