import type { Fields } from "../cluster/data.ts";

/**
 * By which fields the API tells the entries of a list apart when it merges, by the list's name (x-kubernetes-list-map-keys of the built-in
 * kinds). Lists that are not here are replaced as a whole.
 */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  containers: ["name"],
  initContainers: ["name"],
  ephemeralContainers: ["name"],
  env: ["name"],
  volumes: ["name"],
  volumeMounts: ["mountPath"],
  volumeDevices: ["devicePath"],
  imagePullSecrets: ["name"],
  hostAliases: ["ip"],
  topologySpreadConstraints: ["topologyKey", "whenUnsatisfiable"],
  ownerReferences: ["uid"],
  schedulingGates: ["name"],
  resourceClaims: ["name"],
  webhooks: ["name"],
};

const PROTOCOL = "protocol";

/** Key fields of a list of that name, or undefined for one that is compared as a whole. */
export function keysOf(list: string, entries: readonly unknown[], isBuiltIn: boolean): readonly string[] | undefined {
  if (!isBuiltIn) return undefined;
  if (list !== "ports") return KEYS[list];
  // Those of containers and those of services have the same name.
  const has = (name: string): boolean => entries.every((one) => typeof one === "object" && one !== null && name in one);
  if (has("containerPort")) return ["containerPort", PROTOCOL];
  return has("port") ? ["port", PROTOCOL] : undefined;
}

export function keyOf(entry: Fields, keys: readonly string[]): string {
  return JSON.stringify(keys.map((key) => entry[key] ?? (key === PROTOCOL ? "TCP" : null)));
}

/** The API groups that Kubernetes itself defines. */
export function isBuiltInGroup(apiVersion: string): boolean {
  const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
  return !group.includes(".") || group.endsWith(".k8s.io");
}
