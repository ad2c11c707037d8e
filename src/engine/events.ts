import type { Diagnostic } from "../diagnostic.ts";
import type { Difference, JsonObject } from "../modules/contract.ts";

/** How a task ended on a host. `undetermined`: check mode cannot know, because it depends on what only an apply can tell. */
export type TaskStatus = "ok" | "changed" | "skipped" | "failed" | "unreachable" | "undetermined";

/** Names a task in the events of a run. */
export type TaskRef = {
  /** Unique within the run, in the order of first appearance. */
  readonly id: string;
  /** `role : name`, as Ansible prints it. */
  readonly title: string;
  readonly module: string;
  readonly role?: string;
  readonly file: string;
  readonly line: number;
  readonly handler: boolean;
  /** It exists to print: debug, and assert unless it is quiet. Its result is shown even without -v. */
  readonly prints?: true;
  readonly tags: readonly string[];
};

export type HostCounts = {
  readonly ok: number;
  readonly changed: number;
  readonly unreachable: number;
  readonly failed: number;
  readonly skipped: number;
  readonly rescued: number;
  readonly ignored: number;
};

/** What one host cost. */
export type HostCost = {
  /** Round trips after the connection stood. */
  readonly roundTrips: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly connects: number;
  readonly elapsedMs: number;
};

export type TaskTiming = { readonly task: TaskRef; readonly host: string; readonly elapsedMs: number };

/** Everything a screen, a log or a report can show. Secrets are masked before an event is made. */
export type EngineEvent = { readonly at: number } & (
  | {
      readonly type: "run-started";
      readonly playbooks: readonly string[];
      readonly checkMode: boolean;
      readonly diff: boolean;
      readonly hosts: readonly string[];
      readonly version: string;
    }
  | {
      readonly type: "play-started";
      readonly play: string;
      readonly hosts: readonly string[];
      readonly strategy: string;
      /** Tasks that each host will come to, as far as that is known before dynamic includes: for progress bars. */
      readonly tasks?: number;
    }
  /** No host of the inventory is in the play. */
  | { readonly type: "play-empty"; readonly play: string; readonly pattern: string }
  | {
      readonly type: "batch-started";
      readonly play: string;
      readonly batch: number;
      readonly batches: number;
      readonly hosts: readonly string[];
    }
  /** `any_errors_fatal` or `max_fail_percentage` ends the play for hosts that are still well. */
  | { readonly type: "no-hosts-left"; readonly play: string }
  | { readonly type: "host-connecting"; readonly host: string; readonly target: string }
  | { readonly type: "host-connected"; readonly host: string; readonly elapsedMs: number }
  | {
      readonly type: "host-unreachable";
      readonly host: string;
      readonly message: string;
      readonly code: string;
      readonly help?: string;
    }
  | { readonly type: "host-notice"; readonly host: string; readonly message: string }
  /** The first host of the play has come to this task. */
  | { readonly type: "task-started"; readonly task: TaskRef }
  | { readonly type: "task-host-started"; readonly task: TaskRef; readonly host: string }
  /** One item of a loop; the task's own event follows when all are done. */
  | {
      readonly type: "item-finished";
      readonly task: TaskRef;
      readonly host: string;
      readonly status: TaskStatus;
      readonly label: string;
      readonly delegatedTo?: string;
      readonly result: JsonObject;
      readonly differences: readonly Difference[];
      readonly ignored: boolean;
    }
  | {
      readonly type: "task-retrying";
      readonly task: TaskRef;
      readonly host: string;
      readonly attemptsLeft: number;
      readonly result: JsonObject;
    }
  | {
      readonly type: "task-finished";
      readonly task: TaskRef;
      readonly host: string;
      readonly status: TaskStatus;
      /** Host that the task was delegated to. */
      readonly delegatedTo?: string;
      readonly result: JsonObject;
      readonly differences: readonly Difference[];
      /** A loop: its items had events of their own. */
      readonly loop: boolean;
      /** Failed, but `ignore_errors` or a rescue carries on. */
      readonly ignored: boolean;
      readonly noLog: boolean;
      readonly elapsedMs: number;
      /** Where and why, for failures. */
      readonly diagnostic?: Diagnostic;
      /** Why a task was skipped, or what `undetermined` depends on. */
      readonly reason?: string;
    }
  | { readonly type: "included"; readonly task: TaskRef; readonly file: string; readonly hosts: readonly string[] }
  | { readonly type: "handler-notified"; readonly task: TaskRef; readonly host: string; readonly handler: string }
  | { readonly type: "rescued"; readonly task: TaskRef; readonly host: string }
  | { readonly type: "warning"; readonly diagnostic: Diagnostic; readonly host?: string }
  | { readonly type: "interrupted"; readonly signal: string }
  | {
      readonly type: "run-finished";
      readonly hosts: Readonly<Record<string, HostCounts>>;
      readonly costs: Readonly<Record<string, HostCost>>;
      readonly slowest: readonly TaskTiming[];
      readonly elapsedMs: number;
      readonly outcome: RunOutcome;
      /** Changed (or would change) per host: task titles in order. */
      readonly changes: Readonly<Record<string, readonly string[]>>;
    }
);

export type RunOutcome = "ok" | "failed" | "unreachable" | "interrupted";

/** An event before it gets its time: milliseconds since the run began. */
export type EventBody = EngineEvent extends infer E ? (E extends { readonly at: number } ? Omit<E, "at"> : never) : never;

export type EventListener = (event: EngineEvent) => void;
