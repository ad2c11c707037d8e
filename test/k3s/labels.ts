import { Fatal } from "./log.ts";

const ALLOWED = new Set([
  "kubernetes.io/hostname",
  "kubernetes.io/os",
  "kubernetes.io/arch",
  "beta.kubernetes.io/os",
  "beta.kubernetes.io/arch",
  "node.kubernetes.io/instance-type",
  "beta.kubernetes.io/instance-type",
  "topology.kubernetes.io/zone",
  "topology.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region",
]);

const isWithin = (space: string, domain: string): boolean => space === domain || space.endsWith(`.${domain}`);

/** Labels that only an administrator may set. */
export function isRestricted(key: string): boolean {
  const space = key.includes("/") ? key.slice(0, key.indexOf("/")) : "";
  if (!isWithin(space, "kubernetes.io") && !isWithin(space, "k8s.io")) return false;
  if (isWithin(space, "kubelet.kubernetes.io") || isWithin(space, "node.kubernetes.io")) return false;
  return !ALLOWED.has(key);
}

export type Labels = Readonly<Record<string, string>>;

/** As the kubelet reads `--node-labels`. Throws Fatal with its words. */
export function parseLabels(given: readonly string[]): Labels {
  const labels: Record<string, string> = {};
  for (const one of given) {
    const cut = one.indexOf("=");
    const key = cut < 0 ? one : one.slice(0, cut);
    const value = cut < 0 ? "" : one.slice(cut + 1);
    if (!/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(key))
      throw new Fatal(`kubelet exited: failed to validate kubelet flags: invalid label key "${key}"`);
    if (!/^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/.test(value))
      throw new Fatal(`kubelet exited: failed to validate kubelet flags: invalid label value "${value}" of "${key}"`);
    labels[key] = value;
  }
  const unknown = Object.keys(labels).filter(isRestricted).sort();
  if (unknown.length > 0)
    throw new Fatal(
      `kubelet exited: failed to validate kubelet flags: unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels: [${unknown.join(" ")}]\n--node-labels in the 'kubernetes.io' namespace must begin with an allowed prefix (kubelet.kubernetes.io, node.kubernetes.io) or be in the specifically allowed set (${[...ALLOWED].sort().join(", ")})`,
    );
  return labels;
}

export type Taint = { readonly key: string; readonly value?: string; readonly effect: string };

/** `key[=value]:Effect` */
export function parseTaints(given: readonly string[]): readonly Taint[] {
  const taints = given.map((one): Taint => {
    const [, key = "", value, effect = ""] = /^([^=:]+)(?:=([^:]*))?:(\w+)$/.exec(one) ?? [];
    if (!["NoSchedule", "PreferNoSchedule", "NoExecute"].includes(effect))
      throw new Fatal(
        `kubelet exited: failed to parse kubelet flag: invalid argument "${one}" for "--register-with-taints" flag: invalid taint spec: ${one}`,
      );
    return value === undefined || value === "" ? { key, effect } : { key, value, effect };
  });
  const seen = new Set<string>();
  for (const { key, effect } of taints) {
    if (seen.has(`${key}:${effect}`))
      throw new Fatal(`kubelet exited: duplicated taints with the same key and effect: ${key}:${effect}`);
    seen.add(`${key}:${effect}`);
  }
  return taints;
}
