import { describe, expect, it } from "vitest";
import { DiagnosticError } from "../diagnostic.ts";
import { fixture, playWith } from "./fixture.ts";
import { loadIncludedRole, loadIncludedTasks, rolesIn } from "./includes.ts";
import { flatten, titleOf } from "./list.ts";
import type { Include, Play } from "./model.ts";
import { keywordOf, tagsOf, varsChain, whenChain } from "./scope.ts";

function includeIn(play: Play | undefined): Include {
  const include = [...(play?.roleTasks ?? []), ...(play?.tasks ?? [])].flatMap(flatten).find((one) => one.kind === "include");
  if (include === undefined) throw new Error("no include");
  return include;
}

describe("loadIncludedTasks", () => {
  it("gives the tasks what is around the include and what apply says, not the include's own keywords", () => {
    const { load, options } = fixture({
      "site.yml": playWith(
        `- block:
    - include_tasks: {file: "{{ x }}.yml", apply: {become: true, tags: applied, when: in_apply, vars: {c: 3}}}
      when: in_include
      tags: own
      vars: {b: 2}
  when: in_block
  tags: block
  vars: {a: 1}
`,
      ),
      "a.yml": "- debug:\n",
    });
    const include = includeIn(load().plays[0]);
    expect(tagsOf(include)).toEqual(["block", "own"]);
    const [task] = loadIncludedTasks(include, "a.yml", options).flatMap(flatten);
    if (task === undefined) throw new Error("no task");
    expect(tagsOf(task)).toEqual(["block", "applied"]);
    expect(whenChain(task).map((one) => one.source)).toEqual(["in_block", "in_apply"]);
    expect(keywordOf(task, "become")).toBe(true);
    expect(varsChain(task).map((vars) => Object.fromEntries(vars))).toEqual([{ a: 1 }, { b: 2 }, { c: 3 }]);
  });

  it("looks in the role and tells what is wrong in the file", () => {
    const { load, options, folder } = fixture({
      "site.yml": "- name: P\n  hosts: all\n  roles: [web]\n",
      "roles/web/tasks/main.yml": "- import_tasks: sub/one.yml\n",
      "roles/web/tasks/sub/one.yml": "- include_tasks: '{{ x }}'\n",
      "roles/web/tasks/two.yml": "- commnd: ls\n- command: ls\n  become: maybe\n",
    });
    const include = includeIn(load().plays[0]);
    let told: unknown;
    try {
      loadIncludedTasks(include, "two.yml", options);
    } catch (error) {
      told = error instanceof DiagnosticError ? error.diagnostics : error;
    }
    const position = { file: `${folder}/roles/web/tasks/two.yml`, line: 1, column: 3, endColumn: 9 };
    expect(told).toMatchObject([
      {
        code: "unknown-keyword",
        message: '"commnd" is not a keyword or module; did you mean "command"?',
        position,
        context: ['play "P"', "role web", "include_tasks", 'task "commnd"'],
      },
      { code: "keyword-type", message: '"become" must be true or false, but is "maybe"' },
    ]);
    expect(() => loadIncludedTasks(include, "gone.yml", options)).toThrow('there is no file "gone.yml" for include_tasks');
  });

  it("lets a file include itself, which a condition ends", () => {
    const { load, options } = fixture({
      "site.yml": playWith("- include_tasks: a.yml\n"),
      "a.yml": "- include_tasks: a.yml\n  when: more\n",
    });
    const include = includeIn(load().plays[0]);
    expect(loadIncludedTasks(include, "a.yml", options)).toHaveLength(1);
  });
});

describe("loadIncludedRole", () => {
  it("brings dependencies, handlers and variables", () => {
    const { load, options } = fixture({
      "site.yml": playWith(
        "- include_role: {name: '{{ x }}', apply: {become: true}}\n  vars: {port: 80}\n- command: ls\n  notify: anything\n",
      ),
      "roles/web/tasks/main.yml": "- {name: one, command: ls}\n",
      "roles/web/tasks/two.yml": "- {name: two, command: ls}\n",
      "roles/web/meta/main.yml": "dependencies: [base]\n",
      "roles/web/handlers/main.yml": "- {name: h, command: ls}\n",
      "roles/base/tasks/main.yml": "- {name: zero, command: ls}\n",
      "roles/base/handlers/main.yml": "- {name: b, command: ls}\n",
    });
    const include = includeIn(load().plays[0]);
    const { role, nodes } = loadIncludedRole(include, "web", options);
    expect(nodes.flatMap(flatten).map(titleOf)).toEqual(["base : zero", "web : one"]);
    expect(role.handlers.flatMap(flatten).map(titleOf)).toEqual(["base : b", "web : h"]);
    expect(rolesIn(nodes).map((one) => one.name)).toEqual(["web", "base"]);
    const [node] = nodes;
    expect(node === undefined ? undefined : keywordOf(node, "become")).toBe(true);
    const two = loadIncludedRole(include, "web", options, { tasksFrom: "two" });
    expect(two.nodes.flatMap(flatten).map(titleOf)).toEqual(["base : zero", "web : two"]);
    expect(() => loadIncludedRole(include, "wep", options)).toThrow('there is no role "wep"; did you mean "web"?');
  });

  it("lets tasks notify the handlers of a role that will be included", () => {
    const { told } = fixture({
      "site.yml": playWith("- include_role: {name: web}\n- command: ls\n  notify: [h, 'web : h', x 5]\n"),
      "roles/web/handlers/main.yml": "- {name: h, command: ls}\n- {name: 'x {{ y }}', command: ls}\n",
    });
    expect(told()).toBe("");
  });
});
