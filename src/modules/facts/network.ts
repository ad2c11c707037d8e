import type { HostTraits, Json, JsonObject } from "../contract.ts";
import { type Address, type Addresses, addressesByIp, addressesByTables, networkOf } from "./addresses.ts";
import type { RawFacts } from "./raw.ts";

/** interfaces, one fact for each of them, default_ipv4, default_ipv6 and the lists of all addresses. */
export function networkFacts(raw: RawFacts, _traits: HostTraits): JsonObject {
  const lines = raw.section("ip");
  const isTables = lines.some((line) => line.startsWith("/proc/net/"));
  const found: Addresses = isTables ? addressesByTables(lines) : addressesByIp(lines);
  const names = interfaceNames(raw);
  const facts: Record<string, Json> = { interfaces: names };
  for (const name of names) facts[factName(name)] = interfaceFacts(name, raw, found.addresses);
  const global = found.addresses.filter((one) => one.device !== "lo");
  return {
    ...facts,
    default_ipv4: defaultFacts(found.default4, found.addresses, raw),
    default_ipv6: defaultFacts(found.default6, found.addresses, raw),
    all_ipv4_addresses: global.filter((one) => one.family === 4).map((one) => one.address),
    all_ipv6_addresses: global.filter((one) => one.family === 6).map((one) => one.address),
  };
}

function interfaceNames(raw: RawFacts): string[] {
  const names = [...raw.marks].flatMap((mark) => /^\/sys\/class\/net\/([^/]+)$/.exec(mark)?.[1] ?? []);
  // bonding_masters is a file beside the interfaces.
  return names.filter((name) => name !== "bonding_masters");
}

// As Ansible does, so that the fact is a name that templates can use.
const factName = (name: string): string => name.replace(/[-.:]/g, "_");

function interfaceFacts(name: string, raw: RawFacts, addresses: readonly Address[]): JsonObject {
  const value = (file: string): string | undefined => raw.first(`/sys/class/net/${name}/${file}`);
  const own = addresses.filter((one) => one.device === name);
  const [first, ...others] = own.filter((one) => one.family === 4);
  const six = own.filter((one) => one.family === 6);
  const mac = value("address");
  const speed = Number(value("speed") ?? Number.NaN);
  const flags = Number.parseInt(value("flags") ?? "0", 16);
  return {
    device: name,
    type: typeOf(name, raw),
    // IFF_UP and IFF_PROMISC of <linux/if.h>
    active: (flags & 0x1) !== 0 && value("operstate") !== "down",
    promisc: (flags & 0x100) !== 0,
    mtu: Number(value("mtu") ?? 0),
    ...(mac === undefined || mac === "" || mac === "00:00:00:00:00:00" ? {} : { macaddress: mac }),
    ...(speed > 0 ? { speed } : {}),
    ...(first === undefined ? {} : { ipv4: ipv4Fields(first) }),
    ...(others.length === 0 ? {} : { ipv4_secondaries: others.map(ipv4Fields) }),
    ...(six.length === 0
      ? {}
      : { ipv6: six.map((one) => ({ address: one.address, prefix: String(one.prefix), scope: one.scope })) }),
  };
}

function typeOf(name: string, raw: RawFacts): string {
  if (raw.marks.has(`/sys/class/net/${name}/bridge`)) return "bridge";
  if (raw.lines(`/sys/class/net/${name}/bonding/slaves`).length > 0) return "bonding";
  const type = raw.first(`/sys/class/net/${name}/type`);
  // ARPHRD_ETHER, ARPHRD_INFINIBAND, ARPHRD_LOOPBACK, ARPHRD_TUNNEL of <linux/if_arp.h>
  const known: Readonly<Record<string, string>> = { "1": "ether", "32": "infiniband", "772": "loopback", "768": "tunnel" };
  return known[type ?? ""] ?? "unknown";
}

function ipv4Fields(one: Address): JsonObject {
  const { network, netmask, broadcast } = networkOf(one.address, one.prefix);
  return {
    address: one.address,
    prefix: String(one.prefix),
    netmask,
    network,
    broadcast: one.broadcast ?? (one.prefix < 31 && one.device !== "lo" ? broadcast : ""),
  };
}

function defaultFacts(route: Addresses["default4"], addresses: readonly Address[], raw: RawFacts): JsonObject {
  if (route === undefined) return {};
  const own =
    addresses.find((one) => one.address === route.source) ??
    addresses.find((one) => one.device === route.device && one.family === route.family);
  if (own === undefined) return {};
  const common = {
    interface: route.device,
    address: own.address,
    gateway: route.gateway,
    macaddress: raw.first(`/sys/class/net/${route.device}/address`) ?? "",
    mtu: Number(raw.first(`/sys/class/net/${route.device}/mtu`) ?? 0),
    type: typeOf(route.device, raw),
  };
  if (route.family === 6) return { ...common, prefix: String(own.prefix), scope: own.scope };
  return { ...common, ...ipv4Fields(own), alias: route.device };
}
