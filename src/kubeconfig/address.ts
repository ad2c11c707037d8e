import { isIPv4, isIPv6 } from "node:net";

/**
 * The URL of the API server at another address, which is a URL, a name, or an IP address with or without a port. What it says of a port wins over
 * the one of `fetched`. Undefined when it is none of these.
 */
export function serverAt(wanted: string, fetched: string): string | undefined {
  const address = wanted
    .trim()
    .replace(/^https:\/\//i, "")
    .replace(/\/$/, "");
  if (isIPv6(address)) return url(`[${address}]`, undefined, fetched);
  const [, bracketed, name, port] = /^(?:\[([^\]]+)\]|([^:/?#@\s[\]]+))(?::(\d{1,5}))?$/.exec(address) ?? [];
  if (bracketed !== undefined) return isIPv6(bracketed) ? url(`[${bracketed}]`, port, fetched) : undefined;
  return name !== undefined && isHostName(name) ? url(name, port, fetched) : undefined;
}

function url(host: string, port: string | undefined, fetched: string): string | undefined {
  // URL forgets a port that is the usual one of its scheme.
  const kept = new URL(fetched).port || "443";
  const number = Number(port ?? kept);
  return number >= 1 && number <= 65_535 ? `https://${host}:${number}` : undefined;
}

function isHostName(name: string): boolean {
  if (/^[\d.]+$/.test(name)) return isIPv4(name);
  return (
    name.length <= 253 &&
    name.split(".").every((label, index, all) => isLabel(label) || (label === "" && index === all.length - 1))
  );
}

function isLabel(label: string): boolean {
  return /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(label);
}
