import { ModuleFailure } from "../../contract.ts";
import { at, fieldsAt, listAt, textAt } from "../cluster/data.ts";

/** Ports as docker is told them, and as sets to compare: "address:port->port/protocol", address and port of the host may be "". */
export function publishedPorts(
  given: readonly string[],
  defaultIp: string,
): { readonly args: readonly string[]; readonly set: readonly string[] } {
  const set: string[] = [];
  const args: string[] = [];
  for (const text of given) {
    const match = /^(?:(\[[0-9a-fA-F:.]+\]|[^:[\]]*):)?(?:(\d+(?:-\d+)?)?:)?(\d+(?:-\d+)?)(?:\/(tcp|udp|sctp))?$/.exec(text);
    const two = /^(\d+(?:-\d+)?):(\d+(?:-\d+)?)(?:\/(tcp|udp|sctp))?$/.exec(text);
    if (match === null && two === null) {
      throw new ModuleFailure(
        `docker_container: published_ports has "${text}", but must be like 80, 8080:80 or 127.0.0.1:8080:80/udp`,
      );
    }
    const [ip, host, port, protocol] =
      two !== null ? ["", two[1], two[2], two[3]] : [match?.[1] ?? "", match?.[2], match?.[3], match?.[4]];
    const address = ip === "" || ip === undefined ? defaultIp : ip;
    const inside = range(port ?? "");
    const outside = host === undefined ? inside.map(() => "") : range(host);
    if (inside.length !== outside.length) {
      throw new ModuleFailure(`docker_container: published_ports has "${text}", whose ranges are not equally long`);
    }
    inside.forEach((one, index) => {
      set.push(entry(address.replace(/^\[|\]$/g, ""), outside[index] ?? "", `${one}/${protocol ?? "tcp"}`));
    });
    const bracketed = address.includes(":") && !address.startsWith("[") ? `[${address}]` : address;
    args.push(
      `${bracketed === "" ? "" : `${bracketed}:`}${host === undefined ? (bracketed === "" ? "" : ":") : `${host}:`}${port}/${protocol ?? "tcp"}`,
    );
  }
  return { args, set };
}

/** The same set of a container that is there. */
export function boundPorts(container: unknown): readonly string[] {
  return Object.entries(fieldsAt(container, "HostConfig", "PortBindings")).flatMap(([port, bindings]) =>
    (Array.isArray(bindings) ? bindings : []).map((one) => entry(textAt(one, "HostIp"), textAt(one, "HostPort"), port)),
  );
}

// No address, and each of the two that mean "any", are the same to Docker; port 0 is one of its choice.
const entry = (ip: string, host: string, port: string): string =>
  `${ip === "0.0.0.0" || ip === "::" ? "" : ip}:${host === "0" ? "" : host}->${port}`;

/** "80", "80/udp", "8000-8002" as Docker keeps them. */
export function exposedPorts(given: readonly string[]): readonly string[] {
  return given.flatMap((text) => {
    const match = /^(\d+(?:-\d+)?)(?:\/(tcp|udp|sctp))?$/.exec(text);
    if (match === null) throw new ModuleFailure(`docker_container: exposed_ports has "${text}", but must be like 80 or 53/udp`);
    return range(match[1] ?? "").map((port) => `${port}/${match[2] ?? "tcp"}`);
  });
}

function range(text: string): readonly string[] {
  const [first = "", last = first] = text.split("-");
  const count = Number(last) - Number(first) + 1;
  if (count < 1 || Number(last) > 65_535)
    throw new ModuleFailure(`docker_container: a port is "${text}", which is no range of ports from 1 to 65535`);
  return Array.from({ length: count }, (_, index) => String(Number(first) + index));
}

export const portsOfImage = (image: unknown): readonly string[] => Object.keys(fieldsAt(image, "Config", "ExposedPorts"));
export const portsOfContainer = (container: unknown): readonly string[] =>
  Object.keys(fieldsAt(container, "Config", "ExposedPorts"));

/** Volumes: "source:target:options" with the options in order; "rw" is the default. */
export function volumeEntry(text: string): string {
  const [source = "", target, ...options] = text.split(":");
  if (target === undefined) return source;
  const all = options
    .join(":")
    .split(",")
    .filter((one) => one !== "");
  if (!all.includes("ro") && !all.includes("rw")) all.push("rw");
  return `${source}:${target.replace(/(.)\/+$/, "$1")}:${all.sort().join(",")}`;
}

export function volumesOf(container: unknown): readonly string[] {
  const mounted = new Set(listAt(container, "HostConfig", "Binds").map((one) => String(one).split(":")[1]));
  return [
    ...listAt(container, "HostConfig", "Binds").map((one) => volumeEntry(String(one))),
    ...Object.keys(fieldsAt(container, "Config", "Volumes")).filter((one) => !mounted.has(one)),
  ];
}

/** Device as "host:container:permissions". */
export function deviceEntry(text: string): string {
  const [host = "", second, third] = text.split(":");
  if (second !== undefined && third === undefined && /^[rwm]+$/.test(second)) return `${host}:${host}:${second}`;
  return `${host}:${second ?? host}:${third ?? "rwm"}`;
}

export const devicesOf = (container: unknown): readonly string[] =>
  listAt(container, "HostConfig", "Devices").map(
    (one) => `${textAt(one, "PathOnHost")}:${textAt(one, "PathInContainer")}:${textAt(one, "CgroupPermissions")}`,
  );

/** Limit as "name:soft:hard". */
export function ulimitEntry(text: string): string {
  const [name = "", soft = "", hard = soft] = text.split(/[:=]/);
  if (!/^-?\d+$/.test(soft) || !/^-?\d+$/.test(hard)) {
    throw new ModuleFailure(`docker_container: ulimits has "${text}", but must be like nofile:1024:4096`);
  }
  return `${name}:${soft}:${hard}`;
}

export const ulimitsOf = (container: unknown): readonly string[] =>
  listAt(container, "HostConfig", "Ulimits").map((one) => `${textAt(one, "Name")}:${at(one, "Soft")}:${at(one, "Hard")}`);
