import { describe, expect, it } from "vitest";
import { TemplateString } from "../vars/value.ts";
import { fixture, playWith } from "./fixture.ts";
import { flatten, titleOf } from "./list.ts";
import type { Node, Play, Task } from "./model.ts";
import { keywordOf, roleOf, tagsOf, varsChain, whenChain } from "./scope.ts";

const tasksOf = (nodes: readonly Node[]): readonly Task[] => nodes.flatMap(flatten).filter((one) => one.kind === "task");

function firstTask(play: Play | undefined): Task {
  const [task] = tasksOf([...(play?.roleTasks ?? []), ...(play?.tasks ?? [])]);
  if (task === undefined) throw new Error("no task");
  return task;
}

const titles = (nodes: readonly Node[]) => tasksOf(nodes).map(titleOf);

describe("what a task inherits", () => {
  it("goes through block, import, role and play", () => {
    const { load } = fixture({
      "site.yml": `- hosts: all
  become: true
  tags: play
  vars: {a: 1}
  roles:
    - {role: web, when: in_role, tags: role, web_port: 80}
`,
      "roles/web/tasks/main.yml": "- import_tasks: inner.yml\n  when: in_import\n  tags: [import, role]\n  vars: {b: 2}\n",
      "roles/web/tasks/inner.yml": `- block:
    - debug:
      when: [in_task, true]
      become: false
      no_log: "{{ quiet }}"
  when: in_block
  become_user: bob
  tags: "x, y"
`,
    });
    const task = firstTask(load().plays[0]);
    expect(whenChain(task).map((one) => one.source)).toEqual(["in_role", "in_import", "in_block", "in_task", true]);
    expect(tagsOf(task)).toEqual(["play", "role", "import", "x", "y"]);
    expect(keywordOf(task, "become")).toBe(false);
    expect(keywordOf(task, "becomeUser")).toBe("bob");
    expect(keywordOf(task, "noLog")).toBeInstanceOf(TemplateString);
    expect(keywordOf(task, "diff")).toBeUndefined();
    expect(varsChain(task).map((vars) => [...vars])).toEqual([[["a", 1]], [["web_port", 80]], [["b", 2]]]);
    expect(roleOf(task)?.name).toBe("web");
  });

  it("adds module_defaults up", () => {
    const { load } = fixture({
      "site.yml": playWith(
        "- file: {path: /x}\n  module_defaults: {file: {mode: '0600'}}\n",
        "module_defaults: {file: {owner: root}}\n",
      ),
    });
    expect(keywordOf(firstTask(load().plays[0]), "moduleDefaults")).toEqual([
      new Map([["file", new Map([["owner", "root"]])]]),
      new Map([["file", new Map([["mode", "0600"]])]]),
    ]);
  });

  it("has the notify of the blocks around", () => {
    const { load } = fixture({
      "site.yml": `${playWith("- block:\n    - command: ls\n      notify: a\n  notify: [b]\n")}  handlers:\n    - {name: a, command: ls}\n    - {name: c, command: ls, listen: b}\n`,
    });
    expect(firstTask(load().plays[0]).notify).toEqual(["a", "b"]);
  });
});

describe("a task", () => {
  it.each<[string, Record<string, unknown>, string]>([
    ["command: ls -l chdir=/tmp creates=/x", { chdir: "/tmp", creates: "/x", cmd: "ls -l" }, "command"],
    ["ansible.builtin.command: {cmd: ls}", { cmd: "ls" }, "ansible.builtin.command"],
    ["action: copy content=a dest=/b", { content: "a", dest: "/b" }, "copy"],
    ["action: {module: copy, content: a, dest: /b}", { content: "a", dest: "/b" }, "copy"],
    ["command: ls\n  args: {chdir: /tmp, cmd: other}", { chdir: "/tmp", cmd: "ls" }, "command"],
    ["command:\n  args: {_raw_params: ls}", { cmd: "ls" }, "command"],
    ["meta: flush_handlers", { free_form: "flush_handlers" }, "meta"],
    ["set_fact: a=1 b='x y'", { a: "1", b: "x y" }, "set_fact"],
    ["shell: |\n    one\n    two creates=/x\n", { creates: "/x", cmd: "one\ntwo" }, "shell"],
  ])("%s", (text, args, moduleName) => {
    const task = firstTask(fixture({ "site.yml": playWith(`- ${text}\n`) }).load().plays[0]);
    expect(Object.fromEntries(task.args)).toEqual(args);
    expect(task.moduleName).toBe(moduleName);
  });

  it("knows where a template in free-form text stands", () => {
    const task = firstTask(fixture({ "site.yml": playWith("- copy: dest=/x content='{{ a }}'\n") }).load().plays[0]);
    const content = task.args.get("content");
    expect(content instanceof TemplateString && content.position).toMatchObject({ line: 3, column: 30, endColumn: 37 });
  });

  it("has its loop, its limits and its host", () => {
    const text = `- local_action: command ls
  with_dict: {a: 1}
  loop_control: {loop_var: x, index_var: i, label: "{{ x.key }}", pause: 1, extended: true}
  async: 60
  poll: 5
  retries: 2
  delay: 1
  register: out
`;
    const task = firstTask(fixture({ "site.yml": playWith(text) }).load().plays[0]);
    expect(task.keywords).toEqual({ delegateTo: "localhost", timeout: 60 });
    expect(task.loop).toMatchObject({ lookup: "dict", control: { loopVar: "x", indexVar: "i", pause: 1, extended: true } });
    expect(task.until).toEqual({ conditions: [], retries: 2, delay: 1 });
    expect(task.register).toBe("out");
    expect(task.position).toMatchObject({ line: 3, column: 7 });
  });
});

describe("a play", () => {
  it("keeps its keywords", () => {
    const { load, folder } = fixture({
      "site.yml": `- name: All
  hosts: [a, "!b"]
  strategy: ansible.builtin.free
  serial: [1, "50%"]
  order: sorted
  gather_facts: no
  gather_subset: [min]
  force_handlers: yes
  max_fail_percentage: 30
  vars_prompt:
    - {name: who, prompt: Who?, private: no, default: me}
  tasks: []
`,
    });
    const [play] = load().plays;
    expect(play).toMatchObject({
      name: "All",
      hosts: ["a", "!b"],
      strategy: "free",
      serial: [1, "50%"],
      order: "sorted",
      gatherFacts: false,
      gatherSubset: ["min"],
      forceHandlers: true,
      maxFailPercentage: 30,
      varsPrompt: [{ name: "who", prompt: "Who?", isPrivate: false, default: "me", confirm: false }],
      file: `${folder}/site.yml`,
    });
  });

  it("takes vars, tags and conditions from the import around it", () => {
    const { load } = fixture({
      "site.yml": "- import_playbook: sub/{{ which }}.yml\n  vars: {which: a, x: 1}\n  tags: t\n  when: w\n",
      "sub/a.yml": "- hosts: all\n  vars: {x: 2, y: 3}\n  tags: own\n  tasks: [{debug: }]\n",
    });
    const task = firstTask(load().plays[0]);
    expect(varsChain(task).map((vars) => Object.fromEntries(vars))).toEqual([{ which: "a", x: 1, y: 3 }]);
    expect(tagsOf(task)).toEqual(["t", "own"]);
    expect(whenChain(task).map((one) => one.source)).toEqual(["w"]);
  });

  it("uses extra variables in names", () => {
    const { load } = fixture(
      { "site.yml": playWith('- import_tasks: "{{ which }}.yml"\n', "vars: {which: a}\n"), "b.yml": "- debug:\n" },
      [new Map([["which", "c"]]), new Map([["which", "b"]])],
    );
    expect(titles(load().plays[0]?.tasks ?? [])).toEqual(["debug"]);
  });
});
