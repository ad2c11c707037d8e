import { at, type Fields, isFields, listAt, textAt } from "./fields.ts";

export type Kind = {
  readonly kind: string;
  readonly plural: string;
  /** "v1", "apps/v1". */
  readonly apiVersion: string;
  readonly isNamespaced: boolean;
  readonly shortNames: readonly string[];
};

const kinds = (apiVersion: string, isNamespaced: boolean, list: string): readonly Kind[] =>
  list.split(" ").map((one) => {
    const [kind = "", plural = "", ...shortNames] = one.split(":");
    return { kind, plural, apiVersion, isNamespaced, shortNames };
  });

/** What a fresh K3s knows, as far as anybody here asks for it. */
export const KINDS: readonly Kind[] = [
  ...kinds("v1", false, "Namespace:namespaces:ns Node:nodes:no PersistentVolume:persistentvolumes:pv"),
  ...kinds(
    "v1",
    true,
    "Pod:pods:po Secret:secrets ConfigMap:configmaps:cm Service:services:svc ServiceAccount:serviceaccounts:sa Event:events:ev Endpoints:endpoints:ep PersistentVolumeClaim:persistentvolumeclaims:pvc",
  ),
  ...kinds(
    "apps/v1",
    true,
    "Deployment:deployments:deploy DaemonSet:daemonsets:ds StatefulSet:statefulsets:sts ReplicaSet:replicasets:rs",
  ),
  ...kinds("batch/v1", true, "Job:jobs CronJob:cronjobs:cj"),
  ...kinds("networking.k8s.io/v1", true, "NetworkPolicy:networkpolicies:netpol Ingress:ingresses:ing"),
  ...kinds("policy/v1", true, "PodDisruptionBudget:poddisruptionbudgets:pdb"),
  ...kinds("node.k8s.io/v1", false, "RuntimeClass:runtimeclasses"),
  ...kinds("storage.k8s.io/v1", false, "StorageClass:storageclasses:sc"),
  ...kinds("scheduling.k8s.io/v1", false, "PriorityClass:priorityclasses:pc"),
  ...kinds("rbac.authorization.k8s.io/v1", false, "ClusterRole:clusterroles ClusterRoleBinding:clusterrolebindings"),
  ...kinds("rbac.authorization.k8s.io/v1", true, "Role:roles RoleBinding:rolebindings"),
  ...kinds("coordination.k8s.io/v1", true, "Lease:leases"),
  ...kinds("apiextensions.k8s.io/v1", false, "CustomResourceDefinition:customresourcedefinitions:crd:crds"),
  ...kinds("helm.cattle.io/v1", true, "HelmChart:helmcharts HelmChartConfig:helmchartconfigs"),
  ...kinds("k3s.cattle.io/v1", true, "Addon:addons"),
  ...kinds("k3s.cattle.io/v1", false, "ETCDSnapshotFile:etcdsnapshotfiles"),
];

/** Those that objects define, as CustomResourceDefinitions do. */
export function definedKinds(objects: Readonly<Record<string, Fields>>): readonly Kind[] {
  return Object.entries(objects).flatMap(([key, definition]): readonly Kind[] => {
    if (!key.startsWith("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/")) return [];
    const group = textAt(definition, "spec", "group");
    return listAt(definition, "spec", "versions").map((version) => ({
      kind: textAt(definition, "spec", "names", "kind"),
      plural: textAt(definition, "spec", "names", "plural"),
      apiVersion: `${group}/${textAt(version, "name")}`,
      isNamespaced: textAt(definition, "spec", "scope") === "Namespaced",
      shortNames: listAt(definition, "spec", "names", "shortNames").map(String),
    }));
  });
}

export const groupOf = (apiVersion: string): string => (apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "");

/** By what people type: `no`, `node`, `nodes`, `Node`, `helmcharts.helm.cattle.io`, `deployment.v1.apps`. */
export function kindNamed(all: readonly Kind[], typed: string): Kind | undefined {
  const [word = "", ...rest] = typed.toLowerCase().split(".");
  const group = rest.join(".");
  return all.find(
    (one) =>
      (group === "" || group === groupOf(one.apiVersion) || group === one.apiVersion.split("/").reverse().join(".")) &&
      [one.plural, one.kind.toLowerCase(), ...one.shortNames].includes(word),
  );
}

export function kindOf(all: readonly Kind[], object: Fields): Kind | undefined {
  return all.find((one) => one.kind === textAt(object, "kind") && one.apiVersion === textAt(object, "apiVersion"));
}

export function folderOf(kind: Kind, namespace: string): string {
  const base = kind.apiVersion.includes("/") ? `/apis/${kind.apiVersion}` : `/api/${kind.apiVersion}`;
  return kind.isNamespaced && namespace !== "" ? `${base}/namespaces/${namespace}/${kind.plural}` : `${base}/${kind.plural}`;
}

export type Place = { readonly kind: Kind; readonly namespace: string; readonly name: string; readonly sub: string };

export function placeOf(all: readonly Kind[], path: string): Place | undefined {
  for (const kind of all) {
    const base = kind.apiVersion.includes("/") ? `/apis/${kind.apiVersion}/` : `/api/${kind.apiVersion}/`;
    if (!path.startsWith(base)) continue;
    const parts = path.slice(base.length).split("/").map(decodeURIComponent);
    const [first = "", second = "", third = "", fourth = "", fifth = ""] = parts;
    if (first === "namespaces" && third === kind.plural && kind.isNamespaced)
      return { kind, namespace: second, name: fourth, sub: fifth };
    if (first === kind.plural && (kind.plural !== "namespaces" || parts.length < 3))
      return { kind, namespace: "", name: second, sub: third };
  }
  return undefined;
}

/** Objects of a text with one or several documents or Lists. */
export function flatten(documents: readonly unknown[]): readonly Fields[] {
  return documents.flatMap((one): readonly Fields[] => {
    if (!isFields(one)) return [];
    const items = at(one, "items");
    return textAt(one, "kind") === "List" && Array.isArray(items) ? flatten(items) : [one];
  });
}
