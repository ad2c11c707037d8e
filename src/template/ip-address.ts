/** An address or network of either family. The number of bits in `prefix` is that of the network, 32 or 128 for a bare address. */
export type IpAddress = { readonly version: 4 | 6; readonly value: bigint; readonly prefix: number; readonly hasPrefix: boolean };

/** Reads `192.0.2.1`, `192.0.2.0/24`, `192.0.2.0/255.255.255.0`, `2001:db8::1/64`; undefined for anything else. */
export function parseIp(text: string): IpAddress | undefined {
  const [address = "", suffix, ...more] = text.trim().split("/");
  if (more.length > 0) return undefined;
  const version = address.includes(":") ? 6 : 4;
  const value = version === 6 ? parseV6(address) : parseV4(address);
  if (value === undefined) return undefined;
  const bits = version === 6 ? 128 : 32;
  if (suffix === undefined) return { version, value, prefix: bits, hasPrefix: false };
  if (/^\d{1,3}$/.test(suffix))
    return Number(suffix) <= bits ? { version, value, prefix: Number(suffix), hasPrefix: true } : undefined;
  const mask = version === 4 ? parseV4(suffix) : undefined;
  const prefix = mask === undefined ? undefined : prefixOfMask(mask);
  return prefix === undefined ? undefined : { version, value, prefix, hasPrefix: true };
}

function parseV4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

function parseV6(text: string): bigint | undefined {
  const embedded = /^(.*:)([\d.]+)$/.exec(text);
  let source = text;
  if (embedded !== null && text.includes(".")) {
    const tail = parseV4(embedded[2] ?? "");
    if (tail === undefined) return undefined;
    source = `${embedded[1]}${(tail >> 16n).toString(16)}:${(tail & 0xffffn).toString(16)}`;
  }
  const halves = source.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array.from({ length: halves.length === 1 ? 0 : missing }, () => "0"), ...tail];
  if (!groups.every((group) => /^[\da-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

function prefixOfMask(mask: bigint): number | undefined {
  const bits = mask.toString(2).padStart(32, "0");
  const ones = bits.indexOf("0");
  const prefix = ones < 0 ? 32 : ones;
  return bits.slice(prefix).includes("1") ? undefined : prefix;
}

/** The address alone, IPv6 in the short form of RFC 5952. */
export function formatIp(version: 4 | 6, value: bigint): string {
  if (version === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - index * 16)) & 0xffffn).toString(16));
  let start = -1;
  let length = 1;
  for (let index = 0; index < 8; index += 1) {
    let end = index;
    while (end < 8 && groups[end] === "0") end += 1;
    if (end - index > length) [start, length] = [index, end - index];
  }
  if (start < 0) return groups.join(":");
  return `${groups.slice(0, start).join(":")}::${groups.slice(start + length).join(":")}`;
}

export function bitsOf(version: 4 | 6): number {
  return version === 6 ? 128 : 32;
}

export function maskOf(ip: IpAddress): bigint {
  const bits = BigInt(bitsOf(ip.version));
  return ((1n << bits) - 1n) ^ ((1n << (bits - BigInt(ip.prefix))) - 1n);
}

export function networkOf(ip: IpAddress): bigint {
  return ip.value & maskOf(ip);
}

export function lastOf(ip: IpAddress): bigint {
  return networkOf(ip) | ((1n << BigInt(bitsOf(ip.version) - ip.prefix)) - 1n);
}

/** True when `inner` lies in the network `outer`. */
export function isInside(inner: IpAddress, outer: IpAddress): boolean {
  return inner.version === outer.version && networkOf(inner) >= networkOf(outer) && lastOf(inner) <= lastOf(outer);
}
