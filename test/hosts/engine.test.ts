import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { apply, k3sprov } from "./cli.ts";
import { converges } from "./converges.ts";
import { freshHost, freshHosts } from "./pool.ts";

const nginxLike = `
- hosts: all
  become: true
  tasks:
    - name: Create the folder
      file: { path: /etc/demo, state: directory, mode: "0755" }
    - name: Write the configuration
      copy:
        dest: /etc/demo/demo.conf
        mode: "0640"
        content: "name = {{ inventory_hostname }}\\n"
    - name: Add a line
      lineinfile: { path: /etc/demo/more.conf, line: "answer = 42", create: true, mode: "0644" }
    - name: Write the unit
      copy:
        dest: /etc/systemd/system/demo.service
        mode: "0644"
        content: |
          [Unit]
          Description=Demo
          [Service]
          ExecStart=/bin/sleep infinity
          [Install]
          WantedBy=multi-user.target
    - name: Run the service
      systemd: { name: demo, state: started, enabled: true, daemon_reload: true, restart_when_changed: [/etc/demo/more.conf] }
`;

const undone = `
- hosts: all
  become: true
  tasks:
    - name: Stop the service
      systemd: { name: demo, state: stopped, enabled: false }
    - name: Remove the unit
      file: { path: /etc/systemd/system/demo.service, state: absent }
    - name: Remove the folder
      file: { path: /etc/demo, state: absent }
`;

describe("the promises, on three hosts at once", () => {
  const hosts = freshHosts(3);

  it("checks, applies, converges and repairs", { timeout: 180_000 }, async () => {
    const { again } = await converges(hosts(), nginxLike, {
      changed: ["Create the folder", "Write the configuration", "Add a line", "Write the unit", "Run the service"],
      disturb: [
        { by: "chmod 600 /etc/demo/demo.conf", repairedBy: "Write the configuration" },
        { by: "systemctl stop demo", repairedBy: "Run the service" },
      ],
    });
    // 1 for traits and facts, 1 for all probes.
    for (const cost of Object.values(again.costs)) expect(cost.roundTrips).toBeLessThanOrEqual(3);
    const removal = await apply(hosts(), undone);
    expect(removal.changes["host1"]).toContain("Remove the folder");
  });
});

describe("as other users", () => {
  const host = freshHost();

  it("becomes root by sudo without a password", async () => {
    const report = await apply(
      [host().as("deploy")],
      "- {hosts: all, become: true, tasks: [{copy: {dest: /root/x, content: y}}]}",
    );
    expect(Object.values(report.hosts)[0]).toMatchObject({ changed: 1, failed: 0 });
    expect(await host().read("stat -c %U /root/x")).toBe("root");
  });

  it("says that sudo wants a password, and that one is wrong", async () => {
    const playbook = "- {hosts: all, become: true, gather_facts: false, tasks: [{ping: }]}";
    const missing = await apply([host().as("wheel-pw")], playbook, { rc: 4 });
    expect(missing.stdout + missing.stderr).toContain("sudo");
    const wrong = await apply([host().as("wheel-pw")], playbook, { rc: 4, vars: { ansible_become_password: "no such" } });
    expect(wrong.stdout + wrong.stderr).toMatch(/password/);
    expect(wrong.stdout + wrong.stderr).not.toContain("no such");
    const right = await apply([host().as("wheel-pw")], playbook, { vars: { ansible_become_password: "correct horse battery" } });
    expect(Object.values(right.hosts)[0]).toMatchObject({ ok: 1, unreachable: 0 });
  });
});

describe("the language on real hosts", () => {
  const hosts = freshHosts(2);

  it("runs blocks, rescue, always, handlers, loops, includes and delegation", async () => {
    const playbook = `
- hosts: all
  become: true
  vars: { names: [a, b] }
  handlers:
    - name: second
      copy: { dest: /tmp/handler2, content: "x" }
    - name: first
      listen: topic
      copy: { dest: "/tmp/handler1", content: "{{ ansible_facts.hostname }}" }
  tasks:
    - name: Loop
      copy: { dest: "/tmp/loop-{{ item }}", content: "{{ item }}" }
      loop: "{{ names }}"
      notify: [topic, second]
      register: looped
    - assert: { that: [looped is changed, "looped.results | length == 2"] }
    - block:
        - command: /bin/false
      rescue:
        - copy: { dest: /tmp/rescued, content: "{{ ansible_failed_task.name | default('none') }}" }
      always:
        - copy: { dest: /tmp/always, content: "x" }
    - include_tasks: more.yml
      vars: { given: 7 }
    - name: Once
      copy: { dest: /tmp/once, content: "x" }
      run_once: true
    - name: On the first host
      copy: { dest: "/tmp/from-{{ inventory_hostname }}", content: "x" }
      delegate_to: "{{ groups.all[0] }}"
    - shell: echo $((given + 1)); echo err >&2; exit 3
      environment: { given: "4" }
      register: said
      failed_when: said.rc != 3
      changed_when: "'5' in said.stdout"
    - assert: { that: ["said.stdout_lines == ['5']", said.stderr == 'err', said is changed] }
    - name: Until
      shell: echo x >> /tmp/count; wc -l < /tmp/count
      register: counted
      until: counted.stdout | int >= 3
      retries: 5
      delay: 0
`;
    const files = { "more.yml": '- copy: { dest: "/tmp/included-{{ given }}", content: "x" }\n' };
    const report = await apply(hosts(), playbook, { files });
    expect(report.hosts["host1"]).toMatchObject({ failed: 0, rescued: 1 });
    for (const host of hosts()) {
      const names = (await host.read("cd /tmp; ls -d handler? loop-? rescued always included-7 2>&1")).split("\n");
      expect(names).toEqual(["always", "handler1", "handler2", "included-7", "loop-a", "loop-b", "rescued"]);
      expect(await host.read("wc -l < /tmp/count")).toBe("3");
    }
    const [first, second] = hosts();
    expect(await first?.read("ls /tmp/once /tmp/from-host1 /tmp/from-host2")).toBe("/tmp/from-host1\n/tmp/from-host2\n/tmp/once");
    expect((await second?.exec("ls /tmp/once"))?.rc).not.toBe(0);
  });

  it("keeps secrets out of everything it prints", async () => {
    const playbook = `
- hosts: all
  gather_facts: false
  tasks:
    - copy: { dest: /tmp/secret, content: "{{ token }}", mode: "0600" }
      no_log: true
    - command: "false {{ other }}"
      no_log: true
`;
    const report = await apply(hosts(), playbook, {
      vars: { token: "t0psecret-token", other: "an0ther-secret" },
      rc: 2,
      args: ["-vvv", "--diff"],
    });
    expect(report.stdout + report.stderr).not.toMatch(/t0psecret|an0ther/);
  });

  it("leaves a failed host out and goes on with the others", async () => {
    const playbook = `
- hosts: all
  gather_facts: false
  tasks:
    - command: /bin/false
      when: inventory_hostname == 'host1'
    - copy: { dest: /tmp/after-failure, content: x }
`;
    const report = await apply(hosts(), playbook, { rc: 2 });
    expect(report.hosts["host1"]).toMatchObject({ failed: 1, changed: 0 });
    expect(report.hosts["host2"]).toMatchObject({ failed: 0, changed: 1 });
  });

  it("does not believe a change that is not there afterwards", async () => {
    // A mount over the file's folder cannot be replaced by a rename, and an immutable one cannot be changed: the kernel's own
    // read-only sysctl is the portable case.
    const playbook =
      "- {hosts: host1, gather_facts: false, tasks: [{sysctl: {name: kernel.ostype, value: other, sysctl_set: true, sysctl_file: /tmp/s.conf}}]}";
    const report = await apply(hosts(), playbook, { rc: 2 });
    expect(report.hosts["host1"]).toMatchObject({ failed: 1 });
  });
});

describe("what goes wrong", () => {
  const host = freshHost();

  it("tells unreachable hosts apart, and still serves the others", async () => {
    const gone = { ...host().inventoryEntry(), ansible_port: 1 };
    const folder = mkdtempSync(join(tmpdir(), "k3sprov-gone-"));
    writeFileSync(`${folder}/i.json.yaml`, JSON.stringify({ all: { hosts: { gone, here: host().inventoryEntry() } } }));
    writeFileSync(`${folder}/p.yaml`, "- {hosts: all, gather_facts: false, tasks: [{ping: }]}");
    const result = await k3sprov(["apply", "-i", `${folder}/i.json.yaml`, `${folder}/p.yaml`]);
    expect(result.rc).toBe(4);
    expect(result.stdout).toMatch(/gone\s+: ok=0\s+changed=0\s+unreachable=1/);
    expect(result.stdout).toMatch(/here\s+: ok=1\s+changed=0\s+unreachable=0/);
  });

  it("refuses ten mistakes at once, before any host is touched", async () => {
    const playbook = `
- hosts: all
  become: maybe_yes_please
  taskz: []
  tasks:
    - coppy: { dest: /x }
    - copy: { dest: /x, content: y, modde: "0644" }
    - file: { path: /x, mode: 644 }
    - file: { path: /x, state: directry }
    - copy: { dest: /x, src: a, content: b }
    - debug: { msg: "{{ unclosed" }
    - debug: { msg: "{{ a | no_such_filter }}" }
    - command: ls
      when: "a ==="
    - lineinfile: { line: x }
    - import_tasks: missing.yml
    - ping:
      notify: nobody
`;
    let touched = 0;
    const server = createServer((socket) => {
      touched += 1;
      socket.destroy();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const { port } = z.object({ port: z.number() }).parse(server.address());
    const folder = mkdtempSync(join(tmpdir(), "k3sprov-refused-"));
    const inventory = { all: { hosts: { watched: { ansible_host: "127.0.0.1", ansible_port: port, ansible_user: "root" } } } };
    writeFileSync(`${folder}/i.yaml`, JSON.stringify(inventory));
    writeFileSync(`${folder}/bad.yaml`, playbook);
    writeFileSync(`${folder}/good.yaml`, "- {hosts: all, gather_facts: false, tasks: [{ping: }]}");

    const refused = await k3sprov(["apply", "-i", `${folder}/i.yaml`, `${folder}/bad.yaml`]);
    expect(refused.rc).toBe(3);
    expect(refused.stderr.match(/^error: /gm)?.length).toBeGreaterThanOrEqual(10);
    expect(touched).toBe(0);

    // What has no mistakes is asked of that host: the count would have told.
    const unreachable = await k3sprov(["apply", "-i", `${folder}/i.yaml`, `${folder}/good.yaml`]);
    expect(unreachable.rc).toBe(4);
    expect(touched).toBeGreaterThan(0);
  });

  it("lets a second operator know who holds the host", { timeout: 60_000 }, async () => {
    const held = "touch /run/held; while [ -e /run/held ]; do sleep 0.1; done";
    const slow = apply([host()], `- {hosts: all, gather_facts: false, tasks: [{shell: "${held}"}]}`);
    try {
      await host().read("until [ -e /run/held ]; do sleep 0.1; done");
      const second = await apply([host()], "- {hosts: all, gather_facts: false, tasks: [{ping: }]}", {
        rc: 4,
        args: ["--lock-timeout", "0"],
      });
      expect(second.stdout + second.stderr).toMatch(/lock/);
      // A dry run changes nothing, so it need not wait.
      await apply([host()], "- {hosts: all, gather_facts: false, tasks: [{ping: }]}", { check: true });
    } finally {
      await host().read("rm -f /run/held");
    }
    await slow;
  });
});
