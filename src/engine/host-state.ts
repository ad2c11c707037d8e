import type { Node } from "../playbook/model.ts";
import type { HostCounts, TaskStatus } from "./events.ts";

/** What a run keeps about one host. */
export class HostState {
  readonly name: string;
  /** Titles of the tasks that changed it, or would. */
  readonly changes: string[] = [];
  /** Handlers that were notified and have not run yet; they run in the play's order, not in this one. */
  readonly notified = new Set<Node>();
  #counts: HostCounts = { ok: 0, changed: 0, unreachable: 0, failed: 0, skipped: 0, rescued: 0, ignored: 0 };
  /** Out of the run: it failed or cannot be reached. */
  out: "failed" | "unreachable" | undefined;
  /** Left the play by `meta: end_host`, `end_play` or `end_batch`. */
  ended = false;
  /** How much of late has changed: on a fresh host, where each task drops what was asked ahead, asking far ahead is waste. */
  heat = 0;
  elapsedMs = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** A play begins. What was notified in another one, and not run since the host left it, has no handler here. */
  begin(): void {
    this.ended = false;
    this.notified.clear();
  }

  get counts(): HostCounts {
    return this.#counts;
  }

  /** Counts as Ansible's recap does: a changed task is also ok, an ignored failure too. */
  count(status: TaskStatus, result: { readonly changed: boolean; readonly ignored: boolean; readonly rescued: boolean }): void {
    const add = (...names: (keyof HostCounts)[]): void => {
      const next: Record<keyof HostCounts, number> = { ...this.#counts };
      for (const name of names) next[name] += 1;
      this.#counts = next;
    };
    switch (status) {
      case "ok":
        add("ok");
        break;
      case "changed":
      case "undetermined":
        add("ok", "changed");
        break;
      case "skipped":
        add("skipped");
        break;
      case "unreachable":
        add(...(result.ignored ? (["ok", "ignored"] as const) : (["unreachable"] as const)));
        break;
      case "failed":
        if (result.ignored) add("ok", "ignored", ...(result.changed ? (["changed"] as const) : []));
        else add(result.rescued ? "rescued" : "failed");
        break;
      default:
        status satisfies never;
    }
  }
}
