import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withArtifactServer } from "./artifact-server.ts";
import { type ApplyOptions, apply } from "./cli.ts";
import { converges } from "./converges.ts";
import { builtK3s, publishK3s } from "./k3s-release.ts";
import { installed, RUN, step } from "./k3s-steps.ts";
import { freshHost } from "./pool.ts";
import { runFolder } from "./run.ts";

const VERSION = "v1.34.3+k3s3";
const play = (variables: Readonly<Record<string, unknown>>) =>
  `- hosts: all\n  become: true\n  roles:\n    - role: k3s-server\n      vars: ${JSON.stringify(variables)}\n`;

describe("role k3s-server", () => {
  const host = freshHost();
  const artifacts = withArtifactServer();
  const options = (): ApplyOptions => ({ groups: { server: [host()] }, timeoutMs: 200_000 });

  it("keeps what it has made, and takes it away again", { timeout: 400_000 }, async () => {
    const releases = publishK3s(artifacts(), [VERSION]);
    const variables = {
      k3s_server_version: VERSION,
      k3s_server_download_url: `${releases.base}/download`,
      k3s_server_config: { "write-kubeconfig-mode": "0640", "node-label": ["example.com/kind=test"] },
      k3s_server_registries: { mirrors: { "docker.io": { endpoint: ["https://mirror.example"] } } },
      k3s_server_env: { K3S_TEST: "yes" },
    };
    await converges(host(), play(variables), {
      ...options(),
      changed: installed(["Write registries.yaml"], ["Write the environment"]),
      disturb: [
        {
          by: "rm /usr/local/bin/kubectl; echo exit >/usr/local/bin/k3s-killall.sh; chmod 700 /usr/local/bin/k3s-uninstall.sh; systemctl -q disable k3s",
          repairedBy: [
            step("Make K3s answer as kubectl, crictl and ctr"),
            step("Install what stops K3s and all its containers"),
            step("Install what takes K3s off the host"),
            RUN,
          ],
        },
        {
          by: "truncate -s 100 /usr/local/bin/k3s; sed -i s/LimitCORE=infinity/LimitCORE=0/ /etc/systemd/system/k3s.service; chmod 755 /etc/rancher/k3s/config.yaml.d",
          repairedBy: [step("Download K3s"), step("Write the unit"), step("Make the directories of the configuration"), RUN],
        },
        {
          by: "echo 'debug: true' >>/etc/rancher/k3s/config.yaml; chmod 644 /etc/rancher/k3s/registries.yaml; sed -i s/yes/no/ /etc/systemd/system/k3s.service.env; chmod 640 /etc/systemd/system/k3s.service.env",
          repairedBy: [
            step("Write config.yaml"),
            step("Write registries.yaml"),
            step("Have an environment file"),
            step("Write the environment"),
            RUN,
          ],
        },
        { by: "systemctl stop k3s", repairedBy: RUN },
      ],
      absent: play({ k3s_server_state: "absent", k3s_server_reset: ["fresh1"] }),
      // What K3s itself writes while it runs.
      ignore: ["/var/lib/rancher", "/etc/rancher/node", "/etc/rancher/k3s/k3s.yaml", "/run", "/var/log", "/root/.kube"],
    });
    // The checksum is fetched by the control node, once; the program for each time that it was missing or damaged.
    const asked = artifacts()
      .requests.filter(({ method }) => method === "GET")
      .map(({ path }) => path.split("/").at(-1));
    expect(asked.filter((name) => name === "k3s")).toHaveLength(2);
    expect(asked.filter((name) => name?.startsWith("sha256sum")).length).toBeLessThanOrEqual(1);
  });

  it("needs no way out where the files are at hand, and no more than them", { timeout: 200_000 }, async () => {
    const folder = join(runFolder(), "airgap");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, process.arch === "arm64" ? "k3s-arm64" : "k3s"), builtK3s(VERSION));
    writeFileSync(join(folder, `k3s-airgap-images-${process.arch === "arm64" ? "arm64" : "amd64"}.tar.zst`), "images");
    const variables = {
      k3s_server_version: VERSION,
      k3s_server_airgap_dir: folder,
      k3s_server_start: false,
      k3s_server_enable: false,
    };
    const nobody = { k3s_server_download_url: "http://127.0.0.1:9/nothing", k3s_server_channel_url: "http://127.0.0.1:9" };
    const report = await apply(host(), play({ ...variables, ...nobody }), options());
    expect(report.changes["fresh1"]).toContain(step("Copy the images"));
    expect(
      await host().read("cat /var/lib/rancher/k3s/agent/images/*; systemctl is-enabled k3s; systemctl is-active k3s; true"),
    ).toBe("imagesdisabled\ninactive");
    expect((await apply(host(), play({ ...variables, ...nobody }), options())).changes).toEqual({});
  });
});
