const deployment = (name: string): string => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  namespace: kube-system
spec:
  replicas: 1
  selector:
    matchLabels: { app: ${name} }
  template:
    metadata:
      labels: { app: ${name} }
    spec:
      containers:
      - name: ${name}
        image: rancher/mirrored-${name}
status:
  replicas: 1
  readyReplicas: 1
  availableReplicas: 1
`;

const runtimes = ["nvidia", "nvidia-cdi", "crun", "lunatic", "slight", "spin", "wasmedge", "wasmer", "wasmtime", "wws"];

/** Name of a file in server/manifests -> its text, as far as a test can tell. */
export const PACKAGED: Readonly<Record<string, string>> = {
  "coredns.yaml": deployment("coredns"),
  "local-storage.yaml": deployment("local-path-provisioner"),
  "metrics-server.yaml": deployment("metrics-server"),
  "traefik.yaml": `apiVersion: helm.cattle.io/v1
kind: HelmChart
metadata:
  name: traefik
  namespace: kube-system
spec:
  chart: https://%{KUBERNETES_API}%/static/charts/traefik.tgz
`,
  "runtimes.yaml": runtimes
    .map((name) => `apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata:\n  name: ${name}\nhandler: ${name}\n`)
    .join("---\n"),
};
