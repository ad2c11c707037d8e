import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import type {} from "../../src/modules/support/run-local.test-support.ts";

let folder: string | undefined;

/** One folder for what the files of tests share, since they run in the same processes and none of them knows that it is the last. */
export function setup(project: TestProject): void {
  folder = mkdtempSync(join(tmpdir(), "k3sprov-unit-"));
  // Scripts run as other users, too.
  chmodSync(folder, 0o755);
  project.provide("sharedFolder", folder);
}

export function teardown(): void {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
}
