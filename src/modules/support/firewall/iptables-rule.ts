import { ModuleFailure } from "../../contract.ts";
import type { IptablesParams } from "./iptables-parameters.ts";

export type Family = "ipv4" | "ipv6";

/** The arguments that describe a rule, without the chain; none when the task is about a chain. */
export function ruleArguments(params: IptablesParams, family: Family): readonly string[] {
  const words: string[] = [];
  const loaded = new Set(params.match);
  /** `! value` puts the negation in front of the option, where iptables wants it. */
  const add = (option: string, value: string | undefined): void => {
    if (value === undefined) return;
    const negated = /^!\s*(.+)$/.exec(value)?.[1];
    words.push(...(negated === undefined ? [option, value] : ["!", option, negated]));
  };
  const load = (extension: string, ...values: readonly unknown[]): boolean => {
    if (values.every((value) => value === undefined)) return false;
    if (!loaded.has(extension)) words.push("-m", extension);
    loaded.add(extension);
    return true;
  };
  add("-p", params.protocol);
  add("-s", params.source);
  add("-d", params.destination);
  for (const extension of params.match) words.push("-m", extension);
  if (params.tcp_flags !== undefined) words.push("--tcp-flags", ...tcpFlags(params.tcp_flags));
  const jump = jumpOf(params);
  add("-j", jump);
  if (jump?.toUpperCase() === "TEE") add("--gateway", params.gateway);
  add("--log-prefix", params.log_prefix);
  add("--log-level", params.log_level);
  add("--to-destination", params.to_destination);
  if (params.destination_ports.length > 0) {
    load("multiport", true);
    add("--dports", params.destination_ports.join(","));
  }
  add("--to-source", params.to_source);
  add("-g", params.goto);
  add("-i", params.in_interface);
  add("-o", params.out_interface);
  if (params.fragment !== undefined) words.push(...(params.fragment.startsWith("!") ? ["!", "-f"] : ["-f"]));
  if (params.set_counters !== undefined) words.push("-c", ...params.set_counters.trim().split(/[\s,]+/));
  add("--source-port", params.source_port);
  add("--destination-port", params.destination_port);
  add("--to-ports", params.to_ports);
  add("--set-dscp", params.set_dscp_mark);
  add("--set-dscp-class", params.set_dscp_mark_class);
  if (params.syn !== "ignore") words.push(...(params.syn === "negate" ? ["!", "--syn"] : ["--syn"]));
  if (params.ctstate.length > 0) {
    // `match: state` is the old way to ask for the same.
    if (loaded.has("state") && !loaded.has("conntrack")) add("--state", params.ctstate.join(","));
    else {
      load("conntrack", true);
      add("--ctstate", params.ctstate.join(","));
    }
  }
  if (load("iprange", params.src_range, params.dst_range)) {
    add("--src-range", params.src_range);
    add("--dst-range", params.dst_range);
  }
  if (load("set", params.match_set)) {
    const { match_set: set = "", match_set_flags: flags = "" } = params;
    const negated = /^!\s*(.+)$/.exec(set)?.[1];
    words.push(...(negated === undefined ? [] : ["!"]), "--match-set", negated ?? set, flags);
  }
  if (load("limit", params.limit, params.limit_burst)) {
    add("--limit", params.limit);
    add("--limit-burst", params.limit_burst);
  }
  if (load("owner", params.uid_owner, params.gid_owner)) {
    add("--uid-owner", params.uid_owner);
    add("--gid-owner", params.gid_owner);
  }
  add("--reject-with", params.reject_with);
  add(family === "ipv6" ? "--icmpv6-type" : "--icmp-type", params.icmp_type);
  if (load("comment", params.comment)) words.push("--comment", params.comment ?? "");
  return words;
}

/** The target, which some parameters imply. */
export function jumpOf(params: IptablesParams): string | undefined {
  if (params.jump !== undefined) return params.jump;
  if (params.log_prefix !== undefined || params.log_level !== undefined) return "LOG";
  if (params.reject_with !== undefined) return "REJECT";
  return params.set_dscp_mark !== undefined || params.set_dscp_mark_class !== undefined ? "DSCP" : undefined;
}

function tcpFlags(given: Readonly<Record<string, unknown>>): [string, string] {
  const list = (name: "flags" | "flags_set"): string => {
    const value = given[name];
    const flags = Array.isArray(value) ? value.map(String) : typeof value === "string" ? value.split(",") : [];
    if (flags.length === 0) throw new ModuleFailure('"tcp_flags" needs "flags" and "flags_set", a list each');
    return flags.map((flag) => flag.trim()).join(",");
  };
  return [list("flags"), list("flags_set")];
}

/** Refuses what can be known to be wrong before the host is looked at. */
export function checkIptables(params: IptablesParams): void {
  const { chain, rule_num: number, action, wait } = params;
  if (chain !== undefined && !/^[^\s!-][^\s!]{0,28}$/.test(chain)) {
    throw new ModuleFailure(`"chain" is "${chain}", but must be a word of at most 29 characters`);
  }
  if (number !== undefined && !/^[1-9]\d*$/.test(number))
    throw new ModuleFailure(`"rule_num" is "${number}", but must be a number from 1 on`);
  if (number !== undefined && action !== "insert") throw new ModuleFailure('"rule_num" needs action: insert');
  if (wait !== undefined && !/^\d+$/.test(wait)) throw new ModuleFailure(`"wait" is "${wait}", but must be a number of seconds`);
  if ((params.log_prefix !== undefined || params.log_level !== undefined) && jumpOf(params) !== "LOG") {
    throw new ModuleFailure('"log_prefix" and "log_level" need jump: LOG');
  }
  if (params.jump !== undefined && params.goto !== undefined)
    throw new ModuleFailure('"jump" and "goto" exclude each other; give one of them');
  if ((params.match_set === undefined) !== (params.match_set_flags === undefined)) {
    throw new ModuleFailure('"match_set" and "match_set_flags" need each other');
  }
  if (params.set_counters !== undefined && !/^\d+[\s,]+\d+$/.test(params.set_counters.trim())) {
    throw new ModuleFailure(`"set_counters" is "${params.set_counters}", but must be two numbers: packets and bytes`);
  }
  if (params.destination_ports.length > 0 && !/^!?\s*(tcp|udp|udplite|dccp|sctp|6|17|33|132|136)$/i.test(params.protocol ?? "")) {
    throw new ModuleFailure('"destination_ports" needs "protocol" to be one that has ports: tcp, udp, udplite, dccp or sctp');
  }
  if ((params.comment ?? "").length > 255)
    throw new ModuleFailure('"comment" is longer than the 255 characters that iptables takes');
  if (params.tcp_flags !== undefined) tcpFlags(params.tcp_flags);
}
