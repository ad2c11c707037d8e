import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withArtifactServer } from "./artifact-server.ts";
import { type ApplyOptions, apply, type RunReport } from "./cli.ts";
import { probeServers } from "./cluster-probe.ts";
import type { TestHost } from "./host.ts";
import { publishK3s } from "./k3s-release.ts";
import { installed, RUN, step } from "./k3s-steps.ts";
import { freshHosts } from "./pool.ts";
import { repository } from "./run.ts";

const playbook = (...names: readonly string[]) =>
  names.map((name) => `- import_playbook: ${join(repository, "playbooks", `${name}.yaml`)}\n`).join("");
const CLUSTER = playbook("k3s-server", "k3s-agent");

const FOUND = "Write how to found the cluster, or whom to join";

const OLD = "v1.33.7+k3s3";
const NEW = "v1.34.3+k3s3";

/** "NAME True VERSION" of each node, as one server sees them. */
async function nodes(host: TestHost): Promise<readonly string[]> {
  const path =
    '{range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status} {.status.nodeInfo.kubeletVersion}{"\\n"}{end}';
  return (await host.read(`k3s kubectl get nodes -o 'jsonpath=${path}'`)).trim().split("\n").sort();
}

/** As if its disk had been replaced. */
const LOSE = `systemctl disable -q --now k3s; rm -rf /var/lib/rancher /etc/rancher /usr/local/bin/* /etc/systemd/system/k3s*
systemctl daemon-reload; systemctl reset-failed`;

describe("a cluster of three servers and two agents", () => {
  const hosts = freshHosts(5);
  const artifacts = withArtifactServer();
  const run = (text: string, more: ApplyOptions = {}, members = hosts()): Promise<RunReport> => {
    const releases = publishK3s(artifacts(), [OLD, NEW]);
    return apply(members, text, {
      groups: { server: members.slice(0, 3), agent: members.slice(3) },
      hostVars: (host) => ({ k3s_node_ip: host.internalAddress }),
      timeoutMs: 400_000,
      ...more,
      vars: {
        k3s_server_download_url: `${releases.base}/download`,
        k3s_server_channel_url: releases.channels,
        k3s_server_version: OLD,
        ...more.vars,
      },
    });
  };
  const named = (names: readonly string[], version: string) => names.map((name) => `${name} True ${version}`);
  const all = (version = OLD) => named(["host1", "host2", "host3", "host4", "host5"], version);

  it("comes up as the check has said, and then stays", { timeout: 400_000 }, async () => {
    const members = hosts().slice(0, 4);
    const expected = Object.fromEntries(members.map((host, index) => [host.name, index < 3 ? installed([FOUND]) : installed()]));
    const check = await run(CLUSTER, { check: true }, members);
    expect(check.changes).toEqual(expected);
    expect((await run(CLUSTER, {}, members)).changes).toEqual(expected);
    for (const host of members.slice(0, 3)) expect(await nodes(host)).toEqual(all().slice(0, 4));
    const again = await run(CLUSTER, {}, members);
    expect(again.changes).toEqual({});
    for (const host of members) expect(again.costs[host.name]?.roundTrips).toBeLessThanOrEqual(6);
  });

  it("takes an agent that comes later, and changes nobody else", { timeout: 200_000 }, async () => {
    expect((await run(CLUSTER)).changes).toEqual({ host5: installed() });
    const [first] = hosts();
    expect(await nodes(first as TestHost)).toEqual(all());
  });

  it("lets a first server that was lost join again, and never found another cluster", { timeout: 300_000 }, async () => {
    const [first, second] = hosts() as readonly [TestHost, TestHost];
    await first.read(LOSE);
    await expect.poll(() => nodes(second), { timeout: 60_000, interval: 1000 }).not.toContain(`host1 True ${OLD}`);
    const again = { host1: [step("Remove the node of the host that was lost"), ...installed([FOUND])] };
    expect((await run(CLUSTER, { check: true })).changes).toEqual(again);
    expect((await run(CLUSTER)).changes).toEqual(again);
    expect(await nodes(first)).toEqual(all());
    expect(await first.read("cat /etc/rancher/k3s/config.yaml.d/10-cluster.yaml")).toContain(
      `server: https://${second.internalAddress}:6443`,
    );
    expect((await run(CLUSTER)).changes).toEqual({});
  });

  it("says why a server does not start", { timeout: 200_000 }, async () => {
    const third = hosts()[2] as TestHost;
    const line = "starting kubernetes: critical configuration value mismatch between servers: ClusterCIDR";
    await third.read(`echo '{"failAtStart": "${line}"}' >/etc/k3s-stand-in.json; touch /etc/rancher/k3s/config.yaml`);
    const failed = await run(CLUSTER, { args: ["--limit", "host3"], rc: 2 });
    expect(failed.stdout).toContain(
      "K3s does not start: critical configuration value mismatch: this server is configured otherwise",
    );
    expect(failed.stdout).toContain(line);
    await third.read("rm /etc/k3s-stand-in.json; systemctl restart k3s");
    expect((await run(CLUSTER)).changes).toEqual({});
  });

  it("is upgraded one server at a time, the API always answered", { timeout: 400_000 }, async () => {
    const version = { vars: { k3s_server_version: NEW } };
    const upgrade = playbook("upgrade");
    const [first, , , agent] = hosts() as readonly [TestHost, TestHost, TestHost, TestHost];
    const probe = await probeServers(agent, hosts().slice(0, 3));
    const check = await run(upgrade, { ...version, check: true });
    const applied = await run(upgrade, version);
    const answers = await probe.end();
    expect(check.changes).toEqual(applied.changes);
    expect(applied.changes["host2"]).toEqual([
      "k3s-upgrade : Mark the node",
      "k3s-upgrade : Drain the node",
      step("Download K3s"),
      RUN,
      "k3s-upgrade : Uncordon the node",
      "k3s-upgrade : Take the mark away",
    ]);
    expect(applied.changes["host1"]?.[0]).toBe("k3s-upgrade : Save etcd's data");
    expect(await nodes(first)).toEqual(all(NEW));
    expect(answers.samples).toBeGreaterThan(20);
    expect(answers.mostAway).toBe(1);
    expect((await run(upgrade, version)).changes).toEqual({});
    expect(await first.read("k3s kubectl get nodes -o 'jsonpath={.items[*].spec.unschedulable}'")).toBe("");
  });

  it("renews certificates that end soon, by one restart of each node", { timeout: 300_000 }, async () => {
    const [first, , , agent] = hosts() as readonly [TestHost, TestHost, TestHost, TestHost];
    const version: ApplyOptions = { vars: { k3s_server_version: NEW }, args: ["--limit", "host1,host4"] };
    for (const [host, unit] of [
      [first, "k3s"],
      [agent, "k3s-agent"],
    ] as const) {
      await host.read(`echo '{"issuedDaysAgo": 300}' >/etc/k3s-stand-in.json; systemctl stop ${unit} && k3s certificate rotate && systemctl start ${unit}
rm /etc/k3s-stand-in.json`);
    }
    const soon = await run(playbook("certificates"), {
      ...version,
      args: ["--limit", "host1,host4", "--tags", "report", "-e", "fail_within_days=100"],
      rc: 2,
    });
    expect(soon.stdout).toMatch(/certificates of this host end within 100 days/);
    const renewed = { host1: ["certificates : Restart K3s, which renews its certificates"] };
    const expected = { ...renewed, host4: renewed.host1 };
    expect((await run(playbook("certificates"), { ...version, check: true })).changes).toEqual(expected);
    expect((await run(playbook("certificates"), version)).changes).toEqual(expected);
    expect((await run(playbook("certificates"), version)).changes).toEqual({});
    const rotated = await run(playbook("certificates"), {
      ...version,
      args: ["--limit", "host3", "-e", "certificates_rotate=once"],
    });
    expect(rotated.changes).toEqual({
      host3: ["Stop K3s", "Have new keys made", "Write down that they were made", "Start K3s"].map(
        (title) => `certificates : ${title}`,
      ),
    });
  });

  it("gets another token, everywhere", { timeout: 300_000 }, async () => {
    const servers = hosts().slice(0, 3);
    const vars = { k3s_server_version: NEW };
    const rotate: ApplyOptions = { vars: { ...vars, tokens_rotate_to: "a-new-and-long-token" } };
    const refused = await run(CLUSTER, { vars: { ...vars, k3s_server_token: "another-and-long-token" }, rc: 2 });
    expect(refused.stdout).toContain("k3s_server_token is not the token that this server's data are encrypted with");
    const check = await run(playbook("tokens"), { ...rotate, check: true });
    const applied = await run(playbook("tokens"), rotate);
    expect(applied.changes).toEqual(check.changes);
    expect(applied.changes["host1"]).toEqual([
      "tokens : Encrypt the cluster's data with the new token",
      step("Write config.yaml"),
      step("Take the token out of what says whom to join"),
      RUN,
    ]);
    expect(applied.changes["host5"]).toEqual([step("Write config.yaml"), RUN]);
    expect(applied.stdout + applied.stderr).not.toContain("a-new-and-long-token");
    for (const host of hosts()) {
      expect(await host.read("grep -rhE '^(token|K3S_TOKEN)' /etc/rancher/k3s /etc/systemd/system/k3s*.service.env")).toBe(
        "token: a-new-and-long-token",
      );
    }
    for (const host of servers)
      expect(await host.read("sed 's/.*://' /var/lib/rancher/k3s/server/token")).toBe("a-new-and-long-token");
    expect((await run(playbook("tokens"), rotate)).changes).toEqual({});
    expect((await run(CLUSTER, { vars: { ...vars, k3s_server_token: "a-new-and-long-token" } })).changes).toEqual({});
    expect(await nodes(servers[0] as TestHost)).toEqual(all(NEW));
  });

  it("loses a node that is named, and its data", { timeout: 200_000 }, async () => {
    const [first, , , , last] = hosts() as readonly [TestHost, TestHost, TestHost, TestHost, TestHost];
    const named: ApplyOptions = { vars: { k3s_server_version: NEW }, args: ["-e", "reset=host5"] };
    const reset = await run(playbook("reset"), named);
    expect(Object.keys(reset.changes)).toEqual(["host5"]);
    expect(await nodes(first)).toEqual(all(NEW).slice(0, 4));
    expect(
      await last.read("ls -d /var/lib/rancher /etc/rancher /etc/systemd/system/k3s* /usr/local/bin/* 2>/dev/null || true"),
    ).toBe("");
    expect((await run(playbook("reset"), named)).changes).toEqual({});
  });
});
