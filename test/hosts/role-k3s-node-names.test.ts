import { describe, expect, it } from "vitest";
import { withArtifactServer } from "./artifact-server.ts";
import { type ApplyOptions, apply, type RunReport } from "./cli.ts";
import { publishK3s } from "./k3s-release.ts";
import { installed } from "./k3s-steps.ts";
import { playbooks } from "./play.ts";
import { freshHosts, pairOf } from "./pool.ts";

const OLD = "v1.33.7+k3s3";
const NEW = "v1.34.3+k3s3";
// Which agents are not told: they find out where to join.
const SERVER = { "with-node-id": true, "https-listen-port": 7443 };
const CLUSTER = playbooks("k3s-server", "k3s-agent", "node-labels");

// K3s takes the whole name of a host, in lower case; and with-node-id is for hosts that are all called alike.
describe("nodes of hosts with the same full name, told apart by with-node-id", () => {
  const hosts = freshHosts(2);
  const artifacts = withArtifactServer();

  const run = (text: string, more: ApplyOptions = {}): Promise<RunReport> => {
    const [server, agent] = pairOf(hosts());
    const releases = publishK3s(artifacts(), [OLD, NEW]);
    return apply([server, agent], text, {
      groups: { server: [server], agent: [agent], k3s_cluster: [server, agent] },
      hostVars: (host) => ({ k3s_node_ip: host.internalAddress, ...(host === server ? { k3s_server_config: SERVER } : {}) }),
      timeoutMs: 300_000,
      ...more,
      vars: {
        k3s_server_version: OLD,
        k3s_server_download_url: `${releases.base}/download`,
        k3s_agent_config: { "with-node-id": true },
        node_labels_labels: { "example.com/rack": "r1" },
        ...more.vars,
      },
    });
  };
  const seen = async (): Promise<readonly string[]> => {
    const [server] = pairOf(hosts());
    const path =
      '{range .items[*]}{.metadata.name} {.status.nodeInfo.kubeletVersion} {.metadata.labels.example\\.com/rack} {.spec.unschedulable}{"\\n"}{end}';
    const text = await server.read(`k3s kubectl get nodes -o 'jsonpath=${path}'`);
    return text
      .split("\n")
      .map((line) => line.trim())
      .sort();
  };
  const named = async (version: string): Promise<readonly string[]> => {
    const ids = await Promise.all(hosts().map((host) => host.read("cat /etc/rancher/node/id")));
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}$/);
    return ids.map((id) => `edge.example.com-${id} ${version} r1`).sort();
  };

  it("are installed, upgraded and given other authorities", { timeout: 600_000 }, async () => {
    await Promise.all(hosts().map((host) => host.read("hostname Edge.example.com")));
    const check = await run(CLUSTER, { check: true });
    const applied = await run(CLUSTER);
    expect(applied.changes["host2"]).toEqual(expect.arrayContaining([...installed()]));
    expect(check.changes).toEqual(applied.changes);
    expect((await run(CLUSTER)).changes).toEqual({});
    expect(await seen()).toEqual(await named(OLD));

    const version: ApplyOptions = { vars: { k3s_server_version: NEW } };
    const upgrade = playbooks("upgrade");
    const foreseen = await run(upgrade, { ...version, check: true });
    const upgraded = await run(upgrade, version);
    expect(foreseen.changes).toEqual(upgraded.changes);
    for (const host of hosts()) expect(upgraded.changes[host.name]).toContain("k3s-upgrade : Drain the node");
    expect(await seen()).toEqual(await named(NEW));
    expect((await run(upgrade, version)).changes).toEqual({});

    const rotation: ApplyOptions = { vars: { ...version.vars, certificates_rotate_ca: "one" } };
    const rotated = await run(playbooks("rotate-ca"), rotation);
    for (const host of hosts())
      expect(rotated.changes[host.name]).toContain("certificates : Restart K3s, which takes the new authorities");
    expect((await run(playbooks("rotate-ca"), rotation)).changes).toEqual({});
    expect((await run(CLUSTER, version)).changes).toEqual({});
  });

  it("leave the cluster by their own names", { timeout: 200_000 }, async () => {
    const [server, agent] = pairOf(hosts());
    const id = await server.read("cat /etc/rancher/node/id");
    const reset = await run(playbooks("reset"), { args: ["-e", `reset=${agent.name}`], vars: { k3s_server_version: NEW } });
    expect(reset.changes[agent.name]).toContain("k3s-install : Remove the node from the cluster");
    expect(await seen()).toEqual([`edge.example.com-${id} ${NEW} r1`]);
  });
});
