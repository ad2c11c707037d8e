import { describe, expect, it } from "vitest";
import { fixture, playWith } from "./fixture.ts";

describe("mistakes in tasks", () => {
  it.each([
    [
      "an unknown keyword",
      `- command: ls
  ignore_error: true
`,
      `error: "ignore_error" is not a keyword or module; did you mean "ignore_errors"?
  site.yml:4:7
  3 |     - command: ls
  4 |       ignore_error: true
    |       ^^^^^^^^^^^^
  in play "all" > task "command"`,
    ],
    [
      "no module",
      `- name: Nothing
  when: x
`,
      `error: this task says no module to run
  site.yml:3:7
  2 |   tasks:
  3 |     - name: Nothing
    |       ^
  in play "all" > task "Nothing"`,
    ],
    [
      "two modules",
      `- copy: {content: x, dest: /x}
  file: {path: /x}
`,
      `error: a task runs one module, but this one has "copy" and "file"
  site.yml:4:7
  3 |     - copy: {content: x, dest: /x}
  4 |       file: {path: /x}
    |       ^^^^
  in play "all" > task "copy"
  help: make two tasks of it`,
    ],
    [
      "an unknown module, with its collection",
      `- community.general.ufw: {rule: allow}
`,
      `error: k3sprov has no module community.general.ufw yet
  site.yml:3:7
  2 |   tasks:
  3 |     - community.general.ufw: {rule: allow}
    |       ^^^^^^^^^^^^^^^^^^^^^
  in play "all" > task "community.general.ufw"
  help: \`k3sprov doc\` lists the modules there are`,
    ],
    [
      "a module of Ansible that is not here",
      `- name: Mount
  mount: {path: /x}
`,
      `error: k3sprov has no module mount yet
  site.yml:4:7
  3 |     - name: Mount
  4 |       mount: {path: /x}
    |       ^^^^^
  in play "all" > task "Mount"
  help: \`k3sprov doc\` lists the modules there are`,
    ],
    [
      "a module that there will never be",
      `- apt_key: {url: https://example.org/key.asc}
`,
      `error: there is no module apt_key on purpose: a key that it adds is trusted for every repository of the host, and the program it needs is gone from Debian 13
  site.yml:3:7
  2 |   tasks:
  3 |     - apt_key: {url: https://example.org/key.asc}
    |       ^^^^^^^
  in play "all" > task "apt_key"
  help: name the key at its repository: deb822_repository with "signed_by" (a URL, a file or the key itself), or apt_repository with "[signed-by=/etc/apt/keyrings/NAME.gpg]"`,
    ],
    [
      "an unknown module",
      `- action: frobnicate x=1
`,
      `error: there is no module "frobnicate"
  site.yml:3:15
  2 |   tasks:
  3 |     - action: frobnicate x=1
    |               ^^^^^^^^^^^^^^
  in play "all" > task "frobnicate"`,
    ],
    [
      "a module under a collection that is not its own",
      `- some.thing.copy: {dest: /x}
`,
      `error: k3sprov has no module some.thing.copy yet; did you mean "copy"?
  site.yml:3:7
  2 |   tasks:
  3 |     - some.thing.copy: {dest: /x}
    |       ^^^^^^^^^^^^^^^
  in play "all" > task "some.thing.copy"`,
    ],
    [
      "include",
      `- include: x.yml
`,
      `error: "include" is no longer in Ansible
  site.yml:3:7
  2 |   tasks:
  3 |     - include: x.yml
    |       ^^^^^^^
  in play "all" > task "include"
  help: use include_tasks or import_tasks`,
    ],
    [
      "import_playbook among tasks",
      `- import_playbook: x.yml
`,
      `error: "import_playbook" cannot stand among tasks
  site.yml:3:7
  2 |   tasks:
  3 |     - import_playbook: x.yml
    |       ^^^^^^^^^^^^^^^
  in play "all" > task "import_playbook"
  help: it stands in the list of plays`,
    ],
    [
      "a task that is text",
      `- reboot
- just do it
`,
      `error: a task must be a mapping, but is "reboot"
  site.yml:3:7
  2 |   tasks:
  3 |     - reboot
    |       ^^^^^^
  in play "all"
  help: write "- reboot: …"
error: a task must be a mapping, but is "just do it"
  site.yml:4:7
  3 |     - reboot
  4 |     - just do it
    |       ^^^^^^^^^^
  in play "all"`,
    ],
    [
      "parameters as a list",
      `- file:
    - path: /x
`,
      `error: the parameters of file must be a mapping, but are a list
  site.yml:4:9
  3 |     - file:
  4 |         - path: /x
    |         ^
  in play "all" > task "file"
  help: write "name: value" lines without dashes`,
    ],
    [
      "free-form text where there is none",
      `- file: /x state=absent
`,
      `error: file takes no free-form text, but has "/x"
  site.yml:3:13
  2 |   tasks:
  3 |     - file: /x state=absent
    |             ^^^^^^^^^^^^^^^
  in play "all" > task "file"
  help: write its parameters as a mapping, one to a line`,
    ],
    [
      "an open quote",
      `- shell: echo it's
`,
      `error: the text of shell cannot be split into parameters: a single quote is not closed
  site.yml:3:14
  2 |   tasks:
  3 |     - shell: echo it's
    |              ^^^^^^^^^
  in play "all" > task "shell"
  help: write it as the parameter "cmd", which is taken as it stands`,
    ],
    [
      "a missing parameter",
      `- copy:
    content: x
`,
      `error: copy needs the parameter "dest"
  site.yml:3:7
  2 |   tasks:
  3 |     - copy:
    |       ^^^^
  in play "all" > task "copy"
  help: k3sprov doc copy`,
    ],
    [
      "parameters that exclude each other",
      `- debug: {msg: a, var: b}
`,
      `error: debug: "msg" and "var" exclude each other; give one of them
  site.yml:3:7
  2 |   tasks:
  3 |     - debug: {msg: a, var: b}
    |       ^^^^^
  in play "all" > task "debug"
  help: k3sprov doc debug`,
    ],
    [
      "a wrong type, deep in free-form text",
      `- service: name=x enabled=maybe state={{ y }}
`,
      `error: service: "enabled" is "maybe", but must be a boolean (true or false)
  site.yml:3:31
  2 |   tasks:
  3 |     - service: name=x enabled=maybe state={{ y }}
    |                               ^^^^^
  in play "all" > task "service"
  help: k3sprov doc service`,
    ],
    [
      "decimal modes",
      `- file: {path: /x, mode: 400}
- file: {path: /x, mode: 0400}
- file: {path: /x, mode: "400"}
- file: {path: /x, mode: 888}
`,
      `error: file: "mode" is the decimal number 400 (octal 0620); write "0400"
  site.yml:3:30
  2 |   tasks:
  3 |     - file: {path: /x, mode: 400}
    |                              ^^^
  in play "all" > task "file"
  help: YAML reads digits without a leading zero as a decimal number; a file mode is octal
error: file: "mode" is 888, which is no file mode; write it quoted, like "0644"
  site.yml:6:30
  5 |     - file: {path: /x, mode: "400"}
  6 |     - file: {path: /x, mode: 888}
    |                              ^^^
  in play "all" > task "file"
  help: YAML reads digits without a leading zero as a decimal number; a file mode is octal`,
    ],
    [
      "a template",
      `- debug:
    msg: >-
      one
      {{ two three }}
`,
      `error: unexpected "three"; "}}" was expected
  site.yml:5:11
  4 |         msg: >-
  5 |           one
    |           ^
  in play "all" > task "debug"`,
    ],
  ])("%s", (_title, tasks, told) => {
    expect(fixture({ "site.yml": playWith(tasks) }).told()).toBe(told);
  });
});
