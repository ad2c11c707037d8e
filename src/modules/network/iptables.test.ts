import { describe, expect, it } from "vitest";
import { contextOf, planned } from "../../../test/module-cases.ts";
import { parseParameters } from "../parameters.ts";
import { iptablesParameters } from "../support/firewall/iptables-parameters.ts";
import { ruleQuestion, tableQuestion } from "../support/firewall/iptables-questions.ts";
import { ruleArguments } from "../support/firewall/iptables-rule.ts";
import { iptables } from "./iptables.ts";

const words = (raw: object, family: "ipv4" | "ipv6" = "ipv4"): string => {
  const { value, problems } = parseParameters(iptablesParameters, "iptables", { chain: "INPUT", ...raw });
  if (problems.length > 0) throw new Error(problems.map((one) => one.message).join("\n"));
  return ruleArguments(value, family).join(" ");
};

describe("the arguments of a rule", () => {
  it.each([
    [{ protocol: "tcp", destination_port: "22", jump: "ACCEPT" }, "-p tcp -j ACCEPT --destination-port 22"],
    [{ source: "!10.0.0.0/8", in_interface: "! eth0", jump: "DROP" }, "! -s 10.0.0.0/8 -j DROP ! -i eth0"],
    [{ ctstate: "ESTABLISHED,RELATED", jump: "ACCEPT" }, "-j ACCEPT -m conntrack --ctstate ESTABLISHED,RELATED"],
    [{ match: ["state"], ctstate: ["NEW"], jump: "ACCEPT" }, "-m state -j ACCEPT --state NEW"],
    [{ match: ["conntrack"], ctstate: ["NEW"], jump: "ACCEPT" }, "-m conntrack -j ACCEPT --ctstate NEW"],
    [
      { protocol: "tcp", tcp_flags: { flags: "ALL", flags_set: ["ACK", "RST"] }, jump: "DROP" },
      "-p tcp --tcp-flags ALL ACK,RST -j DROP",
    ],
    [
      { protocol: "tcp", destination_ports: ["80", "8081:8083"], jump: "ACCEPT" },
      "-p tcp -j ACCEPT -m multiport --dports 80,8081:8083",
    ],
    [
      { limit: "2/second", limit_burst: "20", log_prefix: "IN: ", log_level: "info" },
      "-j LOG --log-prefix IN:  --log-level info -m limit --limit 2/second --limit-burst 20",
    ],
    [{ protocol: "tcp", reject_with: "tcp-reset" }, "-p tcp -j REJECT --reject-with tcp-reset"],
    [{ protocol: "icmp", icmp_type: "8", jump: "ACCEPT" }, "-p icmp -j ACCEPT --icmp-type 8"],
    [
      { src_range: "10.0.0.1-10.0.0.5", dst_range: "!10.1.0.1-10.1.0.9", jump: "DROP" },
      "-j DROP -m iprange --src-range 10.0.0.1-10.0.0.5 ! --dst-range 10.1.0.1-10.1.0.9",
    ],
    [{ uid_owner: "!root", gid_owner: "adm", jump: "DROP" }, "-j DROP -m owner ! --uid-owner root --gid-owner adm"],
    [{ match_set: "admins", match_set_flags: "src,dst", jump: "ACCEPT" }, "-j ACCEPT -m set --match-set admins src,dst"],
    [{ jump: "TEE", gateway: "10.0.0.9" }, "-j TEE --gateway 10.0.0.9"],
    [
      { table: "nat", jump: "DNAT", to_destination: "10.0.0.9:80", protocol: "tcp" },
      "-p tcp -j DNAT --to-destination 10.0.0.9:80",
    ],
    [{ table: "nat", jump: "REDIRECT", to_ports: "8600", protocol: "udp" }, "-p udp -j REDIRECT --to-ports 8600"],
    [{ table: "nat", jump: "SNAT", to_source: "10.0.0.9", out_interface: "eth0" }, "-j SNAT --to-source 10.0.0.9 -o eth0"],
    [{ table: "mangle", set_dscp_mark: "8" }, "-j DSCP --set-dscp 8"],
    [{ table: "mangle", set_dscp_mark_class: "CS1" }, "-j DSCP --set-dscp-class CS1"],
    [{ syn: "match", protocol: "tcp", goto: "OTHER" }, "-p tcp -g OTHER --syn"],
    [{ syn: "negate", fragment: "yes", set_counters: "1 2", jump: "DROP" }, "-j DROP -f -c 1 2 ! --syn"],
    [{ jump: "ACCEPT", comment: "it's ok" }, "-j ACCEPT -m comment --comment it's ok"],
    [{ flush: true }, ""],
  ])("%j", (raw, expected) => expect(words(raw)).toBe(expected));

  it("name the type of ICMP as the family does", () => {
    expect(words({ protocol: "ipv6-icmp", icmp_type: "echo-request", jump: "ACCEPT" }, "ipv6")).toContain("--icmpv6-type");
  });
});

const chains = [
  { name: "INPUT", policy: "ACCEPT", rules: 2 },
  { name: "FORWARD", policy: "DROP", rules: 0 },
  { name: "MINE", policy: undefined, rules: 0 },
];
const state = (rule: object = { state: "absent" }, table: unknown = chains) => ({ "table ipv4": table, "rule ipv4": rule });
const rule = { chain: "INPUT", protocol: "tcp", destination_port: "22", jump: "ACCEPT" };

describe("iptables", () => {
  it.each([
    [
      "appends",
      rule,
      state(),
      ["rule: absent -> -p tcp -j ACCEPT --destination-port 22"],
      "iptables -w 10 -t filter -A INPUT -p tcp -j ACCEPT --destination-port 22 || exit",
    ],
    [
      "inserts",
      { ...rule, action: "insert", rule_num: 3, wait: "5" },
      state(),
      ["rule: absent -> -p tcp -j ACCEPT --destination-port 22"],
      "iptables -w 5 -t filter -I INPUT 3 -p tcp -j ACCEPT --destination-port 22 || exit",
    ],
    [
      "makes the chain too",
      { ...rule, chain: "NEW", chain_management: true },
      state(),
      ["rule: absent -> -p tcp -j ACCEPT --destination-port 22"],
      "iptables -w 10 -t filter -N NEW || exit\niptables -w 10 -t filter -A NEW",
    ],
    [
      "sets a policy",
      { chain: "INPUT", policy: "DROP" },
      state(),
      ["policy: ACCEPT -> DROP"],
      "iptables -w 10 -t filter -P INPUT DROP || exit",
    ],
    ["empties a chain", { chain: "INPUT", flush: true }, state(), ["rules: 2 -> 0"], "iptables -w 10 -t filter -F INPUT || exit"],
    ["empties a table", { flush: true }, state(), ["rules: 2 -> 0"], "iptables -w 10 -t filter -F  || exit"],
    [
      "makes a chain",
      { chain: "NEW", chain_management: true },
      state(),
      ["chain: absent -> present"],
      "iptables -w 10 -t filter -N NEW || exit",
    ],
    [
      "removes a chain",
      { chain: "MINE", chain_management: true, state: "absent" },
      state(),
      ["chain: present -> absent"],
      "iptables -w 10 -t filter -X MINE || exit",
    ],
    [
      "removes a rule",
      { ...rule, state: "absent" },
      state({ state: "present" }),
      ["rule: -p tcp -j ACCEPT --destination-port 22 -> absent"],
      "iptables -w 10 -t filter -D INPUT -p tcp",
    ],
  ])("%s", async (_name, raw, answers, differences, script) => {
    const result = await planned(iptables, raw, answers);
    expect(result.differences).toEqual(differences);
    expect(result.script).toContain(script);
    expect(result.left).toBeUndefined();
  });

  it.each([
    ["there", rule, state({ state: "present" })],
    ["not there", { ...rule, state: "absent" }, state()],
    ["nor its chain", { ...rule, chain: "NEW", state: "absent" }, state()],
    ["empty already", { chain: "FORWARD", flush: true }, state()],
    ["that policy", { chain: "FORWARD", policy: "DROP" }, state()],
    ["a chain", { chain: "MINE", chain_management: true }, state()],
    ["no chain", { chain: "NEW", chain_management: true, state: "absent" }, state()],
  ])("is converged: %s", async (_name, raw, answers) => {
    expect((await planned(iptables, raw, answers)).differences).toEqual([]);
  });

  it("knows in a dry run that a chain was emptied, and that a rule came after", () => {
    const { value: flush } = parseParameters(iptablesParameters, "iptables", { chain: "INPUT", flush: true });
    const { value: one } = parseParameters(iptablesParameters, "iptables", rule);
    const change = iptables.plan(state({ state: "present" }) as never, flush, contextOf());
    if (change === undefined) throw new Error("no change");
    const [table] = iptables.predict?.(change, state() as never, flush, contextOf()) ?? [];
    expect(table?.question.item).toBe(tableQuestion("ipv4", "filter").item);
    const emptied = { ...state({ state: "present" }), "table ipv4": table?.answer };
    const added = iptables.plan(emptied as never, one, contextOf());
    if (added === undefined) throw new Error("the rule would be gone");
    const [after, there] = iptables.predict?.(added, emptied as never, one, contextOf()) ?? [];
    expect(there?.question.item).toBe(ruleQuestion("ipv4", "filter", "INPUT", ruleArguments(one, "ipv4")).item);
    expect(iptables.plan({ "table ipv4": after?.answer, "rule ipv4": there?.answer } as never, one, contextOf())).toBeUndefined();
  });

  it("lets a rule lead to a chain that an earlier task of a dry run would make", async () => {
    const raw = { chain: "INPUT", jump: "MINE" };
    const refused = { state: "refused", said: "Chain 'MINE' does not exist" };
    expect((await planned(iptables, raw, state(refused))).differences).toEqual(["rule: absent -> -j MINE"]);
  });

  it.each([
    ["no program", rule, state({}, "no program"), 'the host has no "iptables" command; install the package iptables'],
    [
      "a rule that iptables does not take",
      rule,
      state({ state: "refused", said: "unknown option" }),
      "iptables does not take the rule: unknown option",
    ],
    [
      "a chain that is not there",
      { ...rule, chain: "NEW" },
      state(),
      'there is no chain "NEW" in the table filter; chain_management: true makes it',
    ],
    [
      "a chain in use",
      { chain: "INPUT", chain_management: true, state: "absent" },
      state(),
      "the chain INPUT is the system's own and cannot be removed",
    ],
    [
      "no rule and no management",
      { chain: "MINE", state: "absent" },
      state(),
      "there is no rule in this task; to remove the chain MINE itself, set chain_management: true",
    ],
    [
      "a policy of one's own chain",
      { chain: "MINE", policy: "DROP" },
      state(),
      "the chain MINE is not one of the system's own, so it has no policy",
    ],
    ["a number without insert", { ...rule, rule_num: 2 }, state(), '"rule_num" needs action: insert'],
    ["half a set", { ...rule, match_set: "x" }, state(), '"match_set" and "match_set_flags" need each other'],
    [
      "ports of no protocol",
      { chain: "INPUT", destination_ports: "80" },
      state(),
      '"destination_ports" needs "protocol" to be one that has ports: tcp, udp, udplite, dccp or sctp',
    ],
    [
      "a chain that is an option",
      { ...rule, chain: "-x" },
      state(),
      '"chain" is "-x", but must be a word of at most 29 characters',
    ],
    [
      "flush and policy",
      { chain: "INPUT", flush: true, policy: "DROP" },
      state(),
      'iptables: "flush" and "policy" exclude each other; give one of them',
    ],
    ["nothing at all", {}, state(), 'iptables: with flush: false it needs "chain"'],
    ["TEE without a gateway", { chain: "INPUT", jump: "TEE" }, state(), 'iptables: with jump: TEE it needs "gateway"'],
  ])("refuses %s", async (_name, raw, answers, message) => {
    await expect(planned(iptables, raw, answers)).rejects.toThrow(message);
  });
});
