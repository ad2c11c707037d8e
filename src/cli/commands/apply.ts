import type { Invocation } from "../invocation.ts";
import { listPlaybooks } from "../listing.ts";
import { runRequest } from "../run.ts";
import { loadPlaybooks } from "../sources.ts";

/** `k3sprov apply PLAYBOOK…`, and what `check` makes of it. */
export function run(invocation: Invocation): Promise<number> {
  return applyPlaybooks(invocation, invocation.settings.check, invocation.settings.diff);
}

export function applyPlaybooks(invocation: Invocation, checkMode: boolean, diff: boolean): Promise<number> {
  const { args, process: at, settings } = invocation;
  return runRequest(invocation, {
    checkMode,
    diff,
    loadPlaybooks: ({ loader }) => loadPlaybooks(args, at.cwd, loader),
    before: (playbooks, inventory) => listPlaybooks(playbooks, inventory, settings, (text) => at.stdout.write(text)),
  });
}
