import type { Play, Task } from "../playbook/model.ts";
import { tooManyFailures } from "./batches.ts";
import type { PlayContext, RunContext } from "./context.ts";
import { HostEnded, RoleEnded, TaskFailed } from "./flow.ts";
import { LinearGate, openGate } from "./gate.ts";
import { gatherTask } from "./gather.ts";
import { HandlerTable } from "./handlers.ts";
import type { HostState } from "./host-state.ts";
import { HostWalk } from "./host-walk.ts";
import { hostLimit } from "./limit.ts";
import { loadPlayFiles } from "./play-files.ts";
import type { Upcoming } from "./upcoming.ts";

/** Sections of a play in the order in which they run; handlers are flushed after those marked. */
function sectionsOf(play: Play, gather: Task | undefined) {
  return [
    { nodes: gather === undefined ? [] : [gather], flush: false },
    { nodes: play.preTasks, flush: true },
    { nodes: play.roleTasks, flush: false },
    { nodes: play.tasks, flush: true },
    { nodes: play.postTasks, flush: true },
  ];
}

/** What a batch of hosts shares while it goes through a play. */
export function playContext(
  run: RunContext,
  play: Play,
  hosts: readonly HostState[],
  allHosts: readonly string[],
  isStarted: boolean,
): PlayContext {
  return {
    play,
    hosts,
    allHosts,
    gate: play.strategy === "linear" || play.strategy === "debug" ? new LinearGate(hosts.map((one) => one.name)) : openGate,
    handlers: new HandlerTable(play.handlers),
    runOnce: new Map(),
    failedForAll: new Set(),
    announced: new Set(),
    limit: hostLimit(run.options.forks),
    over: undefined,
    failures: new Set(),
    included: new Map(),
    started: isStarted,
  };
}

/** Takes a batch of hosts through a play, all at the same time. */
export async function runBatch(run: RunContext, context: PlayContext): Promise<void> {
  loadPlayFiles(run, context);
  const gather = gatherTask(run, context);
  const sections = sectionsOf(context.play, gather);
  await Promise.all(context.hosts.map((host) => runHost(run, context, host, sections)));
}

async function runHost(
  run: RunContext,
  context: PlayContext,
  host: HostState,
  sections: ReturnType<typeof sectionsOf>,
): Promise<void> {
  const walk = new HostWalk(run, context, host);
  try {
    for (const [index, section] of sections.entries()) {
      const outer = chain([...sections.slice(index + 1).map((one) => one.nodes), context.handlers.atEnd]);
      await wholeRole(() => walk.walk(section.nodes, [index, 0], outer));
      if (section.flush) await walk.flushHandlers([index, 1], outer);
    }
    await walk.walk(context.handlers.atEnd, [sections.length, 0], undefined);
  } catch (error) {
    if (error instanceof TaskFailed) await hostFailed(run, context, host, walk, error);
    else if (!(error instanceof HostEnded)) throw error;
    else if (host.out === "unreachable" || error.isFatalForAll) noteFailure(run, context, host, error.isFatalForAll);
  } finally {
    context.gate.leave(host.name);
  }
}

/** A section that is one role altogether ends with it. */
async function wholeRole(walk: () => Promise<void>): Promise<void> {
  try {
    await walk();
  } catch (error) {
    if (!(error instanceof RoleEnded)) throw error;
  }
}

async function hostFailed(
  run: RunContext,
  context: PlayContext,
  host: HostState,
  walk: HostWalk,
  failure: TaskFailed,
): Promise<void> {
  host.out = "failed";
  noteFailure(run, context, host, failure.isFatalForAll);
  const evaluator = run.evaluator(context, host.name, context.play);
  if (evaluator.bool(context.play.forceHandlers) !== true) return;
  try {
    await walk.flushHandlers([Number.MAX_SAFE_INTEGER], undefined);
  } catch (error) {
    // The host has failed already; what its handlers add has been told.
    if (!(error instanceof TaskFailed || error instanceof HostEnded)) throw error;
  }
}

function noteFailure(run: RunContext, context: PlayContext, host: HostState, isFatalForAll: boolean): void {
  context.failures.add(host.name);
  const evaluator = run.evaluator(context, host.name, context.play);
  const limit = evaluator.number(context.play.maxFailPercentage);
  if (isFatalForAll) {
    context.over = `any_errors_fatal: ${host.name} failed`;
  }
  if (tooManyFailures(context.failures.size, context.hosts.length, limit)) {
    context.over = `max_fail_percentage: ${context.failures.size} of ${context.hosts.length} hosts failed`;
  }
}

function chain(sections: readonly Upcoming["nodes"][]): Upcoming | undefined {
  return sections.reduceRight<Upcoming | undefined>((outer, nodes) => ({ nodes, from: 0, outer }), undefined);
}
