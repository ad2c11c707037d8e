import type { HostTraits, Json, JsonObject } from "../contract.ts";
import { assignments, type RawFacts } from "./raw.ts";

/** Kernel, host name, boot, user, environment, security. */
export function systemFacts(raw: RawFacts, traits: HostTraits): JsonObject {
  const kernel = "/proc/sys/kernel";
  const hostname = raw.first(`${kernel}/hostname`) ?? "";
  const fqdn = fqdnOf(hostname, raw);
  const dot = fqdn.indexOf(".");
  return {
    system: traits.kernel,
    kernel: raw.first(`${kernel}/osrelease`) ?? "",
    kernel_version: raw.first(`${kernel}/version`) ?? "",
    machine: traits.machine,
    architecture: traits.machine,
    userspace_architecture: traits.machine,
    userspace_bits: /64|s390x/.test(traits.machine) ? "64" : "32",
    nodename: hostname,
    hostname: hostname.split(".")[0] ?? "",
    fqdn,
    domain: dot < 0 ? "" : fqdn.slice(dot + 1),
    machine_id: raw.first("/etc/machine-id") ?? "",
    service_mgr: traits.serviceManager === "none" ? "service" : traits.serviceManager,
    pkg_mgr: traits.packageManager === "none" ? "unknown" : traits.packageManager,
    is_chroot: raw.marks.has("chroot"),
    fips: raw.first("/proc/sys/crypto/fips_enabled") === "1",
    apparmor: { status: raw.marks.has("/sys/kernel/security/apparmor") ? "enabled" : "disabled" },
    selinux: selinux(raw),
    ...systemd(raw),
    iscsi_iqn: "",
    loadavg: loadavg(raw),
    ...cmdline(raw),
    ...sshKeys(raw),
    ...user(raw),
    env: environment(raw),
    dns: dns(raw),
    lsb: lsb(raw),
  };
}

/** As `getfqdn` finds it in /etc/hosts. DNS is not asked: a broken one would hold up every run. */
function fqdnOf(hostname: string, raw: RawFacts): string {
  if (hostname.includes(".")) return hostname;
  for (const line of raw.lines("/etc/hosts")) {
    const [, ...names] = line.replace(/#.*$/, "").trim().split(/\s+/);
    const full = names.find((name) => name.startsWith(`${hostname}.`));
    if (names.includes(hostname) && full !== undefined) return full;
  }
  return hostname;
}

function loadavg(raw: RawFacts): JsonObject {
  const [one, five, fifteen] = (raw.first("/proc/loadavg") ?? "").split(" ").map(Number);
  return { "1m": one ?? 0, "5m": five ?? 0, "15m": fifteen ?? 0 };
}

/** "systemd 252 (252.39-1~deb12u1)", and a line of what it was built with. */
function systemd(raw: RawFacts): JsonObject {
  const [version = "", features = ""] = raw.section("systemd");
  const number = /^systemd (\d+)/.exec(version)?.[1];
  return number === undefined ? {} : { systemd: { version: Number(number), features } };
}

function selinux(raw: RawFacts): JsonObject {
  const enforce = raw.first("/sys/fs/selinux/enforce");
  if (enforce === undefined) return { status: "disabled" };
  const config = assignments(raw.lines("/etc/selinux/config"));
  return {
    status: "enabled",
    mode: enforce === "1" ? "enforcing" : "permissive",
    config_mode: config.get("SELINUX") ?? "unknown",
    type: config.get("SELINUXTYPE") ?? "unknown",
    policyvers: Number(raw.first("/sys/fs/selinux/policyvers") ?? 0),
  };
}

function cmdline(raw: RawFacts): JsonObject {
  const text = raw.first("/proc/cmdline") ?? "";
  const single: Record<string, Json> = {};
  const all: Record<string, Json> = {};
  for (const word of text.match(/(?:"[^"]*"|[^\s"])+/g) ?? []) {
    const equals = word.indexOf("=");
    const name = equals < 0 ? word : word.slice(0, equals);
    const value = equals < 0 ? true : word.slice(equals + 1).replaceAll('"', "");
    const before = all[name];
    single[name] = value;
    all[name] = before === undefined ? value : Array.isArray(before) ? [...before, value] : [before, value];
  }
  return { cmdline: single, proc_cmdline: all };
}

function sshKeys(raw: RawFacts): JsonObject {
  const facts: Record<string, Json> = {};
  for (const path of raw.below("/etc/ssh")) {
    const name = /ssh_host_(\w+)_key\.pub$/.exec(path)?.[1];
    const [type, key] = (raw.first(path) ?? "").split(/\s+/);
    if (name === undefined || type === undefined || key === undefined) continue;
    facts[`ssh_host_key_${name}_public`] = key;
    facts[`ssh_host_key_${name}_public_keytype`] = type;
  }
  return facts;
}

function user(raw: RawFacts): JsonObject {
  const match = /^uid=(\d+)(?:\(([^)]*)\))? gid=(\d+)/.exec(raw.section("id")[0] ?? "");
  if (match === null) return {};
  const [uid, gid] = [Number(match[1]), Number(match[3])];
  const entry = raw
    .lines("/etc/passwd")
    .map((line) => line.split(":"))
    .find((fields) => fields[2] === match[1]);
  return {
    user_id: match[2] ?? entry?.[0] ?? String(uid),
    user_uid: uid,
    user_gid: gid,
    user_gecos: entry?.[4] ?? "",
    user_dir: entry?.[5] ?? "",
    user_shell: entry?.[6] ?? "",
    real_user_id: uid,
    effective_user_id: uid,
    real_group_id: gid,
    effective_group_id: gid,
  };
}

function environment(raw: RawFacts): JsonObject {
  const variables: Record<string, string> = {};
  let last: string | undefined;
  for (const line of raw.section("env")) {
    const match = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line);
    if (match?.[1] !== undefined) {
      last = match[1];
      variables[last] = match[2] ?? "";
    } else if (last !== undefined) variables[last] += `\n${line}`;
  }
  return variables;
}

function dns(raw: RawFacts): JsonObject {
  const facts: Record<string, Json> = {};
  const nameservers: string[] = [];
  for (const line of raw.lines("/etc/resolv.conf")) {
    const [key, ...values] = line
      .replace(/[#;].*$/, "")
      .trim()
      .split(/\s+/);
    if (key === "nameserver") nameservers.push(...values);
    else if (key === "domain") facts["domain"] = values[0] ?? "";
    else if (key === "search" || key === "sortlist") facts[key] = values;
    else if (key === "options") {
      facts["options"] = Object.fromEntries(
        values.map((one): [string, Json] => [one.split(":")[0] ?? "", one.split(":")[1] ?? true]),
      );
    }
  }
  return nameservers.length === 0 ? facts : { nameservers, ...facts };
}

function lsb(raw: RawFacts): JsonObject {
  const values = assignments(raw.lines("/etc/lsb-release"));
  const id = values.get("DISTRIB_ID");
  if (id === undefined) return {};
  const release = values.get("DISTRIB_RELEASE") ?? "";
  return {
    id,
    release,
    major_release: release.split(".")[0] ?? "",
    codename: values.get("DISTRIB_CODENAME") ?? "",
    description: values.get("DISTRIB_DESCRIPTION") ?? "",
  };
}
