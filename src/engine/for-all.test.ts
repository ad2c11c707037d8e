import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sandboxPerTest } from "./run-here.test-support.ts";

const box = sandboxPerTest();

const play = (tasks: string, more = ""): string => `- hosts: all\n  gather_facts: false\n${more}  tasks:\n${tasks}`;
const read = (name: string): string => readFileSync(join(box.folder, name), "utf8");
/** As a user that there is not: no task reaches its host so. */
const nobody = "become: true, become_user: no-such-user";

describe("any_errors_fatal", () => {
  it("ends the play for all with any_errors_fatal", async () => {
    const text = play(
      '    - { command: "false", when: inventory_hostname == "a" }\n    - { name: after, command: "true" }\n',
      "  any_errors_fatal: true\n",
    );
    const here = await box.run(text, { hosts: ["a", "b"] });
    expect(here.tasks["b"]).toEqual(["skipped command"]);
  });

  it("lets nobody begin with any_errors_fatal who has waited for his turn", async () => {
    const text = play(
      '    - { name: one by one, shell: "echo x >>{{ here }}/begun; exit 1", throttle: 1, any_errors_fatal: true }\n    - { name: after, command: "true" }\n',
    );
    const here = await box.run(text, { hosts: ["a", "b", "c"] });
    expect(here.outcome).toBe("failed");
    expect(read("begun")).toBe("x\n");
  });

  it("goes through always before any_errors_fatal ends the play", async () => {
    const text = play(
      '    - block: [{ name: fails, command: "false" }]\n      always: [{ name: tidied, command: "true" }]\n      any_errors_fatal: true\n',
    );
    expect((await box.run(text)).tasks["one"]).toEqual(["failed fails", "changed tidied"]);
  });

  it("holds although the host leaves the play in always", async () => {
    const text = play(
      `    - block: [{ name: fails, command: "false", when: inventory_hostname == "a" }]
      always: [{ name: tidies, command: "true", ${nobody}, when: inventory_hostname == "a" }]
      any_errors_fatal: true
    - { name: after, debug: { msg: x } }
`,
    );
    expect((await box.run(text, { hosts: ["a", "b"] })).tasks["b"]).not.toContain("ok after");
  });

  it("lets all others finish the task that has failed, however many are at work at a time", async () => {
    const text = play(
      '    - { name: fails, shell: "echo x >>{{ here }}/begun; exit 1", any_errors_fatal: true }\n    - { name: after, command: "true" }\n',
    );
    const here = await box.run(text, { hosts: ["a", "b", "c"], forks: 1 });
    expect(read("begun")).toBe("x\nx\nx\n");
    expect(here.tasks["b"]).toEqual(["failed fails"]);
  });

  it("holds for a host that cannot be reached, and not for a task that says otherwise", async () => {
    const fatal = play(`    - { name: once, command: "true", any_errors_fatal: true, ${nobody}, when: inventory_hostname == "a" }
    - { name: after, debug: { msg: x } }
`);
    expect((await box.run(fatal, { hosts: ["a", "b"] })).tasks["b"]).toEqual(["skipped once"]);
    const own = play(
      `    - { name: fails, command: "false", any_errors_fatal: false, when: inventory_hostname == "a" }
    - { name: after, debug: { msg: x } }
`,
      "  any_errors_fatal: true\n",
    );
    expect((await box.run(own, { hosts: ["a", "b"] })).tasks["b"]).toEqual(["skipped fails", "ok after"]);
  });
});

describe("run_once", () => {
  it("runs once for all", async () => {
    const here = await box.run(
      play(`
    - { name: once, shell: "echo x >>{{ here }}/once; echo told", run_once: true, register: said }
    - { name: seen, debug: { msg: "{{ said.stdout }}" } }
`),
      { hosts: ["a", "b", "c"] },
    );
    expect(read("once")).toBe("x\n");
    expect(here.tasks["c"]).toEqual(["ok seen"]);
    expect(here.result("seen")["msg"]).toBe("told");
  });

  it("sets nothing where it is left out", async () => {
    const text = play(`
    - { name: own, set_fact: { mine: "{{ inventory_hostname }}" } }
    - { name: shared, set_fact: { mine: shared }, run_once: true, when: false }
    - { name: seen, debug: { msg: "{{ mine }}" } }
`);
    expect((await box.run(text, { hosts: ["a", "b"] })).result("seen")["msg"]).toBe("b");
  });

  it("sets facts of all, also those that only an apply can tell", async () => {
    const text = play(`
    - { name: ask, command: echo told, run_once: true, register: said }
    - { name: keep, set_fact: { kept: "{{ said.stdout }}" }, run_once: true }
    - { name: each, set_fact: { "each_{{ item }}": "{{ item }}" }, loop: [x, y], run_once: true }
    - { name: gather, setup: { gather_subset: [min] }, run_once: true }
    - { name: seen, debug: { msg: "{{ kept }} {{ each_x }}{{ each_y }} {{ ansible_facts.system }}" } }
`);
    const hosts = ["a", "b"];
    const here = await box.run(text, { hosts });
    expect([here.outcome, here.result("seen")["msg"], here.tasks["b"]]).toEqual(["ok", "told xy Linux", ["ok seen"]]);
    expect((await box.run(text, { hosts, checkMode: true })).outcome).toBe("ok");
  });
});

describe("what is done once for all and fails", () => {
  const rest = "- hosts: all\n  gather_facts: false\n  tasks:\n    - { name: later, debug: { msg: x } }\n";

  it("ends the run for all, as with any_errors_fatal", async () => {
    const text = play('    - { name: once, command: "false", run_once: true }\n    - { name: after, debug: { msg: x } }\n');
    const here = await box.run(text + rest, { hosts: ["a", "b"] });
    expect(here.outcome).toBe("failed");
    expect(here.tasks).toEqual({ a: ["failed once"] });
  });

  it("is rescued on all, and ignored on all", async () => {
    const text = play(`
    - block:
        - { name: once, command: "false", run_once: true }
      rescue:
        - { name: rescued, debug: { msg: x } }
    - { name: after, command: "false", run_once: true, ignore_errors: true }
    - { name: end, debug: { msg: x } }
`);
    const here = await box.run(text + rest, { hosts: ["a", "b"] });
    expect(here.tasks).toEqual({
      a: ["failed once", "ok rescued", "ignored after", "ok end", "ok later"],
      b: ["ok rescued", "ok end", "ok later"],
    });
  });

  it("ends the run for all when its host cannot be reached", async () => {
    const text = `${play(`    - { name: once, command: "true", run_once: true, ${nobody} }\n    - { name: after, debug: { msg: x } }\n`)}${rest}`;
    const here = await box.run(text, { hosts: ["a", "b"] });
    expect([here.outcome, here.tasks["b"]]).toEqual(["unreachable", undefined]);
  });
});

it("fails a host whose keywords or conditions of meta cannot be told, and closes the run", async () => {
  const text = play(`
    - { name: some, command: "true", throttle: "{{ missing }}", when: inventory_hostname == "a" }
    - meta: end_host
      when: no_such.rc == 0
    - { name: after, debug: { msg: x } }
`);
  const here = await box.run(text, { hosts: ["a", "b"] });
  expect([here.outcome, here.events.at(-1)?.type]).toEqual(["failed", "run-finished"]);
  expect(here.tasks["a"]).toEqual(["failed some"]);
});

it("knows which item could not be reached, and goes on where that does not matter", async () => {
  const text = play(`
    - name: asks
      command: "true"
      become: "{{ item == 'x' }}"
      become_user: no-such-user
      loop: [x, y]
      register: asked
      ignore_unreachable: true
    - { name: told, debug: { msg: "{{ asked.unreachable }} {{ asked.results | map(attribute='unreachable', default=false) | list }}" } }
`);
  const here = await box.run(text);
  expect([here.outcome, here.result("told")["msg"]]).toEqual(["ok", "True [True, False]"]);
  expect((await box.run(text.replace("      ignore_unreachable: true\n", ""))).outcome).toBe("unreachable");
});

it("forgets at the end of a play who was notified in it", async () => {
  const text = `- hosts: all
  gather_facts: false
  tasks:
    - { name: changes, command: "true", notify: first }
    - meta: end_host
  handlers: [{ name: first, command: "true" }]
- hosts: all
  gather_facts: false
  tasks: [{ name: later, debug: { msg: x } }]
  handlers: [{ name: second, command: "true" }]
`;
  expect((await box.run(text)).tasks["one"]).toEqual(["changed changes", "ok later"]);
});

describe("what a task sees of a host", () => {
  const later = (name: string): void => {
    setTimeout(() => writeFileSync(join(box.folder, name), "x"), 700);
  };

  it("is looked at anew by until, also of another host", async () => {
    const text = play(
      '    - { name: waits, stat: { path: "{{ here }}/late" }, delegate_to: b, register: seen, until: seen.stat.exists, retries: 20, delay: 0.2 }\n',
    );
    later("late");
    expect((await box.run(text, { hosts: ["a", "b"], limit: "a" })).outcome).toBe("ok");
  });

  it("is not from before a pause, nor from before the control node has done something", async () => {
    const seen =
      '    - { stat: { path: "{{ here }}/NAME" }, register: seen }\n    - { name: told, debug: { msg: "{{ seen.stat.exists }}" } }\n';
    const first = '    - { copy: { dest: "{{ here }}/first", content: "x" } }\n';
    later("paused");
    const paused = await box.run(play(`${first}    - pause: { seconds: 1 }\n${seen.replace("NAME", "paused")}`));
    expect(paused.result("told")["msg"]).toBe(true);
    const text = `${first}    - { command: "touch {{ here }}/there", delegate_to: localhost }\n${seen.replace("NAME", "there")}`;
    expect((await box.run(play(text))).result("told")["msg"]).toBe(true);
  });

  it("runs no command of the control node for a task whose turn never comes", async () => {
    const text = play(`
    - { copy: { dest: "{{ here }}/first", content: "x" } }
    - { name: fails, command: "false" }
    - { copy: { dest: "{{ here }}/second", content: "{{ lookup('pipe', 'touch ' ~ here ~ '/ran; echo x') }}" } }
`);
    expect((await box.run(text)).outcome).toBe("failed");
    expect(existsSync(join(box.folder, "ran"))).toBe(false);
  });
});
