import type { Expectation } from "./converges.ts";
import { play } from "./play.ts";

/** Tasks of every module that places files, and what comes of them, for hosts with other tools than GNU's. */
export const fileFamily: { readonly tasks: string; readonly expected: Expectation } = {
  tasks: `- name: Folder
  file: { path: /srv/t/a, state: directory, mode: "0750", owner: deploy, group: deploy }
- name: Touch
  file: { path: /srv/t/a/f, state: touch, access_time: preserve, modification_time: preserve, mode: "0600" }
- name: Link
  file: { src: /srv/t/a/f, dest: /srv/t/l, state: link }
- name: Hard link
  file: { src: /srv/t/a/f, dest: /srv/t/h, state: hard }
- name: Text
  copy: { dest: /srv/t/c.conf, content: "a: {{ 1 + 1 }}", mode: "0640", owner: deploy }
- name: Bytes
  copy: { src: data.bin, dest: /srv/t/ }
- name: Tree
  copy: { src: tree/, dest: /srv/t/tree/, directory_mode: "0700" }
- name: On the host
  copy: { src: /etc/passwd, dest: /srv/t/passwd, remote_src: true }
- name: Template
  template: { src: t.j2, dest: /srv/t/t.conf, validate: "grep -q hello %s" }
- name: Line
  lineinfile: { path: /srv/t/lines, create: true, line: "x = 1", regexp: "^x" }
- name: Block
  blockinfile: { path: /srv/t/lines, block: "one\\ntwo" }
- name: Look
  stat: { path: /srv/t/passwd }
  register: looked
- name: Read
  slurp: { src: /etc/hostname }
  register: read
- name: Tell
  assert:
    that:
      - ansible_check_mode or (looked.stat.isreg and looked.stat.mode == '0644' and looked.stat.checksum | length == 40)
      - read.content | b64decode | trim | length > 0`,
  expected: {
    changed: [...["Folder", "Touch", "Link", "Hard link", "Text", "Bytes", "Tree", "On the host", "Template", "Line", "Block"]],
    files: {
      "files/data.bin": "\u0001\u0002 bytes\n",
      "files/tree/deep/er": "1\n",
      "files/tree/file": "2\n",
      "templates/t.j2": "hello {{ inventory_hostname }}\n",
    },
    disturb: [
      { by: "chmod 700 /srv/t/a", repairedBy: "Folder" },
      { by: "ln -sfn /etc/passwd /srv/t/l", repairedBy: "Link" },
      { by: "chown root:root /srv/t/c.conf", repairedBy: "Text" },
      { by: "echo 3 > /srv/t/tree/deep/er", repairedBy: "Tree" },
      {
        by: "echo x = 2 > /srv/t/lines; printf '# BEGIN ANSIBLE MANAGED BLOCK\\none\\ntwo\\n# END ANSIBLE MANAGED BLOCK\\n' >> /srv/t/lines",
        repairedBy: "Line",
      },
    ],
    absent: play("- file: { path: /srv/t, state: absent }"),
  },
};
