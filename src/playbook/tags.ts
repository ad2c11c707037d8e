import type { Node } from "./model.ts";
import { tagsOf } from "./scope.ts";

/**
 * Whether `--tags` and `--skip-tags` select a task with these tags. As in Ansible: `always` runs unless it is skipped by name,
 * `never` runs only when one of the task's tags is asked for, and `all`, `tagged`, `untagged` mean what they say.
 */
export function isSelected(tags: readonly string[], only: readonly string[], skip: readonly string[]): boolean {
  const own = new Set(tags.length === 0 ? ["untagged"] : tags);
  const isTagged = !own.has("untagged") || own.size > 1;
  return isWanted(own, isTagged, new Set(only.length === 0 ? ["all"] : only)) && !isSkipped(own, isTagged, new Set(skip));
}

function isWanted(own: ReadonlySet<string>, isTagged: boolean, only: ReadonlySet<string>): boolean {
  if (own.has("always")) return true;
  if (only.has("all") && !own.has("never")) return true;
  if (haveCommon(own, only)) return true;
  return only.has("tagged") && isTagged && !own.has("never");
}

function isSkipped(own: ReadonlySet<string>, isTagged: boolean, skip: ReadonlySet<string>): boolean {
  if (skip.has("all")) return !own.has("always") || skip.has("always");
  return haveCommon(own, skip) || (skip.has("tagged") && isTagged);
}

function haveCommon(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return [...one].some((tag) => other.has(tag));
}

/** The tags by which a task or an include is selected: its own and those of all scopes around it. */
export function tagsOfNode(node: Node): readonly string[] {
  return tagsOf(node);
}
