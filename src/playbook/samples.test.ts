import { describe, expect, it } from "vitest";
import { fixture } from "./fixture.ts";
import { listTags, listTasks } from "./list.ts";

const clusterRole = {
  "roles/prepare/defaults/main.yml": "---\nprepare_packages: [curl, tar]\nprepare_modules:\n  - br_netfilter\n  - overlay\n",
  "roles/prepare/vars/main.yml": "---\nprepare_conf: /etc/sysctl.d/90-k3s.conf\n",
  "roles/prepare/meta/main.yml": `---
galaxy_info:
  author: someone
  license: MIT
  min_ansible_version: "2.14"
  platforms:
    - name: Debian
      versions: [all]
dependencies: []
collections:
  - ansible.posix
`,
  "roles/prepare/tasks/main.yml": `---
- name: Load the settings of this distribution
  ansible.builtin.include_vars: "{{ item }}"
  with_first_found:
    - "{{ ansible_facts.distribution | lower }}.yml"
    - default.yml

- name: Install what is needed
  ansible.builtin.package:
    name: "{{ prepare_packages }}"
    state: present
  when: ansible_os_family in ['Debian', 'RedHat']
  register: installed
  until: installed is succeeded
  retries: 3
  delay: 5
  tags: [packages]

- import_tasks: kernel.yml
  when: not (prepare_skip_kernel | default(false))
  tags: kernel

- include_tasks: "setup-{{ ansible_os_family }}.yml"
  tags: [os]

- include_tasks: setup-RedHat.yml
  when: ansible_os_family == 'RedHat'
`,
  "roles/prepare/tasks/kernel.yml": `---
- name: Forward packets
  ansible.posix.sysctl:
    name: "{{ item.key }}"
    value: "{{ item.value }}"
    state: present
    reload: true
  with_dict:
    net.ipv4.ip_forward: 1
    net.ipv6.conf.all.forwarding: 1
  loop_control:
    label: "{{ item.key }}"
  notify: Reload the settings

- name: Write the module list
  template:
    src: modules.conf.j2
    dest: /etc/modules-load.d/k3s.conf
    owner: root
    mode: 0644
`,
  "roles/prepare/tasks/setup-RedHat.yml":
    "---\n- name: Open the firewall\n  ansible.posix.firewalld:\n    port: 6443/tcp\n    state: enabled\n",
  "roles/prepare/handlers/main.yml": "---\n- name: Reload the settings\n  command: sysctl --system\n  changed_when: true\n",
  "roles/prepare/templates/modules.conf.j2": "{% for module in prepare_modules %}\n{{ module }}\n{% endfor %}\n",
};

describe("playbooks as people write them", () => {
  it("loads one for a K3s cluster", () => {
    const { load, warnings } = fixture({
      ...clusterRole,
      "site.yml": `---
- name: Prepare all nodes
  hosts: k3s_cluster
  gather_facts: true
  become: true
  any_errors_fatal: true
  environment: "{{ proxy_env | default({}) }}"
  pre_tasks:
    - name: Refuse old versions
      assert:
        that:
          - k3s_version is version('v1.26', '>=')
          - groups['server'] | length is odd
        fail_msg: "too old"
      run_once: true
      delegate_to: localhost
      become: no
      tags: always
  roles:
    - role: prepare
      tags: [prepare]

- hosts: server
  become: yes
  serial: 1
  max_fail_percentage: 0
  vars_files:
    - vars/cluster.yml
  vars:
    token_file: /var/lib/rancher/k3s/server/node-token
  tasks:
    - name: Install the server
      block:
        - name: Ask for the version
          command: k3s --version
          register: k3s_installed
          changed_when: false
          failed_when: k3s_installed.rc not in [0, 2]
          check_mode: no
        - shell: |
            set -o pipefail
            curl -sfL https://get.k3s.io | sh -s - server --cluster-init creates=/usr/local/bin/k3s
          args:
            chdir: /tmp
          when:
            - k3s_installed.rc != 0 or k3s_version not in k3s_installed.stdout
            - not ansible_check_mode
      rescue:
        - debug: msg="{{ ansible_failed_result.msg }}"
        - meta: end_play
      always:
        - name: Note the node
          set_fact:
            node_done: true
    - name: Start it
      systemd:
        name: k3s
        state: started
        enabled: yes
        daemon_reload: true
      notify:
        - wait for k3s
  handlers:
    - name: Wait until the API answers
      uri:
        url: "https://{{ ansible_host }}:6443/readyz"
      register: ready
      until: ready.status == 200
      retries: 30
      listen: wait for k3s
- import_playbook: agents.yml
  when: groups['agent'] | default([]) | length > 0
  tags: agents
`,
      "vars/cluster.yml": "k3s_version: v1.30.1+k3s1\n",
      "agents.yml": "- hosts: agent\n  strategy: free\n  tasks:\n    - local_action: command date\n      tags: [date]\n",
    });
    const playbook = load();
    expect(warnings()).toEqual([
      `warning: k3sprov has no module ansible.posix.firewalld yet
  roles/prepare/tasks/setup-RedHat.yml:3:3
  2 | - name: Open the firewall
  3 |   ansible.posix.firewalld:
    |   ^^^^^^^^^^^^^^^^^^^^^^^
  in play "Prepare all nodes" > role prepare > task "include_tasks" > task "Open the firewall"
  help: \`k3sprov doc\` lists the modules there are`,
    ]);
    expect(playbook.plays.map((play) => listTasks(play).map(({ title, tags }) => [title, ...tags].join(" ")))).toEqual([
      [
        "Refuse old versions always",
        "prepare : Load the settings of this distribution prepare",
        "prepare : Install what is needed prepare packages",
        "prepare : Forward packets prepare kernel",
        "prepare : Write the module list prepare kernel",
        "prepare : include_tasks prepare os",
        "prepare : include_tasks prepare",
      ],
      ["Ask for the version", "shell", "debug", "meta", "Note the node", "Start it"],
      ["command agents date"],
    ]);
    expect(playbook.plays.map((play) => listTags(play))).toEqual([
      ["always", "kernel", "os", "packages", "prepare"],
      [],
      ["agents", "date"],
    ]);
    const [, server, agents] = playbook.plays;
    expect(agents?.when.map((one) => one.source)).toEqual(["groups['agent'] | default([]) | length > 0"]);
    expect(agents?.strategy).toBe("free");
    expect(server?.handlers.map((one) => one.kind === "task" && one.listen)).toEqual([["wait for k3s"]]);
  });
});
