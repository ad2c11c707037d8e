import type { TestHost } from "./host.ts";

/** Title of a task of the role k3s-install. */
export const step = (title: string): string => `k3s-install : ${title}`;

export const RUN = step("Run K3s with its configuration");

/** What K3s itself writes while it runs, and leaves behind. */
export const WRITTEN_BY_K3S = [
  ...["/var/lib/rancher", "/etc/rancher/node", "/etc/rancher/k3s/k3s.yaml"],
  ...["/run", "/var/log", "/root/.kube"],
];

/** What a host sees that gets K3s from a server of releases; further files of the configuration, and of the environment, where they are asked for. */
export const installed = (files: readonly string[] = [], environment: readonly string[] = []): readonly string[] =>
  [
    "Download K3s",
    "Make K3s answer as kubectl, crictl and ctr",
    "Install what stops K3s and all its containers",
    "Install what takes K3s off the host",
    "Write the unit",
    "Make the directories of the configuration",
    "Write config.yaml",
    ...files,
    "Have an environment file",
    ...environment,
    "Run K3s with its configuration",
  ].map(step);

/** "NAME True VERSION" of each node, as one server sees them. */
export async function nodes(host: TestHost): Promise<readonly string[]> {
  const path =
    '{range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status} {.status.nodeInfo.kubeletVersion}{"\\n"}{end}';
  return (await host.read(`k3s kubectl get nodes -o 'jsonpath=${path}'`)).trim().split("\n").sort();
}
