import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { apply } from "./cli.ts";
import { converges } from "./converges.ts";
import type { TestHost } from "./host.ts";
import { containerdConfig, installK3s, k3sStarts } from "./k3s-stand-in.ts";
import { messagesOf } from "./messages.ts";
import { freshHost } from "./pool.ts";
import { refusals } from "./refusals.ts";
import { repository } from "./run.ts";

/** The role, with the signed repository of the image "apt" instead of NVIDIA's. */
const playbook = async (host: TestHost, ...vars: readonly string[]) => `
- hosts: all
  become: true
  roles:
    - role: nvidia
      vars:
        nvidia_repo_url: file:///srv/apt/pool/nvidia/stable
        nvidia_repo_key: /srv/apt/key.gpg
        nvidia_repo_key_fingerprint: ${await host.read("cat /srv/apt/fingerprint")}
${vars.map((one) => `        ${one}\n`).join("")}`;

/** A PCI device as the kernel shows it, and what NVIDIA's driver says of itself. */
const gpu = `mkdir -p /run/pci/0000:01:00.0 && echo 0x10de >/run/pci/0000:01:00.0/vendor
mount -t tmpfs none /sys/bus/pci/devices && ln -s /run/pci/0000:01:00.0 /sys/bus/pci/devices/
mount -t tmpfs none /proc/driver && mkdir /proc/driver/nvidia && echo 'NVRM version: 570.86' >/proc/driver/nvidia/version`;

describe("role nvidia", { timeout: 300_000 }, () => {
  const host = freshHost({ image: "apt" });
  const groups = () => ({ server: [host()] });

  it("does on a host without a GPU what nvidia_require_gpu says", async () => {
    const refused = await apply(host(), await playbook(host()), { rc: 2 });
    expect(refused.changes).toEqual({});
    expect(refused.stdout).toContain(
      "fresh1 has no GPU of NVIDIA: no PCI device of vendor 10de, no /proc/driver/nvidia; take it out of the hosts of role nvidia, or say nvidia_require_gpu: false",
    );
    const left = await apply(host(), await playbook(host(), "nvidia_require_gpu: false"));
    expect(left.changes).toEqual({});
    expect(left.stdout).toContain("fresh1 has no GPU of NVIDIA, and is left alone");
  });

  describe("on a host with one", () => {
    beforeAll(async () => {
      await host().read(gpu);
      // K3s has these from its start.
      await host().read("mkdir -p -m 700 /etc/rancher/k3s/config.yaml.d /var/lib/rancher/k3s/server/manifests");
      await host().read("chmod 755 /etc/rancher /etc/rancher/k3s; chmod 700 /var/lib/rancher/k3s/server");
      await installK3s(host(), "server");
    });

    it("installs the toolkit, has K3s find it, and undoes itself", async () => {
      const wanted = ["nvidia_toolkit_version: 1.18.0-1", "nvidia_default_runtime: true", "nvidia_device_plugin: true"];
      const source = "nvidia : Add the repository to apt";
      const install = "nvidia : Install the toolkit with apt";
      const dropin = "nvidia : Make NVIDIA's runtime K3s' default";
      const plugin = "nvidia : Deploy NVIDIA's device plugin";
      const restart = "k3s-host : Restart K3s with its new configuration";
      await converges(host(), await playbook(host(), ...wanted), {
        groups: groups(),
        changed: [source, install, dropin, plugin, restart],
        disturb: [
          { by: "rm /etc/apt/sources.list.d/nvidia-container-toolkit.sources", repairedBy: source },
          { by: "sed -i s/nvidia/runc/ /etc/rancher/k3s/config.yaml.d/20-nvidia.yaml", repairedBy: [dropin, restart] },
          { by: "echo >/var/lib/rancher/k3s/server/manifests/k3sprov-nvidia-device-plugin.yaml", repairedBy: plugin },
          {
            by: "apt-get install -qq -y nvidia-container-toolkit=1.18.1-1 nvidia-container-toolkit-base=1.18.1-1 libnvidia-container-tools=1.18.1-1 >/dev/null",
            repairedBy: [install, restart],
          },
        ],
        absent: await playbook(host(), "nvidia_state: absent"),
      });
    });

    it("says so when K3s has not found the runtime, and leaves what docker is told by others", async () => {
      const applied = await apply(host(), await playbook(host()), { groups: groups() });
      expect(applied.changes["fresh1"]).toContain("k3s-host : Restart K3s with its new configuration");
      expect(await containerdConfig(host())).toContain(
        "runtimes.'nvidia'.options]\n  BinaryName = \"/usr/bin/nvidia-container-runtime\"",
      );
      const starts = await k3sStarts(host());
      const again = await apply(host(), await playbook(host()), { groups: groups() });
      expect(again.changes).toEqual({});
      expect(again.costs["fresh1"]?.roundTrips).toBeLessThanOrEqual(4);
      expect(await k3sStarts(host())).toBe(starts);
      // As a template of one's own would do.
      await host().read("sed -i /nvidia/d /var/lib/rancher/k3s/agent/etc/containerd/config.toml");
      const unseen = await apply(host(), await playbook(host()), { groups: groups(), rc: 2 });
      expect(unseen.stdout).toContain(
        "/var/lib/rancher/k3s/agent/etc/containerd/config.toml does not name it: the PATH of k3s lacks /usr/bin",
      );
    });

    it("tells docker, and keeps what others have told it", async () => {
      const theirs = { "log-driver": "local", runtimes: { crun: { path: "/usr/bin/crun" } } };
      await host().read(`mkdir -p /etc/docker && echo '${JSON.stringify(theirs)}' >/etc/docker/daemon.json`);
      const read = async (): Promise<unknown> => JSON.parse(await host().read("cat /etc/docker/daemon.json"));
      const vars = { k3s_server_config: { docker: true } };
      await apply(host(), await playbook(host()), { groups: groups(), vars });
      expect(await read()).toEqual({
        "default-runtime": "nvidia",
        "log-driver": "local",
        runtimes: { crun: { path: "/usr/bin/crun" }, nvidia: { path: "nvidia-container-runtime", runtimeArgs: [] } },
      });
      const again = await apply(host(), await playbook(host()), { groups: groups(), vars });
      expect(again.changes).toEqual({});
      await apply(host(), await playbook(host(), "nvidia_state: absent"), { groups: groups(), vars });
      expect(await read()).toEqual(theirs);
    });
  });
});

it("runs the device plugin on the nodes that it is told, whatever their taints", async () => {
  const vars = {
    nvidia_device_plugin_node_selector: { "example.com/accelerator": "nvidia" },
    nvidia_device_plugin_image: "plugin",
  };
  const template = join(repository, "roles", "nvidia", "templates", "device-plugin.yaml.j2");
  const tasks = [{ debug: { msg: `{{ lookup('template', '${template}') }}` } }];
  const play = { hosts: "localhost", connection: "local", gather_facts: false, vars, tasks };
  const manifest: unknown = parse(messagesOf(await apply([], JSON.stringify([play]))));
  const { spec } = z.object({ spec: z.object({ template: z.object({ spec: z.looseObject({}) }) }) }).parse(manifest);
  expect(spec.template.spec).toMatchObject({
    nodeSelector: vars.nvidia_device_plugin_node_selector,
    tolerations: [{ operator: "Exists" }],
  });
});

it("refuses, before any host is touched, what cannot be", async () => {
  const of = (name: string, vars: string, more = "") => `- { hosts: ${name}, roles: [{ role: nvidia, ${vars} }${more}] }\n`;
  const said = await refusals(
    `all:
  hosts: { rootless: {}, version: {}, repo: {}, fabric: {}, plugin: {} }
  children:
    server: { hosts: { s: { k3s_server_config: { disable-agent: true, docker: true } }, keys: { k3s_server_config: { rootless+: true } } } }
    agent: { hosts: { a: { k3s_agent_config: { rootless: true } } } }`,
    [
      of("rootless", "nvidia_default_runtime: true", ", rootless, docker-runtime"),
      of("s", "nvidia_default_runtime: true"),
      of("keys:a", "nvidia_state: present"),
      of("version", "nvidia_toolkit_version: 1.18, nvidia_repo_key_fingerprint: F796ECB0"),
      of("repo", "nvidia_repo_url: https://mirror.example/nvidia/, nvidia_experimental: true"),
      of("fabric", "nvidia_driver_packages: [nvidia-headless-570-server, nvidia-fabricmanager-580=580.65.06-1]"),
      of("plugin", "nvidia_device_plugin: true, k3s_host_server_group: masters"),
    ].join(""),
    Object.fromEntries(["rootless", "docker-runtime"].map((name) => [`roles/${name}/tasks/main.yml`, "- debug:\n"])),
  );
  const docker = (host: string) =>
    `nvidia_default_runtime is for containerd, and K3s uses docker on ${host}; leave it out, since nvidia_docker_default_runtime makes docker use NVIDIA's runtime`;
  expect(said).toEqual([
    "rootless: roles nvidia and rootless exclude each other; take rootless out of one of them",
    `rootless: ${docker("rootless")}`,
    "s: k3s_server_config has disable-agent, so no pod runs on s that could use a GPU; take it out of the hosts of role nvidia",
    `s: ${docker("s")}`,
    ...["keys", "a"].map(
      (host) =>
        `${host}: K3s' configuration has rootless: true, and without root K3s gets at no GPU; take ${host} out of the hosts of role nvidia`,
    ),
    'version: nvidia_toolkit_version is "1.18", and must be like 1.18.0-1, or latest, or empty',
    'version: nvidia_repo_key_fingerprint is "F796ECB0", and must be the 40 hexadecimal digits of the key\'s fingerprint',
    'repo: nvidia_repo_url is "https://mirror.example/nvidia/", and must be an address without / at its end; with nvidia_experimental it must end in /stable, beside which /experimental is',
    "fabric: nvidia_driver_packages has nvidia-fabricmanager-580=580.65.06-1 and branches 570, 580; the fabric manager must be of the driver's branch",
    'plugin: nvidia_device_plugin needs a host in the group "masters", whose K3s deploys it',
  ]);
});
