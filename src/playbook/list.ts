import { TemplateString } from "../vars/value.ts";
import type { Include, Node, Play, Task } from "./model.ts";
import { roleOf } from "./scope.ts";
import { isSelected, tagsOfNode } from "./tags.ts";

/** One task of a play as `--list-tasks` shows it. Names are as written: a template in one is not rendered. */
export type ListedTask = {
  readonly node: Task | Include;
  /** `role : name`. */
  readonly title: string;
  readonly tags: readonly string[];
};

/** The tasks of a play in the order in which they run, without handlers. What dynamic includes bring is not known yet. */
export function listTasks(play: Play, only: readonly string[] = [], skip: readonly string[] = []): readonly ListedTask[] {
  return [...play.preTasks, ...play.roleTasks, ...play.tasks, ...play.postTasks]
    .flatMap(flatten)
    .map((node) => ({ node, title: titleOf(node), tags: tagsOfNode(node) }))
    .filter(({ tags }) => isSelected(tags, only, skip));
}

/** Every tag that a task of the play has, sorted: `--list-tags`. */
export function listTags(play: Play, only: readonly string[] = [], skip: readonly string[] = []): readonly string[] {
  return [...new Set(listTasks(play, only, skip).flatMap(({ tags }) => tags))].sort();
}

/** The tasks and includes below a node, those of rescue and always too. */
export function flatten(node: Node): readonly (Task | Include)[] {
  return node.kind === "block" ? [...node.block, ...node.rescue, ...node.always].flatMap(flatten) : [node];
}

/** How a task is called: its name, or its module's, with its role in front. */
export function titleOf(node: Task | Include): string {
  const { name, moduleName } = node;
  const own = name === undefined || name === null ? moduleName : name instanceof TemplateString ? name.source : String(name);
  const role = roleOf(node)?.name;
  return role === undefined ? own : `${role} : ${own}`;
}
