import { type HostTraits, ModuleFailure } from "../../contract.ts";
import { at, canonical, fieldsAt, isFields, listAt, textAt, textsAt } from "../cluster/data.ts";
import { hostPath } from "../files/host-path.ts";
import { splitWords } from "../words.ts";
import type { ContainerParameters } from "./container-parameters.ts";
import { environmentOf, looseMapping, textMapping } from "./environment.ts";
import { mountsOf, wantedMounts } from "./mounts.ts";
import {
  boundPorts,
  deviceEntry,
  devicesOf,
  exposedPorts,
  portsOfContainer,
  portsOfImage,
  publishedPorts,
  ulimitEntry,
  ulimitsOf,
  volumeEntry,
  volumesOf,
} from "./ports.ts";
import { bytesOfSize, nanoseconds } from "./sizes.ts";

/** One thing the user named. Values are compared as they are, lists in order, sets without order, dicts by key. */
export type Setting = {
  readonly name: string;
  readonly kind: "value" | "list" | "set" | "dict";
  readonly wanted: unknown;
  /** The same of a container that is there, from `docker inspect`. */
  read(container: unknown): unknown;
  /** What the image adds by itself, which a strict comparison must not take for too much. */
  image?(image: unknown): unknown;
  /** Words for `docker create`. Environment and labels have none: they go through files. */
  readonly args: readonly string[];
  /** Words for `docker update`, where that can change it without a new container. */
  readonly update?: readonly string[];
  /** Its values are not shown. */
  readonly hidden?: true;
};

/** What goes behind the image. */
export type Program = { readonly entrypoint: readonly string[] | undefined; readonly command: readonly string[] | undefined };

export function programOf(params: ContainerParameters): Program {
  const { entrypoint } = params;
  const given = params.command;
  let command: readonly string[] | undefined;
  if (Array.isArray(given)) command = given.map(String);
  else if (typeof given === "string" || typeof given === "number") {
    try {
      command = splitWords(String(given));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new ModuleFailure(`docker_container: command is ${JSON.stringify(given)}: ${error.message}`);
    }
  } else if (given !== undefined && given !== null) {
    throw new ModuleFailure("docker_container: command must be text or a list");
  }
  if (entrypoint === undefined) return { entrypoint, command };
  // The command line takes one word; Docker runs the rest as if it were the command's beginning.
  return { entrypoint: entrypoint.slice(0, 1), command: [...entrypoint.slice(1), ...(command ?? [])] };
}

/** What a setting depends on besides the parameters: the variables of the env_file, and the ids of containers that share name spaces. */
export type Surroundings = {
  readonly fromFile: Readonly<Record<string, string>>;
  readonly idOf: (container: string) => string | undefined;
  readonly traits: Pick<HostTraits, "home">;
};

export function settingsOf(params: ContainerParameters, around: Surroundings): readonly Setting[] {
  const { fromFile, traits } = around;
  const all: Setting[] = [];
  const add = <T>(name: string, value: T | undefined, make: (value: T) => Omit<Setting, "name"> | undefined): void => {
    const setting = value === undefined ? undefined : make(value);
    if (setting !== undefined) all.push({ name, ...setting });
  };
  const text = (name: string, value: string | number | undefined, flag: string, ...path: readonly string[]): void =>
    add(name, value, (wanted) => ({
      kind: "value",
      wanted,
      read: (one) => at(one, ...path) ?? (typeof wanted === "number" ? 0 : ""),
      args: [`${flag}=${wanted}`],
    }));
  const flag = (name: string, value: boolean | undefined, option: string, ...path: readonly string[]): void =>
    add(name, value, (wanted) => ({
      kind: "value",
      wanted,
      read: (one) => at(one, ...path) === true,
      args: [`${option}=${wanted}`],
    }));
  const list = (
    name: string,
    value: readonly string[] | undefined,
    option: string,
    kind: "list" | "set",
    path: readonly string[],
    normal: (one: string) => string = (one) => one,
  ): void =>
    add(name, value, (wanted) => ({
      kind,
      wanted: wanted.map(normal),
      read: (one) => textsAt(one, ...path).map(normal),
      args: wanted.map((one) => `${option}=${one}`),
    }));
  const size = (name: string, value: string | undefined, option: string, ...path: readonly string[]): void =>
    add(name, value, (given) => {
      const wanted = /^(unlimited|-1)$/i.test(given) ? -1 : bytesOfSize(name, given);
      return { kind: "value", wanted, read: (one) => at(one, ...path) ?? 0, args: [`${option}=${wanted}`] };
    });

  const program = programOf(params);
  const words = (name: "entrypoint" | "command", key: string): void =>
    add(name, program[name], (wanted) => ({ kind: "list", wanted, read: (one) => textsAt(one, "Config", key), args: [] }));
  words("entrypoint", "Entrypoint");
  words("command", "Cmd");

  const env = { ...fromFile, ...textMapping("env", params.env ?? {}) };
  if (params.env !== undefined || params.env_file !== undefined)
    all.push({ name: "env", kind: "dict", wanted: env, read: environmentOf, image: environmentOf, args: [], hidden: true });
  add("labels", params.labels, (given) => ({
    kind: "dict",
    wanted: looseMapping(given),
    read: (one) => fieldsAt(one, "Config", "Labels"),
    image: (one) => fieldsAt(one, "Config", "Labels"),
    args: [],
  }));

  add("published_ports", params.published_ports, (given) => {
    const { args, set } = publishedPorts(given, params.default_host_ip ?? "");
    return { kind: "set", wanted: set, read: boundPorts, args: args.map((one) => `--publish=${one}`) };
  });
  flag("publish_all_ports", params.publish_all_ports, "--publish-all", "HostConfig", "PublishAllPorts");
  add("exposed_ports", params.exposed_ports, (given) => {
    const wanted = exposedPorts(given);
    const published = publishedPorts(params.published_ports ?? [], "").set.map((one) => one.slice(one.indexOf("->") + 2));
    const image = (one: unknown): readonly string[] => [...portsOfImage(one), ...published];
    return { kind: "set", wanted, read: portsOfContainer, image, args: wanted.map((one) => `--expose=${one}`) };
  });
  add("volumes", params.volumes, (given) => {
    const full = given.map((one) =>
      /^[~.]/.test(one) && one.includes(":")
        ? `${hostPath(one.slice(0, one.indexOf(":")), traits)}${one.slice(one.indexOf(":"))}`
        : one,
    );
    return {
      kind: "set",
      wanted: full.map(volumeEntry),
      read: volumesOf,
      // What the image says is a volume, and nothing is mounted at.
      image: volumesOf,
      args: full.map((one) => `--volume=${one}`),
    };
  });
  add("mounts", params.mounts, (given) => {
    const { args, set } = wantedMounts(given);
    return { kind: "set", wanted: set, read: mountsOf, args: args.map((one) => `--mount=${one}`) };
  });
  add("tmpfs", params.tmpfs, (given) => ({
    kind: "dict",
    wanted: Object.fromEntries(given.map((one) => [one.split(":")[0], one.includes(":") ? one.slice(one.indexOf(":") + 1) : ""])),
    read: (one) => fieldsAt(one, "HostConfig", "Tmpfs"),
    args: given.map((one) => `--tmpfs=${one}`),
  }));
  add("devices", params.devices, (given) => ({
    kind: "set",
    wanted: given.map(deviceEntry),
    read: devicesOf,
    args: given.map((one) => `--device=${one}`),
  }));

  add("restart_policy", params.restart_policy, (wanted) => {
    const retries = wanted === "on-failure" ? (params.restart_retries ?? 0) : 0;
    const word = `--restart=${wanted}${retries > 0 ? `:${retries}` : ""}`;
    return {
      kind: "value",
      wanted: { policy: wanted, retries },
      read: (one) => ({
        policy: textAt(one, "HostConfig", "RestartPolicy", "Name") || "no",
        retries: at(one, "HostConfig", "RestartPolicy", "MaximumRetryCount") ?? 0,
      }),
      args: [word],
      update: [word],
    };
  });

  text("user", params.user, "--user", "Config", "User");
  text("working_dir", params.working_dir, "--workdir", "Config", "WorkingDir");
  text("hostname", params.hostname, "--hostname", "Config", "Hostname");
  text("domainname", params.domainname, "--domainname", "Config", "Domainname");
  text("stop_signal", params.stop_signal, "--stop-signal", "Config", "StopSignal");
  text("stop_timeout", params.stop_timeout, "--stop-timeout", "Config", "StopTimeout");
  flag("tty", params.tty, "--tty", "Config", "Tty");
  flag("interactive", params.interactive, "--interactive", "Config", "OpenStdin");
  flag("privileged", params.privileged, "--privileged", "HostConfig", "Privileged");
  flag("init", params.init, "--init", "HostConfig", "Init");
  flag("read_only", params.read_only, "--read-only", "HostConfig", "ReadonlyRootfs");
  flag("auto_remove", params.auto_remove, "--rm", "HostConfig", "AutoRemove");
  text("cpu_shares", params.cpu_shares, "--cpu-shares", "HostConfig", "CpuShares");
  text("cpuset_cpus", params.cpuset_cpus, "--cpuset-cpus", "HostConfig", "CpusetCpus");
  text("cpuset_mems", params.cpuset_mems, "--cpuset-mems", "HostConfig", "CpusetMems");
  text("pids_limit", params.pids_limit, "--pids-limit", "HostConfig", "PidsLimit");
  text("oom_score_adj", params.oom_score_adj, "--oom-score-adj", "HostConfig", "OomScoreAdj");
  text("cgroupns_mode", params.cgroupns_mode, "--cgroupns", "HostConfig", "CgroupnsMode");
  text("cgroup_parent", params.cgroup_parent, "--cgroup-parent", "HostConfig", "CgroupParent");
  text("runtime", params.runtime, "--runtime", "HostConfig", "Runtime");
  const shared = (name: string, value: string | undefined, option: string, key: string): void =>
    add(name, value, (wanted) => ({
      kind: "value",
      wanted,
      // Docker keeps "container:NAME" as "container:ID", and the default network by another name.
      read: (one) => {
        const current = textAt(one, "HostConfig", key);
        if (wanted.startsWith("container:") && current === `container:${around.idOf(wanted.slice(10))}`) return wanted;
        return current === "default" && name === "network_mode" && wanted === "bridge" ? wanted : current;
      },
      args: name === "network_mode" ? [] : [`${option}=${wanted}`],
    }));
  shared("network_mode", params.network_mode, "--network", "NetworkMode");
  shared("pid_mode", params.pid_mode, "--pid", "PidMode");
  shared("ipc_mode", params.ipc_mode, "--ipc", "IpcMode");
  text("uts", params.uts, "--uts", "HostConfig", "UTSMode");
  text("userns_mode", params.userns_mode, "--userns", "HostConfig", "UsernsMode");
  text("log_driver", params.log_driver, "--log-driver", "HostConfig", "LogConfig", "Type");
  size("memory", params.memory, "--memory", "HostConfig", "Memory");
  size("memory_reservation", params.memory_reservation, "--memory-reservation", "HostConfig", "MemoryReservation");
  size("memory_swap", params.memory_swap, "--memory-swap", "HostConfig", "MemorySwap");
  size("shm_size", params.shm_size, "--shm-size", "HostConfig", "ShmSize");
  add("cpus", params.cpus, (cpus) => ({
    kind: "value",
    wanted: Math.round(cpus * 1e9),
    read: (one) => at(one, "HostConfig", "NanoCpus") ?? 0,
    args: [`--cpus=${cpus}`],
  }));
  list("capabilities", params.capabilities, "--cap-add", "set", ["HostConfig", "CapAdd"], capability);
  list("cap_drop", params.cap_drop, "--cap-drop", "set", ["HostConfig", "CapDrop"], capability);
  list("groups", params.groups, "--group-add", "set", ["HostConfig", "GroupAdd"]);
  list("security_opts", params.security_opts, "--security-opt", "set", ["HostConfig", "SecurityOpt"], (one) =>
    one.replace(":", "="),
  );
  list("dns_servers", params.dns_servers, "--dns", "list", ["HostConfig", "Dns"]);
  list("dns_search_domains", params.dns_search_domains, "--dns-search", "list", ["HostConfig", "DnsSearch"]);
  list("dns_opts", params.dns_opts, "--dns-option", "set", ["HostConfig", "DnsOptions"]);
  add("ulimits", params.ulimits, (given) => ({
    kind: "set",
    wanted: given.map(ulimitEntry),
    read: ulimitsOf,
    args: given.map((one) => `--ulimit=${ulimitEntry(one).replace(":", "=")}`),
  }));
  const mapping = (
    name: string,
    given: Readonly<Record<string, unknown>> | undefined,
    option: string,
    ...path: readonly string[]
  ): void =>
    add(name, given, (values) => {
      const wanted = looseMapping(values);
      const args = Object.entries(wanted).map(([key, value]) => `${option}=${key}=${value}`);
      return { kind: "dict", wanted, read: (one) => fieldsAt(one, ...path), args };
    });
  mapping("sysctls", params.sysctls, "--sysctl", "HostConfig", "Sysctls");
  mapping("log_options", params.log_options, "--log-opt", "HostConfig", "LogConfig", "Config");
  add("etc_hosts", params.etc_hosts, (given) => {
    const entries = Object.entries(looseMapping(given)).map(([name, address]) => `${name}:${address}`);
    return {
      kind: "set",
      wanted: entries,
      read: (one) => textsAt(one, "HostConfig", "ExtraHosts"),
      args: entries.map((one) => `--add-host=${one}`),
    };
  });
  add("healthcheck", params.healthcheck, healthSetting);
  return all;
}

const capability = (name: string): string => name.toUpperCase().replace(/^CAP_/, "");

const HEALTH = {
  interval: ["Interval", "--health-interval"],
  timeout: ["Timeout", "--health-timeout"],
  start_period: ["StartPeriod", "--health-start-period"],
} as const;

function healthSetting(given: Readonly<Record<string, unknown>>): Omit<Setting, "name"> {
  const known = ["test", "retries", ...Object.keys(HEALTH)];
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new ModuleFailure(`docker_container: healthcheck has no key "${unknown}"; it knows ${known.join(", ")}`);
  const test = healthTest(given["test"]);
  if (test[0] === "NONE") {
    return {
      kind: "value",
      wanted: { Test: test },
      read: (one) => ({ Test: listAt(one, "Config", "Healthcheck", "Test") }),
      args: ["--no-healthcheck"],
    };
  }
  const wanted: Record<string, unknown> = {};
  const args: string[] = [];
  if (test.length > 0) {
    wanted["Test"] = test;
    args.push(`--health-cmd=${test[1]}`);
  }
  for (const [name, [key, option]] of Object.entries(HEALTH)) {
    const value = given[name];
    if (value === undefined || value === null) continue;
    const duration = nanoseconds(`healthcheck.${name}`, value);
    wanted[key] = duration;
    args.push(`${option}=${duration}ns`);
  }
  if (given["retries"] !== undefined && given["retries"] !== null) {
    wanted["Retries"] = Number(given["retries"]);
    args.push(`--health-retries=${Number(given["retries"])}`);
  }
  const read = (one: unknown): unknown =>
    Object.fromEntries(Object.keys(wanted).map((key) => [key, at(one, "Config", "Healthcheck", key) ?? null]));
  return { kind: "value", wanted, read, args };
}

/** docker's command line knows only tests that a shell runs; a list of words is quoted for it. */
function healthTest(given: unknown): readonly string[] {
  if (given === undefined || given === null) return [];
  if (typeof given === "string") return given === "NONE" ? ["NONE"] : ["CMD-SHELL", given];
  if (!Array.isArray(given) || given.some((one) => isFields(one)))
    throw new ModuleFailure("docker_container: healthcheck.test must be text or a list");
  const [first = "", ...rest] = given.map(String);
  if (first === "NONE") return ["NONE"];
  if (first === "CMD-SHELL") return ["CMD-SHELL", rest.join(" ")];
  const words = first === "CMD" ? rest : [first, ...rest];
  return ["CMD-SHELL", words.map((one) => (/^[\w./:@%+,=-]+$/.test(one) ? one : `'${one.replaceAll("'", "'\\''")}'`)).join(" ")];
}

/** Is a setting as wanted? `mode` is one of `comparisons`. */
export function isMet(setting: Setting, current: unknown, image: unknown, mode: string): boolean {
  if (mode === "ignore") return true;
  const { kind, wanted } = setting;
  if (kind === "value" || kind === "list") return canonical(wanted) === canonical(current);
  if (kind === "dict") {
    const [want, have] = [fieldsAt(wanted), fieldsAt(current)];
    if (mode === "strict") return canonical({ ...fieldsAt(setting.image?.(image)), ...want }) === canonical(have);
    return Object.entries(want).every(([key, value]) => Object.hasOwn(have, key) && canonical(have[key]) === canonical(value));
  }
  const have = new Set(listAt(current).map(canonical));
  const want = new Set(listAt(wanted).map(canonical));
  if (![...want].every((one) => have.has(one))) return false;
  if (mode !== "strict") return true;
  const allowed = new Set([...want, ...listAt(setting.image?.(image)).map(canonical)]);
  return [...have].every((one) => allowed.has(one));
}
