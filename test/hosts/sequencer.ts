import { basename } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** About how many seconds a file takes on two cores while others run beside it, which the emulated machine feels most. Only the balance of the shards depends on it. */
const SECONDS: Readonly<Record<string, number>> = {
  "vm.test.ts": 880,
  "cluster.test.ts": 720,
  "twins.test.ts": 528,
  "modules-firewall.test.ts": 308,
  "site.test.ts": 220,
  "role-k3s-agent.test.ts": 190,
  "role-ulogd2.test.ts": 174,
  "modules-system.test.ts": 166,
  "role-k3s-server.test.ts": 145,
  "modules-services.test.ts": 139,
  "role-rootless.test.ts": 125,
  "role-k3s-datastore.test.ts": 125,
  "role-docker-runtime.test.ts": 123,
  "modules.test.ts": 120,
  "modules-selinux.test.ts": 118,
  "role-k3s-openrc.test.ts": 110,
  "role-k3s-release.test.ts": 103,
  "role-k3s-in-docker.test.ts": 100,
  "role-nvidia.test.ts": 96,
  "modules-rpm.test.ts": 94,
  "modules-packages.test.ts": 94,
  "role-certificates.test.ts": 87,
  "role-agentless-server.test.ts": 85,
  "modules-cluster.test.ts": 80,
  "role-prepare.test.ts": 78,
  "role-k3s-cut-off.test.ts": 77,
  "modules-transfer.test.ts": 74,
  "role-stargz.test.ts": 70,
  "role-k3s-node-names.test.ts": 69,
  "role-docker-runtime-families.test.ts": 67,
  "role-etcdctl.test.ts": 64,
  "role-proxy.test.ts": 63,
  "engine.test.ts": 63,
  "role-k3s-takeover.test.ts": 61,
  "become-cli.test.ts": 60,
  "role-k3s-host-refusals.test.ts": 56,
  "modules-downloads.test.ts": 56,
  "k3s-stand-in.test.ts": 56,
  "role-node-labels.test.ts": 51,
  "role-containerd-template.test.ts": 49,
  "modules-files.test.ts": 47,
  "role-selinux.test.ts": 46,
  "openrc.test.ts": 45,
  "ssh-become.test.ts": 20,
  "ssh-connect.test.ts": 19,
  "ssh-loss.test.ts": 14,
  "busybox.test.ts": 13,
  "role-docker-runtime-refusals.test.ts": 12,
  "uutils.test.ts": 10,
  "interrupted.test.ts": 10,
  "file-round-trips.test.ts": 9,
  "kubeconfig.test.ts": 5,
  "role-secrets-refusals.test.ts": 3,
  "delegation.test.ts": 3,
  "ssh-jump.test.ts": 2,
  "ssh-host-keys.test.ts": 2,
};
const OTHERS = 30;

/** Parts that take about as long as one another: the longest goes to the part that has the least so far. Deals the same way each time. */
export function balanced<T>(files: readonly T[], count: number, pathOf: (file: T) => string): readonly (readonly T[])[] {
  const parts = Array.from({ length: count }, () => ({ seconds: 0, files: [] as T[] }));
  const weighed = files.map((file) => ({ file, path: pathOf(file), seconds: SECONDS[basename(pathOf(file))] ?? OTHERS }));
  weighed.sort((a, b) => b.seconds - a.seconds || (a.path < b.path ? -1 : 1));
  for (const { file, seconds } of weighed) {
    const least = parts.reduce((one, other) => (other.seconds < one.seconds ? other : one));
    least.files.push(file);
    least.seconds += seconds;
  }
  return parts.map((part) => part.files);
}

export class BalancedSequencer extends BaseSequencer {
  override async shard(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { shard } = this.ctx.config;
    if (shard === undefined) return files;
    return [...(balanced(files, shard.count, (file) => file.moduleId)[shard.index - 1] ?? [])];
  }
}
