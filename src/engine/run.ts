import { connect } from "../connection/connect.ts";
import { DiagnosticError } from "../diagnostic.ts";
import type { Play } from "../playbook/model.ts";
import { batchesOf } from "./batches.ts";
import type { RunContext, RunOptions } from "./context.ts";
import type { RunOutcome } from "./events.ts";
import type { HostState } from "./host-state.ts";
import { playContext, runBatch } from "./play.ts";
import { preflight } from "./preflight.ts";
import { runContext } from "./run-context.ts";

export type { ConnectionDefaults, RunOptions } from "./context.ts";

/**
 * Runs playbooks against an inventory and tells everything as events. Throws DiagnosticError for what can be refused
 * before a host is touched; whatever goes wrong on a host is in the events and in the outcome.
 */
export async function runPlaybooks(given: RunOptions): Promise<RunOutcome> {
  const options = withRunLimit(given);
  const run = runContext(options, connect);
  const plays = options.playbooks.flatMap((playbook) => playbook.plays);
  preflight(run, plays);
  run.emitter.emit({
    type: "run-started",
    playbooks: options.playbooks.map((one) => one.file),
    checkMode: options.checkMode,
    diff: options.diff,
    hosts: options.inventory.select("all", options.limit).map((one) => one.name),
    version: options.version,
  });
  const interrupted = (): void => run.emitter.emit({ type: "interrupted", signal: reasonOf(options.signal) });
  options.signal.addEventListener("abort", interrupted, { once: true });
  try {
    for (const play of plays) {
      if (options.signal.aborted) break;
      const goesOn = await runPlay(run, play);
      if (!goesOn) break;
    }
  } finally {
    options.signal.removeEventListener("abort", interrupted);
    await run.sessions.close();
  }
  return conclude(run);
}

/** All that a run would refuse before it touches a host. Throws one DiagnosticError with all of it. */
export function refuseEarly(options: RunOptions): void {
  preflight(
    runContext(options, connect),
    options.playbooks.flatMap((playbook) => playbook.plays),
  );
}

function reasonOf(signal: AbortSignal): string {
  const { reason } = signal;
  if (reason instanceof Error) return reason.name === "TimeoutError" ? "the limit for the whole run" : reason.message;
  return typeof reason === "string" ? reason : "SIGINT";
}

/** The limit for the whole run ends it as an interrupt would: what is under way is finished, nothing new is begun. */
function withRunLimit(options: RunOptions): RunOptions {
  const runMs = options.limits?.runMs;
  if (runMs === undefined || runMs <= 0) return options;
  return { ...options, signal: AbortSignal.any([options.signal, AbortSignal.timeout(runMs)]) };
}

async function runPlay(run: RunContext, play: Play): Promise<boolean> {
  const { options, emitter } = run;
  const hosts = hostsOf(run, play);
  const title = playTitle(run, play);
  if (hosts.length === 0) {
    emitter.emit({ type: "play-empty", play: title, pattern: patternOf(run, play) });
    return true;
  }
  const names = hosts.map((one) => one.name);
  const probe = playContext(run, play, hosts, names, true);
  const first = names[0] ?? "";
  const serial = play.serial === undefined ? undefined : run.evaluator(probe, first, play).plain(play.serial);
  const batches = cut(hosts, serial, play);
  emitter.emit({ type: "play-started", play: title, hosts: names, strategy: play.strategy });
  for (const [index, batch] of batches.entries()) {
    if (options.signal.aborted) return false;
    if (batches.length > 1) {
      emitter.emit({
        type: "batch-started",
        play: title,
        batch: index + 1,
        batches: batches.length,
        hosts: batch.map((one) => one.name),
      });
    }
    for (const host of batch) host.begin();
    const context = playContext(run, play, batch, names, run.startedAtTask.done);
    await runBatch(run, context);
    run.startedAtTask.done ||= context.started;
    // As in Ansible: a batch that failed as a whole, or `any_errors_fatal`, ends the run.
    if (context.over !== undefined && !context.over.startsWith("end_")) {
      emitter.emit({ type: "no-hosts-left", play: title });
      return false;
    }
    if (batch.every((host) => host.out !== undefined)) return false;
    if (context.over === "end_play") return true;
  }
  return true;
}

function cut(hosts: readonly HostState[], serial: unknown, play: Play): readonly (readonly HostState[])[] {
  try {
    return batchesOf(hosts, serial);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new DiagnosticError([{ severity: "error", code: "serial", message: error.message, position: play.position }]);
  }
}

/** Hosts of the play that are still in the run, in the order that the play asks for. */
function hostsOf(run: RunContext, play: Play): readonly HostState[] {
  const selected = run.options.inventory.select(patternOf(run, play), run.options.limit);
  const hosts = selected.map((host) => run.host(host.name)).filter((host) => host.out === undefined);
  const order = run.global.text(play.order);
  switch (order) {
    case undefined:
    case "inventory":
      return hosts;
    case "reverse_inventory":
      return hosts.toReversed();
    case "sorted":
      return hosts.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    case "reverse_sorted":
      return hosts.toSorted((a, b) => (a.name < b.name ? 1 : -1));
    case "shuffle":
      return hosts
        .map((host) => ({ host, key: Math.random() }))
        .sort((a, b) => a.key - b.key)
        .map(({ host }) => host);
    default:
      throw new DiagnosticError([
        {
          severity: "error",
          code: "play-order",
          message: `order is "${order}"`,
          position: play.position,
          help: "use inventory, reverse_inventory, sorted, reverse_sorted or shuffle",
        },
      ]);
  }
}

/** The host pattern of a play; its templates see extra variables only, since no host is chosen yet. */
export function patternOf(run: RunContext, play: Play): string {
  return run.global.texts(play.hosts).join(",");
}

function playTitle(run: RunContext, play: Play): string {
  try {
    return run.global.text(play.name) ?? patternOf(run, play);
  } catch (error) {
    // A name is no reason to refuse a play.
    if (error instanceof DiagnosticError) return String(play.name);
    throw error;
  }
}

function conclude(run: RunContext): RunOutcome {
  const { options, emitter } = run;
  const states = [...run.hosts.values()];
  const seen = states.filter((host) => Object.values(host.counts).some((count) => count > 0));
  const outcome: RunOutcome = options.signal.aborted
    ? "interrupted"
    : states.some((host) => host.counts.failed > 0)
      ? "failed"
      : states.some((host) => host.counts.unreachable > 0)
        ? "unreachable"
        : "ok";
  emitter.emit({
    type: "run-finished",
    hosts: Object.fromEntries(seen.map((host) => [host.name, host.counts])),
    costs: run.sessions.costs((name) => run.hosts.get(name)?.elapsedMs ?? 0),
    slowest: run.slowest.toSorted((a, b) => b.elapsedMs - a.elapsedMs).slice(0, 10),
    elapsedMs: emitter.elapsedMs,
    outcome,
    changes: Object.fromEntries(seen.filter((host) => host.changes.length > 0).map((host) => [host.name, host.changes])),
  });
  return outcome;
}
