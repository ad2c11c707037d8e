import { beforeAll, describe, expect, it } from "vitest";
import { armouredKey, binaryKey, fingerprintsOf } from "../../src/modules/support/packages/signing-key.ts";
import { apply } from "./cli.ts";
import { converges } from "./converges.ts";
import { containerdConfig, installK3s } from "./k3s-stand-in.ts";
import { messagesOf } from "./messages.ts";
import { freshHost, withHosts } from "./pool.ts";
import { refusals } from "./refusals.ts";

const playbook = (variables: string) => `
- hosts: all
  become: true
  roles:
    - role: selinux
      vars:
        ${variables.replaceAll("\n", "\n        ")}
`;
const task = (name: string) => `selinux : ${name}`;
const restart = "k3s-host : Restart K3s with its new configuration";

/** What rpm, dnf and zypper keep for themselves. */
const OWN = ["/var/lib/rpm", "/var/lib/dnf", "/var/lib/zypp", "/var/cache", "/var/log", "/etc/zypp"];
const INSTALLED = "rpm -q container-selinux k3s-selinux gpg-pubkey --qf '%{NAME} %{VERSION}\\n'";
const NONE = ["container-selinux", "k3s-selinux", "gpg-pubkey"].map((name) => `package ${name} is not installed`).join("\n");

describe("role selinux on a host with rpm packages", () => {
  const host = freshHost({ image: "rpm" });
  let source = "";
  let key = "";
  beforeAll(async () => {
    // A policy of the distribution would be there, and the first who reads the data base of rpm writes beside it.
    await host().read(
      "mkdir -p /usr/share/selinux/packages; rpm -qa >/dev/null; dnf -C -q list --installed >/dev/null 2>&1; zypper --quiet packages >/dev/null 2>&1; :",
    );
    const keyring = binaryKey(armouredKey(await host().read("cat /srv/rpm/key.asc"), "key"));
    const fingerprint = fingerprintsOf(keyring)?.[0] ?? "";
    key = fingerprint.slice(-8).toLowerCase();
    source = `selinux_repo_url: file:///srv/rpm/selinux
selinux_gpg_key: /srv/rpm/key.asc
selinux_gpg_fingerprints: ["${fingerprint}"]`;
    await installK3s(host(), "server");
  });

  it("keeps its promises with dnf", { timeout: 400_000 }, async () => {
    await converges(host(), playbook(`${source}\nselinux_package_version: "1.5"`), {
      changed: [
        ...[
          "Make a place to remember by",
          "Write down what is there",
          "Trust the key of the packages",
          "Add the repository of K3s to dnf",
          "Install the policy of K3s with dnf",
          "Make the directories of K3s' configuration",
          "Let K3s label its containers",
        ].map(task),
        restart,
      ],
      disturb: [
        {
          by: "rpm -e --allmatches gpg-pubkey; sed -i 's/^gpgcheck = 1/gpgcheck = 0/' /etc/yum.repos.d/rancher-k3s-common.repo",
          repairedBy: ["Trust the key of the packages", "Add the repository of K3s to dnf"].map(task),
        },
        {
          by: "sed -i s/true/false/ /etc/rancher/k3s/config.yaml.d/20-selinux.yaml",
          repairedBy: [task("Let K3s label its containers"), restart],
        },
      ],
      absent: playbook(`${source}\nselinux_state: absent`),
      // Where K3s is installed the directory of its drop-ins stays: by it the restart sees that one is gone.
      ignore: [...OWN, "/etc/rancher/k3s/config.yaml.d", "/var/lib/rancher"],
    });
    expect((await host().exec(INSTALLED)).stdout.trim()).toBe(NONE);
    expect(await containerdConfig(host())).not.toContain("selinux");
  });

  it("upgrades, moves to a file and another channel, and does without the flag", { timeout: 300_000 }, async () => {
    await apply(host(), playbook(`${source}\nselinux_package_version: "1.5"`));
    expect(await containerdConfig(host())).toContain("enable_selinux = true");
    // What a package brings a check cannot know: the restart is an apply's.
    await host().read("rpm -e k3s-selinux container-selinux");
    expect((await apply(host(), playbook(`${source}\nselinux_package_version: "1.5"`))).changes).toEqual({
      fresh1: [task("Install the policy of K3s with dnf"), restart],
    });
    const newer = playbook(`${source}
selinux_channel: testing
selinux_rpm_url: /srv/rpm/selinux/k3s-selinux-1.6-1.noarch.rpm
selinux_configure_k3s: false`);
    const { changes } = await apply(host(), newer);
    expect(changes["fresh1"]).toEqual([
      task("Remove the repository of other channels from dnf"),
      task("Install the policy of K3s with dnf"),
      task("Let K3s label no containers"),
      restart,
    ]);
    expect(await host().read(`${INSTALLED}; ls /etc/yum.repos.d /etc/rancher/k3s/config.yaml.d`)).toBe(
      `container-selinux 2.229\nk3s-selinux 1.6\ngpg-pubkey ${key}\n/etc/rancher/k3s/config.yaml.d:\n\n/etc/yum.repos.d:`,
    );
    expect((await apply(host(), newer)).changes).toEqual({});
    await apply(host(), playbook(`${source}\nselinux_state: absent`));
  });

  it.each([
    [
      "packages that belong to an image",
      "touch /run/ostree-booted",
      "",
      "packages of this system are part of its image; bring container-selinux and k3s-selinux with rpm-ostree, reboot, and say selinux_install_packages: false",
    ],
    [
      "RKE2's policy",
      "rm /run/ostree-booted; mkdir -p /usr/share/selinux/packages; touch /usr/share/selinux/packages/rke2.pp",
      "",
      "rke2-selinux is installed, which conflicts with k3s-selinux; remove it first",
    ],
    [
      "booleans without SELinux",
      "rm /usr/share/selinux/packages/rke2.pp",
      "selinux_booleans: { container_manage_cgroup: true }",
      "SELinux is disabled on this host, so that selinux_booleans cannot be checked; enable it first",
    ],
  ])("refuses %s", async (_, before, variables, message) => {
    await host().read(before);
    const report = await apply(host(), playbook(`${source}\n${variables}`), { rc: 2 });
    expect(messagesOf(report)).toContain(message);
    expect(report.changes).toEqual({});
  });

  it("does the same with zypper", { timeout: 300_000 }, async () => {
    await host().read(
      `printf '%s\\n' 'NAME="openSUSE Leap"' ID=opensuse-leap 'ID_LIKE="suse opensuse"' 'VERSION_ID="15.6"' >/etc/os-release`,
    );
    const suse = playbook(source);
    const check = await apply(host(), suse, { check: true });
    const applied = await apply(host(), suse);
    expect(applied.changes).toEqual({
      fresh1: [
        ...[
          "Make a place to remember by",
          "Write down what is there",
          "Trust the key of the packages",
          "Make the directory that the package expects",
          "Add the repository of K3s to zypper",
          "Install the policy of K3s with zypper",
          "Let K3s label its containers",
        ].map(task),
        restart,
      ],
    });
    expect(check.changes).toEqual(applied.changes);
    expect((await apply(host(), suse)).changes).toEqual({});
    expect(await host().read(INSTALLED)).toBe(`container-selinux 2.229\nk3s-selinux 1.6\ngpg-pubkey ${key}`);
    await apply(host(), playbook(`${source}\nselinux_state: absent`));
    expect((await host().exec(INSTALLED)).stdout.trim()).toBe(NONE);
    expect(await host().exec("ls /etc/zypp/repos.d/rancher-k3s-common.repo /var/lib/rpm-state /var/lib/k3sprov")).toMatchObject({
      stdout: "",
    });
  });
});

describe("role selinux on Debian, which has no policy of K3s", () => {
  const [host] = withHosts(1);
  if (host === undefined) throw new Error("no host");
  const none =
    "there is no SELinux policy of K3s for Debian 12; give one of your own with selinux_custom_policy, or say selinux_mode: permissive and selinux_configure_k3s: false";
  const off =
    "SELinux is off, and the kernel's command line does not ask for it; install selinux-basics and selinux-policy-default, run selinux-activate and reboot";

  it.each([
    ["the flag", "selinux_configure_k3s: true", none],
    ["enforcing", "selinux_configure_k3s: false\nselinux_mode: enforcing", none],
    ["a mode without a kernel for it", "selinux_configure_k3s: false\nselinux_mode: permissive", off],
  ])("refuses %s", async (_, variables, message) => {
    const report = await apply(host, playbook(variables), { rc: 2 });
    expect(messagesOf(report)).toContain(message);
    expect(report.changes).toEqual({});
  });

  it("only warns when told so", async () => {
    const report = await apply(host, playbook("selinux_warn_only: true"), { check: true });
    expect(messagesOf(report)).toContain(
      "warning: there is no SELinux policy of K3s for Debian 12, so that pods may be denied what they need",
    );
    expect(report.changes[host.name]).toContain(task("Let K3s label its containers"));
  });
});

it("refuses, before any host is touched, what SELinux for K3s cannot be", async () => {
  const of = (name: string, vars: string, more = "") => `- { hosts: ${name}, roles: [{ role: selinux, ${vars} }${more}] }\n`;
  const said = await refusals(
    "all: { hosts: { data: {}, own: {}, keys: {}, opposite: {}, without: {}, bin: {}, path: {}, two: {}, urls: {}, roles: {}, key: {} } }",
    [
      of("data", "k3s_server_config: { data-dir: /srv/k3s }"),
      of("own", "k3s_server_config: { data-dir: /srv/k3s }, selinux_custom_policy: k3s.txt"),
      of("keys", "k3s_server_config: { docker: true, disable-agent: true, rootless: false }"),
      of("opposite", "k3s_server_config: { selinux: false }"),
      of("without", "k3s_server_config: { docker: true, selinux: false, data-dir: /srv/k3s }, selinux_configure_k3s: false"),
      of("bin", "selinux_binary: /opt/bin/k3s"),
      of("path", "selinux_binary: /usr/local/bin/../bin/k3s, selinux_custom_policy: k3s.pp"),
      of("two", "selinux_package_version: '1.6', selinux_custom_policy: k3s.cil"),
      of("urls", "selinux_repo_url: mirror/k3s, selinux_rpm_url: 'https://mirror/k3s.rpm', selinux_booleans: { A-b: maybe }"),
      of("roles", "selinux_mode: enforcing", ", docker-runtime, rootless"),
      of("key", "selinux_gpg_fingerprints: [E257814A]"),
    ].join(""),
    {
      ...Object.fromEntries(["docker-runtime", "rootless"].map((name) => [`roles/${name}/tasks/main.yml`, "- debug:\n"])),
      ...Object.fromEntries(["k3s.txt", "k3s.pp", "k3s.cil"].map((name) => [name, ""])),
    },
  );
  expect(said).toEqual([
    "data: K3s' data-dir is /srv/k3s, and the policy labels /var/lib/rancher/k3s only, so that pods would be denied everything (a symbolic link does not help); leave it there, or give a policy of your own with selinux_custom_policy",
    'own: selinux_custom_policy is "k3s.txt", but must be a file that is named after its module and ends in .pp or .cil',
    "keys: K3s' configuration has docker, disable-agent, with which there is nothing that could label containers; remove it, or say selinux_configure_k3s: false",
    "opposite: K3s' configuration says selinux: false; remove it, or say selinux_configure_k3s: false",
    "bin: selinux_binary is /opt/bin/k3s, and the policy labels K3s in /usr/local/bin and /usr/bin only; put it there, or give its label with selinux_file_contexts",
    'path: selinux_binary is "/usr/local/bin/../bin/k3s", but must be an absolute path without blanks and without ..',
    "two: only one of selinux_rpm_url, selinux_package_version and selinux_custom_policy can be given",
    'urls: selinux_rpm_url is "https://mirror/k3s.rpm", but must be the address or the path of a file such as k3s-selinux-1.6-1.el9.noarch.rpm',
    'urls: selinux_repo_url is "mirror/k3s", but must be an address: https://, http:// or file://',
    "urls: selinux_booleans has A-b: maybe, but must have names of booleans, each with true or false",
    "roles: role selinux and role rootless, docker-runtime exclude each other: K3s without root cannot label containers; the flag is for K3s' own containerd, and Docker labels by its own daemon.json; take one of them from the host",
    "key: selinux_gpg_fingerprints has E257814A, but must be fingerprints of 40 hexadecimal digits",
  ]);
});
