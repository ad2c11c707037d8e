import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ApplyOptions, apply, type RunReport } from "./cli.ts";
import { play } from "./play.ts";
import { machineProblem, startMachine, type TestMachine } from "./vm.ts";
import { rolesOnMachine } from "./vm-roles.ts";

const problem = machineProblem();
if (problem !== undefined) console.info(`the tests that need a virtual machine are left out: ${problem}`);

const changesOf = (report: RunReport): readonly string[] => report.changes["vm"] ?? [];

// Emulated, everything takes ten times as long, and a change of the policy half a minute.
const LONG = { timeout: 600_000 };

describe.skipIf(problem !== undefined)("a virtual machine", () => {
  let machine: TestMachine;
  beforeAll(async () => {
    machine = await startMachine("vm");
  }, 900_000);
  afterAll(async () => {
    await machine?.stop();
  });
  const run = (tasks: string, options: ApplyOptions = {}): Promise<RunReport> =>
    apply(machine.host, play(tasks), { timeoutMs: 500_000, ...options });
  /** A check lists what an apply then changes, and a second apply changes nothing. */
  const converge = async (tasks: string, changed: readonly string[], options: ApplyOptions = {}): Promise<void> => {
    expect(changesOf(await run(tasks, { ...options, check: true })), "check").toEqual(changed);
    expect(changesOf(await run(tasks, options)), "apply").toEqual(changed);
    expect(changesOf(await run(tasks, options)), "second apply").toEqual([]);
  };
  const label = (path: string): Promise<string> => machine.read(`stat -c %C ${path} | cut -d: -f3`);

  it("is a host with a kernel of its own, its files labelled", LONG, async () => {
    expect(await machine.read("stat -f -c %T /sys/fs/cgroup; getenforce; readlink /proc/1/exe")).toBe(
      "cgroup2fs\nPermissive\n/usr/lib/systemd/systemd",
    );
    expect(await machine.read("id -Z | cut -d: -f3")).toBe("unconfined_t");
    for (const [path, type] of [
      ["/etc/passwd", "etc_t"],
      ["/etc/shadow", "shadow_t"],
      ["/usr/sbin/sshd", "sshd_exec_t"],
      ["/var/log", "var_log_t"],
    ])
      expect(await label(path ?? "")).toBe(type);
  });

  const kernel = `- name: Module
  modprobe: { name: br_netfilter, persistent: present }
- name: Bridged packets
  sysctl: { name: net.bridge.bridge-nf-call-iptables, value: 0, sysctl_set: true, sysctl_file: /etc/sysctl.d/90-test.conf }
- name: Panic
  sysctl: { name: kernel.panic, value: 17, sysctl_set: true, sysctl_file: /etc/sysctl.d/90-test.conf }
- name: Memory
  sysctl: { name: vm.overcommit_memory, value: 1, sysctl_set: true, sysctl_file: /etc/sysctl.d/90-test.conf }`;

  it("loads kernel modules and takes settings that a container may not touch", LONG, async () => {
    expect((await machine.exec("grep -q ^br_netfilter /proc/modules")).rc).toBe(1);
    await converge(kernel, ["Module", "Bridged packets", "Panic", "Memory"]);
    expect(
      await machine.read(
        "grep -c ^br_netfilter /proc/modules; sysctl -n net.bridge.bridge-nf-call-iptables kernel.panic vm.overcommit_memory",
      ),
    ).toBe("1\n0\n17\n1");
    await machine.read("sysctl -q -w kernel.panic=3");
    expect(changesOf(await run(kernel))).toEqual(["Panic"]);
    for (const state of ["present", "absent"])
      expect(changesOf(await run(`- name: ${state}\n  modprobe: { name: dummy, state: ${state} }`))).toEqual([state]);
    expect((await machine.exec("grep -q ^dummy /proc/modules")).rc).toBe(1);
  });

  it("gets its fuse from the role stargz, on a disk that the snapshotter works on", LONG, async () => {
    // As soon as it is there, udev has its control file system mounted.
    const unload =
      "for try in 1 2 3 4 5; do umount /sys/fs/fuse/connections; modprobe -r fuse && break; sleep 1; done 2>/dev/null; ! grep -q ^fuse /proc/modules";
    await machine.read(unload);
    const playbook = "- hosts: all\n  become: true\n  roles:\n    - { role: stargz, stargz_packages: [] }\n";
    const options = { timeoutMs: 500_000, args: ["--timeout", "60"] };
    const expected = [
      "stargz : Load FUSE at each boot",
      "stargz : Load FUSE now",
      "stargz : Create the directories of K3s' settings",
      "stargz : Tell K3s to use the snapshotter",
    ];
    for (const check of [true, false]) {
      expect(changesOf(await apply(machine.host, playbook, { ...options, check }))).toEqual(expected);
    }
    expect(
      await machine.read("grep -c ^fuse /proc/modules; stat -c %F /dev/fuse; cat /etc/modules-load.d/fuse.conf | tail -n 1"),
    ).toBe("1\ncharacter special file\nfuse");
    await machine.read(unload);
    expect(changesOf(await apply(machine.host, playbook, options))).toEqual(["stargz : Load FUSE now"]);
  });

  it("enforces its policy, and keeps the labels of files that are replaced", LONG, async () => {
    await machine.read(
      "for f in copy template line; do echo old >/etc/$f.conf; chcon -t httpd_config_t /etc/$f.conf; done; mkdir -p /srv/tree; chcon -t httpd_sys_content_t /srv/tree",
    );
    const enforce = "- name: Enforce\n  selinux: { policy: default, state: enforcing }";
    await converge(enforce, ["Enforce"]);
    expect(await machine.read("getenforce; grep ^SELINUX= /etc/selinux/config")).toBe("Enforcing\nSELINUX=enforcing");
    await machine.read("setenforce 0");
    expect(changesOf(await run(enforce))).toEqual(["Enforce"]);

    const files = { "templates/site.j2": "new {{ 6 * 7 }}\n" };
    await converge(
      `- name: Copy
  copy: { content: "new", dest: /etc/copy.conf }
- name: Template
  template: { src: templates/site.j2, dest: /etc/template.conf }
- name: Line
  lineinfile: { path: /etc/line.conf, line: new }
- name: Fresh
  copy: { content: "new", dest: /etc/fresh.conf }
- name: Below
  copy: { content: "new", dest: /srv/tree/index.html }
- name: Type
  file: { path: /srv/tree/typed, state: touch, setype: httpd_log_t, access_time: preserve, modification_time: preserve }`,
      ["Copy", "Template", "Line", "Fresh", "Below", "Type"],
      { files },
    );
    expect(await machine.read("cat /etc/copy.conf; echo; cat /etc/template.conf /etc/line.conf")).toBe("new\nnew 42\nold\nnew");
    for (const name of ["copy", "template", "line"]) expect(await label(`/etc/${name}.conf`)).toBe("httpd_config_t");
    expect(await label("/etc/fresh.conf")).toBe("etc_t");
    expect(await label("/srv/tree/typed")).toBe("httpd_log_t");
    // As restorecon would have it.
    const fresh = "/etc/fresh.conf /srv/tree/index.html";
    expect(await machine.read(`restorecon -nv ${fresh}`)).toBe("");
  });

  // Ports are tried in a container (modules-selinux.test.ts): the kernel has no part in them, and each change makes the policy anew.
  const policy = `- name: Boolean
  seboolean: { name: httpd_can_network_connect, state: true, persistent: true }
- name: Label
  sefcontext: { target: "/srv/site(/.*)?", setype: httpd_sys_content_t }`;

  it("changes the policy of the running kernel", LONG, async () => {
    await converge(policy, ["Boolean", "Label"]);
    expect(await machine.read("getsebool httpd_can_network_connect")).toBe("httpd_can_network_connect --> on");
    await machine.read("mkdir /srv/site && restorecon -R /srv/site");
    expect(await label("/srv/site")).toBe("httpd_sys_content_t");
    await machine.read("setsebool httpd_can_network_connect off");
    expect(changesOf(await run(policy, { check: true }))).toEqual(["Boolean"]);
    const now = "- name: Now\n  seboolean: { name: httpd_can_network_connect, state: true }";
    expect(changesOf(await run(now))).toEqual(["Now"]);
  });

  it("reboots, goes on with the play, and is as it was made", LONG, async () => {
    const before = await machine.read("cat /proc/sys/kernel/random/boot_id");
    const report = await run(`- name: Before
  command: cat /proc/sys/kernel/random/boot_id
  register: before
- name: Reboot
  reboot: { reboot_timeout: 400 }
  register: rebooted
- name: After
  command: cat /proc/sys/kernel/random/boot_id
  register: after
- assert: { that: [rebooted.rebooted, before.stdout != after.stdout] }
- name: Written after it
  copy: { content: "{{ before.stdout }} {{ after.stdout }}", dest: /etc/boots }`);
    expect(changesOf(report)).toEqual(["Before", "Reboot", "After", "Written after it"]);
    const [first, second] = (await machine.read("cat /etc/boots")).split(" ");
    expect(first).toBe(before);
    expect(second).toBe(await machine.read("cat /proc/sys/kernel/random/boot_id"));
    expect(await machine.read("getenforce")).toBe("Enforcing");
    expect(changesOf(await run(`${kernel}\n${policy}\n- selinux: { policy: default, state: enforcing }`))).toEqual([]);
  });

  it("goes back to permissive", LONG, async () => {
    expect(changesOf(await run("- name: Permit\n  selinux: { policy: default, state: permissive }"))).toEqual(["Permit"]);
    expect(await machine.read("getenforce; grep ^SELINUX= /etc/selinux/config")).toBe("Permissive\nSELINUX=permissive");
  });

  rolesOnMachine(() => machine);
});
