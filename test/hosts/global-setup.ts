import { rmSync } from "node:fs";
import type { TestProject } from "vitest/node";
import { builtCli } from "./cli.ts";
import { ensureEngine, hostImage, removeHosts } from "./container.ts";
import { startHosts } from "./host.ts";
import { POOL_SIZE } from "./pool-size.ts";
import { removeDeadFolders, runFolder, runName } from "./run.ts";
import { serveWarmCli } from "./warm-cli.ts";

let endWarmCli: (() => void) | undefined;

/** Once per run of the hosts project: an engine, the image, the shared hosts; nothing left of runs that were killed. */
export async function setup(project: TestProject): Promise<void> {
  ensureEngine();
  hostImage("host");
  // Named here, before any worker starts: they take the name from the environment.
  runName();
  await removeHosts("test", "dead runs");
  removeDeadFolders();
  endWarmCli = await serveWarmCli(builtCli());
  const hosts = await startHosts(POOL_SIZE, { prefix: "host" });
  project.provide(
    "testHosts",
    hosts.map((host) => JSON.parse(JSON.stringify(host))),
  );
}

export async function teardown(): Promise<void> {
  endWarmCli?.();
  await removeHosts("test", "this run");
  rmSync(runFolder(), { recursive: true, force: true });
}
