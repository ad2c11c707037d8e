type Kind = "text" | "bool" | "list";
export type Flag = {
  readonly kind: Kind;
  /** Which commands take it. */
  readonly on: "server" | "agent" | "both";
  readonly env: readonly string[];
};

const flag = (kind: Kind, on: Flag["on"], names: string): readonly (readonly [string, Flag])[] =>
  names
    .trim()
    .split(/\s+/)
    .map((one) => {
      const [name = "", ...env] = one.split("=");
      return [name, { kind, on, env }] as const;
    });

/** The flags of K3s: NAME or NAME=VARIABLE. */
export const FLAGS: ReadonlyMap<string, Flag> = new Map([
  ...flag(
    "text",
    "server",
    `https-listen-port supervisor-port apiserver-port apiserver-bind-address advertise-address advertise-port cluster-cidr
    service-cidr service-node-port-range cluster-dns cluster-domain flannel-backend egress-selector-mode servicelb-namespace
    write-kubeconfig=K3S_KUBECONFIG_OUTPUT write-kubeconfig-mode=K3S_KUBECONFIG_MODE
    write-kubeconfig-group=K3S_KUBECONFIG_GROUP write-kubeconfig-name helm-job-image agent-token=K3S_AGENT_TOKEN
    agent-token-file=K3S_AGENT_TOKEN_FILE datastore-endpoint=K3S_DATASTORE_ENDPOINT
    datastore-cafile=K3S_DATASTORE_CAFILE datastore-certfile=K3S_DATASTORE_CERTFILE datastore-keyfile=K3S_DATASTORE_KEYFILE
    etcd-snapshot-name etcd-snapshot-schedule-cron etcd-snapshot-retention etcd-snapshot-dir etcd-snapshot-reconcile-interval
    etcd-s3-endpoint etcd-s3-endpoint-ca
    etcd-s3-access-key=AWS_ACCESS_KEY_ID etcd-s3-secret-key=AWS_SECRET_ACCESS_KEY etcd-s3-bucket etcd-s3-region etcd-s3-folder
    etcd-s3-proxy etcd-s3-config-secret etcd-s3-timeout etcd-s3-session-token etcd-s3-retention etcd-s3-bucket-lookup-type
    cluster-reset-restore-path secrets-encryption-provider default-local-storage-path
    system-default-registry=K3S_SYSTEM_DEFAULT_REGISTRY`,
  ),
  ...flag(
    "bool",
    "server",
    `cluster-init=K3S_CLUSTER_INIT cluster-reset=K3S_CLUSTER_RESET tls-san-security flannel-ipv6-masq flannel-external-ip
    etcd-expose-metrics etcd-disable-snapshots etcd-snapshot-compress etcd-s3 etcd-s3-skip-ssl-verify etcd-s3-insecure
    disable-scheduler disable-cloud-controller disable-kube-proxy disable-network-policy disable-helm-controller disable-agent
    disable-apiserver disable-controller-manager disable-etcd embedded-registry supervisor-metrics secrets-encryption kine-tls`,
  ),
  ...flag(
    "list",
    "server",
    `tls-san disable kube-apiserver-arg etcd-arg kube-controller-manager-arg kube-controller-arg kube-scheduler-arg
    kube-cloud-controller-manager-arg kube-cloud-controller-arg helm-controller-arg`,
  ),
  ...flag("bool", "agent", "disable-apiserver-lb"),
  ...flag(
    "text",
    "both",
    `config=K3S_CONFIG_FILE data-dir=K3S_DATA_DIR token=K3S_TOKEN token-file=K3S_TOKEN_FILE server=K3S_URL
    node-name=K3S_NODE_NAME bind-address lb-server-port=K3S_LB_SERVER_PORT container-runtime-endpoint
    image-service-endpoint default-runtime pause-image snapshotter private-registry resolv-conf=K3S_RESOLV_CONF flannel-iface
    flannel-conf flannel-cni-conf vpn-auth=K3S_VPN_AUTH vpn-auth-file=K3S_VPN_AUTH_FILE image-credential-provider-bin-dir image-credential-provider-config
    airgap-extra-registry v vmodule log`,
  ),
  ...flag(
    "bool",
    "both",
    `with-node-id selinux=K3S_SELINUX protect-kernel-defaults disable-default-registry-endpoint nonroot-devices rootless docker
    prefer-bundled-bin enable-pprof debug=K3S_DEBUG alsologtostderr`,
  ),
  ...flag(
    "list",
    "both",
    `node-label node-taint node-ip node-external-ip node-internal-dns node-external-dns kubelet-arg kube-proxy-arg
    containerd-registry-endpoint`,
  ),
]);

export const SHORT: Readonly<Record<string, string>> = {
  c: "config",
  d: "data-dir",
  t: "token",
  s: "server",
  i: "node-ip",
  o: "write-kubeconfig",
};

/** Whether the command knows the flag. */
export const takes = (command: "server" | "agent", name: string): boolean =>
  ["both", command].includes(FLAGS.get(name)?.on ?? "");

/** Servers of one cluster must agree on these. */
export const CRITICAL: readonly string[] = [
  "cluster-cidr",
  "cluster-dns",
  "cluster-domain",
  "disable-cloud-controller",
  "disable-helm-controller",
  "disable-network-policy",
  "egress-selector-mode",
  "embedded-registry",
  "flannel-backend",
  "flannel-external-ip",
  "flannel-ipv6-masq",
  "secrets-encryption",
  "secrets-encryption-provider",
  "service-cidr",
  "supervisor-metrics",
];

export const DEFAULTS: Readonly<Record<string, string>> = {
  "data-dir": "/var/lib/rancher/k3s",
  "https-listen-port": "6443",
  "cluster-cidr": "10.42.0.0/16",
  "service-cidr": "10.43.0.0/16",
  "cluster-dns": "10.43.0.10",
  "cluster-domain": "cluster.local",
  "flannel-backend": "vxlan",
  "egress-selector-mode": "agent",
  "write-kubeconfig": "/etc/rancher/k3s/k3s.yaml",
  "write-kubeconfig-mode": "0600",
  "lb-server-port": "6444",
  snapshotter: "overlayfs",
  "private-registry": "/etc/rancher/k3s/registries.yaml",
};
