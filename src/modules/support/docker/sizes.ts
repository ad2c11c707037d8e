import { ModuleFailure } from "../../contract.ts";

const UNITS: Readonly<Record<string, number>> = { "": 1, B: 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** Bytes of "512M", "1.5GiB", "0"; powers of 1024. */
export function bytesOfSize(parameter: string, text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(B|[KMGT](?:i?B)?)?\s*$/i.exec(text);
  const unit = UNITS[(match?.[2] ?? "").charAt(0).toUpperCase()];
  if (match === null || unit === undefined) {
    throw new ModuleFailure(`docker_container: ${parameter} is "${text}", but must be a number of bytes, like 1048576 or 512M`);
  }
  return Math.floor(Number(match[1]) * unit);
}

const SECONDS: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, ns: 1e-9 };

/** Nanoseconds of "1m30s"; a bare number is of seconds. */
export function nanoseconds(parameter: string, value: unknown): number {
  const text = String(value).trim();
  if (/^\d+$/.test(text)) return Number(text) * 1e9;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|us|ns|m|s)/g)];
  if (text === "" || parts.map((one) => one[0]).join("") !== text) {
    throw new ModuleFailure(`docker_container: ${parameter} is "${text}", but must be a duration, like 30s or 1m30s`);
  }
  return Math.round(parts.reduce((sum, [, count, unit = "s"]) => sum + Number(count) * (SECONDS[unit] ?? 1), 0) * 1e9);
}
