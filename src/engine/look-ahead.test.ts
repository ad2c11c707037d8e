import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sandboxPerTest } from "./run-here.test-support.ts";

const box = sandboxPerTest();

const play = (tasks: string): string => `- hosts: all\n  gather_facts: false\n  tasks:\n${tasks}`;
const write = (name: string, content = "1"): string => `copy: { dest: "{{ here }}/${name}", content: "${content}" }`;

/** Applies, and tells what it costs when nothing is left to do: one round trip for the traits, one for all questions at best. */
async function convergedCost(text: string, changes: Readonly<Record<string, readonly string[]>> = {}): Promise<number> {
  expect((await box.run(text)).outcome).toBe("ok");
  const again = await box.run(text);
  expect([again.outcome, again.changes]).toEqual(["ok", changes]);
  return again.roundTrips;
}

describe("what lies ahead is asked about in one round trip", () => {
  it("in included files and roles, with their loops and variables", async () => {
    box.write({
      "more.yml": `- ${write("{{ item }}-{{ extra }}")}\n- include_tasks: deeper.yml\n`,
      "deeper.yml": `- ${write("deeper-{{ item }}")}\n`,
      "roles/web/defaults/main.yml": "web_name: web\n",
      "roles/web/tasks/main.yml": `- ${write("{{ web_name }}")}\n`,
      "roles/other/tasks/second.yml": `- ${write("second")}\n`,
    });
    const text = play(`
    - ${write("first")}
    - include_tasks: more.yml
      loop: [a, b]
      vars: { extra: x }
    - include_tasks: "{{ 'no-such-file.yml' }}"
      when: false
    - include_role: { name: web }
    - include_role: { name: "{{ 'other' }}", tasks_from: second }
    - ${write("last")}
`);
    expect(await convergedCost(text)).toBe(2);
  });

  it("behind variables that are read on the control node", async () => {
    box.write({ "vars/a.yml": "name: from-file\nplace: one\n", "vars/all/1.yml": "other: from-folder\n" });
    const text = play(`
    - ${write("first")}
    - set_fact: { place: two }
      when: inventory_hostname == "one"
    - include_vars: a.yml
    - include_vars: { dir: all, name: nested }
    - ${write("{{ name }}-{{ place }}-{{ nested.other }}")}
    - include_vars: "{{ 'no-such.yml' }}"
      when: inventory_hostname == "two"
    - ${write("last")}
`);
    expect(await convergedCost(text)).toBe(2);
  });

  it("behind hosts and groups that are added on the way", async () => {
    const text = play(`
    - ${write("first")}
    - group_by: { key: some }
    - add_host: { name: new, groups: others }
    - ${write("last")}
`);
    expect(await convergedCost(text, {})).toBe(2);
  });

  it("where only a result will tell whether it is wanted, if that is cheap to tell", async () => {
    const unsure = (task: string): string =>
      play(`
    - { stat: { path: "{{ here }}/no-such" }, register: seen }
    - ${task}
      when: not seen.stat.exists
`);
    expect(await convergedCost(unsure('file: { path: "{{ here }}/made", state: directory }'))).toBe(2);
    // A digest may be one of a large file.
    expect(await convergedCost(unsure(write("copied")))).toBe(3);
  });

  it("behind a play-wide delegation to the control node that runs once", async () => {
    const text = play(`
    - ${write("first")}
    - stat: { path: "{{ here }}" }
      delegate_to: localhost
      run_once: true
    - ${write("last")}
`);
    expect(await convergedCost(text)).toBe(2);
  });
});

describe("what was loaded ahead of its turn", () => {
  it("is loaded again when a task has written it anew", async () => {
    box.write({ "made.yml": "- debug: { msg: old }\n  name: said\n" });
    const here = await box.run(
      play(`
    - stat: { path: "{{ here }}" }
    - copy: { dest: "${join(box.folder, "made.yml")}", content: "- {name: said, debug: {msg: anew}}\\n" }
    - include_tasks: made.yml
`),
    );
    expect(here.result("said")["msg"]).toBe("anew");
  });

  it("brings no handlers and no variables before its turn", async () => {
    box.write({
      "roles/web/defaults/main.yml": "web_name: web\n",
      "roles/web/tasks/main.yml": `- ${write("{{ web_name }}")}\n`,
    });
    const here = await box.run(
      play(`
    - stat: { path: "{{ here }}" }
    - { name: before, debug: { msg: "{{ web_name | default('none') }}" } }
    - include_role: { name: web, public: true }
    - { name: after, debug: { msg: "{{ web_name }}" } }
`),
    );
    expect([here.result("before")["msg"], here.result("after")["msg"]]).toEqual(["none", "web"]);
  });
});

describe("include_vars", () => {
  it("fails where there is no such file, and says where it was looked for", async () => {
    const here = await box.run(play("    - { name: load, include_vars: \"{{ 'no-such.yml' }}\" }\n"));
    expect(here.outcome).toBe("failed");
    expect(here.result("load")["msg"]).toMatch(/^there is no file "no-such\.yml" on the control node; looked in:\n/);
  });

  it("merges, leaves files out and refuses others as it is told", async () => {
    box.write({ "vars/d/1.yml": "a: { y: 2 }\n", "vars/d/2.txt": "b: 1\n", "vars/d/3.yml": "c: 1\n" });
    const load = (more: string): string =>
      play(`
    - set_fact: { a: { x: 1 } }
      when: false
    - { name: load, include_vars: { dir: d, hash_behaviour: merge${more} } }
    - { name: said, debug: { msg: "{{ a }} {{ c | default('no c') }}" } }
`).replace("  tasks:", "  vars: { a: { x: 1 } }\n  tasks:");
    expect((await box.run(load(""))).result("load")["msg"]).toMatch(
      /2\.txt ends in none of yaml, yml, json; name it in ignore_files/,
    );
    expect((await box.run(load(", ignore_unknown_extensions: true"))).result("said")["msg"]).toBe("{'x': 1, 'y': 2} 1");
    expect((await box.run(load(", ignore_files: ['^2', '^3']"))).result("said")["msg"]).toBe("{'x': 1, 'y': 2} no c");
  });
});
