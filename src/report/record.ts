import type { Diagnostic } from "../diagnostic.ts";
import type {
  EngineEvent,
  EventListener,
  HostCost,
  HostCounts,
  RunOutcome,
  TaskRef,
  TaskStatus,
  TaskTiming,
} from "../engine/events.ts";
import type { Difference, JsonObject } from "../modules/contract.ts";

export type ItemRecord = {
  readonly label: string;
  readonly status: TaskStatus;
  readonly ignored: boolean;
  readonly result: JsonObject;
  readonly differences: readonly Difference[];
};

export type ResultRecord = {
  readonly host: string;
  readonly status: TaskStatus;
  readonly ignored: boolean;
  readonly elapsedMs: number;
  readonly result: JsonObject;
  readonly differences: readonly Difference[];
  readonly delegatedTo?: string;
  readonly reason?: string;
  readonly diagnostic?: Diagnostic;
  readonly items?: readonly ItemRecord[];
};

export type TaskRecord = { readonly play: string; readonly task: TaskRef; readonly results: readonly ResultRecord[] };

/** A whole run as data: what reports that are written at the end are made of. */
export type RunRecord = {
  readonly version: string;
  readonly playbooks: readonly string[];
  readonly checkMode: boolean;
  readonly diff: boolean;
  readonly hosts: Readonly<Record<string, HostCounts>>;
  readonly costs: Readonly<Record<string, HostCost>>;
  readonly changes: Readonly<Record<string, readonly string[]>>;
  readonly tasks: readonly TaskRecord[];
  readonly unreachable: readonly {
    readonly host: string;
    readonly message: string;
    readonly code: string;
    readonly help?: string;
  }[];
  readonly warnings: readonly Diagnostic[];
  readonly slowest: readonly TaskTiming[];
  readonly elapsedMs: number;
  /** `aborted`: the run ended without an end, because of a bug. */
  readonly outcome: RunOutcome | "aborted";
};

/** Folds events into a record; `record()` may be called at any time. */
export function createRecorder(): { readonly listener: EventListener; record(): RunRecord } {
  let started: Extract<EngineEvent, { type: "run-started" }> | undefined;
  let finished: Extract<EngineEvent, { type: "run-finished" }> | undefined;
  let play = "";
  let last = 0;
  const tasks = new Map<string, { readonly play: string; readonly task: TaskRef; readonly results: ResultRecord[] }>();
  const items = new Map<string, ItemRecord[]>();
  const unreachable: RunRecord["unreachable"][number][] = [];
  const warnings: Diagnostic[] = [];

  const listener: EventListener = (event) => {
    last = event.at;
    switch (event.type) {
      case "run-started":
        started = event;
        return;
      case "play-started":
        play = event.play;
        return;
      case "item-finished": {
        const { label, status, ignored, result, differences } = event;
        const key = `${event.host}\n${event.task.id}`;
        items.set(key, [...(items.get(key) ?? []), { label, status, ignored, result, differences }]);
        return;
      }
      case "task-finished": {
        const key = `${event.host}\n${event.task.id}`;
        const own = items.get(key);
        items.delete(key);
        const record = tasks.get(event.task.id) ?? { play, task: event.task, results: [] };
        tasks.set(event.task.id, record);
        record.results.push(resultRecord(event, own));
        return;
      }
      case "host-unreachable": {
        const { host, message, code, help } = event;
        unreachable.push({ host, message, code, ...(help === undefined ? {} : { help }) });
        return;
      }
      case "warning":
        warnings.push(event.diagnostic);
        return;
      case "run-finished":
        finished = event;
        return;
      default:
        return;
    }
  };

  const record = (): RunRecord => ({
    version: started?.version ?? "",
    playbooks: started?.playbooks ?? [],
    checkMode: started?.checkMode ?? false,
    diff: started?.diff ?? false,
    hosts: finished?.hosts ?? {},
    costs: finished?.costs ?? {},
    changes: finished?.changes ?? {},
    tasks: [...tasks.values()],
    unreachable,
    warnings,
    slowest: finished?.slowest ?? [],
    elapsedMs: finished?.elapsedMs ?? last,
    outcome: finished?.outcome ?? "aborted",
  });
  return { listener, record };
}

function resultRecord(
  event: Extract<EngineEvent, { type: "task-finished" }>,
  items: readonly ItemRecord[] | undefined,
): ResultRecord {
  const { host, status, ignored, elapsedMs, result, differences, delegatedTo, reason, diagnostic } = event;
  return {
    host,
    status,
    ignored,
    elapsedMs,
    result,
    differences,
    ...(delegatedTo === undefined ? {} : { delegatedTo }),
    ...(reason === undefined ? {} : { reason }),
    ...(diagnostic === undefined ? {} : { diagnostic }),
    ...(items === undefined ? {} : { items }),
  };
}
