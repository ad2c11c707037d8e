import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach } from "vitest";
import { type Diagnostic, DiagnosticError } from "../diagnostic.ts";
import { loadInventory } from "../inventory/load.ts";
import { findModule, moduleNames } from "../modules/registry.ts";
import { loadPlaybook } from "../playbook/load.ts";
import { Redactor } from "../vars/taint.ts";
import type { Key, Value } from "../vars/value.ts";
import { VaultSecrets } from "../vault/secrets.ts";
import type { RunOptions } from "./context.ts";
import type { EngineEvent, RunOutcome } from "./events.ts";
import { runPlaybooks } from "./run.ts";

export type Here = {
  readonly outcome: RunOutcome | "refused";
  readonly events: readonly EngineEvent[];
  /** Host -> "status title", in the order in which tasks ended. */
  readonly tasks: Readonly<Record<string, readonly string[]>>;
  readonly changes: Readonly<Record<string, readonly string[]>>;
  readonly roundTrips: number;
  /** Messages of a refusal. */
  readonly refused: readonly string[];
  /** The refusal itself. */
  readonly diagnostics: readonly Diagnostic[];
  readonly warnings: readonly string[];
  /** Result of the last task of that title on any host. */
  result(title: string): Readonly<Record<string, unknown>>;
};

/** A play of these tasks. */
export const play = (tasks: string): string => `- hosts: all\n  gather_facts: false\n  tasks:\n${tasks.replace(/^/gm, "    ")}`;

/** A sandbox that is empty at the beginning of each test of the file. */
export function sandboxPerTest(): Sandbox {
  const box = new Sandbox();
  afterEach(() => box.remove());
  return box;
}

/** A folder of its own for one test: what playbooks write goes there, as does the playbook itself. */
export class Sandbox {
  #folder: string | undefined;

  get folder(): string {
    this.#folder ??= mkdtempSync(join(tmpdir(), "k3sprov-engine-"));
    return this.#folder;
  }

  write(files: Readonly<Record<string, string>>): void {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(this.folder, name)), { recursive: true });
      writeFileSync(join(this.folder, name), content);
    }
  }

  /** Runs a playbook on this machine, as one or several inventory hosts. `{{ here }}` is the folder. */
  async run(
    playbook: string,
    options: Partial<Pick<RunOptions, "checkMode" | "diff" | "tags" | "skipTags" | "startAtTask" | "limit" | "forks">> & {
      readonly hosts?: readonly string[];
      readonly vars?: Readonly<Record<string, Value>>;
    } = {},
  ): Promise<Here> {
    this.write({ "playbook.yaml": playbook });
    const { hosts = ["one"], vars = {}, ...rest } = options;
    const vault = new VaultSecrets();
    const inventory = await loadInventory([`${hosts.join(",")},`], { vault, cwd: this.folder });
    const warnings: string[] = [];
    const extra = new Map<Key, Value>([["ansible_connection", "local"], ...Object.entries(vars), ["here", this.folder]]);
    const loader = {
      registry: { findModule, moduleNames },
      rolesPath: [],
      vault,
      extraVars: [extra],
      warn: (one: Diagnostic) => warnings.push(one.message),
    };
    const events: EngineEvent[] = [];
    try {
      const outcome = await runPlaybooks({
        playbooks: [loadPlaybook(join(this.folder, "playbook.yaml"), loader)],
        inventory,
        tags: [],
        skipTags: [],
        extraVars: [extra],
        forks: 10,
        checkMode: false,
        diff: false,
        verbosity: 0,
        // Another test run on this machine may hold the lock.
        connection: { become: false, connectTimeoutMs: 10_000, lockWaitMs: 60_000, lockOwner: "a test" },
        vault,
        redactor: new Redactor(),
        loader,
        listener: (event) => events.push(event),
        signal: new AbortController().signal,
        version: "0.0.0",
        ...rest,
      });
      return { ...summary(outcome, events, []), warnings };
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error;
      return { ...summary("refused", events, error.diagnostics), warnings };
    }
  }

  remove(): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }
}

function summary(
  outcome: Here["outcome"],
  events: readonly EngineEvent[],
  diagnostics: readonly Diagnostic[],
): Omit<Here, "warnings"> {
  const tasks: Record<string, string[]> = {};
  const results = new Map<string, Readonly<Record<string, unknown>>>();
  for (const event of events) {
    if (event.type !== "task-finished") continue;
    tasks[event.host] = [...(tasks[event.host] ?? []), `${event.ignored ? "ignored" : event.status} ${event.task.title}`];
    results.set(event.task.title, event.result);
  }
  const end = events.find((event) => event.type === "run-finished");
  const costs = end?.type === "run-finished" ? Object.values(end.costs) : [];
  return {
    outcome,
    events,
    tasks,
    changes: end?.type === "run-finished" ? end.changes : {},
    roundTrips: Math.max(0, ...costs.map((cost) => cost.roundTrips)),
    refused: diagnostics.map((one) => one.message),
    diagnostics,
    result: (title) => results.get(title) ?? {},
  };
}
