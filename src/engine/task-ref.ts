import { toBoolean } from "../modules/parameters.ts";
import type { Include, Task } from "../playbook/model.ts";
import { roleOf, tagsOf } from "../playbook/scope.ts";
import { TemplateString } from "../vars/value.ts";
import type { Evaluator } from "./evaluator.ts";
import type { TaskRef } from "./events.ts";

const known = new WeakMap<Task | Include, TaskRef>();

/** How a task is called in events; its name is rendered once, with the first host's variables, as in Ansible. */
export function taskRef(task: Task | Include, evaluator: Evaluator): TaskRef {
  const before = known.get(task);
  if (before !== undefined) return before;
  const role = roleOf(task)?.name;
  const module = task.kind === "task" ? task.module.name : task.moduleName;
  const title = taskName(task, evaluator) ?? (task.kind === "task" ? task.moduleName : module);
  const ref: TaskRef = {
    id: String(task.id),
    title: role === undefined ? title : `${role} : ${title}`,
    module,
    ...(role === undefined ? {} : { role }),
    file: task.position.file,
    line: task.position.line,
    handler: task.isHandler,
    ...(printsResult(task) ? { prints: true as const } : {}),
    tags: tagsOf(task),
  };
  known.set(task, ref);
  return ref;
}

function printsResult(task: Task | Include): boolean {
  if (task.kind !== "task") return false;
  return task.module.name === "debug" || (task.module.name === "assert" && toBoolean(task.args.get("quiet")) !== true);
}

/** The name as written, rendered where that is possible now. */
export function taskName(task: Task | Include, evaluator: Evaluator): string | undefined {
  if (task.name === undefined || task.name === null) return undefined;
  try {
    return evaluator.text(task.name);
  } catch {
    // A name that uses what is not defined yet is shown as it stands rather than failing its task.
    return task.name instanceof TemplateString ? task.name.source : String(task.name);
  }
}
