import { describe, expect, it } from "vitest";
import { fixture } from "./fixture.ts";

describe("loadPlaybook", () => {
  it("tells ten mistakes at once, each with its place", () => {
    const { told } = fixture({
      "site.yml": `- name: Set up
  hosts: all
  gather_fact: false
  vars:
    1st: a
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
      when: foo == {{ bar }}
      register: my-result
    - apt: name=x
      notify: restart x
    - import_tasks: gone.yml
`,
      "roles/common/tasks/main.yml": "- meta: noop\n",
    });
    expect(told()).toBe("");
  });
});
