import { describe, expect, it } from "vitest";
import { withArtifactServer } from "./artifact-server.ts";
import { type ApplyOptions, apply, type RunReport } from "./cli.ts";
import type { TestHost } from "./host.ts";
import { publishK3s } from "./k3s-release.ts";
import { RUN, step } from "./k3s-steps.ts";
import { failuresOf } from "./messages.ts";
import { installOfficially } from "./official-installer.ts";
import { freshHosts, pairOf } from "./pool.ts";
import type { Snapshot } from "./snapshot.ts";
import { diffSnapshots } from "./snapshot-diff.ts";

const VERSION = "v1.34.3+k3s3";
const PLAY = `- { hosts: server, become: true, roles: [k3s-server] }
- { hosts: agent, become: true, roles: [k3s-agent] }
`;

/** What a cluster is known by: its authority, its token, its members and since when they are there. */
const identity = (server: TestHost): Promise<string> =>
  server.read(`cd /var/lib/rancher/k3s/server; cat tls/server-ca.crt token
k3s kubectl get nodes -o 'jsonpath={range .items[*]}{.metadata.name} {.metadata.uid} {.metadata.creationTimestamp}{"\\n"}{end}'`);

const started = (host: TestHost, service: string): Promise<string> =>
  host.read(`systemctl show -P ExecMainStartTimestampMonotonic ${service}`);

describe("hosts that K3s' own installer has set up", () => {
  const hosts = freshHosts(2);
  const artifacts = withArtifactServer();
  const members = () => pairOf(hosts());
  const run = (vars: Readonly<Record<string, unknown>> = {}, more: ApplyOptions = {}): Promise<RunReport> => {
    const [server, agent] = members();
    const releases = publishK3s(artifacts(), [VERSION]);
    return apply(hosts(), PLAY, {
      groups: { server: [server], agent: [agent] },
      hostVars: (host) => ({ k3s_node_ip: host.internalAddress }),
      timeoutMs: 200_000,
      ...more,
      vars: { k3s_server_version: VERSION, k3s_server_download_url: `${releases.base}/download`, ...vars },
    });
  };
  const install = async (flags: readonly string[], agentFlags: readonly string[] = []): Promise<void> => {
    const [server, agent] = members();
    const releases = publishK3s(artifacts(), [VERSION]);
    await installOfficially(server, {
      releases,
      version: VERSION,
      exec: ["server", ...flags],
      env: { K3S_TOKEN: "set-by-the-installer", K3S_VPN_AUTH_FILE: "/etc/vpn" },
    });
    await installOfficially(agent, {
      releases,
      version: VERSION,
      exec: ["agent", ...agentFlags],
      env: { K3S_TOKEN: "set-by-the-installer", K3S_URL: `https://${server.internalAddress}:6443` },
    });
    await expect
      .poll(async () => (await server.exec("k3s kubectl get nodes")).stdout.match(/ Ready /g)?.length, { timeout: 60_000 })
      .toBe(2);
  };

  let fresh: readonly Snapshot[] = [];

  it("are taken over, and what is as the inventory says is left alone", { timeout: 300_000 }, async () => {
    const [server] = members();
    fresh = await Promise.all(hosts().map((host) => host.snapshot()));
    await install([]);
    const cluster = await identity(server);
    const startedAt = await started(server, "k3s");
    // Whom to join, and by which token, stands in config.yaml of an agent, and nowhere else.
    const expected = {
      host2: [
        step("Make the directories of the configuration"),
        step("Write config.yaml"),
        step("Take what config.yaml says out of the environment"),
        RUN,
      ],
    };
    expect((await run()).changes).toEqual(expected);
    expect((await run()).changes).toEqual({});
    expect(await started(server, "k3s")).toBe(startedAt);
    expect(await identity(server)).toBe(cluster);
    expect(await server.read("ls /etc/rancher/k3s; cat /etc/systemd/system/k3s.service.env")).toBe(
      "k3s.yaml\nK3S_TOKEN='set-by-the-installer'\nK3S_VPN_AUTH_FILE='/etc/vpn'",
    );
  });

  it("lose no flag that the inventory does not have, and the rest moves to config.yaml", { timeout: 300_000 }, async () => {
    const [server, agent] = members();
    const flags = ["--cluster-cidr", "10.42.0.0/16", "--tls-san", "k8s.example", "--tls-san", "10.0.0.9", "--disable=traefik"];
    await install([...flags, "--etcd-s3-secret-key", "gehe1m", "--debug"], ["--node-label", "kind=gpu"]);
    await agent.read("rm /usr/local/bin/k3s-killall.sh /usr/local/bin/k3s-agent-uninstall.sh");
    const cluster = await identity(server);
    const startedAt = await started(server, "k3s");

    const refused = await run({}, { rc: 2 });
    expect(failuresOf(refused)).toEqual([
      "K3s runs on this host with what somebody has written into /etc/systemd/system/k3s.service or /etc/rancher/k3s/config.yaml, and " +
        'k3s_server_config does not have: cluster-cidr="10.42.0.0/16"; tls-san=["k8s.example", "10.0.0.9"]; disable="traefik"; ' +
        'etcd-s3-secret-key=hidden; debug="true"; add it, or name it in k3s_server_drop_flags to go on without',
    ]);
    expect(refused.stdout).not.toContain("gehe1m");
    expect(refused.changes).toEqual({});
    const config = { "tls-san": ["k8s.example", "10.0.0.9"], disable: ["traefik"], debug: true };
    const dropped = { k3s_server_drop_flags: ["etcd-s3-secret-key"] };
    const moved = await run({ ...dropped, k3s_server_config: { ...config, "cluster-cidr": "10.44.0.0/16" } }, { rc: 2 });
    expect(failuresOf(moved)).toEqual([
      "K3s runs on this host with cluster-cidr=10.42.0.0/16; this is fixed when a cluster is made, so say the same in k3s_server_config",
    ]);
    const env = "/etc/systemd/system/k3s.service.env";
    await server.read(`cp ${env} /root/env; echo K3S_NODE_NAME=blue >>${env}`);
    expect(
      (await run({ ...dropped, k3s_server_config: { ...config, "cluster-cidr": "10.42.0.0/16" } }, { rc: 2 })).stdout,
    ).toContain(`${env} has K3S_NODE_NAME, which K3s goes by; say the same as node-name in k3s_server_config`);
    await server.read(`mv /root/env ${env}`);
    await server.read("cp /etc/systemd/system/k3s.service /etc/systemd/system/k3s-blue.service");
    expect(failuresOf(await run({}, { rc: 2, args: ["--limit", "host1"] }))).toEqual([
      "this host has K3s as /etc/systemd/system/k3s-blue.service, a name of INSTALL_K3S_NAME; two of them share ports and data, so take " +
        "that one off first, or install it again without a name",
    ]);
    await server.read("rm /etc/systemd/system/k3s-blue.service");
    expect(await started(server, "k3s")).toBe(startedAt);

    const vars = {
      ...dropped,
      k3s_server_config: { ...config, "cluster-cidr": "10.42.0.0/16" },
      k3s_server_env: { K3S_VPN_AUTH_FILE: "/etc/vpn" },
      k3s_agent_config: { "node-label": ["kind=gpu"] },
    };
    const expected = {
      host1: [step("Write the unit"), step("Make the directories of the configuration"), step("Write config.yaml"), RUN],
      host2: [
        step("Install what stops K3s and all its containers"),
        step("Install what takes K3s off the host"),
        step("Write the unit"),
        step("Make the directories of the configuration"),
        step("Write config.yaml"),
        step("Take what config.yaml says out of the environment"),
        RUN,
      ],
    };
    expect((await run(vars, { check: true })).changes).toEqual(expected);
    expect((await run(vars)).changes).toEqual(expected);
    expect((await run(vars)).changes).toEqual({});
    expect(await identity(server)).toBe(cluster);
    expect(await server.read("grep ExecStart= /etc/systemd/system/k3s.service")).toBe("ExecStart=/usr/local/bin/k3s server");
  });

  it("are as before when the installer's own script, or ours, takes K3s off them", { timeout: 100_000 }, async () => {
    const [server, agent] = members();
    await Promise.all([server.read("/usr/local/bin/k3s-uninstall.sh"), agent.read("/usr/local/bin/k3s-agent-uninstall.sh")]);
    const [one, other] = await Promise.all(hosts().map((host) => host.snapshot()));
    const [before, otherBefore] = fresh;
    if (before === undefined || otherBefore === undefined || one === undefined || other === undefined)
      throw new Error("no snapshot");
    const ignore = ["/run", "/var/log", "/root/.kube"];
    expect(diffSnapshots(before, one, { ignore })).toEqual([
      "added /etc/rancher",
      "added /etc/rancher/node",
      "added /etc/rancher/node/password",
      "added /var/lib/rancher",
    ]);
    expect(diffSnapshots(otherBefore, other, { ignore })).toEqual([]);
  });
});
