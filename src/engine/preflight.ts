import { type Diagnostic, DiagnosticError } from "../diagnostic.ts";
import { ModuleFailure } from "../modules/contract.ts";
import type { Include, Node, Play, Scope, Task } from "../playbook/model.ts";
import { keywordOf, roleOf, scopes, whenChain } from "../playbook/scope.ts";
import { isSelected, tagsOfNode } from "../playbook/tags.ts";
import { Undefined, type Value } from "../vars/value.ts";
import type { PlayContext, RunContext } from "./context.ts";
import { type Evaluator, NotYetKnown } from "./evaluator.ts";
import { definedValue } from "./execute.ts";
import { itemNames, loopItems } from "./loops.ts";
import { taskParameters } from "./parameters.ts";
import { playContext } from "./play.ts";
import { loadPlayFiles } from "./play-files.ts";
import { foreseeRoleProblems, roleDeprecations } from "./role-arguments.ts";
import { patternOf } from "./run.ts";

/**
 * Everything about variables that can be refused before a host is touched: wrong role variables, and each `assert` or `fail` that
 * depends on nothing but the inventory and the playbook. What depends on facts or on results is left for its turn.
 * Throws one DiagnosticError with all of it.
 */
export function preflight(run: RunContext, plays: readonly Play[]): void {
  const found = new Map<string, Diagnostic & { readonly hosts: Set<string> }>();
  const chosen = new Map<Node, boolean>();
  for (const play of plays) {
    const hosts = run.options.inventory.select(patternOf(run, play), run.options.limit).map((one) => run.host(one.name));
    const context = playContext(
      run,
      play,
      hosts,
      hosts.map((one) => one.name),
      true,
    );
    loadPlayFiles(run, context);
    for (const host of hosts) {
      for (const problem of problemsOf(run, context, host.name, chosen)) {
        const key = `${problem.message}\n${problem.position?.file}:${problem.position?.line}`;
        const known = found.get(key);
        if (known === undefined) found.set(key, { ...problem, hosts: new Set([host.name]) });
        else known.hosts.add(host.name);
      }
    }
  }
  const all = [...found.values()].map(withHosts);
  for (const one of all) if (one.severity === "warning") run.options.loader.warn(one);
  const errors = all.filter((one) => one.severity === "error");
  if (errors.length > 0) throw new DiagnosticError(errors);
}

/** A host that several plays have is named once. */
function withHosts({ hosts: found, ...problem }: Diagnostic & { readonly hosts: ReadonlySet<string> }): Diagnostic {
  const hosts = [...found];
  const more = hosts.length > 5 ? ` and ${hosts.length - 5} more` : "";
  return {
    ...problem,
    context: [...(problem.context ?? []), `${hosts.length === 1 ? "host" : "hosts"} ${hosts.slice(0, 5).join(", ")}${more}`],
  };
}

type Walk = {
  readonly run: RunContext;
  readonly context: PlayContext;
  readonly host: string;
  /** What tasks before will have set: known values, or "not yet known". */
  readonly pending: Map<string, Value>;
  readonly validated: Set<string>;
  /** Whether roles may be run, by the scopes that say so. */
  readonly applies: Map<Scope, boolean>;
  /** Which tasks --tags leave in; shared by all hosts. */
  readonly chosen: Map<Node, boolean>;
  readonly found: Diagnostic[];
};

function problemsOf(run: RunContext, context: PlayContext, host: string, chosen: Walk["chosen"]): readonly Diagnostic[] {
  const { play } = context;
  const walk: Walk = { run, context, host, pending: new Map(), validated: new Set(), applies: new Map(), chosen, found: [] };
  for (const nodes of [play.preTasks, play.roleTasks, play.tasks, play.postTasks]) {
    if (!nodes.every((node) => visit(node, walk))) break;
  }
  return walk.found;
}

/** False: what follows cannot be foreseen from here. There may be thousands of hosts: what cannot be refused is not evaluated. */
function visit(node: Node, walk: Walk): boolean {
  // A failure inside is expected and taken care of.
  if (node.kind === "block") return node.rescue.length > 0 || node.block.every((inner) => visit(inner, walk));
  if (!isChosen(node, walk) || !mayRoleApply(node, walk)) return true;
  if (node.kind === "include") return node.what === "tasks" || willNotRun(node, walk);
  checkRole(node, walk);
  const { module } = node;
  if (module.kind === "control" && (module.name === "assert" || module.name === "fail")) {
    checkTask(node, evaluatorOf(node, walk), walk);
  }
  if (module.kind === "engine" && !goesOn(node, walk)) return false;
  if (node.register !== undefined) walk.pending.set(node.register, new Undefined(node.register, "not-yet-known"));
  return true;
}

/** Whether the role that a node stands in, if it does, may be run: false when a condition of its entry is known not to hold. */
function mayRoleApply(node: Task | Include, walk: Walk): boolean {
  const entry = entryOf(node);
  if (entry === undefined) return true;
  const known = walk.applies.get(entry);
  if (known !== undefined) return known;
  const evaluator = evaluatorOf(node, walk);
  const may = foresee(() => evaluator.firstFalse(whenChain(entry))) === undefined;
  walk.applies.set(entry, may);
  return may;
}

/** The scope that says that a role is run: of `roles:`, a dependency, an import. */
function entryOf(node: Node): Scope | undefined {
  for (const scope of scopes(node)) if (scope.kind === "role") return scope;
  return undefined;
}

/** Whether --tags and --skip-tags leave a task in, which is the same on all hosts. */
function isChosen(node: Task | Include, { run, chosen }: Walk): boolean {
  const known = chosen.get(node);
  if (known !== undefined) return known;
  const is = isSelected(tagsOfNode(node), run.options.tags, run.options.skipTags);
  chosen.set(node, is);
  return is;
}

/** What will not run stands in nobody's way. In a loop the condition may differ from item to item. */
function willNotRun(node: Task | Include, walk: Walk): boolean {
  const evaluator = evaluatorOf(node, walk);
  return node.loop === undefined && foresee(() => evaluator.firstFalse(whenChain(node))) !== undefined;
}

/** Whether what comes after a task of the engine's own can still be foreseen. */
function goesOn(task: Task, walk: Walk): boolean {
  const { name } = task.module;
  if (name === "set_fact") setFacts(task, evaluatorOf(task, walk), walk);
  const isHarmless =
    ["meta", "pause", "set_fact", "validate_argument_spec"].includes(name) && !(name === "meta" && endsEarly(task));
  return isHarmless || willNotRun(task, walk);
}

function endsEarly(task: Task): boolean {
  const action = task.args.get("free_form") ?? task.args.get("_raw_params");
  return typeof action === "string" && action.startsWith("end_");
}

/** Facts are not known before a host was asked: a name of their kind that nobody defined is "not yet known", as is all of `ansible_facts`. */
function evaluatorOf(task: Task | Include, walk: Walk): Evaluator {
  const evaluator = walk.run.evaluator(walk.context, walk.host, task).with(walk.pending);
  const { names } = evaluator.context;
  const notYetKnown = (name: string) => (name.startsWith("ansible_") ? new Undefined(name, "not-yet-known") : undefined);
  return evaluator.over({
    names: () => names.names(),
    lookup: (name) => (name === "ansible_facts" ? notYetKnown(name) : (names.lookup(name) ?? notYetKnown(name))),
  });
}

function checkRole(task: Task, walk: Walk): void {
  const role = roleOf(task);
  if (role?.argumentSpec === undefined || walk.validated.has(role.path)) return;
  walk.validated.add(role.path);
  const { argumentSpec } = role;
  const evaluator = evaluatorOf(task, walk);
  const applies = foresee(() => evaluator.firstFalse(whenChain(entryOf(task) ?? task)) === undefined);
  if (applies !== true) return;
  const { redactor } = walk.run.options;
  const writtenAt = (name: string | undefined) =>
    (name === undefined ? undefined : walk.run.definedAt(walk.context, walk.host, task, name)) ?? task.position;
  for (const { message, name, rule } of foreseeRoleProblems(argumentSpec, evaluator, redactor)) {
    walk.found.push({
      severity: "error",
      code: "role-variable",
      message: `role ${role.name}: ${message}`,
      position: writtenAt(name),
      ...(rule === undefined ? {} : { context: [`the rule is at ${rule.file}:${rule.line}:${rule.column}`] }),
      help: `k3sprov doc role ${role.name}`,
    });
  }
  for (const { message, name } of roleDeprecations(argumentSpec, evaluator)) {
    walk.found.push({
      severity: "warning",
      code: "role-variable",
      message: `role ${role.name}: ${message}`,
      position: writtenAt(name),
    });
  }
}

function checkTask(task: Task, evaluator: Evaluator, walk: Walk): void {
  const { module } = task;
  if (module.kind !== "control") return;
  if (foresee(() => evaluator.bool(keywordOf(task, "ignoreErrors"))) === true) return;
  if (task.failedWhen !== undefined || task.until !== undefined) return;
  const passes = passesOf(task, evaluator);
  for (const pass of passes) {
    const result = foresee(() => {
      if (pass.firstFalse(whenChain(task)) !== undefined) return undefined;
      // Most hold, and what would be said otherwise is longer than what is asked.
      if (module.name === "assert" && holds(task, pass)) return undefined;
      const params = taskParameters(task, pass, walk.run.options.redactor);
      return module.run(params, {
        condition: (expression) => pass.condition(expression),
        evaluate: (expression) => definedValue(expression, pass),
        verbosity: 0,
        checkMode: walk.run.options.checkMode,
      });
    });
    if (result?.["failed"] !== true) continue;
    walk.found.push({
      severity: "error",
      code: "assertion",
      message: walk.run.options.redactor.redact(String(result["msg"] ?? "assertion failed")),
      position: task.position,
    });
  }
}

/** Whether all conditions of an `assert` do. */
function holds(task: Task, pass: Evaluator): boolean {
  const that = task.args.get("that");
  return [that].flat().every((one) => (typeof one === "string" || typeof one === "boolean") && pass.condition(String(one)));
}

function passesOf(task: Task, evaluator: Evaluator): readonly Evaluator[] {
  const { loop } = task;
  if (loop === undefined) return [evaluator];
  const items = foresee(() => loopItems(loop, evaluator)) ?? [];
  return items.map((_, index) => evaluator.with(itemNames(loop, items, index, false)));
}

function setFacts(task: Task, evaluator: Evaluator, walk: Walk): void {
  const isCertain = task.loop === undefined && foresee(() => evaluator.firstFalse(whenChain(task)) === undefined) === true;
  for (const [name, value] of task.args) {
    const key = foresee(() => evaluator.nameOf(name));
    if (key === undefined) continue;
    const known = isCertain ? foresee(() => evaluator.render(value)) : undefined;
    walk.pending.set(key, known ?? new Undefined(key, "not-yet-known"));
  }
}

/** The value, or undefined when it depends on what is not known yet; what is wrong in itself is told when the task runs. */
function foresee<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof NotYetKnown || error instanceof DiagnosticError || error instanceof ModuleFailure) return undefined;
    throw error;
  }
}
