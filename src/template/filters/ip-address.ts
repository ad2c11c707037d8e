import { isIPv4, isIPv6 } from "node:net";

/** An address and the network it is said to be in; without a prefix the network is the address alone. */
export type Address = { readonly version: 4 | 6; readonly value: bigint; readonly prefix: number };

/** `10.1.2.3`, `10.1.2.3/8`, `10.1.2.3/255.0.0.0`, `fd00::1/64`; undefined for anything else. */
export function parseAddress(text: string): Address | undefined {
  const [ip = "", length, ...more] = text.split("/");
  if (more.length > 0) return undefined;
  if (isIPv4(ip)) {
    const prefix = length === undefined ? 32 : prefixOf4(length);
    return prefix === undefined ? undefined : { version: 4, value: fromIPv4(ip), prefix };
  }
  if (!isIPv6(ip) || ip.includes("%")) return undefined;
  const prefix = length === undefined ? 128 : /^\d{1,3}$/.test(length) && Number(length) <= 128 ? Number(length) : undefined;
  return prefix === undefined ? undefined : { version: 6, value: fromIPv6(ip), prefix };
}

function prefixOf4(text: string): number | undefined {
  if (/^\d{1,2}$/.test(text)) return Number(text) <= 32 ? Number(text) : undefined;
  if (!isIPv4(text)) return undefined;
  const bits = fromIPv4(text).toString(2).padStart(32, "0");
  return /^1*0*$/.test(bits) ? bits.replaceAll("0", "").length : undefined;
}

function fromIPv4(text: string): bigint {
  return text.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function fromIPv6(text: string): bigint {
  // The last two groups may be written as an IPv4 address.
  const plain = text.replace(/(\d+\.\d+\.\d+\.\d+)$/, (ip) => {
    const value = fromIPv4(ip);
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  });
  const [head = "", tail] = plain.split("::");
  const groups = (part: string): string[] => (part === "" ? [] : part.split(":"));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => "0");
  return [...before, ...zeros, ...after].reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}

/** The address in its usual form (RFC 5952 for IPv6), without the prefix. */
export function formatAddress({ version, value }: Address): string {
  if (version === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - index * 16)) & 0xffffn).toString(16));
  const runs = [...groups.join(":").matchAll(/(?:^|:)0(?::0)+(?=:|$)/g)].sort((a, b) => b[0].length - a[0].length);
  const longest = runs[0];
  if (longest === undefined) return groups.join(":");
  const text = groups.join(":");
  return `${text.slice(0, longest.index)}::${text.slice(longest.index + longest[0].length).replace(/^:/, "")}`;
}
