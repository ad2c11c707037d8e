declare const STAND_IN_VERSION: string;

/** What the bundle was built as. */
export const VERSION = typeof STAND_IN_VERSION === "string" ? STAND_IN_VERSION : "v1.34.3+k3s1";

type Parts = readonly [major: number, minor: number, patch: number, k3s: number];

function partsOf(version: string): Parts {
  const [, major, minor, patch, k3s] = /^v?(\d+)\.(\d+)\.(\d+)(?:-rc\d+)?\+k3s(\d+)$/.exec(version) ?? [];
  return [Number(major ?? 0), Number(minor ?? 0), Number(patch ?? 0), Number(k3s ?? 0)];
}

export function isAtLeast(version: string, least: string): boolean {
  const a = partsOf(version);
  const b = partsOf(least);
  for (const [index, part] of a.entries()) {
    const other = b[index] ?? 0;
    if (part !== other) return part > other;
  }
  return true;
}

/** Whether a change that was taken to several branches is in a version: the first release of each branch that has it, oldest first. */
export function hasChange(version: string, since: readonly string[]): boolean {
  const [major, minor] = partsOf(version);
  const branch = since.find((one) => {
    const [a, b] = partsOf(one);
    return a === major && b === minor;
  });
  return isAtLeast(version, branch ?? since.at(-1) ?? "v0.0.0+k3s1");
}

/** Days before their end from which on a start renews certificates. */
export const renewalDays = (version: string): number =>
  hasChange(version, ["v1.30.13+k3s1", "v1.31.9+k3s1", "v1.32.5+k3s1", "v1.33.1+k3s1"]) ? 120 : 90;

export const hasContainerd2 = (version: string): boolean => hasChange(version, ["v1.31.6+k3s1", "v1.32.2+k3s1"]);

/** Whether containerd's configuration imports drop-ins. */
export const hasContainerdDropIns = (version: string): boolean => isAtLeast(version, "v1.36.0+k3s1");

/** Ten characters of the commit that the version would be of. */
export function commitOf(version: string): string {
  let hash = 0;
  for (const letter of version) hash = (Math.imul(hash, 31) + letter.charCodeAt(0)) >>> 0;
  return hash.toString(16).padStart(8, "0");
}
