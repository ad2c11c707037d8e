import type { EngineEvent, TaskRef } from "../../src/engine/events.ts";

type Finished = Extract<EngineEvent, { type: "task-finished" }>;
type Item = Extract<EngineEvent, { type: "item-finished" }>;

export function task(title: string, rest: Partial<TaskRef> = {}): TaskRef {
  const prints = rest.module === "debug" || rest.module === "assert" ? { prints: true as const } : {};
  return { id: title, title, module: "command", file: "site.yaml", line: 7, handler: false, tags: [], ...prints, ...rest };
}

export function finished(ref: TaskRef, host: string, status: Finished["status"], rest: Partial<Finished> = {}): Finished {
  return {
    at: 10,
    type: "task-finished",
    task: ref,
    host,
    status,
    result: { changed: status === "changed", failed: status === "failed" },
    differences: [],
    loop: false,
    ignored: false,
    noLog: false,
    elapsedMs: 5,
    ...rest,
  };
}

export function item(ref: TaskRef, host: string, status: Item["status"], label: string, rest: Partial<Item> = {}): Item {
  return {
    at: 10,
    type: "item-finished",
    task: ref,
    host,
    status,
    label,
    result: { changed: status === "changed", failed: status === "failed", item: label, ansible_loop_var: "item" },
    differences: [],
    ignored: false,
    ...rest,
  };
}
