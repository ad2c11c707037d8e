import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withArtifactServer } from "./artifact-server.ts";
import { type ApplyOptions, apply, k3sprov } from "./cli.ts";
import { converges } from "./converges.ts";
import { inventoryText } from "./host.ts";
import { builtK3s, publishK3s } from "./k3s-release.ts";
import { installed, RUN, step, WRITTEN_BY_K3S } from "./k3s-steps.ts";
import { failuresOf } from "./messages.ts";
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
      ignore: WRITTEN_BY_K3S,
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

  it("changes no more what is fixed when a cluster is made, once it has been", { timeout: 200_000 }, async () => {
    const run = (config: Readonly<Record<string, unknown>>, rc: number) =>
      apply(host(), play({}), { ...options(), rc, vars: { k3s_server_config: config } });
    // The one before has not started K3s.
    const networks = { "cluster-cidr": "10.44.0.0/16", "cluster-domain": "shop.internal" };
    expect((await run(networks, 0)).changes).toEqual({ fresh1: [step("Write config.yaml"), RUN] });
    expect(failuresOf(await run({}, 2))).toEqual([
      "K3s runs on this host with cluster-cidr=10.44.0.0/16 and cluster-domain=shop.internal; this is fixed when a cluster is made, so say the same in k3s_server_config",
    ]);
    expect(failuresOf(await run({ ...networks, "data-dir": "/srv/k3s" }, 2))).toEqual([
      "K3s runs on this host with data-dir=/var/lib/rancher/k3s; this is fixed when a cluster is made, so say the same in k3s_server_config",
    ]);
    expect((await run(networks, 0)).changes).toEqual({});
    const other = { ...networks, "node-name": "other" };
    // Whatever the host is called meanwhile: the node has the name that it came with, and may be told it.
    await host().read("hostname elsewhere");
    expect(failuresOf(await run(other, 2))).toEqual([
      "this host is the node fresh1 of its cluster, and as other it would be a second one beside it; say node-name: fresh1 in k3s_server_config, or take the node out first, with playbooks/reset.yaml",
    ]);
    const told = { fresh1: [step("Write config.yaml"), RUN] };
    expect((await run({ ...networks, "node-name": "fresh1" }, 0)).changes).toEqual(told);
    await host().read("hostname fresh1");
    expect((await run(networks, 0)).changes).toEqual(told);
  });

  it("lets people in with what the command kubeconfig fetches", { timeout: 60_000 }, async () => {
    const inventory = join(runFolder(), "kubeconfig-inventory.yaml");
    writeFileSync(inventory, inventoryText([host()], { groups: { server: [host()] } }));
    const fetched = await k3sprov(["kubeconfig", "fresh1", "-i", inventory, "--server", host().internalAddress]);
    expect([fetched.rc, fetched.stderr]).toEqual([0, ""]);
    const text = Buffer.from(fetched.stdout).toString("base64");
    // As somebody without a right to K3s' own file.
    await host().read(`umask 077; echo ${text} | base64 -d >/home/deploy/config; chown deploy /home/deploy/config`);
    const ask = "k3s kubectl --kubeconfig /home/deploy/config get nodes -o name";
    expect((await host().as("deploy").read(ask)).split("\n")).toEqual(["node/fresh1"]);
  });

  it("takes no server for ready whose kubelet does not start", { timeout: 200_000 }, async () => {
    const config = { "cluster-cidr": "10.44.0.0/16", "cluster-domain": "shop.internal", "kubelet-arg": ["no-such-flag=1"] };
    const run = (rc: number) =>
      apply(host(), play({ k3s_server_health_timeout: 8 }), { ...options(), rc, vars: { k3s_server_config: config } });
    // The API answers, and for a while it says of the node what was true before.
    await host().read(`echo '{"kubeletHangs": true}' >/etc/k3s-stand-in.json`);
    expect(failuresOf(await run(2)).at(-1)).toMatch(
      /^K3s was not ready within 8 s: its (kubelet does not answer|node is not ready)/,
    );
    await host().read("rm /etc/k3s-stand-in.json; systemctl restart k3s");
    expect((await run(0)).changes).toEqual({});
  });

  it("empties a disk of its own, and nothing that is mounted in it or cannot be unmounted", { timeout: 200_000 }, async () => {
    const data = "/var/lib/rancher/k3s";
    const absent = play({ k3s_server_state: "absent", k3s_server_reset: ["fresh1"] });
    await apply(host(), absent, options());
    await host().read(
      `mkdir -p ${data} && mount -t tmpfs disk ${data} && mkdir -p ${data}/storage ${data}/server/db && mount -t tmpfs fast ${data}/server/db
mount -t tmpfs volumes ${data}/storage && echo kept >${data}/storage/file`,
    );
    const found = play({ k3s_server_version: VERSION, k3s_server_airgap_dir: join(runFolder(), "airgap") });
    await apply(host(), found, options());

    const volume = "/var/lib/kubelet/pods/one/volumes/nfs";
    const umount = `${data}/data/current/bin/umount`;
    await host().read(
      `mkdir -p ${volume} $(dirname ${umount}) && mount -t tmpfs nfs ${volume} && echo theirs >${volume}/file; printf '#!/bin/sh\nexit 1\n' >${umount}; chmod 755 ${umount}`,
    );
    expect(failuresOf(await apply(host(), absent, { ...options(), rc: 2 }))).toEqual([
      `K3s does not run, and ${volume} is still mounted; end what uses it and unmount it, or reboot the host, and run this again`,
    ]);
    expect(await host().read(`cat ${volume}/file; rm ${umount}`)).toBe("theirs");

    const check = await apply(host(), absent, { ...options(), check: true });
    const applied = await apply(host(), absent, options());
    expect(check.changes).toEqual(applied.changes);
    expect(applied.changes["fresh1"]).toContain(step("Empty its data, and leave what is mounted"));
    const left = ["", "/server", "/server/db", "/storage", "/storage/file"].map((path) => `${data}${path}`);
    expect(await host().read(`find /var/lib/rancher | sort; cat ${data}/storage/file; ls -d /var/lib/kubelet || true`)).toBe(
      ["/var/lib/rancher", ...left, "kept"].join("\n"),
    );
    expect((await apply(host(), absent, options())).changes).toEqual({});
    await host().read(`umount ${data}/storage ${data}/server/db ${data}; rm -r /var/lib/rancher`);
  });

  it("waits for no network that is somebody else's", { timeout: 200_000 }, async () => {
    await apply(host(), play({ k3s_server_state: "absent", k3s_server_reset: ["fresh1"] }), options());
    const vars = { k3s_server_config: { "flannel-backend": "none" } };
    const found = play({ k3s_server_version: VERSION, k3s_server_airgap_dir: join(runFolder(), "airgap") });
    await apply(host(), found, { ...options(), vars });
    expect(
      await host().read(`k3s kubectl get nodes -o 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}'`),
    ).toBe("False");
    expect((await apply(host(), found, { ...options(), vars })).changes).toEqual({});
  });
});
