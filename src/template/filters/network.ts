import { isList, type Value } from "../../vars/value.ts";
import type { Call } from "../call.ts";
import { badValue } from "../errors.ts";
import { bitsOf, formatIp, type IpAddress, isInside, lastOf, maskOf, networkOf, parseIp } from "../ip-address.ts";
import { makeInteger, toIndex } from "../numbers.ts";
import { toText } from "../repr.ts";
import type { Filter, FilterTable } from "./filter.ts";
import { hardwareFilters } from "./hardware-address.ts";

/** Filters on IP addresses, after `ansible.utils`: what is no address (or not of the wanted kind) becomes `False`. */
export const networkFilters: FilterTable = {
  ...hardwareFilters,
  ipaddr: family(undefined),
  ipv4: family(4),
  ipv6: family(6),
  ipwrap: {
    parameters: ["query?"],
    run: (input) =>
      each(input, (one) => {
        const ip = typeof one === "string" ? parseIp(one) : undefined;
        if (ip === undefined || ip.version === 4) return one;
        const address = `[${formatIp(6, ip.value)}]`;
        return ip.hasPrefix ? `${address}/${ip.prefix}` : address;
      }),
  },
  ipsubnet: {
    parameters: ["query?", "index?"],
    run: (input, call) => {
      const ip = parseIp(toText(input));
      if (ip === undefined) return false;
      if (call.given("query") === undefined) return `${formatIp(ip.version, networkOf(ip))}/${ip.prefix}`;
      const size = call.integer("query");
      if (size < ip.prefix || size > bitsOf(ip.version)) return false;
      const count = 1n << BigInt(size - ip.prefix);
      if (call.given("index") === undefined) return makeInteger(count);
      const index = BigInt(call.integer("index"));
      const chosen = index < 0n ? count + index : index;
      if (chosen < 0n || chosen >= count) return false;
      return `${formatIp(ip.version, networkOf(ip) + (chosen << BigInt(bitsOf(ip.version) - size)))}/${size}`;
    },
  },
  nthhost: {
    parameters: ["query"],
    run: (input, call) => {
      const ip = parseIp(toText(input));
      return ip === undefined ? false : nth(ip, BigInt(call.integer("query")));
    },
  },
  network_in_usable: { parameters: ["test"], run: (input, call) => within(input, call, true) },
  network_in_network: { parameters: ["test"], run: (input, call) => within(input, call, false) },
};

function family(version: 4 | 6 | undefined): Filter {
  return { parameters: ["query?", "version?", "alias?"], run: (input, call) => each(input, (one) => query(one, call, version)) };
}

// Of a list only those members remain that are what was asked for.
function each(input: Value, work: (value: Value) => Value): Value {
  return isList(input) ? input.map(work).filter((one) => one !== false) : work(input);
}

function query(input: Value, call: Call, version: 4 | 6 | undefined): Value {
  if (typeof input !== "string") return false;
  const ip = parseIp(input);
  const wanted = version ?? (call.given("version") === undefined ? undefined : call.integer("version"));
  if (ip === undefined || (wanted !== undefined && ip.version !== wanted)) return false;
  const what = call.given("query");
  if (what === undefined || what === "") return input;
  const index = toIndex(what) ?? (typeof what === "string" && /^-?\d+$/.test(what) ? Number(what) : undefined);
  if (index !== undefined) {
    const address = nth(ip, BigInt(index));
    return address === false ? false : `${address}/${ip.prefix}`;
  }
  return answer(ip, toText(what));
}

function answer(ip: IpAddress, what: string): Value {
  const { version, value, prefix } = ip;
  const show = (address: bigint): string => formatIp(version, address);
  const isNetwork = ip.hasPrefix && value === networkOf(ip) && prefix < bitsOf(version);
  switch (what) {
    case "address":
    case "ip":
      return isNetwork && prefix < bitsOf(version) - 1 ? false : show(value);
    case "host":
      return isNetwork ? false : `${show(value)}/${prefix}`;
    case "host/prefix":
    case "ip/prefix":
    case "address/prefix":
      return isNetwork ? false : ip.hasPrefix ? `${show(value)}/${prefix}` : false;
    case "network":
    case "network_id":
      return show(networkOf(ip));
    case "net":
      return ip.hasPrefix && value === networkOf(ip) ? `${show(value)}/${prefix}` : false;
    case "subnet":
    case "network/prefix":
      return `${show(networkOf(ip))}/${prefix}`;
    case "netmask":
      return show(maskOf(ip));
    case "hostmask":
    case "wildcard":
      return show(lastOf(ip) - networkOf(ip));
    case "prefix":
      return prefix;
    case "broadcast":
      return version === 4 && prefix < 31 ? show(lastOf(ip)) : "";
    case "size":
      return makeInteger(lastOf(ip) - networkOf(ip) + 1n);
    case "version":
      return version;
    case "int":
      return makeInteger(value);
    case "bool":
      return true;
    case "first_usable":
      return show(firstUsable(ip));
    case "last_usable":
      return show(lastUsable(ip));
    case "range_usable":
      return `${show(firstUsable(ip))}-${show(lastUsable(ip))}`;
    case "ipv4":
    case "ipv6":
      return version === Number(what.at(-1)) ? `${show(value)}${ip.hasPrefix ? `/${prefix}` : ""}` : false;
    case "revdns":
      return reverseName(ip);
    case "private":
      return isPrivate(ip) ? `${show(value)}${ip.hasPrefix ? `/${prefix}` : ""}` : false;
    case "public":
      return isPrivate(ip) ? false : `${show(value)}${ip.hasPrefix ? `/${prefix}` : ""}`;
    case "loopback":
      return loopbacks.some((one) => insideText(ip, one)) ? show(value) : false;
    default: {
      const outer = parseIp(what);
      if (outer === undefined) return badValue(`ipaddr: unknown query "${what}"`);
      return isInside(ip, outer) ? `${show(value)}${ip.hasPrefix ? `/${prefix}` : ""}` : false;
    }
  }
}

// A point-to-point network (RFC 3021, RFC 6164) and a lone address have nothing to set apart.
function firstUsable(ip: IpAddress): bigint {
  return ip.prefix >= bitsOf(ip.version) - 1 ? networkOf(ip) : networkOf(ip) + 1n;
}

// IPv6 has no broadcast address.
function lastUsable(ip: IpAddress): bigint {
  return ip.version === 6 || ip.prefix >= 31 ? lastOf(ip) : lastOf(ip) - 1n;
}

const loopbacks = ["127.0.0.0/8", "::1/128"];
const privates = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "fc00::/7", "fe80::/10", ...loopbacks];

function isPrivate(ip: IpAddress): boolean {
  return privates.some((one) => insideText(ip, one));
}

function insideText(ip: IpAddress, network: string): boolean {
  const outer = parseIp(network);
  return outer !== undefined && isInside({ ...ip, prefix: bitsOf(ip.version) }, outer);
}

function nth(ip: IpAddress, index: bigint): string | false {
  const address = index < 0n ? lastOf(ip) + 1n + index : networkOf(ip) + index;
  return address < networkOf(ip) || address > lastOf(ip) ? false : formatIp(ip.version, address);
}

function reverseName(ip: IpAddress): string {
  if (ip.version === 4) return `${formatIp(4, ip.value).split(".").toReversed().join(".")}.in-addr.arpa.`;
  return `${Array.from(ip.value.toString(16).padStart(32, "0")).toReversed().join(".")}.ip6.arpa.`;
}

function within(input: Value, call: Call, usable: boolean): boolean {
  const outer = parseIp(toText(input));
  const inner = parseIp(call.text("test"));
  if (outer === undefined || inner === undefined || !isInside(inner, outer)) return false;
  return (
    !usable || outer.prefix >= bitsOf(outer.version) - 1 || (networkOf(inner) > networkOf(outer) && lastOf(inner) < lastOf(outer))
  );
}
