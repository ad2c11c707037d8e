import { DiagnosticError } from "../diagnostic.ts";
import { loadIncludedRole, loadIncludedTasks, rolesIn } from "../playbook/includes.ts";
import type { Include, Node, Role } from "../playbook/model.ts";
import { whenChain } from "../playbook/scope.ts";
import type { Value } from "../vars/value.ts";
import type { PlayContext, RunContext } from "./context.ts";
import { type Evaluator, NotYetKnown } from "./evaluator.ts";
import type { HostState } from "./host-state.ts";
import { itemNames, loopItems } from "./loops.ts";
import { failed, type ModuleOutcome, skipped, undetermined } from "./outcome.ts";

export type IncludeRun = {
  readonly run: RunContext;
  readonly play: PlayContext;
  readonly host: HostState;
  readonly include: Include;
  readonly evaluator: Evaluator;
};

/** What an include brings: for a loop, once for each item. */
export type IncludedPart = { readonly file: string; readonly nodes: readonly Node[]; readonly names: ReadonlyMap<string, Value> };

/** Loads the files or roles of a dynamic include, or says why it is skipped or fails. */
export function expandInclude(at: IncludeRun): IncludedPart[] | ModuleOutcome {
  try {
    const { include, evaluator } = at;
    const { loop } = include;
    if (loop === undefined) return parts(at, evaluator, new Map());
    const items = loopItems(loop, evaluator);
    const all: IncludedPart[] = [];
    for (const [index] of items.entries()) {
      const names = itemNames(loop, items, index, false);
      const found = parts(at, evaluator.with(names), names);
      if (Array.isArray(found)) all.push(...found);
      else if (found.status !== "skipped") return found;
    }
    return all;
  } catch (error) {
    if (error instanceof NotYetKnown) return undetermined(`depends on ${error.variable}, which is known only after an apply`);
    if (!(error instanceof DiagnosticError)) throw error;
    return failed(error.message, {}, error.diagnostics[0]);
  }
}

function parts(at: IncludeRun, evaluator: Evaluator, names: ReadonlyMap<string, Value>): IncludedPart[] | ModuleOutcome {
  const { include, run, play } = at;
  const no = evaluator.firstFalse(whenChain(include));
  if (no !== undefined) return skipped(`"${String(no.source)}" is false`);
  const arg = (...keys: readonly string[]): string | undefined => {
    for (const key of keys) if (include.args.has(key)) return evaluator.text(include.args.get(key));
    return undefined;
  };
  const wanted = arg(...(include.what === "tasks" ? ["file", "_raw_params", "free_form"] : ["name", "role"])) ?? "";
  const key =
    include.loop === undefined && isStatic(include) ? String(include.id) : `${include.id}:${wanted}:${arg("tasks_from") ?? ""}`;
  const known = play.included.get(key);
  if (known !== undefined) return [{ file: wanted, nodes: known, names }];
  if (include.what === "tasks") {
    const nodes = loadIncludedTasks(include, wanted, run.options.loader);
    play.included.set(key, nodes);
    for (const role of rolesIn(nodes)) play.handlers.add(role.handlers);
    return [{ file: wanted, nodes, names }];
  }
  const { role, nodes } = loadIncludedRole(include, wanted, run.options.loader, {
    tasksFrom: arg("tasks_from"),
    varsFrom: arg("vars_from"),
    defaultsFrom: arg("defaults_from"),
    handlersFrom: arg("handlers_from"),
  });
  play.included.set(key, nodes);
  announce(at, role, evaluator);
  return [{ file: wanted, nodes, names }];
}

/** A role that is included brings its handlers, and with `public` its variables too. */
function announce(at: IncludeRun, role: Role, evaluator: Evaluator): void {
  at.play.handlers.add(role.handlers);
  if (evaluator.bool(at.include.args.get("public")) === true) at.run.store.exportRole(at.play.play, role);
}

function isStatic(include: Include): boolean {
  const file = include.args.get(include.what === "tasks" ? "file" : "name");
  return typeof file === "string";
}
