import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sandboxPerTest } from "./run-here.test-support.ts";

const box = sandboxPerTest();

const play = (tasks: string, more = ""): string => `- hosts: all\n  gather_facts: false\n${more}  tasks:\n${tasks}`;
const read = (name: string): string => readFileSync(join(box.folder, name), "utf8");

describe("the promises", () => {
  const tasks = play(`
    - name: folder
      file: { path: "{{ here }}/etc", state: directory }
    - name: file
      copy: { dest: "{{ here }}/etc/a.conf", content: "a = 1\\n", mode: "0640" }
    - name: line
      lineinfile: { path: "{{ here }}/etc/a.conf", line: "b = 2" }
    - name: block
      blockinfile: { path: "{{ here }}/etc/a.conf", block: "c = 3" }
    - name: link
      file: { src: "{{ here }}/etc/a.conf", dest: "{{ here }}/link", state: link }
`);
  const all = ["folder", "file", "line", "block", "link"];

  it("tells in check mode exactly what apply changes, and then changes nothing", async () => {
    expect((await box.run(tasks, { checkMode: true })).changes).toEqual({ one: all });
    expect(existsSync(join(box.folder, "etc"))).toBe(false);
    expect((await box.run(tasks)).changes).toEqual({ one: all });
    expect(read("etc/a.conf")).toContain("a = 1\nb = 2\n# BEGIN");
    // The file is one that its first task would write anew each time: that is the playbook's own contradiction.
    expect((await box.run(tasks)).changes).toEqual({ one: ["file", "line", "block"] });
  });

  it("asks everything that is known in two round trips", async () => {
    const many = play(
      Array.from({ length: 40 }, (_, i) => `    - copy: { dest: "{{ here }}/f${i}", content: "${i}" }\n`).join(""),
    );
    await box.run(many);
    const again = await box.run(many);
    expect(again.changes).toEqual({});
    expect(again.roundTrips).toBe(2);
  });

  it("needs one more for what depends on a registered result", async () => {
    const text = play(`
    - stat: { path: "{{ here }}/x" }
      register: found
    - copy: { dest: "{{ here }}/y", content: "1" }
    - copy: { dest: "{{ here }}/z", content: "1" }
      when: not found.stat.exists
`);
    await box.run(text);
    expect((await box.run(text)).roundTrips).toBe(3);
  });
});

describe("tasks", () => {
  it("tells templates about themselves, unless the user has names of his own", async () => {
    box.write({ "t.j2": "# {{ ansible_managed }}|{{ template_path }}|{{ template_destpath }}|{{ template_fullpath }}\n" });
    const playbook = `
- hosts: all
  gather_facts: false
  tasks:
    - { name: plain, template: { src: t.j2, dest: "{{ here }}/a" } }
    - { name: own, template: { src: t.j2, dest: "{{ here }}/b" }, vars: { ansible_managed: do not edit } }
    - { name: looked up, copy: { content: "{{ lookup('template', 't.j2') }}", dest: "{{ here }}/c" } }
`;
    expect((await box.run(playbook)).outcome).toBe("ok");
    const full = join(box.folder, "t.j2");
    expect(read("a")).toBe(`# Ansible managed|t.j2|${join(box.folder, "a")}|${full}\n`);
    expect(read("b")).toContain("# do not edit|");
    expect(read("c")).toBe(`# Ansible managed|${full}||${full}\n`);
  });

  // What ansible-playbook makes of the same templates.
  it("renders what a template includes by the template's own rules, without its last newline", async () => {
    box.write({
      "t.j2": 'a\n{% include "b.txt" %}\nc {% include "b.txt" %}!\n{% import "m.j2" as m %}\n{{ m.f() }}|\n\n',
      "own.j2": '<% include "own.txt" %>\n',
      "b.txt": "B\n",
      "own.txt": "<< 1 + 1 >>{{\n",
      "m.j2": "{% macro f() %}\nin\n{% endmacro %}\n",
    });
    const own = 'block_start_string: "<%", block_end_string: "%>", variable_start_string: "<<", variable_end_string: ">>"';
    const playbook = `
- hosts: all
  gather_facts: false
  tasks:
    - { name: plain, template: { src: t.j2, dest: "{{ here }}/a" } }
    - { name: endings, template: { src: t.j2, dest: "{{ here }}/b", newline_sequence: "\\r\\n" } }
    - { name: own, template: { src: own.j2, dest: "{{ here }}/c", ${own} } }
`;
    expect((await box.run(playbook)).outcome).toBe("ok");
    const plain = "a\nBc B!\nin\n|\n\n";
    expect(read("a")).toBe(plain);
    expect(read("b")).toBe(plain.replaceAll("\n", "\r\n"));
    expect(read("c")).toBe("2{{\n");
  });

  it("judges by failed_when and changed_when, retries, registers and loops", async () => {
    const here = await box.run(
      play(`
    - name: said
      shell: echo 5; exit 3
      register: said
      failed_when: said.rc != 3
      changed_when: "'5' in said.stdout"
    - name: until
      shell: echo x >>{{ here }}/count; wc -l <{{ here }}/count
      register: counted
      until: counted.stdout | int >= 3
      delay: 0
    - name: loop
      command: "echo {{ item.a }}"
      loop: [{a: 1}, {a: 2}]
      register: looped
      when: item.a != 2
    - name: outcome
      debug: { msg: "{{ looped.results | map(attribute='skipped', default=false) | list }} {{ counted.attempts }} {{ said is changed }}" }
`),
    );
    expect(here.outcome).toBe("ok");
    expect(here.result("outcome")["msg"]).toBe("[False, True] 3 True");
  });

  it("rescues, and always runs always", async () => {
    const here = await box.run(
      play(`
    - block:
        - { name: fails, command: "false" }
        - { name: never, command: "true" }
      rescue:
        - { name: rescue, debug: { msg: "{{ ansible_failed_task.name }}" } }
      always:
        - { name: always, command: "true" }
    - { name: after, command: "true" }
`),
    );
    expect(here.tasks["one"]).toEqual(["failed fails", "ok rescue", "changed always", "changed after"]);
    expect(here.result("rescue")["msg"]).toBe("fails");
    expect(here.outcome).toBe("ok");
  });

  it("stops a host at a failure, and ignores what it is told to", async () => {
    const here = await box.run(
      play(`
    - { name: ignored, command: "false", ignore_errors: true }
    - { name: fails, command: "false", when: inventory_hostname == "a" }
    - { name: after, command: "true" }
`),
      { hosts: ["a", "b"] },
    );
    expect(here.tasks).toEqual({
      a: ["ignored ignored", "failed fails"],
      b: ["ignored ignored", "skipped fails", "changed after"],
    });
    expect(here.outcome).toBe("failed");
  });
});

describe("handlers", () => {
  const text = play(
    `
    - { name: change, copy: { dest: "{{ here }}/x", content: "1" }, notify: [second, topic] }
    - { meta: flush_handlers }
    - { name: after, debug: { msg: x } }
`,
    `  handlers:
    - { name: first, listen: topic, command: "true" }
    - { name: second, command: "true", notify: third }
    - { name: third, command: "true" }
    - { name: unwanted, command: "true" }
`,
  );

  it("run once, in their own order, after the tasks that notified them", async () => {
    expect((await box.run(text)).tasks["one"]).toEqual([
      "changed change",
      "changed first",
      "changed second",
      "changed third",
      "ok after",
    ]);
    expect((await box.run(text)).tasks["one"]).toEqual(["ok change", "ok after"]);
  });

  it("are foreseen in check mode", async () => {
    expect((await box.run(text, { checkMode: true })).changes).toEqual({ one: ["change", "first", "second", "third"] });
  });
});

describe("check mode", () => {
  it("says which tasks depend on what only an apply can tell", async () => {
    const here = await box.run(
      play(`
    - { name: ask, command: "echo yes", register: said }
    - { name: act, copy: { dest: "{{ here }}/x", content: "1" }, when: said.stdout == "yes" }
    - { name: quiet, command: "echo yes", changed_when: false }
`),
      { checkMode: true },
    );
    expect(here.tasks["one"]).toEqual(["changed ask", "undetermined act", "ok quiet"]);
  });

  it("knows that it does not know the results of a loop either", async () => {
    const here = await box.run(
      play(`
    - { name: ask, command: "echo {{ item }}", loop: [a, b], register: said }
    - { name: tell, debug: { msg: "{{ said.results[0].stdout }}" } }
`),
      { checkMode: true },
    );
    expect(here.tasks["one"]).toEqual(["changed ask", "skipped tell"]);
  });

  it("counts nothing as a change that cannot be one, and knows what facts it does not know", async () => {
    const here = await box.run(
      play(`
    - { name: before, set_fact: { mode: old } }
    - { name: ask, command: "echo yes", register: said }
    - { name: tell, debug: { var: said.stdout } }
    - { name: judge, assert: { that: said.stdout == "yes" } }
    - { name: look, stat: { path: "/{{ said.stdout }}" } }
    - { name: hold, command: "echo {{ said.stdout }}", changed_when: false }
    - { name: note, set_fact: { answer: "{{ said.stdout }}" } }
    - { name: note if, set_fact: { mode: new }, when: said.stdout == "yes" }
    - { name: use, copy: { dest: "{{ here }}/x", content: "{{ answer }}" } }
    - { name: use mode, copy: { dest: "{{ here }}/y", content: "{{ mode }}" } }
`),
      { checkMode: true },
    );
    expect(here.tasks["one"]?.slice(1)).toEqual([
      "changed ask",
      "skipped tell",
      "skipped judge",
      "skipped look",
      "skipped hold",
      "skipped note",
      "skipped note if",
      "undetermined use",
      "undetermined use mode",
    ]);
    expect(here.changes).toEqual({ one: ["ask", "use", "use mode"] });
  });

  it("knows of files that would be made on the control node, and of those that would not", async () => {
    const tasks = play(`
    - { name: make, copy: { dest: "{{ here }}/made", content: "1" }, delegate_to: localhost }
    - { name: copy it, copy: { src: "{{ here }}/made", dest: "{{ here }}/there" } }
    - { name: run it, script: "{{ here }}/made" }
    - { name: no such file, copy: { src: "{{ here }}/none", dest: "{{ here }}/there" } }
`);
    const here = await box.run(tasks, { checkMode: true });
    expect(here.tasks["one"]).toEqual(["changed make", "changed copy it", "changed run it", "failed no such file"]);
  });

  it("really runs what says check_mode: false", async () => {
    await box.run(play(`    - { shell: "echo x >{{ here }}/real", check_mode: false }\n`), { checkMode: true });
    expect(read("real")).toBe("x\n");
  });

  it("knows that a folder would be there, and that another would not", async () => {
    const here = await box.run(
      play(`
    - { name: folder, file: { path: "{{ here }}/a/b", state: directory } }
    - { name: inside, copy: { dest: "{{ here }}/a/b/c", content: "1" } }
    - { name: nowhere, copy: { dest: "{{ here }}/no/such/c", content: "1" } }
`),
      { checkMode: true },
    );
    expect(here.tasks["one"]).toEqual(["changed folder", "changed inside", "failed nowhere"]);
  });
});

describe("before a host is touched", () => {
  it("refuses what an assert says about the inventory alone", async () => {
    const here = await box.run(
      play(`
    - { command: "touch {{ here }}/touched" }
    - { assert: { that: [answer == 42], fail_msg: "the answer is {{ answer }}" } }
`),
      { vars: { answer: 41 } },
    );
    expect(here).toMatchObject({ outcome: "refused", refused: ["the answer is 41"] });
    expect(existsSync(join(box.folder, "touched"))).toBe(false);
  });

  it("leaves what depends on facts or results for its turn", async () => {
    const here = await box.run(
      play(`
    - { command: "echo 41", register: said }
    - { name: check, assert: { that: said.stdout == "42" } }
`),
    );
    expect(here.tasks["one"]).toEqual(["changed command", "failed check"]);
  });
});

describe("how a host is reached", () => {
  it("follows the play's connection when no variable says otherwise", async () => {
    const text = play("    - { name: here, ping: }\n", "  connection: local\n");
    expect((await box.run(text, { vars: { ansible_connection: "" } })).tasks["one"]).toEqual(["ok here"]);
  });
});

describe("includes, tags and batches", () => {
  it("includes tasks and roles with their loops, variables and handlers", async () => {
    box.write({
      "more.yml": '- { name: "more {{ item }}", copy: { dest: "{{ here }}/{{ item }}-{{ given }}", content: x } }\n',
      "roles/r/tasks/main.yml": '- { name: in role, copy: { dest: "{{ here }}/role", content: "{{ r_text }}" }, notify: told }\n',
      "roles/r/defaults/main.yml": "r_text: default\n",
      "roles/r/handlers/main.yml": '- { name: told, command: "true" }\n',
    });
    const here = await box.run(
      play(`
    - { include_tasks: more.yml, loop: [a, b], vars: { given: 7 } }
    - { include_role: { name: r }, vars: { r_text: mine } }
`),
    );
    expect(here.outcome).toBe("ok");
    expect([existsSync(join(box.folder, "a-7")), existsSync(join(box.folder, "b-7")), read("role")]).toEqual([
      true,
      true,
      "mine",
    ]);
  });

  it("selects by tags and starts at a task", async () => {
    const text = play(`
    - { name: a, debug: , tags: [x] }
    - { name: b, debug: , tags: [y] }
    - { name: c, debug: , tags: [always] }
`);
    expect((await box.run(text, { tags: ["x"] })).tasks["one"]).toEqual(["ok a", "ok c"]);
    expect((await box.run(text, { skipTags: ["x"] })).tasks["one"]).toEqual(["ok b", "ok c"]);
    expect((await box.run(text, { startAtTask: "b" })).tasks["one"]).toEqual(["ok b", "ok c"]);
  });

  it("goes through batches one after the other", async () => {
    const text = play(
      `    - { shell: "echo {{ inventory_hostname }} {{ ansible_play_batch | join('+') }} >>{{ here }}/order" }\n`,
      "  serial: [1, 2]\n",
    );
    await box.run(text, { hosts: ["a", "b", "c"] });
    expect(read("order").split("\n").sort()).toEqual(["", "a a", "b b+c", "c b+c"]);
  });
});

describe("creates and removes in check mode", () => {
  it("see what earlier tasks would have made and removed, as an apply does", async () => {
    const text = play(`
    - { name: make, file: { path: "{{ here }}/made", state: directory } }
    - { name: file, copy: { dest: "{{ here }}/made/a.conf", content: "1" } }
    - { name: created directory, command: { cmd: "false", creates: "{{ here }}/made" } }
    - { name: created by pattern, command: { cmd: "false", creates: "{{ here }}/made/*.conf" } }
    - { name: created from there, shell: { cmd: "false", creates: a.conf, chdir: "{{ here }}/made" } }
    - { name: other pattern, command: { cmd: "true", creates: "{{ here }}/made/*.cfg" } }
    - { name: not there, command: { cmd: "false", removes: "{{ here }}/made/b" } }
    - { name: there, command: { cmd: "true", removes: "{{ here }}/made/a.conf" } }
    - { name: gone, file: { path: "{{ here }}/old", state: absent } }
    - { name: gone with it, command: { cmd: "false", removes: "{{ here }}/old/x" } }
    - { name: made again, command: { cmd: "touch {{ here }}/old", creates: "{{ here }}/old" } }
    - { name: made already, command: { cmd: "false", creates: "{{ here }}/old" } }
    - { name: pattern of what is gone, shell: { cmd: "true", creates: "{{ here }}/old*/x" } }
`);
    box.write({ "old/x": "1" });
    const changes = ["make", "file", "other pattern", "there", "gone", "made again", "pattern of what is gone"];
    const check = await box.run(text, { checkMode: true });
    expect(check.changes).toEqual({ one: changes });
    const apply = await box.run(text);
    expect(apply.outcome).toBe("ok");
    expect(apply.changes).toEqual({ one: changes });
    expect(check.result("created directory")["msg"]).toBe(apply.result("created directory")["msg"]);
  });
});

describe("handlers of the end of the play", () => {
  const text = play(
    `
    - { name: change, copy: { dest: "{{ here }}/x", content: "1" } }
    - { meta: flush_handlers }
    - { name: after, debug: { msg: x } }
`,
    `  pre_tasks:
    - { name: before, debug: { msg: x } }
  handlers:
    - { name: state, listen: end of play, copy: { dest: "{{ here }}/y", content: "1" } }
    - { name: never, copy: { dest: "{{ here }}/z", content: "1" } }
`,
  );

  it("run after everything else, notified or not, whatever the tags", async () => {
    expect((await box.run(text, { checkMode: true })).changes).toEqual({ one: ["change", "state"] });
    expect((await box.run(text)).tasks["one"]).toEqual(["ok before", "changed change", "ok after", "changed state"]);
    const again = await box.run(text);
    expect(again.changes).toEqual({});
    expect(again.roundTrips).toBe(2);
    expect((await box.run(text, { tags: ["none"] })).tasks["one"]).toEqual(["ok state"]);
  });

  it("run once, although several roles bring them along", async () => {
    box.write({
      "roles/common/handlers/main.yml": '- { name: state, listen: end of play, copy: { dest: "{{ here }}/y", content: "1" } }\n',
      "roles/common/defaults/main.yml": "{}\n",
      "roles/a/meta/main.yml": "dependencies: [common]\n",
      "roles/a/tasks/main.yml": "- { name: a, debug: { msg: a } }\n",
      "roles/b/meta/main.yml": "dependencies: [common]\n",
      "roles/b/tasks/main.yml": "- { name: b, debug: { msg: b } }\n",
    });
    const roles =
      "- hosts: all\n  gather_facts: false\n  roles:\n    - { role: a, when: false, tags: [a] }\n    - { role: b, tags: [b] }\n";
    expect((await box.run(roles)).tasks["one"]).toEqual(["skipped a : a", "ok b : b", "changed common : state"]);
  });

  it("do not run on a host that has failed", async () => {
    const failing = text.replace("- { name: after, debug: { msg: x } }", "- { name: after, command: 'false' }");
    expect((await box.run(failing)).tasks["one"]).toEqual(["ok before", "changed change", "failed after"]);
  });
});

describe("k3sprov_roles", () => {
  const roles = Object.fromEntries(
    ["proxy", "docker-runtime", "stargz", "gpu"].map((name) => [
      `roles/${name}/tasks/main.yml`,
      `- { name: "${name}", assert: { that: "'stargz' not in k3sprov_roles", fail_msg: "has {{ k3sprov_roles | join(' ') }}" } }\n`,
    ]),
  );

  it("names what all plays apply to a host, before it is touched", async () => {
    box.write(roles);
    const text = `- hosts: all
  gather_facts: false
  roles:
    - { role: proxy, when: inventory_hostname == "a" }
    - { role: docker-runtime, vars: { docker_runtime_state: absent } }
- hosts: b
  gather_facts: false
  roles: [stargz]
`;
    const here = await box.run(text, { hosts: ["a", "b"], limit: "b", tags: ["none"] });
    expect(here.refused).toEqual([]);
    const seen = await box.run(text, { hosts: ["a", "b"] });
    expect(seen.outcome).toBe("refused");
    expect(seen.refused).toEqual(["has stargz", "has stargz"]);
    expect((await box.run(text, { hosts: ["a"] })).tasks["a"]).toEqual([
      "ok proxy : proxy",
      "ok docker-runtime : docker-runtime",
    ]);
  });

  it("waits for facts where a condition needs them", async () => {
    box.write(roles);
    const text = (system: string) => `- hosts: all
  roles:
    - { role: gpu }
    - { role: stargz, when: ansible_facts.system == "${system}" }
`;
    expect((await box.run(text("Linux"))).tasks["one"]).toEqual(["ok Gathering Facts", "failed gpu : gpu"]);
    expect((await box.run(text("Plan9"))).tasks["one"]).toEqual([
      "ok Gathering Facts",
      "ok gpu : gpu",
      "skipped stargz : stargz",
    ]);
  });
});

describe("omit", () => {
  it("leaves out one of two parameters that exclude each other", async () => {
    const text = play(`
    - name: "{{ item }}"
      copy:
        dest: "{{ here }}/x"
        content: "{{ 'a' if item == 'content' else omit }}"
        src: "{{ omit if item == 'content' else here ~ '/y' }}"
      loop: [content, src]
`);
    box.write({ y: "b" });
    expect((await box.run(text)).outcome).toBe("ok");
    const both = text
      .replace("{{ omit if item == 'content' else here ~ '/y' }}", "{{ here }}/y")
      .replace(" else omit", " else 'c'");
    expect((await box.run(both)).refused).toEqual(['copy: "src" and "content" exclude each other; give one of them']);
  });
});

it("does not take facts for absent before they are gathered", async () => {
  const text = "- hosts: all\n  tasks:\n    - { name: a, assert: { that: (ansible_facts.kernel | default('')) != '' } }\n";
  expect((await box.run(text)).tasks["one"]).toEqual(["ok Gathering Facts", "ok a"]);
});

describe("a task that only reads what an earlier task of a dry run may bring", () => {
  const text = play(`
    - { name: brings, command: "true" }
    - { name: read, slurp: { src: "{{ here }}/x" }, register: found }
    - { name: uses, debug: { msg: "{{ found.content }}" } }
    - { name: tried, slurp: { src: "{{ here }}/x" }, register: tried, failed_when: false }
    - { name: new, copy: { dest: "{{ here }}/y", content: "{{ tried.content | default('fresh') }}" } }
`);

  it("changes nothing, and is not known yet; unless it expects to find nothing", async () => {
    const here = await box.run(text, { checkMode: true });
    expect(here.tasks["one"]).toEqual(["changed brings", "ok read", "skipped uses", "ok tried", "changed new"]);
  });
});

it("marks what exists to print, but no quiet assert", async () => {
  const here = await box.run(
    play(`
    - { name: said, debug: { msg: a } }
    - { name: loud, assert: { that: true } }
    - { name: quiet, assert: { that: true, quiet: true } }
`),
  );
  const printers = here.events.flatMap((event) => (event.type === "task-finished" && event.task.prints ? event.task.title : []));
  expect(printers).toEqual(["said", "loud"]);
});

it("looks past what will not run for what can be refused before a host is touched", async () => {
  box.write({ "roles/other/tasks/main.yml": "- debug: { msg: a }\n" });
  const text = play(`
    - { include_role: { name: other }, when: wanted | default(false) }
    - { name: a, assert: { that: false, fail_msg: refused } }
`);
  expect((await box.run(text)).refused).toEqual(["refused"]);
  expect((await box.run(text, { vars: { wanted: true } })).tasks["one"]?.at(-1)).toBe("failed a");
});
