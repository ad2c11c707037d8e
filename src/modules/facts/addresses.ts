/** An address of an interface. */
export type Address = {
  readonly device: string;
  readonly family: 4 | 6;
  readonly address: string;
  readonly prefix: number;
  readonly broadcast: string | undefined;
  readonly scope: string;
};

export type Route = {
  readonly family: 4 | 6;
  readonly device: string;
  readonly gateway: string;
  readonly source: string | undefined;
};

export type Addresses = {
  readonly addresses: readonly Address[];
  readonly default4: Route | undefined;
  readonly default6: Route | undefined;
};

/** Reads `ip -o addr show` and `ip -o route get ADDRESS`. */
export function addressesByIp(lines: readonly string[]): Addresses {
  const addresses: Address[] = [];
  const routes: Route[] = [];
  for (const line of lines) {
    const address = /^\d+: (\S+?)(?:@\S+)?\s+inet(6?) ([0-9a-f.:]+)(?: peer [0-9a-f.:]+)?(?:\/(\d+))?(.*)$/.exec(line);
    if (address !== null) {
      const [, device = "", six, ip = "", prefix, rest = ""] = address;
      const family = six === "6" ? 6 : 4;
      const broadcast = / brd (\S+)/.exec(rest)?.[1];
      const scope = / scope (\S+)/.exec(rest)?.[1] ?? "global";
      addresses.push({ device, family, address: ip, prefix: Number(prefix ?? (family === 4 ? 32 : 128)), broadcast, scope });
      continue;
    }
    const device = / dev (\S+)/.exec(line)?.[1];
    const target = /^(?:unicast |anycast )?([0-9a-f.:]+) /.exec(line)?.[1];
    if (device === undefined || target === undefined || device === "lo") continue;
    const gateway = / via (?:inet6? )?(\S+)/.exec(line)?.[1] ?? "";
    routes.push({ family: target.includes(":") ? 6 : 4, device, gateway, source: / src (\S+)/.exec(line)?.[1] });
  }
  return { addresses, default4: routes.find((one) => one.family === 4), default6: routes.find((one) => one.family === 6) };
}

/** The same from the kernel's own tables, for hosts without `ip`; lines have the file's path in front. */
export function addressesByTables(lines: readonly string[]): Addresses {
  const of = (file: string): string[] =>
    lines.filter((line) => line.startsWith(`/proc/net/${file}:`)).map((line) => line.slice(`/proc/net/${file}:`.length));
  const routes = of("route")
    .slice(1)
    .map((line) => line.split("\t"))
    .map(([device = "", destination = "", gateway = "", flags = "0", , , , mask = "0"]) => ({
      device,
      destination: fromHex(destination),
      gateway: fromHex(gateway),
      isDefault: /^0+$/.test(destination) && /^0+$/.test(mask) && (Number.parseInt(flags, 16) & 2) !== 0,
      prefix: bitsIn(mask),
    }));
  const addresses: Address[] = [];
  for (const address of localAddresses(of("fib_trie"))) {
    if (address.startsWith("127.")) {
      addresses.push({ device: "lo", family: 4, address, prefix: 8, broadcast: undefined, scope: "host" });
      continue;
    }
    const near = routes.find((one) => !one.isDefault && networkOf(address, one.prefix).network === one.destination);
    const device = near?.device ?? routes.find((one) => one.isDefault)?.device;
    if (device !== undefined)
      addresses.push({ device, family: 4, address, prefix: near?.prefix ?? 32, broadcast: undefined, scope: "global" });
  }
  const SCOPES: Readonly<Record<string, string>> = { "00": "global", "10": "host", "20": "link", "40": "site" };
  for (const line of of("if_inet6")) {
    const [hex = "", , prefix = "0", scope = "", , device = ""] = line.trim().split(/\s+/);
    addresses.push({
      device,
      family: 6,
      address: compressIpv6(hex),
      prefix: Number.parseInt(prefix, 16),
      broadcast: undefined,
      scope: SCOPES[scope] ?? "global",
    });
  }
  const gateway = routes.find((one) => one.isDefault);
  const default4: Route | undefined =
    gateway === undefined ? undefined : { family: 4, device: gateway.device, gateway: gateway.gateway, source: undefined };
  return { addresses, default4, default6: undefined };
}

// An address stands on its own line ("|-- 10.0.0.5"), what it is on the next ("/32 host LOCAL").
function localAddresses(lines: readonly string[]): string[] {
  const found = lines.flatMap((line, index) => {
    if (!/\/32 host LOCAL/.test(line)) return [];
    const address = /\|-- ([\d.]+)/.exec(lines[index - 1] ?? "")?.[1];
    return address === undefined ? [] : [address];
  });
  return [...new Set(found)];
}

// /proc/net/route shows the bytes of an address in the host's order, which is the other way round on little-endian hosts.
function fromHex(hex: string): string {
  return (hex.match(/../g) ?? [])
    .map((byte) => Number.parseInt(byte, 16))
    .reverse()
    .join(".");
}

function bitsIn(hex: string): number {
  return [...Number.parseInt(hex, 16).toString(2)].filter((bit) => bit === "1").length;
}

/** "fe800000000000000000000000000001" is "fe80::1" (RFC 5952). */
export function compressIpv6(hex: string): string {
  const groups = (hex.match(/.{4}/g) ?? []).map((group) => Number.parseInt(group, 16).toString(16));
  const runs = [...groups.join(":").matchAll(/(?:^|:)(0(?::0)+)(?=:|$)/g)]
    .map((match) => match[1] ?? "")
    .sort((a, b) => b.length - a.length);
  const longest = runs[0];
  if (longest === undefined) return groups.join(":");
  const text = groups.join(":");
  const at = new RegExp(`(^|:)${longest}(:|$)`).exec(text);
  return at === null ? text : `${text.slice(0, at.index)}::${text.slice(at.index + at[0].length)}`;
}

/** Network, netmask and broadcast address of an IPv4 address. */
export function networkOf(
  address: string,
  prefix: number,
): { readonly network: string; readonly netmask: string; readonly broadcast: string } {
  const bytes = address.split(".").map(Number);
  const mask = [0, 1, 2, 3].map((index) => {
    const bits = Math.min(8, Math.max(0, prefix - index * 8));
    return (0xff << (8 - bits)) & 0xff;
  });
  const each = (combine: (byte: number, bits: number) => number): string =>
    mask.map((bits, index) => combine(bytes[index] ?? 0, bits)).join(".");
  return {
    network: each((byte, bits) => byte & bits),
    netmask: mask.join("."),
    broadcast: each((byte, bits) => (byte & bits) | (~bits & 0xff)),
  };
}
