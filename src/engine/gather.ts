import { findModule } from "../modules/registry.ts";
import type { Task } from "../playbook/model.ts";
import type { Key, Value } from "../vars/value.ts";
import type { PlayContext, RunContext } from "./context.ts";

const tasks = new WeakMap<object, Task>();

/** The task "Gathering Facts" that a play starts with, unless it says `gather_facts: false`. */
export function gatherTask(run: RunContext, context: PlayContext): Task | undefined {
  const { play } = context;
  const first = context.hosts[0];
  if (first === undefined) return undefined;
  const evaluator = run.evaluator(context, first.name, play);
  if (evaluator.bool(play.gatherFacts) === false) return undefined;
  const before = tasks.get(play);
  if (before !== undefined) return before;
  const module = findModule("setup");
  if (module === undefined) throw new Error("the registry has no module setup");
  const args = new Map<Key, Value>();
  if (play.gatherSubset !== undefined) args.set("gather_subset", play.gatherSubset);
  if (play.gatherTimeout !== undefined) args.set("gather_timeout", play.gatherTimeout);
  const task: Task = {
    kind: "task",
    parent: play,
    keywords: {},
    vars: undefined,
    when: [],
    // Ansible gathers whatever --tags says, unless it is skipped by name.
    tags: ["always"],
    role: undefined,
    id: 0,
    name: "Gathering Facts",
    module,
    moduleName: "ansible.builtin.setup",
    args,
    templatedArgs: undefined,
    loop: undefined,
    until: undefined,
    register: undefined,
    notify: undefined,
    changedWhen: undefined,
    failedWhen: undefined,
    listen: [],
    isHandler: false,
    position: play.position,
    folder: "",
  };
  tasks.set(play, task);
  return task;
}
