import { describe, expect, it } from "vitest";
import { fixture } from "./fixture.ts";

describe("loadPlaybook", () => {
  it("tells ten mistakes at once, each with its place", () => {
    const { told } = fixture({
      "site.yml": `- name: Set up
  hosts: all
  gather_fact: false
  roles:
    - comon
  tasks:
    - name: Copy the file
      copy:
        content: x
        dest: /etc/x
        modde: "0644"
    - name: Make the folder
      file:
        path: /etc/y
        state: direcotry
        mode: 755
    - name: Start
      servce:
        name: x
    - debug:
        msg: "{{ foo | }}"
      whne: foo
    - command: ls
      register: my-result
    - import_tasks: gone.yml
`,
      "roles/common/tasks/main.yml": "- meta: noop\n",
    });
    expect(told()).toBe(`error: a play has no keyword "gather_fact"; did you mean "gather_facts"?
  site.yml:3:3
  2 |   hosts: all
  3 |   gather_fact: false
    |   ^^^^^^^^^^^
  in play "Set up"
error: there is no role "comon"; did you mean "common"?
  site.yml:5:7
  4 |   roles:
  5 |     - comon
    |       ^^^^^
  in play "Set up"
  help: looked in roles, ., roles
error: copy has no parameter "modde"; did you mean "mode"?
  site.yml:11:9
  10 |         dest: /etc/x
  11 |         modde: "0644"
     |         ^^^^^
  in play "Set up" > task "Copy the file"
  help: k3sprov doc copy
error: file: "state" is "direcotry", but must be one of file, directory, absent, touch, link; did you mean "directory"?
  site.yml:15:16
  14 |         path: /etc/y
  15 |         state: direcotry
     |                ^^^^^^^^^
  in play "Set up" > task "Make the folder"
  help: k3sprov doc file
error: file: "mode" is the decimal number 755 (octal 01363); write "0755"
  site.yml:16:15
  15 |         state: direcotry
  16 |         mode: 755
     |               ^^^
  in play "Set up" > task "Make the folder"
  help: YAML reads digits without a leading zero as a decimal number; a file mode is octal
error: "servce" is not a keyword or module; did you mean "service"?
  site.yml:18:7
  17 |     - name: Start
  18 |       servce:
     |       ^^^^^^
  in play "Set up" > task "Start"
error: unexpected "}}"; the name of a filter was expected
  site.yml:21:24
  20 |     - debug:
  21 |         msg: "{{ foo | }}"
     |                        ^^
  in play "Set up" > task "debug"
error: "whne" is not a keyword or module; did you mean "when"?
  site.yml:22:7
  21 |         msg: "{{ foo | }}"
  22 |       whne: foo
     |       ^^^^
  in play "Set up" > task "debug"
error: "register": "my-result" is no valid variable name
  site.yml:24:17
  23 |     - command: ls
  24 |       register: my-result
     |                 ^^^^^^^^^
  in play "Set up" > task "command"
  help: use letters, digits and underscores, and begin with a letter or an underscore
error: there is no file "gone.yml" for import_tasks
  site.yml:25:21
  24 |       register: my-result
  25 |     - import_tasks: gone.yml
     |                     ^^^^^^^^
  in play "Set up" > task "import_tasks"
  help: looked in ., tasks`);
  });
});
