import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { apply, type RunReport } from "./cli.ts";
import { freshHost } from "./pool.ts";
import { refusals } from "./refusals.ts";
import { diffSnapshots } from "./snapshot-diff.ts";

type Variables = Readonly<Record<string, unknown>>;

const settings = (key: string, mend: string) => `K3s' configuration has ${key}, which does not go with docker: true; ${mend}`;
const broken = (k3s: string, docker: string, mended: string) =>
  `K3s ${k3s} and Docker ${docker}: every pod ends in ImageInspectError; take K3s v${mended} or later, or a docker_runtime_version before 25`;
const overlap = (what: string) =>
  `Docker's networks overlap: ${what}; say other ones with bip and default-address-pools in docker_runtime_daemon`;

const ARCHIVES = mkdtempSync(join(tmpdir(), "k3sprov-archives-"));
writeFileSync(join(ARCHIVES, "k3s-airgap-images-amd64.tar.zst"), "images");
afterAll(() => rmSync(ARCHIVES, { recursive: true, force: true }));

/** Inventories that cannot work, and what is said of each. */
const WRONG: readonly (readonly [Variables, string])[] = [
  [
    { docker_runtime_version: "v28.5" },
    'docker_runtime_version is "v28.5"; write it as 28.5.1, or as the package manager does (5:28.5.1-1~debian.12~bookworm)',
  ],
  [
    { docker_runtime_daemon: { hosts: ["tcp://0.0.0.0:2375"] } },
    "docker_runtime_daemon has hosts, but docker.service says -H fd:// and Docker does not start with both; add -H in a drop-in of docker.service instead",
  ],
  [
    { docker_runtime_repo_key_fingerprint: "9DC8 5822" },
    'docker_runtime_repo_key_fingerprint is "9DC8 5822"; a fingerprint has 40 hexadecimal digits',
  ],
  [
    { docker_runtime_repo_url: "https://mirror.example/docker/" },
    'docker_runtime_repo_url is "https://mirror.example/docker/"; write https://host/path, without a slash or blanks at its end',
  ],
  [
    { k3s_server_config: { snapshotter: "stargz" } },
    settings('snapshotter: "stargz"', "Docker's own is storage-driver in docker_runtime_daemon"),
  ],
  [
    { k3s_server_config: { "default-runtime": "nvidia" } },
    settings('default-runtime: "nvidia"', "Docker's own is default-runtime in docker_runtime_daemon"),
  ],
  [{ k3s_server_config: { rootless: true } }, settings("rootless: true", "leave out the role docker-runtime on this host")],
  [
    { k3s_server_config: { "disable-agent": true } },
    settings(
      "disable-agent: true",
      "a server without an agent runs no containers, so leave out the role docker-runtime on this host",
    ),
  ],
  [
    { k3s_server_config: { docker: false } },
    "K3s' configuration has docker: false, and the role docker-runtime sets docker: true; say docker_runtime_configure_k3s: false, or take docker: false out",
  ],
  [
    { k3s_server_config: { selinux: true } },
    "selinux: true in K3s' configuration speaks to its containerd; with Docker say selinux-enabled: true in docker_runtime_daemon as well",
  ],
  [
    { k3s_server_registries: { mirrors: {} } },
    "registries.yaml is read by K3s' containerd only; leave k3s_server_registries and k3s_agent_registries empty on this host, and say registry-mirrors and insecure-registries in docker_runtime_daemon",
  ],
  [
    { k3s_server_airgap_dir: ARCHIVES },
    "the archives of k3s_server_airgap_dir and k3s_agent_airgap_dir are loaded by K3s' containerd only; leave them out on this host, and load them with docker load, or serve them from a registry",
  ],
  [{ k3s_server_version: "v1.24.3+k3s1" }, "K3s v1.24.3+k3s1 has no --docker; use v1.24.4+k3s1 or later"],
  [{ k3s_server_version: "v1.26.13+k3s2", docker_runtime_version: "25.0.0" }, broken("v1.26.13+k3s2", "25.0.0", "1.26.14")],
  // No version: a new host gets the newest.
  [{ k3s_server_version: "v1.27.5+k3s1" }, broken("v1.27.5+k3s1", "25 or later", "1.27.11")],
  [
    { k3s_server_version: "v1.28.6+k3s1", docker_runtime_version: "5:28.5.1-1~debian.12~bookworm" },
    broken("v1.28.6+k3s1", "5:28.5.1-1~debian.12~bookworm", "1.28.7"),
  ],
  [{ k3s_server_version: "v1.29.1+k3s1", docker_runtime_version: "29.0.0" }, broken("v1.29.1+k3s1", "29.0.0", "1.29.2")],
  [{ docker_runtime_daemon: { bip: "10.42.7.1/24" } }, overlap("10.42.7.0/24 with cluster-cidr 10.42.0.0/16")],
  [
    {
      k3s_server_config: { "cluster-cidr": "10.1.0.0/16,2001:db8:42::/56", "service-cidr": "10.2.0.0/16" },
      docker_runtime_daemon: { bridge: "none", "default-address-pools": [{ base: "10.0.0.0/8", size: 24 }] },
    },
    overlap("10.0.0.0/8 with cluster-cidr 10.1.0.0/16, 10.0.0.0/8 with service-cidr 10.2.0.0/16"),
  ],
];

/** What goes well although it looks like the above. */
const RIGHT: readonly Variables[] = [
  { docker_runtime_version: "24.0.9", k3s_server_version: "v1.28.6+k3s1" },
  { docker_runtime_version: "28.5.1", k3s_server_version: "v1.28.7+k3s1" },
  { docker_runtime_version: "29.0.0", k3s_server_version: "v1.26.7+k3s1" },
  { k3s_server_config: { selinux: true }, docker_runtime_daemon: { "selinux-enabled": true } },
  // Docker is there for others.
  {
    docker_runtime_configure_k3s: false,
    k3s_server_config: { snapshotter: "stargz", docker: false },
    k3s_server_version: "v1.28.6+k3s1",
  },
  { docker_runtime_state: "absent", k3s_server_config: { snapshotter: "stargz" } },
];

/** What was said last of each task that failed, items of loops included, and rescued ones. */
function failuresOf(report: RunReport): readonly string[] {
  const said = z.looseObject({ failed: z.boolean().optional(), msg: z.string().optional() });
  const result = said.extend({ results: z.array(said).optional() });
  const shape = z.object({ tasks: z.array(z.object({ results: z.array(z.object({ result })) })) });
  return shape
    .parse(JSON.parse(report.stdout))
    .tasks.flatMap(({ results }) => results.flatMap((one) => one.result.results ?? [one.result]))
    .filter(({ failed }) => failed === true)
    .map(({ msg }) => msg ?? "");
}

const PLAY = JSON.stringify([{ hosts: "all", become: true, roles: ["docker-runtime"] }]);

describe("what role docker-runtime refuses", () => {
  const host = freshHost();

  it("of an inventory, all at once and before a host is touched", async () => {
    // Each case is a host, and a cluster, of its own.
    const vars = [...WRONG.map(([one]) => one), ...RIGHT].map((one, index) => [`case${index}`, one]);
    const all = { hosts: Object.fromEntries(vars), vars: { k3s_host_cluster: ["{{ inventory_hostname }}"] } };
    expect((await refusals(JSON.stringify({ all }), PLAY)).toSorted()).toEqual(
      WRONG.map(([, text], index) => `case${index}: ${text}`).toSorted(),
    );
  });

  it("of a cluster: other roles, what servers say, where nodes are", async () => {
    const inventory = {
      all: {
        children: {
          server: {
            hosts: { server1: {} },
            vars: { k3s_server_config: { "embedded-registry": true, "cluster-cidr": "10.9.0.0/16" } },
          },
          agent: {
            hosts: {
              agent1: {
                ansible_host: "172.17.200.4",
                docker_runtime_daemon: {
                  "default-address-pools": [{ base: "10.9.1.0/24", size: 28 }],
                  runtimes: { crun: { path: "/usr/bin/crun" } },
                },
              },
            },
          },
        },
      },
    };
    const roles = ["stargz", "rootless", "containerd-template", "nvidia"];
    const plays = [
      { hosts: "all", gather_facts: false, roles },
      { hosts: "agent", roles: ["docker-runtime"] },
    ];
    const files = Object.fromEntries(roles.map((name) => [`roles/${name}/tasks/main.yml`, "- debug:\n"]));
    const exclusive = (role: string, why: string) =>
      `agent1: the roles docker-runtime and ${role} exclude each other: ${why}; leave out one of them on this host`;
    expect(await refusals(JSON.stringify(inventory), JSON.stringify(plays), files)).toEqual([
      exclusive("stargz", "the stargz snapshotter is part of K3s' containerd"),
      exclusive("rootless", "K3s without root has no access to the system's Docker"),
      exclusive("containerd-template", "K3s does not start its containerd then"),
      "agent1: the role nvidia writes runtimes and default-runtime into daemon.json, and docker_runtime_daemon would take them out again; name NVIDIA's runtime in runtimes too, and say default-runtime: nvidia or nvidia_docker_default_runtime: false",
      'agent1: the servers have embedded-registry: true, and K3s says "embedded registry mirror requires embedded containerd"; turn it off, or leave out the role docker-runtime on this host',
      `agent1: ${overlap("172.17.0.0/16 with agent1 172.17.200.4, 10.9.1.0/24 with cluster-cidr 10.9.0.0/16")}`,
    ]);
  });

  it("of a host, before it is changed", { timeout: 120_000 }, async () => {
    const before = await host().snapshot();
    const bridge = { bip: "10.200.0.1/24" };
    const system = (name: string, id: string) =>
      `rm /etc/os-release; printf 'NAME="${name}"\\nID=${id}\\nVERSION_ID="15"\\n' >/etc/os-release`;
    const asItWas = "ln -sf ../usr/lib/os-release /etc/os-release";
    const cases: readonly (readonly [prepare: string, restore: string, vars: Variables, text: string])[] = [
      [
        "mkdir -p /snap/bin && touch /snap/bin/docker",
        "rm -r /snap",
        {},
        "Docker is here as a snap, which K3s cannot use; remove it first: snap remove docker",
      ],
      ...(
        [
          ["/etc/rancher/k3s/registries.yaml", "/etc/rancher"],
          ["/var/lib/rancher/k3s/agent/etc/containerd/config-v3.toml.tmpl", "/var/lib/rancher"],
          ["/var/lib/rancher/k3s/agent/images/k3s-airgap-images-amd64.tar", "/var/lib/rancher"],
        ] as const
      ).map(
        ([file, top]) =>
          [
            `mkdir -p $(dirname ${file}) && touch ${file}`,
            `rm -r ${top}`,
            {},
            `${file} is read by K3s' containerd only, not by Docker; take it away, and say in docker_runtime_daemon, or with docker load, what it said`,
          ] as const,
      ),
      [
        `mkdir -p /etc/docker && echo '{ "debug": true, }' >/etc/docker/daemon.json`,
        "rm -r /etc/docker",
        {},
        "/etc/docker/daemon.json cannot be merged, this is not JSON in line 1: a key in double quotes is expected here; mend it or take it away",
      ],
      [
        "mkdir -p /etc/docker && echo '[]' >/etc/docker/daemon.json",
        "rm -r /etc/docker",
        {},
        "/etc/docker/daemon.json cannot be merged, it is no JSON object; mend it or take it away",
      ],
      [
        ":",
        ":",
        { docker_runtime_users: ["deploy", "nobody-knows"] },
        "docker_runtime_users has nobody-knows, but the host has no such user; create it first",
      ],
      [
        system("Gentoo", "gentoo"),
        asItWas,
        {},
        "the role docker-runtime knows Debian, RedHat, Suse and Alpine and what is made of them, not Gentoo (Gentoo)",
      ],
      [
        system("openSUSE Leap", "opensuse-leap"),
        asItWas,
        { docker_runtime_source: "docker" },
        "Docker has no packages for openSUSE Leap; say docker_runtime_source: distribution",
      ],
      [
        system("Rocky Linux", "rocky"),
        asItWas,
        { docker_runtime_source: "distribution" },
        "Rocky has no packages of Docker; say docker_runtime_source: docker",
      ],
    ];
    const tasks = cases.map(([prepare, restore, vars]) => ({
      block: [
        { shell: prepare, changed_when: false },
        { setup: {} },
        { include_role: { name: "docker-runtime" }, vars: { docker_runtime_daemon: bridge, ...vars } },
      ],
      rescue: [{ shell: restore, changed_when: false }],
    }));
    const report = await apply(host(), JSON.stringify([{ hosts: "all", become: true, tasks }]));
    const found = failuresOf(report);
    expect(
      cases.map(([, , , text]) => text).filter((text) => !found.includes(text)),
      found.join("\n"),
    ).toEqual([]);
    expect(diffSnapshots(before, await host().snapshot())).toEqual([]);
  });
});
