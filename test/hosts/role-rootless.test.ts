import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { apply } from "./cli.ts";
import { converges } from "./converges.ts";
import { messagesOf } from "./messages.ts";
import { freshHost } from "./pool.ts";
import { refusals } from "./refusals.ts";
import { repository } from "./run.ts";

// The machine's kernel has this one, since Docker needs it; a container cannot load others.
const playbook = (more = "") => `
- hosts: all
  become: true
  roles:
    - role: rootless
      vars:
        rootless_user: kube
        rootless_modules: [overlay]
        rootless_package_cache_valid_time: 315360000
        ${more.replaceAll("\n", "\n        ")}
`;
const settings = `rootless_unprivileged_ports: true
rootless_mtu: 1400
rootless_enable_ipv6: false
rootless_port_driver: slirp4netns
rootless_extra_args: ["--node-label=shop=50% off $HOME"]
rootless_config: { write-kubeconfig-mode: "0640" }`;

const K3S = `printf '#!/bin/sh\\nsleep infinity; :\\n' >/usr/local/bin/k3s && chmod 755 /usr/local/bin/k3s`;
const asUser = (command: string, user = "kube") => `su ${user} -s /bin/sh -c 'XDG_RUNTIME_DIR=/run/user/$(id -u) ${command}'`;
/** Makes a kernel seem to be Ubuntu's, whose AppArmor forbids users to make namespaces; its parser only notes which profiles it was given. */
const UBUNTU = `cp -a /proc/sys/kernel /run/kernel 2>/dev/null
echo 1 >/run/kernel/apparmor_restrict_unprivileged_userns; mount --bind /run/kernel /proc/sys/kernel
mount -t tmpfs tmpfs /sys/kernel/security; mkdir -p /sys/kernel/security/apparmor /etc/apparmor.d; : >/sys/kernel/security/apparmor/profiles
cat >/usr/sbin/apparmor_parser <<'PARSER'
#!/bin/sh
case $1 in -r) sed -n 's/^profile \\([^ ]*\\) .*/\\1 (unconfined)/p' "$2" ;; esac >/sys/kernel/security/apparmor/profiles
PARSER
chmod 755 /usr/sbin/apparmor_parser`;
const UNIT = "/home/kube/.config/systemd/user/k3s-rootless.service";
const task = (name: string) => `rootless : ${name}`;
const run = task("Run K3s, with what it reads now");

describe("role rootless", () => {
  const host = freshHost({ image: "cgroup2" });
  beforeAll(() => host().read(K3S));

  it("keeps its promises", { timeout: 400_000 }, async () => {
    await converges(host(), playbook(settings), {
      changed: [
        "Make a place to remember by",
        "Write down what is there",
        "Install what namespaces of users need",
        "Make the user, with numbers for accounts in containers",
        "Load kernel modules at boot",
        "Allow what K3s needs of the kernel",
        "Make the directory of the user managers' settings",
        "Let users share out processors, memory and the rest",
        "Let the user's services run without a login",
        "Make the directories of the user's services",
        "Write K3s' configuration",
        "Write the unit",
        "Write the settings of the namespaces",
        "Let K3s start at boot",
        "Run K3s, with what it reads now",
      ].map(task),
      disturb: [
        {
          by: `apt-get purge -y -q slirp4netns >/dev/null 2>&1; sed -i /^kube:/d /etc/subuid
echo dummy >/etc/modules-load.d/k3s-rootless.conf; sysctl -q -w net.ipv4.ip_unprivileged_port_start=1024`,
          repairedBy: [
            "Install what namespaces of users need",
            "Make the user, with numbers for accounts in containers",
            "Load kernel modules at boot",
            "Allow what K3s needs of the kernel",
          ].map(task),
        },
        {
          by: "sed -i 's/ cpuset//' /etc/systemd/system/user@.service.d/delegate.conf",
          repairedBy: [
            "Let users share out processors, memory and the rest",
            "Restart the user's manager, and all that the user runs in it, when its settings have changed",
          ].map(task),
        },
        // The user's manager may end with it, and then there is none to be restarted for another reason.
        { by: "rm /var/lib/systemd/linger/kube", repairedBy: task("Let the user's services run without a login"), alone: true },
        {
          by: `sed -i s/0640/0644/ /home/kube/.config/k3s/config.yaml; sed -i s/1400/1500/ ${UNIT}.d/20-rootless.conf; chmod 600 ${UNIT}`,
          repairedBy: [...["Write K3s' configuration", "Write the unit", "Write the settings of the namespaces"].map(task), run],
        },
        { by: asUser("systemctl --user --quiet disable --now k3s-rootless"), repairedBy: [task("Let K3s start at boot"), run] },
      ],
      absent: playbook("rootless_state: absent\nrootless_purge: true"),
    });
  });

  it("gives K3s its environment, and leaves what was there before it came", { timeout: 300_000 }, async () => {
    const deploy = (more = "") => playbook(more).replace("rootless_user: kube", "rootless_user: deploy");
    const home = "/home/deploy/.config";
    await host().read(
      `loginctl enable-linger deploy && apt-get install -y -q fuse3 >/dev/null 2>&1 && install -d -o deploy -g deploy ${home}`,
    );
    const numbers = await host().read("grep deploy /etc/subuid /etc/subgid");
    await host().read(UBUNTU);
    const first = await apply(host(), deploy(settings));
    expect(first.changes["fresh1"]).toEqual(
      expect.arrayContaining(["Write the profile of K3s", "Load the profile of K3s"].map(task)),
    );
    expect(await host().read("sed -n 's/profile k3s-rootless-[0-9a-f]* //p' /etc/apparmor.d/k3s-rootless")).toBe(
      "{/usr/local/bin/k3s,/home/deploy/.rancher/k3s/data/*/bin/k3s} flags=(unconfined) {",
    );
    const pid = await host().read(asUser("systemctl --user show -P MainPID k3s-rootless", "deploy"));
    const environment = await host().read(`tr '\\0' '\\n' </proc/${pid}/environ | grep -E '^(K3S_|PATH=)' | sort`);
    expect(environment.split("\n")).toEqual([
      `K3S_CONFIG_FILE=${home}/k3s/config.yaml`,
      "K3S_ROOTLESS_CIDR=10.41.0.0/16",
      "K3S_ROOTLESS_DISABLE_HOST_LOOPBACK=true",
      "K3S_ROOTLESS_ENABLE_IPV6=false",
      "K3S_ROOTLESS_MTU=1400",
      "K3S_ROOTLESS_PORT_DRIVER=slirp4netns",
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ]);
    // The stand-in is a script.
    expect(await host().read(`tr '\\0' '|' </proc/${pid}/cmdline`)).toBe(
      "/bin/sh|/usr/local/bin/k3s|server|--rootless|--snapshotter=fuse-overlayfs|--node-label=shop=50% off $HOME|",
    );
    expect(await host().read(`cat ${home}/k3s/config.yaml`)).toBe("write-kubeconfig-mode: '0640'");

    // What is not asked for any more is taken back, and a profile that the kernel has lost loaded.
    await host().read(": >/sys/kernel/security/apparmor/profiles");
    const written = ["Write K3s' configuration", "Write the unit", "Write the settings of the namespaces"].map(task);
    expect((await apply(host(), deploy())).changes).toEqual({
      fresh1: [task("Take back what is not asked for any more"), task("Load the profile of K3s"), ...written, run],
    });
    expect(await host().read("cat /etc/sysctl.d/99-k3s-rootless.conf")).toBe("net.ipv4.ip_forward=1");

    await host().read(`install -d -o deploy -g deploy /home/deploy/.rancher/k3s ${home}/systemd/user/mine.service.d`);
    await apply(host(), deploy("rootless_state: absent"));
    expect(await host().read("ls /etc/apparmor.d; cat /sys/kernel/security/apparmor/profiles")).toBe("");
    expect(await host().read("grep deploy /etc/subuid /etc/subgid")).toBe(numbers);
    expect(await host().read("ls -d /home/deploy/.rancher/k3s /var/lib/systemd/linger/deploy")).toBe(
      "/home/deploy/.rancher/k3s\n/var/lib/systemd/linger/deploy",
    );
    expect(await host().read(`find ${home} | sort`)).toBe(
      ["", "/systemd", "/systemd/user", "/systemd/user/mine.service.d"].map((one) => home + one).join("\n"),
    );
    expect(await host().exec("dpkg -l fuse3 slirp4netns 2>&1 | awk '/^ii/ { print $2 }'")).toMatchObject({ stdout: "fuse3\n" });

    // What is stored belongs to the numbers of before.
    await host().read("sed -i /^deploy:/d /etc/subuid");
    const refused = await apply(host(), deploy(), { rc: 2 });
    expect(messagesOf(refused)).toContain(
      "/home/deploy/.rancher/k3s belongs to accounts by the numbers that deploy has had in /etc/subuid and /etc/subgid, and nobody could read it with others; leave them as they are, or move it away",
    );
    expect(refused.changes).toEqual({});
  });
});

describe("what role rootless refuses of a host before it changes it", () => {
  const host = freshHost();
  // Whatever the machine has: the old control groups are told by what the directory holds.
  beforeAll(() => host().read("mkdir /run/groups && mount --bind /run/groups /sys/fs/cgroup"));

  const v2 = "touch /run/groups/cgroup.controllers";
  it.each([
    [
      "the old control groups",
      "",
      ":",
      "K3s without root needs pure cgroup v2, and this host has cgroup v1; add systemd.unified_cgroup_hierarchy=1 to the kernel's command line and reboot",
    ],
    [
      "both kinds of control groups",
      "",
      "mkdir /run/groups/unified",
      "K3s without root needs pure cgroup v2, and this host has both kinds (hybrid); add systemd.unified_cgroup_hierarchy=1 to the kernel's command line and reboot",
    ],
    [
      "a K3s of the system",
      "",
      `${v2}; touch /etc/systemd/system/k3s-agent.service`,
      "this host has K3s as a service of the system (k3s-agent), which uses the same ports; uninstall it first",
    ],
    [
      "a user who is not there",
      "rootless_create_user: false",
      `${v2}; rm -f /etc/systemd/system/k3s-agent.service`,
      "there is no user kube, and rootless_create_user is false",
    ],
    [
      "a user of the system",
      "",
      "useradd --system kube",
      "kube has the number 999, and those below 1000 are the system's; name an ordinary user",
    ],
    [
      "another home",
      "rootless_home: /srv/kube",
      "userdel kube; useradd -m kube",
      "rootless_home is /srv/kube, but the home of kube is /home/kube",
    ],
  ])("%s", async (_, variables, before, message) => {
    await host().read(before);
    const report = await apply(host(), playbook(variables), { rc: 2 });
    expect(messagesOf(report)).toContain(message);
    expect(report.changes).toEqual({});
  });

  it("its own networks", async () => {
    const address = await host().read("ip -4 -o addr show eth0 | awk '{print $4}'");
    const cidr = `${address.split(".")[0]}.0.0.0/8`;
    const report = await apply(host(), playbook(`rootless_cidr: ${cidr}`), { rc: 2 });
    expect(report.stdout).toMatch(
      new RegExp(
        `rootless_cidr ${cidr} overlaps [0-9./]+, which is a network of this host; choose a network that nobody else uses`,
      ),
    );
  });
});

describe("what role rootless wants of the kernels of Red Hat", () => {
  const rocky = {
    os_family: "RedHat",
    distribution: "Rocky",
    distribution_major_version: "10",
    kernel: "6.12.0-55.el10.x86_64",
    virtualization_tech_guest: ["kvm"],
    packages: {},
  };
  const extra = (name: string, release: string) => ({ [name]: [{ name, version: "6.12.0", release, arch: "x86_64" }] });
  const old = "kernel-modules-extra-6.12.0-55.el10.x86_64";
  const uek = { ...rocky, distribution: "OracleLinux", kernel: "6.12.0-1.el10uek.x86_64" };
  it.each([
    ["10", rocky, "nf_tables", [old], [old]],
    ["10, that has it", { ...rocky, packages: extra("kernel-modules-extra", "55.el10") }, "nf_tables", [old], []],
    [
      "10, that has it for another kernel",
      { ...rocky, packages: extra("kernel-modules-extra", "56.el10") },
      "nf_tables",
      [old],
      [old],
    ],
    ["10 with Oracle's kernel", uek, "nf_tables", ["kernel-uek-modules-extra-6.12.0-1.el10uek.x86_64"], undefined],
    ["10 in a container", { ...rocky, virtualization_tech_guest: ["container"] }, "nf_tables", [], []],
    ["9", { ...rocky, distribution_major_version: "9" }, "iptable_nat", [], []],
    ["that is Fedora", { ...rocky, distribution: "Fedora", distribution_major_version: "42" }, "iptable_nat", [], []],
  ])("%s", async (_, facts, nat, wanted, brought = wanted) => {
    const files = ["k3s-host", "rootless"].flatMap((role) =>
      ["defaults", "vars"].map((folder) => join(repository, "roles", role, folder, "main.yml")),
    );
    const kernel = "select('match', 'kernel-') | list | to_json";
    const said = `{{ rootless_modules | to_json }} {{ rootless__wanted | ${kernel} }} {{ rootless__found.packages | ${kernel} }}`;
    const text = [
      {
        hosts: "localhost",
        connection: "local",
        gather_facts: false,
        vars_files: files,
        vars: { ansible_facts: facts },
        tasks: [{ debug: { msg: said } }],
      },
    ];
    const list = (all: readonly string[]) => JSON.stringify(all).replaceAll(",", ", ");
    expect(messagesOf(await apply([], JSON.stringify(text)))).toBe(
      [["overlay", "fuse", "br_netfilter", nat, "vxlan"], wanted, brought].map(list).join(" "),
    );
  });
});

it("refuses, before any host is touched, what K3s without root cannot be", async () => {
  const inventory = `all:
  hosts: { lone: {}, mtu: {}, net: {}, small: {}, pods: {}, args: {}, roles: {}, user: {} }
  children: { server: { hosts: { a: {} } }, agent: { hosts: { b: {} } } }`;
  const of = (name: string, vars: string, more = "") =>
    `- { hosts: ${name}, roles: [{ role: rootless, rootless_user: kube, ${vars} }${more}] }\n`;
  const stub = (name: string) => [`roles/${name}/tasks/main.yml`, "- debug:\n"] as const;
  const said = await refusals(
    inventory,
    [
      "- { hosts: lone, roles: [rootless] }\n",
      of("b", "rootless_enable_ipv6: maybe"),
      of("a", "rootless_config: { server: 'https://b:6443', docker: true, selinux: false }"),
      of("mtu", "rootless_mtu: 1000, rootless_binary: k3s, rootless_home: '/a b'"),
      of("net", "rootless_cidr: 10.41.3.0/16, rootless_node_cidrs: [10.0.0.0/8]"),
      of("small", "rootless_cidr: 10.41.0.0/25"),
      of("pods", "rootless_cidr: 10.0.0.0/8"),
      of("args", "rootless_extra_args: [--selinux, --config=/x, --token=abc, 7]"),
      of("user", "rootless_user: root").replace("rootless_user: kube, ", ""),
      of("roles", "rootless_mtu: 0", ", stargz, docker-runtime, nvidia"),
    ].join(""),
    Object.fromEntries(["stargz", "docker-runtime", "nvidia"].map(stub)),
  );
  const groups = "take it out of the groups server, agent and k3s_cluster, or say in k3s_host_cluster which nodes there are";
  expect(said).toEqual([
    "lone: rootless_user is needed: the name of the user whose K3s it is",
    "b: K3s without root cannot be an agent; take the host out of the group agent",
    `b: K3s without root is a cluster of its own, and a is in the same cluster as b; ${groups}`,
    'b: rootless_enable_ipv6 is "maybe", but must be true, false or auto',
    `a: K3s without root is a cluster of its own, and b is in the same cluster as a; ${groups}`,
    "a: rootless_config has server, docker: K3s without root cannot join a cluster; Docker belongs to root",
    "mtu: rootless_mtu is 1000, but must be 1280 to 65520, or 0 for what the driver takes",
    'mtu: rootless_binary is "k3s", but must be an absolute path without blanks and without ..',
    'mtu: rootless_home is "/a b", but must be an absolute path without blanks and without ..',
    'net: rootless_cidr is "10.41.3.0/16", and K3s wants no bits of a host in it; write 10.41.0.0/16',
    "net: rootless_cidr 10.41.3.0/16 overlaps 10.0.0.0/8, which is a network of nodes; choose a network that nobody else uses",
    'small: rootless_cidr is "10.41.0.0/25", but must be an IPv4 network of at least a /24, such as 10.41.0.0/16',
    "pods: rootless_cidr 10.0.0.0/8 overlaps 10.42.0.0/16, which is the network of pods; choose a network that nobody else uses",
    "pods: rootless_cidr 10.0.0.0/8 overlaps 10.43.0.0/16, which is the network of services; choose a network that nobody else uses",
    "args: rootless_extra_args has 7, but each must be one argument, quoted where YAML would take it for a number",
    'args: rootless_extra_args has "--selinux": containerd cannot label containers without root',
    'args: rootless_extra_args has "--config=/x": the role writes the configuration file, from rootless_config',
    "args: rootless_extra_args has --token, and arguments can be read by everybody on the host; put it into rootless_config",
    'user: rootless_user is "root", who has all rights; name an ordinary user',
    "roles: role rootless and role docker-runtime, stargz, nvidia exclude each other: Docker belongs to root; its snapshotter does not work without root; its runtime belongs to root; take one of them from the host",
  ]);
});
