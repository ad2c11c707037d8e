import { describe, expect, it } from "vitest";
import { fixture } from "./fixture.ts";

describe("mistakes in plays", () => {
  it.each<[string, Record<string, string>, string]>([
    [
      "a play without hosts",
      {
        "site.yml": `- name: A
  tasks: []
`,
      },
      `error: a play needs "hosts"
  site.yml:1:3
  1 | - name: A
    |   ^
  in play "A"
  help: name a host, a group or a pattern of the inventory, such as "all"`,
    ],
    [
      "a playbook that is empty",
      {
        "site.yml": `---
`,
      },
      `error: a playbook is a list of plays, but site.yml is empty
  site.yml:1:1
  1 | ---
    | ^`,
    ],
    [
      "a playbook that is a mapping",
      {
        "site.yml": `hosts: all
`,
      },
      `error: a playbook is a list of plays, but site.yml holds a mapping
  site.yml:1:1
  1 | hosts: all
    | ^
  help: begin each play with "- "`,
    ],
    [
      "a play that is text",
      {
        "site.yml": `- all
`,
      },
      `error: a play must be a mapping, but is "all"
  site.yml:1:3
  1 | - all
    |   ^^^`,
    ],
    [
      "a file of tasks",
      {
        "site.yml": `- name: List
  command: ls
- block: []
`,
      },
      `error: this is a task, but a playbook is a list of plays
  site.yml:1:3
  1 | - name: List
    |   ^
  help: put it below "tasks:" of a play, or import this file there with import_tasks
error: this is a task, but a playbook is a list of plays
  site.yml:3:3
  2 |   command: ls
  3 | - block: []
    |   ^
  help: put it below "tasks:" of a play, or import this file there with import_tasks`,
    ],
    [
      "vars as a list of mappings",
      {
        "site.yml": `- hosts: all
  vars: [{a: 1}, {b: 2}]
`,
      },
      `warning: "vars" is a list of mappings, which Ansible has given up; k3sprov takes them together
  site.yml:2:9
  1 | - hosts: all
  2 |   vars: [{a: 1}, {b: 2}]
    |         ^
  in play "all"
  help: write "name: value" lines without dashes`,
    ],
    [
      "a handler with a mistake, which is not blamed on notify",
      {
        "site.yml": `- hosts: all
  tasks:
    - command: ls
      notify: [a, b]
  handlers:
    - {name: a, comand: ls, listen: b}
`,
      },
      `error: "comand" is not a keyword or module; did you mean "command"?
  site.yml:6:17
  5 |   handlers:
  6 |     - {name: a, comand: ls, listen: b}
    |                 ^^^^^^
  in play "all" > handler "a"`,
    ],
    [
      "no YAML",
      {
        "site.yml": `- hosts: all
  tasks: [
`,
      },
      `error: the [ that was opened before is not closed with ]
  site.yml:3:1
  2 |   tasks: [
  3 | 
    | ^
  help: check the brackets and commas`,
    ],
    [
      "keywords",
      {
        "site.yml": `- hosts: [a, {b: c}]
  gather_facts: perhaps
  serial: [1, lots]
  strategy: mitogen_linear
  order: sortd
  max_fail_percentage: x
  when: a
  fact_path: /x
`,
      },
      `warning: "fact_path" has no meaning for k3sprov and is ignored
  site.yml:8:3
  7 |   when: a
  8 |   fact_path: /x
    |   ^^^^^^^^^
  in play
error: "hosts" must be a pattern or a list of patterns, but holds a mapping
  site.yml:1:10
  1 | - hosts: [a, {b: c}]
    |          ^
  in play
error: "gather_facts" must be true or false, but is "perhaps"
  site.yml:2:17
  1 | - hosts: [a, {b: c}]
  2 |   gather_facts: perhaps
    |                 ^^^^^^^
  in play
error: "serial" must be a number of hosts or a percentage, but is "lots"
  site.yml:3:15
  2 |   gather_facts: perhaps
  3 |   serial: [1, lots]
    |               ^^^^
  in play
  help: write serial: 2, serial: "30%", or a list of such
error: there is no strategy "mitogen_linear"; did you mean "linear"?
  site.yml:4:13
  3 |   serial: [1, lots]
  4 |   strategy: mitogen_linear
    |             ^^^^^^^^^^^^^^
  in play
  help: one of linear, free, host_pinned, debug
error: there is no order "sortd"; did you mean "sorted"?
  site.yml:5:10
  4 |   strategy: mitogen_linear
  5 |   order: sortd
    |          ^^^^^
  in play
  help: one of inventory, reverse_inventory, sorted, reverse_sorted, shuffle
error: "max_fail_percentage" must be a number, but is "x"
  site.yml:6:24
  5 |   order: sortd
  6 |   max_fail_percentage: x
    |                        ^
  in play
error: a play has no keyword "when"
  site.yml:7:3
  6 |   max_fail_percentage: x
  7 |   when: a
    |   ^^^^
  in play`,
    ],
    [
      "vars",
      {
        "site.yml": `- hosts: all
  vars:
    - a
  vars_files: [gone.yml, [a.yml, b.yml], "{{ x }}.yml", list.yml]
`,
        "list.yml": `- a
`,
      },
      `error: "vars" must be a mapping of variables, but is a list
  site.yml:3:5
  2 |   vars:
  3 |     - a
    |     ^
  in play "all"
  help: write "name: value" lines without dashes
error: there is no file "gone.yml" for vars_files
  site.yml:4:16
  3 |     - a
  4 |   vars_files: [gone.yml, [a.yml, b.yml], "{{ x }}.yml", list.yml]
    |                ^^^^^^^^
  in play "all"
  help: looked in vars, .
error: there is no file "a.yml" or "b.yml" for vars_files
  site.yml:4:26
  3 |     - a
  4 |   vars_files: [gone.yml, [a.yml, b.yml], "{{ x }}.yml", list.yml]
    |                          ^
  in play "all"
  help: looked in vars, .
error: "list.yml" must be a mapping of variables, but is a list
  list.yml:1:1
  1 | - a
    | ^
  in play "all"
  help: write "name: value" lines without dashes`,
    ],
    [
      "prompts",
      {
        "site.yml": `- hosts: all
  vars_prompt:
    - name: a
      privat: false
    - prompt: b
    - name: c
      encrypt: sha512_crypt
`,
      },
      `error: a prompt has no keyword "privat"; did you mean "private"?
  site.yml:4:7
  3 |     - name: a
  4 |       privat: false
    |       ^^^^^^
  in play "all"
error: a prompt needs "name"
  site.yml:5:7
  4 |       privat: false
  5 |     - prompt: b
    |       ^
  in play "all"
error: "encrypt" of a prompt is not supported
  site.yml:7:7
  6 |     - name: c
  7 |       encrypt: sha512_crypt
    |       ^^^^^^^
  in play "all"
  help: use the filter password_hash where the value is needed`,
    ],
    [
      "roles",
      {
        "site.yml": `- hosts: all
  roles:
    - web
    - {role: web, tags: "{{ y }}"}
    - 5
    - {port: 80}
`,
        "roles/web/tasks/main.yml": `- commnd: ls
`,
        "roles/web/vars/main.yml": `[a]
`,
        "roles/web/meta/main.yml": `dependencies: [{role: bse}]
`,
        "roles/base/tasks/main.yml": `[]
`,
      },
      `error: "tags" must be known before the play starts: "y" is undefined
  site.yml:4:29
  3 |     - web
  4 |     - {role: web, tags: "{{ y }}"}
    |                             ^
  in play "all"
  help: use extra variables (-e), vars of the playbook or defaults of the role; facts and inventory variables come too late
error: a role's name is expected here, but this is 5
  site.yml:5:7
  4 |     - {role: web, tags: "{{ y }}"}
  5 |     - 5
    |       ^
  in play "all"
error: this entry names no role: it needs "role"
  site.yml:6:7
  5 |     - 5
  6 |     - {port: 80}
    |       ^
  in play "all"
error: "roles/web/vars/main.yml" must be a mapping of variables, but is a list
  roles/web/vars/main.yml:1:1
  1 | [a]
    | ^
  in play "all" > role web
  help: write "name: value" lines without dashes
error: there is no role "bse"; did you mean "base"?
  roles/web/meta/main.yml:1:23
  1 | dependencies: [{role: bse}]
    |                       ^^^
  in play "all" > role web
  help: looked in roles, roles/web/roles, ., roles
error: "commnd" is not a keyword or module; did you mean "command"?
  roles/web/tasks/main.yml:1:3
  1 | - commnd: ls
    |   ^^^^^^
  in play "all" > role web > task "commnd"`,
    ],
    [
      "roles that is no list",
      {
        "site.yml": `- hosts: all
  roles: web
`,
      },
      `error: "roles" must be a list of roles, but is "web"
  site.yml:2:10
  1 | - hosts: all
  2 |   roles: web
    |          ^^^
  in play "all"`,
    ],
    [
      "roles that depend on each other",
      {
        "site.yml": `- hosts: all
  roles: [a]
`,
        "roles/a/meta/main.yml": `dependencies: [b]
`,
        "roles/b/meta/main.yml": `dependencies: [a]
`,
      },
      `error: a role depends on itself: a -> b -> a
  roles/b/meta/main.yml:1:16
  1 | dependencies: [a]
    |                ^
  in play "all" > role a > role b`,
    ],
    [
      "rules of a specification",
      {
        "site.yml": "- {hosts: all, roles: [web]}\n",
        "roles/web/meta/argument_specs.yml": `argument_specs:
  main:
    mutually_exclusive: web_a
    required_together: [[web_a], web_b]
    required_if: [[web_a, 1]]
    required_by: [web_a]
    options: {web_a: {}, web_b: {}}
`,
      },
      `error: "mutually_exclusive" must be a list, but is "web_a"
  roles/web/meta/argument_specs.yml:3:25
  2 |   main:
  3 |     mutually_exclusive: web_a
    |                         ^^^^^
  in play "all" > role web
error: each of "required_together" must be a list, but one is "web_b"
  roles/web/meta/argument_specs.yml:4:34
  3 |     mutually_exclusive: web_a
  4 |     required_together: [[web_a], web_b]
    |                                  ^^^^^
  in play "all" > role web
error: each of "required_if" must be [option, value, [options…]], with true at its end where one is enough
  roles/web/meta/argument_specs.yml:5:19
  4 |     required_together: [[web_a], web_b]
  5 |     required_if: [[web_a, 1]]
    |                   ^
  in play "all" > role web
error: "required_by" must be a mapping, but is a list
  roles/web/meta/argument_specs.yml:6:18
  5 |     required_if: [[web_a, 1]]
  6 |     required_by: [web_a]
    |                  ^
  in play "all" > role web`,
    ],
    [
      "a specification",
      {
        "site.yml": `- hosts: all
  roles:
    - {role: web, web_port: eighty, web_name: "{{ x }}", web_kind: [b]}
`,
        "roles/web/meta/argument_specs.yml": `argument_specs:
  main:
    options:
      web_port: {type: int, requird: true}
      web_name: {type: integer}
      web_kind: {type: list, choices: [a], default: [c]}
`,
      },
      `error: the option "web_port" has no keyword "requird"; did you mean "required"?
  roles/web/meta/argument_specs.yml:4:29
  3 |     options:
  4 |       web_port: {type: int, requird: true}
    |                             ^^^^^^^
  in play "all" > role web
error: there is no type "integer"
  roles/web/meta/argument_specs.yml:5:24
  4 |       web_port: {type: int, requird: true}
  5 |       web_name: {type: integer}
    |                        ^^^^^^^
  in play "all" > role web
  help: write one of str, int, float, bool, list, dict, path, raw, json, jsonarg, bytes, bits
error: the default of "web_kind" is "c", but must be one of a
  roles/web/meta/argument_specs.yml:6:53
  5 |       web_name: {type: integer}
  6 |       web_kind: {type: list, choices: [a], default: [c]}
    |                                                     ^
  in play "all" > role web
error: "web_port" is "eighty", but must be a whole number
  site.yml:3:29
  2 |   roles:
  3 |     - {role: web, web_port: eighty, web_name: "{{ x }}", web_kind: [b]}
    |                             ^^^^^^
  in play "all" > role web
  help: k3sprov doc role web
error: "web_kind" is "b", but must be one of a
  site.yml:3:68
  2 |   roles:
  3 |     - {role: web, web_port: eighty, web_name: "{{ x }}", web_kind: [b]}
    |                                                                    ^
  in play "all" > role web
  help: k3sprov doc role web`,
    ],
    [
      "files that import each other",
      {
        "site.yml": `- hosts: all
  tasks:
    - import_tasks: a.yml
`,
        "a.yml": `- import_tasks: b.yml
`,
        "b.yml": `- import_tasks: a.yml
`,
      },
      `error: this import never ends: a.yml -> b.yml -> a.yml
  b.yml:1:3
  1 | - import_tasks: a.yml
    |   ^^^^^^^^^^^^
  in play "all" > task "import_tasks" > task "import_tasks" > task "import_tasks"`,
    ],
    [
      "playbooks that import each other",
      {
        "site.yml": `- import_playbook: a.yml
- import_playbook: gone.yml
`,
        "a.yml": `- import_playbook: site.yml
`,
      },
      `error: this import never ends: site.yml -> a.yml -> site.yml
  a.yml:1:20
  1 | - import_playbook: site.yml
    |                    ^^^^^^^^
error: there is no playbook gone.yml
  site.yml:2:20
  1 | - import_playbook: a.yml
  2 | - import_playbook: gone.yml
    |                    ^^^^^^^^`,
    ],
    [
      "keywords of import_playbook",
      {
        "site.yml": `- import_playbook: a.yml
  hosts: all
`,
        "a.yml": `- hosts: all
`,
      },
      `error: import_playbook has no keyword "hosts"
  site.yml:2:3
  1 | - import_playbook: a.yml
  2 |   hosts: all
    |   ^^^^^`,
    ],
    [
      "handlers",
      {
        "site.yml": `- hosts: all
  tasks:
    - command: ls
      notify: Restart nginy
  handlers:
    - {name: Restart nginx, command: a}
    - {name: Restart nginx, command: b}
`,
      },
      `warning: two handlers are called "Restart nginx", and only the last one can be notified
  site.yml:7:7
  6 |     - {name: Restart nginx, command: a}
  7 |     - {name: Restart nginx, command: b}
    |       ^
  in play "all"
  help: the other one is at site.yml:6
error: no handler is called "Restart nginy" or listens to it; did you mean "Restart nginx"?
  site.yml:4:15
  3 |     - command: ls
  4 |       notify: Restart nginy
    |               ^^^^^^^^^^^^^
  in play "all" > task "command"`,
    ],
    [
      "a template file",
      {
        "site.yml": `- hosts: all
  tasks:
    - template: {src: a.j2, dest: /x}
`,
        "templates/a.j2": `one
{% if x %}
two
`,
      },
      `error: if is not closed; "{% endif %}" is missing
  templates/a.j2:2:4
  1 | one
  2 | {% if x %}
    |    ^^
  in play "all" > task "template"`,
    ],
    [
      "mistakes behind an include",
      {
        "site.yml": `- hosts: all
  tasks:
    - include_tasks: a.yml
    - include_role: {name: web, tasks_from: gone}
`,
        "a.yml": `- commnd: ls
- mount: {}
`,
        "roles/web/tasks/main.yml": `[]
`,
      },
      `error: "commnd" is not a keyword or module; did you mean "command"?
  a.yml:1:3
  1 | - commnd: ls
    |   ^^^^^^
  in play "all" > task "include_tasks" > task "commnd"
error: k3sprov has no module mount yet
  a.yml:2:3
  1 | - commnd: ls
  2 | - mount: {}
    |   ^^^^^
  in play "all" > task "include_tasks" > task "mount"
  help: \`k3sprov doc\` lists the modules there are
error: role web has no tasks/gone, which tasks_from asks for
  site.yml:4:28
  3 |     - include_tasks: a.yml
  4 |     - include_role: {name: web, tasks_from: gone}
    |                            ^^^
  in play "all" > task "include_role" > role web
  help: looked in roles/web/tasks`,
    ],
    [
      "the same mistake by two ways",
      {
        "site.yml": `- hosts: a
  roles: [web]
- hosts: b
  roles: [web]
`,
        "roles/web/tasks/main.yml": `- commnd: ls
`,
      },
      `error: "commnd" is not a keyword or module; did you mean "command"?
  roles/web/tasks/main.yml:1:3
  1 | - commnd: ls
    |   ^^^^^^
  in play "a" > role web > task "commnd"`,
    ],
  ])("%s", (_title, files, told) => {
    expect(fixture(files).told()).toBe(told);
  });
});
