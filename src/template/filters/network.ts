import { isList, type Value } from "../../vars/value.ts";
import type { Call } from "../call.ts";
import { badValue } from "../errors.ts";
import { toText } from "../repr.ts";
import type { FilterTable } from "./filter.ts";
import { type Address, formatAddress, parseAddress } from "./ip-address.ts";

type Version = 4 | 6 | undefined;

/** `ansible.utils.ipaddr` and its like: the value if it is an address, else false; a query asks for a part of it. */
export const networkFilters: FilterTable = {
  ipaddr: { parameters: ["query?", "version?"], run: (input, call) => each(input, call, undefined) },
  ipv4: { parameters: ["query?"], run: (input, call) => each(input, call, 4) },
  ipv6: { parameters: ["query?"], run: (input, call) => each(input, call, 6) },
  ipwrap: {
    parameters: ["query?"],
    run: (input) => {
      const address = parseAddress(toText(input));
      return address?.version === 6 ? toText(input).replace(/^([^/]+)/, "[$1]") : input;
    },
  },
  nthhost: {
    parameters: ["n"],
    run: (input, call) => {
      const network = needAddress(input);
      const host = nth(network, call.integer("n"));
      return host ?? false;
    },
  },
};

function needAddress(input: Value): Address {
  return parseAddress(toText(input)) ?? badValue(`"${toText(input)}" is no IP address`);
}

function each(input: Value, call: Call, version: Version): Value {
  const query = call.given("query");
  if (isList(input)) return input.map((one) => answer(one, query, version)).filter((one) => one !== false && one !== null);
  return answer(input, query, version);
}

function answer(input: Value, query: Value | undefined, version: Version): Value {
  const text = typeof input === "string" ? input.trim() : toText(input);
  const address = parseAddress(text);
  if (address === undefined || (version !== undefined && address.version !== version)) return false;
  if (query === undefined || query === "") return input;
  if (typeof query === "number") return nth(address, query, true) ?? false;
  const asked = toText(query);
  if (/^-?\d+$/.test(asked)) return nth(address, Number(asked), true) ?? false;
  const part = parts[asked];
  if (part !== undefined) return part(address, text);
  const within = parseAddress(asked);
  if (within === undefined) return badValue(`ipaddr knows no query "${asked}"`);
  return within.version === address.version && networkOf(address, within.prefix) === networkOf(within) ? input : false;
}

const bits = (address: Address): number => (address.version === 4 ? 32 : 128);
const mask = (address: Address, prefix: number): bigint => {
  const all = (1n << BigInt(bits(address))) - 1n;
  return all ^ ((1n << BigInt(bits(address) - prefix)) - 1n);
};
const networkOf = (address: Address, prefix: number = address.prefix): bigint => address.value & mask(address, prefix);
const lastOf = (address: Address): bigint => networkOf(address) | ((1n << BigInt(bits(address) - address.prefix)) - 1n);
const show = (address: Address, value: bigint): string => formatAddress({ ...address, value });
const sizeOf = (address: Address): bigint => 1n << BigInt(bits(address) - address.prefix);

function nth(address: Address, n: number, withPrefix = false): string | undefined {
  const size = sizeOf(address);
  const offset = n < 0 ? size + BigInt(n) : BigInt(n);
  if (offset < 0n || offset >= size) return undefined;
  const host = show(address, networkOf(address) + offset);
  return withPrefix ? `${host}/${address.prefix}` : host;
}

const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];
const LOOPBACK = ["127.0.0.0/8", "::1/128"];
const LINK_LOCAL = ["169.254.0.0/16", "fe80::/10"];
const MULTICAST = ["224.0.0.0/4", "ff00::/8"];

function isIn(address: Address, networks: readonly string[]): boolean {
  return networks.some((text) => {
    const network = parseAddress(text);
    return network?.version === address.version && networkOf(address, network.prefix) === networkOf(network);
  });
}

const when =
  (holds: (address: Address) => boolean) =>
  (address: Address, text: string): Value =>
    holds(address) ? text : false;

const parts: Readonly<Record<string, (address: Address, text: string) => Value>> = {
  address: (one) => show(one, one.value),
  ip: (one) => show(one, one.value),
  network: (one) => show(one, networkOf(one)),
  "network/prefix": (one) => `${show(one, networkOf(one))}/${one.prefix}`,
  subnet: (one) => `${show(one, networkOf(one))}/${one.prefix}`,
  net: (one) => (one.prefix < bits(one) && one.value === networkOf(one) ? `${show(one, one.value)}/${one.prefix}` : false),
  host: (one) => `${show(one, one.value)}/${one.prefix}`,
  "host/prefix": (one) =>
    one.prefix === bits(one) || one.value !== networkOf(one) ? `${show(one, one.value)}/${one.prefix}` : false,
  "ip/prefix": (one) =>
    one.prefix === bits(one) || one.value !== networkOf(one) ? `${show(one, one.value)}/${one.prefix}` : false,
  "address/prefix": (one) => `${show(one, one.value)}/${one.prefix}`,
  prefix: (one) => one.prefix,
  netmask: (one) => show(one, mask(one, one.prefix)),
  hostmask: (one) => show(one, ((1n << BigInt(bits(one))) - 1n) ^ mask(one, one.prefix)),
  broadcast: (one) => (one.version === 4 && one.prefix < 31 ? show(one, lastOf(one)) : ""),
  size: (one) => (sizeOf(one) <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(sizeOf(one)) : sizeOf(one)),
  version: (one) => one.version,
  type: (one) => (one.prefix === bits(one) || one.value !== networkOf(one) ? "address" : "network"),
  bool: () => true,
  int: (one) => (one.value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(one.value) : one.value),
  first_usable: (one) => show(one, networkOf(one) + (one.prefix < bits(one) - 1 ? 1n : 0n)),
  last_usable: (one) => show(one, lastOf(one) - (one.version === 4 && one.prefix < 31 ? 1n : 0n)),
  private: when((one) => isIn(one, PRIVATE)),
  public: when((one) => !isIn(one, [...PRIVATE, ...LOOPBACK, ...LINK_LOCAL, ...MULTICAST])),
  loopback: when((one) => isIn(one, LOOPBACK)),
  "link-local": when((one) => isIn(one, LINK_LOCAL)),
  multicast: when((one) => isIn(one, MULTICAST)),
  unicast: when((one) => !isIn(one, MULTICAST)),
  ipv4: when((one) => one.version === 4),
  ipv6: when((one) => one.version === 6),
};
