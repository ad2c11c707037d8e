import { ConnectionError } from "../connection/errors.ts";
import { DiagnosticError } from "../diagnostic.ts";
import type { Json, JsonObject } from "../modules/contract.ts";
import type { Block, Include, Node, Task } from "../playbook/model.ts";
import { keywordOf, roleOf } from "../playbook/scope.ts";
import { isSelected, tagsOfNode } from "../playbook/tags.ts";
import { fromPlain } from "../source/json.ts";
import type { Value } from "../vars/value.ts";
import type { PlayContext, RunContext } from "./context.ts";
import type { Evaluator } from "./evaluator.ts";
import type { TaskRef } from "./events.ts";
import { unreachable } from "./execute.ts";
import { finishTask, isIgnored } from "./finish.ts";
import { HostEnded, RoleEnded, TaskFailed } from "./flow.ts";
import type { Order } from "./gate.ts";
import { flatten } from "./handlers.ts";
import type { HostState } from "./host-state.ts";
import { expandInclude } from "./includes.ts";
import { runMeta } from "./meta.ts";
import { failed } from "./outcome.ts";
import { registeredValue } from "./registered.ts";
import { roleProblems } from "./role-arguments.ts";
import { taskName, taskRef } from "./task-ref.ts";
import { runTask, type TaskOutcome, type TaskRun } from "./task-runner.ts";
import type { Upcoming } from "./upcoming.ts";

const NO_NAMES: ReadonlyMap<string, Value> = new Map();

/** One host going through the tasks of a play. */
export class HostWalk {
  readonly #run: RunContext;
  readonly #play: PlayContext;
  readonly host: HostState;
  /** Loop variables of the includes around the current task. */
  #names = NO_NAMES;
  /** How many rescue sections could take a failure here. */
  #rescues = 0;
  readonly #validated = new Set<string>();

  constructor(run: RunContext, play: PlayContext, host: HostState) {
    this.#run = run;
    this.#play = play;
    this.host = host;
  }

  /** Runs `nodes` in order. Throws TaskFailed, HostEnded. */
  async walk(nodes: readonly Node[], order: Order, outer: Upcoming | undefined): Promise<void> {
    let ended: string | undefined;
    for (const [index, node] of nodes.entries()) {
      if (ended !== undefined && belongsTo(node, ended)) continue;
      try {
        await this.#node(node, [...order, index], { nodes, from: index + 1, outer });
      } catch (error) {
        // `meta: end_role` leaves out what is left of the role, here and in the lists around this one.
        if (!(error instanceof RoleEnded) || nodes.every((one) => belongsTo(one, error.role))) throw error;
        ended = error.role;
      }
    }
  }

  async #node(node: Node, order: Order, upcoming: Upcoming): Promise<void> {
    switch (node.kind) {
      case "block":
        return this.#block(node, order, upcoming);
      case "include":
        return this.#include(node, order, upcoming);
      case "task":
        return this.#task(node, order, upcoming);
      default:
        return node satisfies never;
    }
  }

  /** Runs the handlers that were notified, in the play's order; those that they notify in turn as well. */
  async flushHandlers(order: Order, upcoming: Upcoming | undefined): Promise<void> {
    for (let pass = 0; this.host.notified.size > 0; pass += 1) {
      const handlers = this.#play.handlers.all.flatMap(flatten);
      for (const [index, handler] of handlers.entries()) {
        if (!this.host.notified.delete(handler)) continue;
        await this.#node(handler, [...order, pass, index], { nodes: [], from: 0, outer: upcoming });
      }
    }
  }

  async #block(block: Block, order: Order, upcoming: Upcoming): Promise<void> {
    const canRescue = block.rescue.length > 0;
    try {
      if (canRescue) this.#rescues += 1;
      try {
        await this.walk(block.block, [...order, 0], upcoming);
      } finally {
        if (canRescue) this.#rescues -= 1;
      }
    } catch (error) {
      if (!(error instanceof TaskFailed)) throw error;
      if (!canRescue) return this.#alwaysAfter(error, block, order, upcoming);
      this.#remember(error);
      try {
        await this.walk(block.rescue, [...order, 1], upcoming);
      } catch (second) {
        if (!(second instanceof TaskFailed)) throw second;
        return this.#alwaysAfter(second, block, order, upcoming);
      }
    }
    await this.walk(block.always, [...order, 2], upcoming);
  }

  /** Goes through `always`, and on with the failure; a host that leaves the play there has failed for all just the same. */
  async #alwaysAfter(failure: TaskFailed, block: Block, order: Order, upcoming: Upcoming): Promise<never> {
    try {
      await this.walk(block.always, [...order, 2], upcoming);
    } catch (error) {
      throw error instanceof HostEnded && failure.isFatalForAll ? new HostEnded(true) : error;
    }
    throw failure;
  }

  #remember(failure: TaskFailed): void {
    const { store } = this.#run;
    store.setFact(this.host.name, "ansible_failed_result", fromPlain(failure.result));
    store.setFact(this.host.name, "ansible_failed_task", fromPlain({ name: failure.task.title, action: failure.task.module }));
  }

  async #include(include: Include, order: Order, upcoming: Upcoming): Promise<void> {
    if (!include.isHandler && !this.#isSelected(include)) return;
    await this.#arrive(order);
    const evaluator = this.#run.evaluator(this.#play, this.host.name, include).with(this.#names);
    const ref = taskRef(include, evaluator);
    const parts = expandInclude({ run: this.#run, play: this.#play, host: this.host, include, evaluator });
    if (!Array.isArray(parts)) {
      finishTask(
        this.#taskRunOf(include, upcoming),
        { ...parts, loop: false, delegatedTo: undefined, noLog: false },
        ref,
        0,
        this.#rescues > 0,
      );
      return;
    }
    this.host.count("ok", { changed: false, ignored: false, rescued: false });
    for (const [index, part] of parts.entries()) {
      this.#run.emitter.emit({ type: "included", task: ref, file: part.file, hosts: [this.host.name] });
      const outside = this.#names;
      this.#names = new Map([...outside, ...part.names]);
      try {
        await this.walk(part.nodes, [...order, index], upcoming);
      } finally {
        this.#names = outside;
      }
    }
  }

  async #task(task: Task, order: Order, upcoming: Upcoming): Promise<void> {
    if (!task.isHandler && !this.#isSelected(task)) return;
    await this.#arrive(order);
    const evaluator = this.#run.evaluator(this.#play, this.host.name, task).with(this.#names);
    if (task.module.name === "meta") return this.#meta(task, order, upcoming);
    const ref = taskRef(task, evaluator);
    const key = order.join(".");
    const keywords = keywordsOf(task, evaluator);
    const first = keywords.runOnce ? this.#play.runOnce.get(key) : undefined;
    if (first !== undefined) return this.#takeOver(task, first.host, await first.outcome, { ref, evaluator });
    if (!this.#play.announced.has(key)) {
      this.#play.announced.add(key);
      this.#run.emitter.emit({ type: "task-started", task: ref });
    }
    const at = this.#taskRunOf(task, upcoming);
    const started = performance.now();
    const work = this.#play.limit({ id: task.id, throttle: keywords.throttle }, async () => {
      // While this host waited for its turn another one may have failed for all.
      if (this.#play.failedForAll.has(key)) throw new HostEnded();
      this.#run.emitter.emit({ type: "task-host-started", task: ref, host: this.host.name });
      const outcome = keywords.wrong ?? this.#validateRole(task, at) ?? (await guarded(() => runTask({ ...at, task })));
      // Noted before the next one has its turn; the play is over when this host has gone through its `always`.
      if ((keywords.throttle ?? 0) > 0 && this.#isFatalForAll(task, outcome, evaluator)) this.#play.failedForAll.add(key);
      return outcome;
    });
    if (keywords.runOnce) this.#play.runOnce.set(key, { host: this.host.name, outcome: work });
    const outcome = await work;
    finishTask({ ...at, task }, outcome, ref, Math.round(performance.now() - started), this.#rescues > 0);
  }

  #isFatalForAll(task: Task, outcome: TaskOutcome, evaluator: Evaluator): boolean {
    const isBad = outcome.status === "unreachable" || (outcome.status === "failed" && this.#rescues === 0);
    if (!isBad || isIgnored(outcome, task, evaluator)) return false;
    return evaluator.bool(keywordOf(task, "anyErrorsFatal")) === true;
  }

  /** Another host has run a `run_once` task: its result is ours, its failure too, and what it has set. */
  #takeOver(
    task: Task,
    from: string,
    outcome: TaskOutcome,
    { ref, evaluator }: { readonly ref: TaskRef; readonly evaluator: Evaluator },
  ): void {
    const { store } = this.#run;
    if (task.register !== undefined) {
      store.setRegistered(this.host.name, task.register, registeredValue(outcome, task.register, outcome.noLog));
    }
    const isBad = outcome.status === "failed" || outcome.status === "unreachable";
    if (isBad && !isIgnored(outcome, task, evaluator)) {
      throw outcome.status === "failed" && this.#rescues > 0 ? new TaskFailed(ref, outcome.result, true) : new HostEnded();
    }
    if (outcome.status !== "ok" && outcome.status !== "changed" && outcome.incomplete !== true) return;
    if (task.module.name === "set_fact") return store.copySet(from, this.host.name, namesSetBy(task, outcome));
    const delegate = task.module.kind === "state" && evaluator.bool(keywordOf(task, "delegateFacts")) === true;
    for (const one of resultsOf(outcome)) if (!delegate) store.addFacts(this.host.name, fromPlain(one["ansible_facts"] ?? null));
  }

  #taskRunOf<T extends Task | Include>(task: T, upcoming: Upcoming) {
    return { run: this.#run, play: this.#play, host: this.host, task, upcoming, names: this.#names };
  }

  #validateRole(task: Task, at: Omit<TaskRun, "task">): TaskOutcome | undefined {
    const role = roleOf(task);
    if (role?.argumentSpec === undefined || this.#validated.has(role.path)) return undefined;
    this.#validated.add(role.path);
    const evaluator = at.run.evaluator(at.play, at.host.name, task).with(at.names);
    const problems = roleProblems(role.argumentSpec, evaluator, at.run.options.redactor).map((one) => one.message);
    if (problems.length === 0) return undefined;
    const message = `role ${role.name} was given wrong variables:\n${problems.join("\n")}`;
    return { ...failed(message, { argument_errors: problems }), loop: false, delegatedTo: undefined, noLog: false };
  }

  async #meta(task: Task, order: Order, upcoming: Upcoming): Promise<void> {
    const evaluator = this.#run.evaluator(this.#play, this.host.name, task).with(this.#names);
    const at = { run: this.#run, play: this.#play, host: this.host, task, evaluator };
    const what = this.#orFailed(() => runMeta(at), task, upcoming);
    if (what === "flush_handlers") return this.flushHandlers(order, upcoming);
    if (what === "reset_connection") return this.#run.sessions.reset(this.host.name);
  }

  /** What `work` gives; a template in it that cannot be rendered is a failure of the task. */
  #orFailed<T>(work: () => T, task: Task, upcoming: Upcoming): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof DiagnosticError)) throw error;
      const evaluator = this.#run.evaluator(this.#play, this.host.name, task).with(this.#names);
      finishTask(this.#taskRunOf(task, upcoming), failedBy(error), taskRef(task, evaluator), 0, this.#rescues > 0);
      return undefined;
    }
  }

  async #arrive(order: Order): Promise<void> {
    await this.#play.gate.arrive(this.host.name, order);
    if (this.#play.over !== undefined || this.host.ended || this.#run.options.signal.aborted) throw new HostEnded();
  }

  #isSelected(node: Task | Include): boolean {
    const { options } = this.#run;
    if (!this.#play.started) {
      const evaluator = this.#run.evaluator(this.#play, this.host.name, node);
      const wanted = options.startAtTask ?? "";
      const names = [taskName(node, evaluator), taskRef(node, evaluator).title];
      if (!names.some((name) => name !== undefined && matches(name, wanted))) return false;
      this.#play.started = true;
    }
    return isSelected(tagsOfNode(node), options.tags, options.skipTags);
  }
}

/** What a task's keywords say of how it is run; `wrong` when one of them cannot be told. */
function keywordsOf(
  task: Task,
  evaluator: Evaluator,
): { readonly runOnce: boolean; readonly throttle: number | undefined; readonly wrong?: TaskOutcome } {
  try {
    const runOnce = evaluator.bool(keywordOf(task, "runOnce")) ?? false;
    return { runOnce, throttle: evaluator.number(keywordOf(task, "throttle")) };
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    return { runOnce: false, throttle: undefined, wrong: failedBy(error) };
  }
}

/** Results of a task: of each item, where it has a loop. */
function resultsOf({ result }: TaskOutcome): readonly JsonObject[] {
  const { results } = result;
  return Array.isArray(results) ? results.filter(isObject) : [result];
}

/** Also those that a dry run knows by their names only. */
function namesSetBy(task: Task, outcome: TaskOutcome): ReadonlySet<string> {
  const facts = resultsOf(outcome).map((one) => one["ansible_facts"]);
  const unknown = outcome.incomplete === true ? [...task.args.keys()].map(String) : [];
  return new Set([...unknown, ...facts.flatMap((one) => (isObject(one) ? Object.keys(one) : []))]);
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function matches(name: string, wanted: string): boolean {
  if (!/[*?]/.test(wanted)) return name === wanted;
  const pattern = wanted
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${pattern}$`).test(name);
}

function belongsTo(node: Node, role: string): boolean {
  return roleOf(node)?.path === role;
}

async function guarded(work: () => Promise<TaskOutcome>): Promise<TaskOutcome> {
  try {
    return await work();
  } catch (error) {
    const base = { loop: false, delegatedTo: undefined, noLog: false };
    if (error instanceof ConnectionError) {
      if (error.code === "aborted") throw new HostEnded();
      if (error.code === "timeout") return { ...failed(error.message, { timedout: true }), ...base };
      return { ...unreachable(error), ...base };
    }
    if (error instanceof DiagnosticError) return failedBy(error);
    throw error;
  }
}

function failedBy(error: DiagnosticError): TaskOutcome {
  return { ...failed(error.message, {}, error.diagnostics[0]), loop: false, delegatedTo: undefined, noLog: false };
}
