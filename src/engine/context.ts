import type { Position } from "../diagnostic.ts";
import type { Inventory } from "../inventory/model.ts";
import type { LoaderOptions } from "../playbook/load.ts";
import type { Node, Play, Playbook, Role, Scope } from "../playbook/model.ts";
import type { VariableStore } from "../vars/store.ts";
import type { Redactor } from "../vars/taint.ts";
import type { Value, ValueMap } from "../vars/value.ts";
import type { VaultSecrets } from "../vault/secrets.ts";
import type { Emitter } from "./emitter.ts";
import type { Evaluator } from "./evaluator.ts";
import type { EventListener, TaskTiming } from "./events.ts";
import type { Gate } from "./gate.ts";
import type { HandlerTable } from "./handlers.ts";
import type { Limits } from "./host-session.ts";
import type { HostState } from "./host-state.ts";
import type { Sessions } from "./sessions.ts";
import type { TaskOutcome } from "./task-runner.ts";

/** How hosts are reached, as far as flags and configuration say; a host's own variables win over these. */
export type ConnectionDefaults = {
  readonly kind?: "ssh" | "local";
  readonly user?: string;
  readonly password?: string;
  readonly privateKeyFile?: string;
  readonly become: boolean;
  readonly becomeUser?: string;
  readonly becomeMethod?: string;
  readonly becomePassword?: string;
  readonly connectTimeoutMs: number;
  /** Absent: nobody has said anything; then it is ssh's configuration that decides, and strict without one. */
  readonly hostKeyChecking?: "strict" | "accept-new" | "off";
  readonly sshConfigFile?: string;
  readonly lockWaitMs: number;
  /** Who we are, for the operator who finds a host locked. */
  readonly lockOwner: string;
  readonly prompt?: (question: string) => Promise<string | undefined>;
};

/** Everything a run is told. */
export type RunOptions = {
  readonly playbooks: readonly Playbook[];
  readonly inventory: Inventory;
  readonly limit?: string;
  readonly tags: readonly string[];
  readonly skipTags: readonly string[];
  readonly extraVars: readonly ValueMap[];
  /** Answers to `vars_prompt`, by name. */
  readonly promptedVars?: ReadonlyMap<string, Value>;
  readonly forks: number;
  readonly checkMode: boolean;
  readonly diff: boolean;
  readonly verbosity: number;
  readonly startAtTask?: string;
  readonly connection: ConnectionDefaults;
  readonly vault: VaultSecrets;
  readonly redactor: Redactor;
  readonly loader: LoaderOptions;
  readonly listener: EventListener;
  readonly signal: AbortSignal;
  readonly version: string;
  readonly limits?: Partial<Limits> & { readonly runMs?: number };
};

/** What all plays of a run share. */
export type RunContext = {
  readonly options: RunOptions;
  readonly limits: Limits;
  readonly store: VariableStore;
  readonly emitter: Emitter;
  readonly sessions: Sessions;
  readonly hosts: ReadonlyMap<string, HostState>;
  readonly slowest: TaskTiming[];
  /** `--start-at-task` has been reached in some play. */
  readonly startedAtTask: { done: boolean };
  /** Sees extra variables only: for what is decided before a host is chosen. */
  readonly global: Evaluator;
  /** The state of a host, made when it is first asked for. */
  host(name: string): HostState;
  /** Names and templates as `scope` sees them on `host`. */
  evaluator(play: PlayContext, host: string, scope: Scope): Evaluator;
  /** The same for a host that a task is delegated to, which need not be in the inventory. */
  delegate(play: PlayContext, host: string, scope: Scope): Evaluator;
  /** Where the variable that `scope` sees on `host` was written, if it was. */
  definedAt(play: PlayContext, host: string, scope: Scope, name: string): Position | undefined;
};

/** What a dynamic include has loaded; `stamp` tells whether its files are still those. */
export type Included = { readonly nodes: readonly Node[]; readonly roles: readonly Role[]; readonly stamp: string };

/** One batch of hosts going through one play. */
export type PlayContext = {
  readonly play: Play;
  readonly hosts: readonly HostState[];
  /** Names of all hosts of the play, and of this batch, for the magic variables. */
  readonly allHosts: readonly string[];
  readonly gate: Gate;
  readonly handlers: HandlerTable;
  /** Who runs a `run_once` task, and its outcome, by place in the play. */
  readonly runOnce: Map<string, { readonly host: string; readonly outcome: Promise<TaskOutcome> }>;
  /** Places of tasks with `throttle` that have failed for all hosts with `any_errors_fatal`: nobody else begins them. */
  readonly failedForAll: Set<string>;
  readonly announced: Set<string>;
  /** Keeps at most `forks` hosts busy, and `throttle` of them within one task. */
  limit<T>(task: { readonly id: number; readonly throttle: number | undefined }, work: () => Promise<T>): Promise<T>;
  /** Why the play is over for everyone, once that is so. */
  over: string | undefined;
  /** Hosts that failed in this batch. */
  readonly failures: Set<string>;
  /** Nodes of dynamic includes, so that look-ahead and the run itself see the same ones. */
  readonly included: Map<string, Included>;
  /** `--start-at-task` has been reached. */
  started: boolean;
};
