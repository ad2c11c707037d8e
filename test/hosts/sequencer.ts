import { basename } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** About how many seconds a file takes on two cores while others run beside it, which the emulated machine feels most. Only the balance of the shards depends on it. */
const SECONDS: Readonly<Record<string, number>> = {
  "vm.test.ts": 1317,
  "cluster.test.ts": 650,
  "twins.test.ts": 648,
  "modules-firewall.test.ts": 225,
  "site.test.ts": 208,
  "modules-system.test.ts": 179,
  "role-rootless.test.ts": 162,
  "role-docker-runtime.test.ts": 150,
  "modules-services.test.ts": 134,
  "role-ulogd2.test.ts": 123,
  "modules-rpm.test.ts": 123,
  "modules.test.ts": 103,
  "role-k3s-datastore.test.ts": 100,
  "modules-packages.test.ts": 100,
  "modules-transfer.test.ts": 98,
  "role-k3s-in-docker.test.ts": 97,
  "modules-selinux.test.ts": 94,
  "role-nvidia.test.ts": 92,
  "role-k3s-server.test.ts": 85,
  "modules-cluster.test.ts": 85,
  "role-etcdctl.test.ts": 84,
  "engine.test.ts": 70,
  "role-docker-runtime-families.test.ts": 67,
  "role-node-labels.test.ts": 65,
  "role-agentless-server.test.ts": 63,
  "modules-downloads.test.ts": 60,
  "role-k3s-takeover.test.ts": 58,
  "role-k3s-cut-off.test.ts": 57,
  "role-selinux.test.ts": 56,
  "become-cli.test.ts": 56,
  "openrc.test.ts": 54,
  "role-certificates.test.ts": 52,
  "role-stargz.test.ts": 51,
  "modules-files.test.ts": 46,
  "uutils.test.ts": 15,
  "ssh-loss.test.ts": 13,
  "role-tokens.test.ts": 13,
  "role-docker-runtime-refusals.test.ts": 13,
  "host.test.ts": 13,
  "role-k3s-refusals.test.ts": 12,
  "interrupted.test.ts": 9,
  "file-round-trips.test.ts": 7,
  "ssh-jump.test.ts": 3,
  "ssh-host-keys.test.ts": 3,
  "kubeconfig.test.ts": 3,
  "delegation.test.ts": 3,
  "role-secrets-refusals.test.ts": 1,
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
