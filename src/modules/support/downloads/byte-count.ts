import { ModuleFailure } from "../../contract.ts";

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

/** Reads "1048576", "500M", "1.5GiB"; units are powers of 1024. Throws ModuleFailure. */
export function byteCount(parameter: string, text: string): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?\s*$/i.exec(text);
  const unit = UNITS[(match?.[2] ?? "").toUpperCase()];
  const count = match === null || unit === undefined ? 0 : Math.floor(Number(match[1]) * unit);
  if (count < 1 || !Number.isSafeInteger(count)) {
    throw new ModuleFailure(`${parameter} is "${text}", but must be a number of bytes, like 1048576 or 500M`);
  }
  return count;
}
