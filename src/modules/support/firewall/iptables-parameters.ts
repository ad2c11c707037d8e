import { bool, choice, dict, listOf, type ParametersOf, parameters, str } from "../../parameters.ts";
import { checkIptables } from "./iptables-rule.ts";

/** Parameters of `iptables`, with Ansible's names and defaults. */
export const iptablesParameters = parameters(
  {
    table: { ...choice("filter", "nat", "mangle", "raw", "security"), default: "filter", description: "The table." },
    state: { ...choice("absent", "present"), default: "present", description: "Whether the rule, or the chain, is to be there." },
    action: {
      ...choice("append", "insert"),
      default: "append",
      description: "Where a rule goes that is missing: at the end or at the beginning.",
    },
    rule_num: { ...str(), description: "With `action: insert`: the number that the rule gets in its chain." },
    ip_version: {
      ...choice("ipv4", "ipv6", "both"),
      default: "ipv4",
      description: "iptables, ip6tables, or one after the other.",
    },
    chain: { ...str(), description: "The chain: INPUT, FORWARD, OUTPUT, PREROUTING, POSTROUTING, or one of your own." },
    protocol: { ...str(), description: "tcp, udp, icmp, ipv6-icmp, esp, all and so on, or a number; `!` in front negates." },
    wait: { ...str(), description: "Seconds to wait for the lock of iptables; 10 otherwise." },
    source: { ...str(), description: "Address or network it comes from; `!` in front negates." },
    destination: { ...str(), description: "Address or network it goes to; `!` in front negates." },
    tcp_flags: { ...dict(), description: "`flags`: TCP flags to look at, `flags_set`: those of them that are set." },
    match: { ...listOf(str()), default: [], description: "Extensions to load, such as conntrack." },
    match_set: { ...str(), description: "Name of an ipset to look into." },
    match_set_flags: {
      ...choice("src", "dst", "src,dst", "dst,src", "src,src", "dst,dst"),
      description: "What of a packet is looked for in the ipset.",
    },
    jump: { ...str(), description: "What happens to a packet: ACCEPT, DROP, or a chain to go on in." },
    gateway: { ...str(), description: "With `jump: TEE`: where the copy goes." },
    log_prefix: { ...str(), description: "What the lines of LOG begin with." },
    log_level: {
      ...choice("0", "1", "2", "3", "4", "5", "6", "7", "emerg", "alert", "crit", "error", "warning", "notice", "info", "debug"),
      description: "Level of the lines of LOG.",
    },
    goto: { ...str(), description: "A chain to go on in, without coming back to this one." },
    in_interface: {
      ...str(),
      description: "Interface it comes in by; `!` in front negates, `+` at the end stands for anything.",
    },
    out_interface: { ...str(), description: "Interface it goes out by." },
    fragment: { ...str(), description: "Second and further fragments." },
    set_counters: { ...str(), description: "Packets and bytes to begin counting with." },
    source_port: { ...str(), description: "Port, or range `first:last`, it comes from." },
    destination_port: { ...str(), description: "Port, or range `first:last`, it goes to." },
    destination_ports: { ...listOf(str()), default: [], description: "Several ports and ranges it may go to." },
    to_ports: { ...str(), description: "With REDIRECT or MASQUERADE: the ports to put in." },
    to_destination: { ...str(), description: "With DNAT: the address to put in." },
    to_source: { ...str(), description: "With SNAT: the address to put in." },
    syn: {
      ...choice("ignore", "match", "negate"),
      default: "ignore",
      description: "Packets that open a TCP connection: only them, or all but them.",
    },
    set_dscp_mark: { ...str(), description: "DSCP mark to put in; makes `jump` DSCP." },
    set_dscp_mark_class: { ...str(), description: "The same by the name of a class." },
    comment: { ...str(), description: "A comment on the rule." },
    ctstate: {
      ...listOf(str()),
      default: [],
      description: "States of the connection: NEW, ESTABLISHED, RELATED, INVALID and so on.",
    },
    src_range: { ...str(), description: "Range of addresses it comes from: `first-last`." },
    dst_range: { ...str(), description: "Range of addresses it goes to." },
    limit: { ...str(), description: "How often the rule may match: `5/minute`." },
    limit_burst: { ...str(), description: "How often at once." },
    uid_owner: { ...str(), description: "User that sent it; `!` in front negates." },
    gid_owner: { ...str(), description: "Group that sent it." },
    reject_with: { ...str(), description: "What REJECT answers; makes `jump` REJECT where there is none." },
    icmp_type: { ...str(), description: "Type of ICMP, by name or number." },
    flush: { ...bool(), default: false, description: "Remove all rules of the chain, or of all chains of the table." },
    policy: {
      ...choice("ACCEPT", "DROP", "QUEUE", "RETURN"),
      description: "What happens to packets that come to the end of a chain of the system's own.",
    },
    chain_management: {
      ...bool(),
      default: false,
      description: "Make the chain when it is missing; with `state: absent` and no rule, remove it.",
    },
    numeric: { ...bool(), default: false, description: "Accepted: names are never looked up." },
  },
  {
    mutuallyExclusive: [
      ["set_dscp_mark", "set_dscp_mark_class"],
      ["flush", "policy"],
    ],
    requiredIf: [
      ["jump", "TEE", ["gateway"]],
      ["jump", "tee", ["gateway"]],
      ["flush", false, ["chain"]],
    ],
  },
  (given) => {
    checkIptables(given);
  },
);

export type IptablesParams = ParametersOf<typeof iptablesParameters>;
