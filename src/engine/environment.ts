import type { Task } from "../playbook/model.ts";
import type { Evaluator } from "./evaluator.ts";

/** The environment that a task's scripts run with. */
export function environmentOf(task: Task, evaluator: Evaluator): Readonly<Record<string, string>> {
  const environment: Record<string, string> = {};
  const layers: Map<string, string>[] = [];
  // Ansible merges the environments of play, blocks and task; the nearest wins.
  for (let scope: Task["parent"] | Task = task; scope !== undefined; scope = scope.parent) {
    if (scope.keywords.environment === undefined) continue;
    const plain = evaluator.plain(scope.keywords.environment);
    const layer = new Map<string, string>();
    for (const part of Array.isArray(plain) ? plain : [plain]) {
      if (typeof part !== "object" || part === null) continue;
      for (const [name, value] of Object.entries(part)) if (value !== null) layer.set(name, String(value));
    }
    layers.unshift(layer);
  }
  for (const layer of layers) for (const [name, value] of layer) environment[name] = value;
  return environment;
}
