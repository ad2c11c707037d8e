import type { Inventory } from "../inventory/model.ts";
import type { Include, Node, Play, Playbook, Task } from "../playbook/model.ts";
import { roleOf } from "../playbook/scope.ts";
import { isSelected, tagsOfNode } from "../playbook/tags.ts";
import type { Write } from "../report/report.ts";
import { exitCodes } from "./exit-codes.ts";
import type { Settings } from "./options.ts";
import { shownText, shownTexts } from "./shown-value.ts";

type Wishes = Pick<Settings, "list-hosts" | "list-tasks" | "list-tags" | "syntax-check" | "tags" | "skip-tags" | "limit">;

/** `--list-hosts`, `--list-tasks`, `--list-tags` and `--syntax-check`, in Ansible's shapes. Undefined when none is asked for. */
export function listPlaybooks(
  playbooks: readonly Playbook[],
  inventory: Inventory,
  wishes: Wishes,
  write: Write,
): number | undefined {
  const wantsList = wishes["list-hosts"] || wishes["list-tasks"] || wishes["list-tags"];
  if (!wantsList && !wishes["syntax-check"]) return undefined;
  for (const playbook of playbooks) {
    write(`\nplaybook: ${playbook.file}\n`);
    if (!wantsList) continue;
    for (const [index, play] of playbook.plays.entries())
      write(`\n${playLines(play, index + 1, inventory, wishes).join("\n")}\n`);
  }
  return exitCodes.ok.code;
}

function playLines(play: Play, number: number, inventory: Inventory, wishes: Wishes): readonly string[] {
  const pattern = shownTexts(play.hosts).join(",");
  const lines = [`  play #${number} (${pattern}): ${shownText(play.name) ?? pattern}\tTAGS: [${play.tags.join(", ")}]`];
  if (wishes["list-hosts"]) {
    const hosts = inventory.select(pattern, wishes.limit);
    lines.push(
      `    pattern: [${shownTexts(play.hosts)
        .map((one) => `'${one}'`)
        .join(", ")}]`,
      `    hosts (${hosts.length}):`,
    );
    for (const host of hosts) lines.push(`      ${host.name}`);
  }
  const tasks = selectedTasks(play, wishes);
  if (wishes["list-tasks"]) {
    lines.push("    tasks:");
    for (const task of tasks) lines.push(`      ${taskTitle(task)}\tTAGS: [${sortedTags(task).join(", ")}]`);
  }
  if (wishes["list-tags"]) {
    const all = new Set(tasks.flatMap(sortedTags));
    lines.push(`      TASK TAGS: [${[...all].sort().join(", ")}]`);
  }
  return lines;
}

/** Tasks and dynamic includes of a play in the order in which they run, without handlers, as far as tags select them. */
export function selectedTasks(
  play: Play,
  { tags, "skip-tags": skip }: Pick<Wishes, "tags" | "skip-tags">,
): readonly (Task | Include)[] {
  const nodes = [...play.preTasks, ...play.roleTasks, ...play.tasks, ...play.postTasks];
  return nodes.flatMap(leaves).filter((task) => isSelected(tagsOfNode(task), tags, skip));
}

function leaves(node: Node): readonly (Task | Include)[] {
  if (node.kind === "block") return [...node.block, ...node.rescue, ...node.always].flatMap(leaves);
  // The check of a role's variables, which loading puts in front of it, is no task that anybody wrote.
  if (node.kind === "task" && node.module.name === "validate_argument_spec" && node.name === undefined) return [];
  return [node];
}

function sortedTags(task: Task | Include): readonly string[] {
  return [...new Set(tagsOfNode(task))].sort();
}

function taskTitle(task: Task | Include): string {
  const role = roleOf(task)?.name;
  const title = shownText(task.name) ?? task.moduleName;
  return role === undefined ? title : `${role} : ${title}`;
}
