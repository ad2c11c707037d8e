import { type Diagnostic, DiagnosticError } from "../diagnostic.ts";
import type { Module } from "../modules/contract.ts";
import { parseParameters, realName } from "../modules/parameters.ts";
import type { Task } from "../playbook/model.ts";
import { keywordOf } from "../playbook/scope.ts";
import { keyPosition, positionAt } from "../vars/provenance.ts";
import type { Redactor } from "../vars/taint.ts";
import { isMap, Omit, type Value } from "../vars/value.ts";
import type { Evaluator } from "./evaluator.ts";

/** Renders and checks the parameters of a task. Throws DiagnosticError with the position of each problem. */
export function taskParameters(task: Task, evaluator: Evaluator, redactor: Redactor): unknown {
  const { module } = task;
  const raw = new Map<string, unknown>();
  const add = (name: string, value: Value): void => {
    if (module.kind === "control" && module.expressions?.includes(name)) {
      raw.set(name, expressionText(value, evaluator));
      return;
    }
    const rendered = evaluator.render(value);
    if (rendered instanceof Omit) raw.delete(name);
    else raw.set(name, evaluator.plain(rendered));
  };
  for (const [name, value] of moduleDefaults(task, evaluator)) add(name, value);
  if (task.templatedArgs !== undefined) {
    const more = evaluator.render(task.templatedArgs);
    if (isMap(more)) for (const [name, value] of more) add(String(name), value);
  }
  for (const [name, value] of task.args) add(String(name), value);
  maskSecrets(module, raw, redactor);
  const { value, problems } = parseParameters(module.parameters, task.moduleName, Object.fromEntries(raw));
  if (problems.length > 0) {
    throw new DiagnosticError(
      problems.map(({ path, message }): Diagnostic => {
        const position =
          path.length === 0 ? task.position : (positionAt(task.args, path) ?? keyPosition(task.args, path[0] ?? ""));
        return {
          severity: "error",
          code: "parameter",
          message,
          position: position ?? task.position,
          help: `k3sprov doc ${module.name}`,
        };
      }),
    );
  }
  return value;
}

function moduleDefaults(task: Task, evaluator: Evaluator): [string, Value][] {
  const declared = keywordOf(task, "moduleDefaults");
  if (declared === undefined) return [];
  const rendered = evaluator.render(declared);
  const layers = Array.isArray(rendered) ? rendered : [rendered];
  const names = [task.module.name, `ansible.builtin.${task.module.name}`, task.moduleName];
  const found = new Map<string, Value>();
  for (const layer of layers) {
    if (!isMap(layer)) continue;
    for (const name of names) {
      const defaults = layer.get(name);
      if (isMap(defaults)) for (const [key, value] of defaults) found.set(String(key), value);
    }
  }
  // A parameter that the task writes under another of its names must not collide with its default.
  const written = new Set([...task.args.keys()].map((name) => realName(task.module.parameters, String(name))));
  return [...found].filter(([name]) => !written.has(realName(task.module.parameters, name)));
}

function maskSecrets(module: Module, raw: ReadonlyMap<string, unknown>, redactor: Redactor): void {
  for (const [name, value] of raw) {
    const real = realName(module.parameters, name);
    const parameter = real === undefined ? undefined : module.parameters.parameters[real];
    if (parameter?.secret === true && typeof value === "string") redactor.add(value);
  }
}

/** An expression as it was written; `{{ x }}` around it is tolerated, as in Ansible. */
function expressionText(value: Value, evaluator: Evaluator): unknown {
  if (Array.isArray(value)) return value.map((one: Value) => expressionText(one, evaluator));
  if (typeof value === "object" && value !== null && "source" in value) {
    const bare = /^\s*\{\{(.*)\}\}\s*$/s.exec(value.source);
    return bare?.[1]?.includes("{{") === false ? bare[1].trim() : value.source;
  }
  return evaluator.plain(value);
}
