import { badValue } from "../errors.ts";
import { roundHalfEven } from "../numbers.ts";
import { formatDouble } from "../percent-format.ts";

const units: readonly (readonly [string, number])[] = [
  ["Y", 2 ** 80],
  ["Z", 2 ** 70],
  ["E", 2 ** 60],
  ["P", 2 ** 50],
  ["T", 2 ** 40],
  ["G", 2 ** 30],
  ["M", 2 ** 20],
  ["K", 2 ** 10],
  ["B", 1],
];

/** `10.00 KB`, `1.50 Mb`: two digits, units of 1024. */
export function humanReadable(size: number, isBits: boolean, unit: string | undefined): string {
  const base = isBits ? "bits" : "Bytes";
  const chosen =
    unit === undefined ? units.find(([, limit]) => size >= limit) : units.find(([letter]) => letter === unit[0]?.toUpperCase());
  const [letter, limit] = chosen ?? ["B", 1];
  const suffix = limit === 1 ? base : `${letter}${isBits ? "b" : "B"}`;
  return `${formatDouble(size / limit, "f", 2)} ${suffix}`;
}

/** Bytes (or bits) of `1.5 GB`, `512M`, `10`. */
export function humanToBytes(text: string, defaultUnit: string | undefined, isBits: boolean): number {
  const match = /^\s*([\d.]+)\s*([A-Za-z]*)\s*$/.exec(text);
  const [, digits = "", written = ""] = match ?? [];
  const amount = Number(digits);
  if (match === null || !Number.isFinite(amount)) return badValue(`"${text}" is not a size`);
  const unit = written || defaultUnit || "";
  if (unit === "") return roundHalfEven(amount, 0);
  const found = units.find(([letter]) => letter === unit[0]?.toUpperCase());
  const rest = unit.slice(1);
  const word = isBits ? ["", "b", "bit", "bits"] : ["", "B", "b", "byte", "bytes", "yte", "ytes"];
  if (found === undefined || !(word.includes(rest) || rest.toLowerCase() === "ib" || (found[1] === 1 && word.includes(unit)))) {
    return badValue(`"${text}" is not a size; its unit must be one of B, K, M, G, T, P, E, Z, Y`);
  }
  return roundHalfEven(amount * found[1], 0);
}
