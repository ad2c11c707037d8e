import { createHash } from "node:crypto";
import type { Api } from "./api.ts";
import type { Cluster } from "./cluster.ts";
import { at, type Fields, fieldsAt, isFields, listAt, textAt, textsAt } from "./fields.ts";
import type { Labels, Taint } from "./labels.ts";

/** What a node says about itself at its start. */
export type Registration = {
  readonly name: string;
  readonly hostname: string;
  readonly addresses: readonly string[];
  readonly externalAddresses: readonly string[];
  readonly labels: Labels;
  readonly taints: readonly Taint[];
  readonly version: string;
  readonly runtime: string;
  readonly arch: string;
  readonly nodeArgs: readonly string[];
  readonly isServer: boolean;
  readonly hasNetwork: boolean;
};

/** As it came over the network. */
export function parseRegistration(given: unknown): Registration {
  const texts = (name: string): readonly string[] => listAt(given, name).map(String);
  return {
    name: textAt(given, "name"),
    hostname: textAt(given, "hostname"),
    addresses: texts("addresses"),
    externalAddresses: texts("externalAddresses"),
    labels: textsAt(given, "labels"),
    taints: listAt(given, "taints").map((one) => {
      const value = textAt(one, "value");
      return { key: textAt(one, "key"), ...(value === "" ? {} : { value }), effect: textAt(one, "effect") };
    }),
    version: textAt(given, "version"),
    runtime: textAt(given, "runtime"),
    arch: textAt(given, "arch"),
    nodeArgs: texts("nodeArgs"),
    isServer: at(given, "isServer") === true,
    hasNetwork: at(given, "hasNetwork") === true,
  };
}

/** A node that has not been heard of for so long is not Ready. */
const SILENCE_MS = 5_000;

export const nodeKey = (name: string): string => `/api/v1/nodes/${name}`;

const now = (): string => new Date().toISOString().replace(/\.\d+Z$/, "Z");

/** Creates the Node, or merges what may change at a later start: labels are added and never removed, taints count once. */
export async function register(
  api: Api,
  cluster: Cluster,
  given: Registration,
  hasEtcd: boolean,
  egressMode: string,
): Promise<void> {
  const count = api.list("/api/v1/nodes").length;
  await api.update(nodeKey(given.name), (present) => {
    const labels = { ...textsAt(present, "metadata", "labels"), ...ownLabels(given, hasEtcd, egressMode), ...given.labels };
    const [address = ""] = given.addresses;
    const member = cluster.state.members.find((one) => one.node === given.name);
    const annotations = {
      ...textsAt(present, "metadata", "annotations"),
      "flannel.alpha.coreos.com/backend-type": "vxlan",
      "flannel.alpha.coreos.com/kube-subnet-manager": "true",
      "flannel.alpha.coreos.com/public-ip": address,
      "k3s.io/hostname": given.hostname,
      "k3s.io/internal-ip": given.addresses.join(","),
      "k3s.io/node-args": JSON.stringify(given.nodeArgs),
      "k3s.io/node-config-hash": createHash("sha256").update(JSON.stringify(given.nodeArgs)).digest("base64"),
      ...(member === undefined
        ? {}
        : { "etcd.k3s.cattle.io/node-name": member.name, "etcd.k3s.cattle.io/node-address": address }),
    };
    const podCIDR = textAt(present, "spec", "podCIDR") || `10.42.${count}.0/24`;
    const spec: Fields = { ...fieldsAt(present, "spec"), podCIDR, podCIDRs: [podCIDR], providerID: `k3s://${given.name}` };
    if (present === undefined && given.taints.length > 0) spec["taints"] = given.taints;
    const status = {
      addresses: [
        ...given.addresses.map((one) => ({ type: "InternalIP", address: one })),
        ...given.externalAddresses.map((one) => ({ type: "ExternalIP", address: one })),
        { type: "Hostname", address: given.name },
      ],
      capacity: { cpu: "2", memory: "4026532Ki", pods: "110" },
      allocatable: { cpu: "2", memory: "4026532Ki", pods: "110" },
      nodeInfo: {
        architecture: given.arch,
        containerRuntimeVersion: given.runtime,
        kubeletVersion: given.version,
        kubeProxyVersion: given.version,
        operatingSystem: "linux",
        osImage: "Debian GNU/Linux 12 (bookworm)",
        kernelVersion: "6.1.0",
      },
      conditions: conditions(present, given),
    };
    return {
      ...present,
      apiVersion: "v1",
      kind: "Node",
      metadata: { ...fieldsAt(present, "metadata"), name: given.name, labels, annotations },
      spec,
      status,
    };
  });
  cluster.beat(given.name);
}

function ownLabels(given: Registration, hasEtcd: boolean, egressMode: string): Labels {
  const roles = given.isServer
    ? { "node-role.kubernetes.io/control-plane": "true", "node-role.kubernetes.io/master": "true" }
    : {};
  return {
    "beta.kubernetes.io/arch": given.arch,
    "beta.kubernetes.io/instance-type": "k3s",
    "beta.kubernetes.io/os": "linux",
    "kubernetes.io/arch": given.arch,
    "kubernetes.io/hostname": given.name,
    "kubernetes.io/os": "linux",
    "node.kubernetes.io/instance-type": "k3s",
    ...roles,
    ...(given.isServer && hasEtcd ? { "node-role.kubernetes.io/etcd": "true" } : {}),
    ...(["cluster", "pod"].includes(egressMode) ? { "egress.k3s.io/cluster": "true" } : {}),
  };
}

function conditions(present: Fields | undefined, given: Registration): readonly Fields[] {
  const kept = listAt(present, "status", "conditions")
    .filter(isFields)
    .filter((one) => one["type"] === "EtcdIsVoter");
  return [
    ...kept,
    condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    readiness(given.hasNetwork),
  ];
}

const readiness = (hasNetwork: boolean): Fields =>
  hasNetwork
    ? condition("Ready", "True", "KubeletReady", "kubelet is posting ready status")
    : condition(
        "Ready",
        "False",
        "KubeletNotReady",
        "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
      );

const condition = (type: string, status: string, reason: string, message: string): Fields => ({
  type,
  status,
  reason,
  message,
  lastHeartbeatTime: now(),
  lastTransitionTime: now(),
});

/** What the kubelet says all the time: a network may come later than its node, and go. Whether a node is silent the node controller says. */
export async function post(api: Api, name: string, hasNetwork: boolean): Promise<void> {
  await api.update(nodeKey(name), (present) => {
    const all = listAt(present, "status", "conditions").filter(isFields);
    const ready = all.find((one) => one["type"] === "Ready");
    if (present === undefined || ready?.["status"] !== (hasNetwork ? "False" : "True")) return undefined;
    const conditions = all.map((one) => (one === ready ? readiness(hasNetwork) : one));
    return { ...present, status: { ...fieldsAt(present, "status"), conditions } };
  });
}

/** What a node controller does: nodes that are silent are not Ready, servers vote or learn. */
export async function controlNodes(api: Api, cluster: Cluster): Promise<void> {
  for (const node of api.list("/api/v1/nodes")) {
    const name = textAt(node, "metadata", "name");
    const isSilent = cluster.silenceOf(name) > SILENCE_MS;
    await api.update(nodeKey(name), (present) => {
      if (present === undefined) return undefined;
      const member = cluster.state.members.find((one) => one.node === name);
      const all = listAt(present, "status", "conditions").filter(isFields);
      let next = all.map((one): Fields => {
        if (one["type"] !== "Ready") return one;
        if (isSilent && one["status"] !== "Unknown")
          return condition("Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.");
        if (!isSilent && one["status"] === "Unknown") return readiness(true);
        return one;
      });
      if (member !== undefined) next = voting(next, !member.isLearner);
      return { ...present, spec: tainted(present, next), status: { ...fieldsAt(present, "status"), conditions: next } };
    });
  }
}

/** The taints that Kubernetes itself sets and removes. */
function tainted(node: Fields, conditions: readonly Fields[]): Fields {
  const spec = fieldsAt(node, "spec");
  const ready = conditions.find((one) => one["type"] === "Ready")?.["status"];
  const reasons = {
    "node.kubernetes.io/unschedulable": spec["unschedulable"] === true,
    "node.kubernetes.io/not-ready": ready === "False",
    "node.kubernetes.io/unreachable": ready === "Unknown",
  };
  const present = listAt(node, "spec", "taints").filter(isFields);
  const others = present.filter((one) => !(String(one["key"]) in reasons));
  const own = Object.entries(reasons).flatMap(([key, isSo]) => {
    if (!isSo) return [];
    const kept = present.filter((one) => one["key"] === key);
    if (kept.length > 0) return kept;
    const effects = key.endsWith("unschedulable") ? ["NoSchedule"] : ["NoSchedule", "NoExecute"];
    return effects.map((effect): Fields => ({ effect, key, timeAdded: now() }));
  });
  const { taints: _taints, ...rest } = spec;
  const taints = [...others, ...own];
  return taints.length === 0 ? rest : { ...rest, taints };
}

function voting(all: readonly Fields[], isVoter: boolean): Fields[] {
  const status = isVoter ? "True" : "False";
  const present = all.find((one) => one["type"] === "EtcdIsVoter");
  if (present?.["status"] === status) return [...all];
  const next = condition(
    "EtcdIsVoter",
    status,
    isVoter ? "MemberNotLearner" : "MemberIsLearner",
    isVoter ? "Node is a voting member of the etcd cluster" : "Node is a learner of the etcd cluster",
  );
  return [next, ...all.filter((one) => one !== present)];
}

/** Whether the node may come in: the first password that it shows is kept. */
export async function admits(api: Api, node: string, password: string): Promise<boolean> {
  const hash = createHash("sha256").update(password).digest("hex");
  const secret = await api.update(`/api/v1/namespaces/kube-system/secrets/${node}.node-password.k3s`, (present) =>
    present === undefined ? { immutable: true, data: { hash: Buffer.from(hash).toString("base64") } } : undefined,
  );
  return Buffer.from(textAt(secret, "data", "hash"), "base64").toString("utf8") === hash;
}

export const isReady = (node: unknown): boolean =>
  listAt(node, "status", "conditions").some((one) => at(one, "type") === "Ready" && at(one, "status") === "True");
