import { basename } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** About how many seconds a file takes on two cores while another one runs beside it. Only the balance of the shards depends on it. */
const SECONDS: Readonly<Record<string, number>> = {
  "vm.test.ts": 510,
  "twins.test.ts": 400,
  "modules-firewall.test.ts": 250,
  "modules-system.test.ts": 230,
  "modules-services.test.ts": 150,
  "cluster.test.ts": 220,
  "site.test.ts": 170,
  "modules-packages.test.ts": 140,
  "modules.test.ts": 130,
  "modules-rpm.test.ts": 130,
  "modules-selinux.test.ts": 75,
  "modules-cluster.test.ts": 115,
  "role-docker-runtime.test.ts": 110,
  "role-ulogd2.test.ts": 105,
  "role-rootless.test.ts": 105,
  "modules-transfer.test.ts": 100,
  "modules-downloads.test.ts": 95,
  "modules-files.test.ts": 90,
  "role-nvidia.test.ts": 85,
  "role-docker-runtime-families.test.ts": 80,
  "modules-accounts.test.ts": 80,
  "role-etcdctl.test.ts": 75,
  "role-k3s-in-docker.test.ts": 75,
  "role-k3s-server.test.ts": 60,
  "role-node-labels.test.ts": 60,
  "role-agentless-server.test.ts": 40,
  "role-containerd-template.test.ts": 60,
  "k3s-stand-in.test.ts": 70,
  "role-selinux.test.ts": 40,
  "kubeconfig.test.ts": 15,
  "role-logging.test.ts": 75,
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
