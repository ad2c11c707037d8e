import { statSync } from "node:fs";
import { DiagnosticError } from "../diagnostic.ts";
import { type IncludedFrom, loadIncludedRole, loadIncludedTasks, rolesIn } from "../playbook/includes.ts";
import type { Include, Node } from "../playbook/model.ts";
import { whenChain } from "../playbook/scope.ts";
import type { Value } from "../vars/value.ts";
import type { Included, PlayContext, RunContext } from "./context.ts";
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
    const found = allParts(at);
    if (Array.isArray(found)) for (const { included } of found) announce(at, included);
    return Array.isArray(found) ? found.map((one) => one.part) : found;
  } catch (error) {
    if (error instanceof NotYetKnown) return undetermined(`depends on ${error.variable}, which is known only after an apply`);
    if (!(error instanceof DiagnosticError)) throw error;
    return failed(error.message, {}, error.diagnostics[0]);
  }
}

/** The same, ahead of its turn: nothing is announced. Throws what cannot be known yet or is wrong. */
export function foreseeInclude(at: IncludeRun): readonly IncludedPart[] {
  const found = allParts(at);
  return Array.isArray(found) ? found.map((one) => one.part) : [];
}

type Found = { readonly part: IncludedPart; readonly included: Included };

function allParts(at: IncludeRun): Found[] | ModuleOutcome {
  const { include, evaluator } = at;
  const { loop } = include;
  if (loop === undefined) return partOf(at, evaluator, new Map());
  const items = loopItems(loop, evaluator);
  const all: Found[] = [];
  for (const [index] of items.entries()) {
    const names = itemNames(loop, items, index, false);
    const found = partOf(at, evaluator.with(names), names);
    if (Array.isArray(found)) all.push(...found);
    else if (found.status !== "skipped") return found;
  }
  return all;
}

function partOf(at: IncludeRun, evaluator: Evaluator, names: ReadonlyMap<string, Value>): Found[] | ModuleOutcome {
  const { include, play } = at;
  const no = evaluator.firstFalse(whenChain(include));
  if (no !== undefined) return skipped(`"${String(no.source)}" is false`);
  const arg = (...keys: readonly string[]): string | undefined => {
    for (const key of keys) if (include.args.has(key)) return evaluator.text(include.args.get(key));
    return undefined;
  };
  const wanted = arg(...(include.what === "tasks" ? ["file", "_raw_params", "free_form"] : ["name", "role"])) ?? "";
  const from = {
    tasksFrom: arg("tasks_from"),
    varsFrom: arg("vars_from"),
    defaultsFrom: arg("defaults_from"),
    handlersFrom: arg("handlers_from"),
  };
  const key = JSON.stringify([include.id, wanted, ...Object.values(from)]);
  const known = play.included.get(key);
  // What was loaded ahead of its turn may have been written anew by a task in between.
  const included = known !== undefined && known.stamp === stampOf(known.nodes) ? known : load(at, wanted, from);
  play.included.set(key, included);
  return [{ part: { file: wanted, nodes: included.nodes, names }, included }];
}

function load({ include, run }: IncludeRun, wanted: string, from: IncludedFrom): Included {
  if (include.what === "tasks") {
    const nodes = loadIncludedTasks(include, wanted, run.options.loader);
    return { nodes, roles: rolesIn(nodes), stamp: stampOf(nodes) };
  }
  const { role, nodes } = loadIncludedRole(include, wanted, run.options.loader, from);
  return { nodes, roles: [role], stamp: stampOf(nodes) };
}

/** Tells the files that nodes were read from by their time and size. */
function stampOf(nodes: readonly Node[]): string {
  const files = new Set<string>();
  const visit = (node: Node): void => {
    files.add(node.position.file);
    if (node.kind === "block") for (const inner of [...node.block, ...node.rescue, ...node.always]) visit(inner);
  };
  for (const node of nodes) visit(node);
  return [...files]
    .map((file) => {
      const found = statSync(file, { throwIfNoEntry: false });
      return `${file} ${found?.mtimeMs} ${found?.size}`;
    })
    .join("\n");
}

/** A role that is included brings its handlers, and with `public` its variables too. */
function announce({ include, play, run, evaluator }: IncludeRun, { roles }: Included): void {
  for (const role of roles) play.handlers.add(role.handlers);
  if (include.what === "tasks" || evaluator.bool(include.args.get("public")) !== true) return;
  for (const role of roles) run.store.exportRole(play.play, role);
}
