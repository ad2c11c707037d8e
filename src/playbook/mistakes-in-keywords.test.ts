import { describe, expect, it } from "vitest";
import { fixture, playWith } from "./fixture.ts";

describe("mistakes in the keywords of tasks", () => {
  it.each([
    [
      "conditions",
      `- command: ls
  when:
    - a ==
    - {b: c}
    - "{{ d }}"
    - e == {{ f }}
    - "'{{' in g"
  changed_when: a b
  failed_when: ''
`,
      `warning: "when" is an expression already: no {{ }} in it
  site.yml:7:12
  6 |         - {b: c}
  7 |         - "{{ d }}"
    |            ^^^^^^^
  in play "all" > task "command"
  help: write when: d
error: unexpected end of the template; an expression was expected
  site.yml:5:14
  4 |       when:
  5 |         - a ==
    |              ^
  in play "all" > task "command"
error: "when" must be a condition or a list of conditions, but is a mapping
  site.yml:6:11
  5 |         - a ==
  6 |         - {b: c}
    |           ^
  in play "all" > task "command"
error: "when" is an expression already: no {{ }} in it
  site.yml:8:11
  7 |         - "{{ d }}"
  8 |         - e == {{ f }}
    |           ^^^^^^^^^^^^
  in play "all" > task "command"
  help: write the names of variables as they are, and texts in quotes
error: unexpected "b"; the expression is complete before it
  site.yml:10:23
   9 |         - "'{{' in g"
  10 |       changed_when: a b
     |                       ^
  in play "all" > task "command"
error: "failed_when" must be a condition or a list of conditions, but is empty text
  site.yml:11:20
  10 |       changed_when: a b
  11 |       failed_when: ''
     |                    ^^
  in play "all" > task "command"`,
    ],
    [
      "an expression",
      `- debug: {var: "a b"}
- assert:
    that: [a is defined, b is]
`,
      `error: unexpected "b"; the expression is complete before it
  site.yml:3:23
  2 |   tasks:
  3 |     - debug: {var: "a b"}
    |                       ^
  in play "all" > task "debug"
error: unexpected end of the template; the name of a test was expected
  site.yml:5:33
  4 |     - assert:
  5 |         that: [a is defined, b is]
    |                                 ^
  in play "all" > task "assert"`,
    ],
    [
      "keywords of the wrong type",
      `- command: ls
  become: perhaps
  throttle: many
  tags: {a: b}
  environment: text
  vars: [a]
`,
      `error: "become" must be true or false, but is "perhaps"
  site.yml:4:15
  3 |     - command: ls
  4 |       become: perhaps
    |               ^^^^^^^
  in play "all" > task "command"
error: "throttle" must be a whole number, but is "many"
  site.yml:5:17
  4 |       become: perhaps
  5 |       throttle: many
    |                 ^^^^
  in play "all" > task "command"
error: "tags" must be text or a list of texts, but is a mapping
  site.yml:6:13
  5 |       throttle: many
  6 |       tags: {a: b}
    |             ^
  in play "all" > task "command"
error: "environment" must be a mapping, but is "text"
  site.yml:7:20
  6 |       tags: {a: b}
  7 |       environment: text
    |                    ^^^^
  in play "all" > task "command"
error: "vars" must be a mapping of variables, but is a list
  site.yml:8:13
  7 |       environment: text
  8 |       vars: [a]
    |             ^
  in play "all" > task "command"
  help: write "name: value" lines without dashes`,
    ],
    [
      "loops",
      `- debug:
  loop: items
  with_items: []
- debug:
  loop: things
- debug:
  with_itms: [1]
- debug:
  loop_control: {loop_var: a}
- debug:
  loop: [1]
  loop_control: {loopvar: a, index_var: 1a}
`,
      `error: "loop" and "with_items" exclude each other
  site.yml:5:7
  4 |       loop: items
  5 |       with_items: []
    |       ^^^^^^^^^^
  in play "all" > task "debug"
error: "loop" must be a list, but is "things"
  site.yml:7:13
  6 |     - debug:
  7 |       loop: things
    |             ^^^^^^
  in play "all" > task "debug"
  help: for the variable write loop: "{{ things }}"
error: "with_itms" is not a keyword or module; did you mean "with_items"?
  site.yml:9:7
  8 |     - debug:
  9 |       with_itms: [1]
    |       ^^^^^^^^^
  in play "all" > task "debug"
  help: with_X loops over the lookup X, and there is no lookup "itms"
error: "loop_control" needs a loop
  site.yml:11:7
  10 |     - debug:
  11 |       loop_control: {loop_var: a}
     |       ^^^^^^^^^^^^
  in play "all" > task "debug"
error: loop_control has no keyword "loopvar"; did you mean "loop_var"?
  site.yml:14:22
  13 |       loop: [1]
  14 |       loop_control: {loopvar: a, index_var: 1a}
     |                      ^^^^^^^
  in play "all" > task "debug"
error: "index_var": "1a" is no valid variable name
  site.yml:14:45
  13 |       loop: [1]
  14 |       loop_control: {loopvar: a, index_var: 1a}
     |                                             ^^
  in play "all" > task "debug"
  help: use letters, digits and underscores, and begin with a letter or an underscore`,
    ],
    [
      "poll: 0",
      `- command: sleep 9
  async: 10
  poll: 0
`,
      `error: "poll: 0" would leave the task running unwatched, which k3sprov does not do
  site.yml:5:13
  4 |       async: 10
  5 |       poll: 0
    |             ^
  in play "all" > task "command"
  help: leave "poll" out to wait for the task, at most as long as "async" says; for something that keeps running, write a service`,
    ],
    [
      "listen outside of handlers",
      `- command: ls
  listen: x
`,
      `error: "listen" is for handlers only
  site.yml:4:7
  3 |     - command: ls
  4 |       listen: x
    |       ^^^^^^
  in play "all" > task "command"`,
    ],
    [
      "rescue without block",
      `- rescue: []
`,
      `error: "rescue" needs a "block" beside it
  site.yml:3:7
  2 |   tasks:
  3 |     - rescue: []
    |       ^^^^^^
  in play "all"`,
    ],
    [
      "a keyword of tasks on a block",
      `- name: All
  block: []
  loop: [1]
`,
      `error: a block has no keyword "loop"
  site.yml:5:7
  4 |       block: []
  5 |       loop: [1]
    |       ^^^^
  in play "all" > block "All"`,
    ],
    [
      "a list of tasks that is none",
      `- block:
    command: ls
`,
      `error: a list of tasks is expected here, but this is a mapping
  site.yml:4:9
  3 |     - block:
  4 |         command: ls
    |         ^
  in play "all" > block
  help: begin each task with "- "`,
    ],
    [
      "names",
      `- command: ls
  register: class
- set_fact: {a-b: 1, ok: 2, "{{ c }}": 3}
`,
      `error: "register": "class" is no valid variable name
  site.yml:4:17
  3 |     - command: ls
  4 |       register: class
    |                 ^^^^^
  in play "all" > task "command"
  help: this word is reserved in Python's grammar, and so in Ansible's
error: the variable "a-b" is no valid variable name
  site.yml:5:18
  4 |       register: class
  5 |     - set_fact: {a-b: 1, ok: 2, "{{ c }}": 3}
    |                  ^^^
  in play "all" > task "set_fact"
  help: use letters, digits and underscores, and begin with a letter or an underscore`,
    ],
    [
      "a missing file",
      `- copy: {src: gone.txt, dest: /x}
- copy: {src: /remote, dest: /x, remote_src: true}
- template: src=gone.j2 dest=/x
- include_vars: gone.yml
`,
      `error: there is no file "gone.txt" for copy on the control node
  site.yml:3:19
  2 |   tasks:
  3 |     - copy: {src: gone.txt, dest: /x}
    |                   ^^^^^^^^
  in play "all" > task "copy"
  help: looked in files, .
error: there is no file "gone.j2" for template on the control node
  site.yml:5:21
  4 |     - copy: {src: /remote, dest: /x, remote_src: true}
  5 |     - template: src=gone.j2 dest=/x
    |                     ^^^^^^^
  in play "all" > task "template"
  help: looked in templates, .
error: there is no file "gone.yml" for include_vars on the control node
  site.yml:6:21
  5 |     - template: src=gone.j2 dest=/x
  6 |     - include_vars: gone.yml
    |                     ^^^^^^^^
  in play "all" > task "include_vars"
  help: looked in vars, .`,
    ],
    [
      "module_defaults",
      `- module_defaults:
    fil: {mode: "0644"}
    file: text
  block:
    - file: {state: file}
`,
      `error: there is no module "fil"; did you mean "file"?
  site.yml:4:9
  3 |     - module_defaults:
  4 |         fil: {mode: "0644"}
    |         ^^^
  in play "all" > block
error: module_defaults of file must be a mapping, but is "text"
  site.yml:5:9
  4 |         fil: {mode: "0644"}
  5 |         file: text
    |         ^^^^
  in play "all" > block`,
    ],
    [
      "module_defaults that give what is missing",
      `- module_defaults:
    file: {path: /x}
  file: {state: file}
`,
      ``,
    ],
    [
      "delegation by local_action",
      `- local_action: {src: a}
- local_action: frob
`,
      `error: "local_action" must be a module's name and its parameters, or a mapping with "module", but is a mapping
  site.yml:3:21
  2 |   tasks:
  3 |     - local_action: {src: a}
    |                     ^
  in play "all" > task
error: there is no module "frob"
  site.yml:4:21
  3 |     - local_action: {src: a}
  4 |     - local_action: frob
    |                     ^^^^
  in play "all" > task "frob"`,
    ],
    [
      "includes",
      `- include_tasks: gone.yml
- include_tasks: {fil: a.yml}
- include_role: {name: gone}
- include_tasks: "{{ x }}.yml"
  become: true
  until: x
`,
      `error: there is no file "gone.yml" for include_tasks
  site.yml:3:22
  2 |   tasks:
  3 |     - include_tasks: gone.yml
    |                      ^^^^^^^^
  in play "all" > task "include_tasks"
  help: looked in ., tasks
error: include_tasks needs the parameter "file"
  site.yml:4:7
  3 |     - include_tasks: gone.yml
  4 |     - include_tasks: {fil: a.yml}
    |       ^^^^^^^^^^^^^
  in play "all" > task "include_tasks"
error: include_tasks has no parameter "fil"; did you mean "file"?
  site.yml:4:23
  3 |     - include_tasks: gone.yml
  4 |     - include_tasks: {fil: a.yml}
    |                       ^^^
  in play "all" > task "include_tasks"
error: there is no role "gone"
  site.yml:5:28
  4 |     - include_tasks: {fil: a.yml}
  5 |     - include_role: {name: gone}
    |                            ^^^^
  in play "all" > task "include_role"
  help: looked in roles, ., roles
error: "become" has no meaning on include_tasks
  site.yml:7:7
  6 |     - include_tasks: "{{ x }}.yml"
  7 |       become: true
    |       ^^^^^^
  in play "all" > task "include_tasks"
  help: to hand it to the included tasks, write it below "apply:" of include_tasks
error: "until" has no meaning on include_tasks
  site.yml:8:7
  7 |       become: true
  8 |       until: x
    |       ^^^^^
  in play "all" > task "include_tasks"`,
    ],
    [
      "imports",
      `- import_tasks: gone.yml
  loop: [1]
- import_tasks: "{{ x }}.yml"
- import_role: {tasks_from: x}
- import_tasks: {file: a.yml, apply: {}}
`,
      `error: there is no file "gone.yml" for import_tasks
  site.yml:3:21
  2 |   tasks:
  3 |     - import_tasks: gone.yml
    |                     ^^^^^^^^
  in play "all" > task "import_tasks"
  help: looked in ., tasks
error: import_tasks cannot have a loop
  site.yml:4:7
  3 |     - import_tasks: gone.yml
  4 |       loop: [1]
    |       ^^^^
  in play "all" > task "import_tasks"
  help: use include_tasks
error: "file" of import_tasks must be known before the play starts: "x" is undefined
  site.yml:5:25
  4 |       loop: [1]
  5 |     - import_tasks: "{{ x }}.yml"
    |                         ^
  in play "all" > task "import_tasks"
  help: use extra variables (-e), vars of the playbook or defaults of the role; facts and inventory variables come too late
error: import_role needs the parameter "name"
  site.yml:6:7
  5 |     - import_tasks: "{{ x }}.yml"
  6 |     - import_role: {tasks_from: x}
    |       ^^^^^^^^^^^
  in play "all" > task "import_role"
error: there is no file "a.yml" for import_tasks
  site.yml:7:28
  6 |     - import_role: {tasks_from: x}
  7 |     - import_tasks: {file: a.yml, apply: {}}
    |                            ^^^^^
  in play "all" > task "import_tasks"
  help: looked in ., tasks
error: import_tasks has no parameter "apply"
  site.yml:7:35
  6 |     - import_role: {tasks_from: x}
  7 |     - import_tasks: {file: a.yml, apply: {}}
    |                                   ^^^^^
  in play "all" > task "import_tasks"`,
    ],
    [
      "notify",
      `- command: ls
  notify: [a, "b {{ c }}"]
`,
      `error: no handler is called "a" or listens to it
  site.yml:4:16
  3 |     - command: ls
  4 |       notify: [a, "b {{ c }}"]
    |                ^
  in play "all" > task "command"`,
    ],
    [
      "what has no effect",
      `- debug:
  debugger: always
  collections: [a.b]
`,
      `warning: "debugger" has no meaning for k3sprov and is ignored
  site.yml:4:7
  3 |     - debug:
  4 |       debugger: always
    |       ^^^^^^^^
  in play "all" > task "debug"
warning: "collections" has no meaning for k3sprov and is ignored
  site.yml:5:7
  4 |       debugger: always
  5 |       collections: [a.b]
    |       ^^^^^^^^^^^
  in play "all" > task "debug"`,
    ],
  ])("%s", (_title, tasks, told) => {
    expect(fixture({ "site.yml": playWith(tasks) }).told()).toBe(told);
  });
});
