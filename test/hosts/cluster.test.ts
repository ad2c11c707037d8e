import { beforeAll, describe, expect, it } from "vitest";
import { withArtifactServer } from "./artifact-server.ts";
import { startBalancer } from "./balancer.ts";
import { type ApplyOptions, apply, type RunReport } from "./cli.ts";
import { probeServers } from "./cluster-probe.ts";
import type { TestHost } from "./host.ts";
import { publishK3s } from "./k3s-release.ts";
import { installed, nodes, RUN, step } from "./k3s-steps.ts";
import { killedAfter } from "./killed-run.ts";
import { messagesOf } from "./messages.ts";
import { playbooks } from "./play.ts";
import { freshHost, freshHosts } from "./pool.ts";
import { isBelievedBy, strayPlaces } from "./trust.ts";

const CLUSTER = playbooks("k3s-server", "k3s-agent");
const SITE = playbooks("site");
const PREPARED = ["prepare : Load kernel modules at each boot", "prepare : Set what the kernel does"];

const FOUND = "Write how to found the cluster, or whom to join";

/** What a node sees that gets other authorities. */
const RENEWED = ["Write the hash of the new authority into tokens", "Restart K3s, which takes the new authorities"].map(
  (title) => `certificates : ${title}`,
);

const OLD = "v1.33.7+k3s3";
const NEW = "v1.34.3+k3s3";
const LAST = "v1.34.4+k3s1";

/** As if its disk had been replaced. */
const LOSE = `systemctl disable -q --now k3s; rm -rf /var/lib/rancher /etc/rancher /usr/local/bin/* /etc/systemd/system/k3s*
systemctl daemon-reload; systemctl reset-failed`;

describe("a cluster of three servers and two agents", () => {
  const hosts = freshHosts(5);
  const registration = freshHost({ name: "registration" });
  const artifacts = withArtifactServer();
  beforeAll(() => startBalancer(registration(), hosts().slice(0, 3)));
  const run = (text: string, more: ApplyOptions = {}, members = hosts()): Promise<RunReport> => {
    const releases = publishK3s(artifacts(), [OLD, NEW, LAST]);
    return apply(members, text, {
      groups: { server: members.slice(0, 3), agent: members.slice(3) },
      hostVars: (host) => ({ k3s_node_ip: host.internalAddress }),
      timeoutMs: 400_000,
      ...more,
      vars: {
        k3s_server_download_url: `${releases.base}/download`,
        k3s_server_channel_url: releases.channels,
        k3s_server_version: OLD,
        k3s_server_registration_address: registration().internalAddress,
        ...more.vars,
      },
    });
  };
  const named = (names: readonly string[], version: string) => names.map((name) => `${name} True ${version}`);
  const all = (version = OLD) => named(["host1", "host2", "host3", "host4", "host5"], version);

  /** What of the inventory site.yaml goes by. */
  const groupsOf = (members: readonly TestHost[]) => ({
    server: members.slice(0, 3),
    agent: members.slice(3),
    k3s_cluster: members,
  });

  it("comes up as the check has said, and then stays", { timeout: 400_000 }, async () => {
    const members = hosts().slice(0, 4);
    const site = { groups: groupsOf(members) };
    const expected = Object.fromEntries(
      members.map((host, index) => [host.name, [...PREPARED, ...(index < 3 ? installed([FOUND]) : installed())]]),
    );
    expect((await run(SITE, { ...site, check: true }, members)).changes).toEqual(expected);
    expect((await run(SITE, site, members)).changes).toEqual(expected);
    for (const host of members.slice(0, 3)) expect(await nodes(host)).toEqual(all().slice(0, 4));
    const again = await run(SITE, site, members);
    expect(again.changes).toEqual({});
    for (const host of members) expect(again.costs[host.name]?.roundTrips).toBeLessThanOrEqual(8);
    const alone = await run(CLUSTER, {}, members);
    expect(alone.changes).toEqual({});
    for (const host of members) expect(alone.costs[host.name]?.roundTrips).toBeLessThanOrEqual(6);
  });

  it("takes an agent that comes later, and changes nobody else", { timeout: 200_000 }, async () => {
    const [first, , , , fifth] = hosts() as readonly [TestHost, TestHost, TestHost, TestHost, TestHost];
    await fifth.read(`echo '{"staysNotReady": true}' >/etc/k3s-stand-in.json`);
    const late = await run(SITE, { groups: groupsOf(hosts()), rc: 2, vars: { k3s_agent_health_timeout: 9 } });
    expect(late.changes).toEqual({ host5: [...PREPARED, ...installed()] });
    expect([late.hosts["host4"]?.failed, late.hosts["host5"]?.failed]).toEqual([0, 1]);
    expect(messagesOf(late)).toMatch(/host1 did not see this agent as ready within 9 s\. The end of its log:\n.*Starting k3s/s);
    await fifth.read("rm /etc/k3s-stand-in.json; systemctl restart k3s-agent");
    expect((await run(SITE, { groups: groupsOf(hosts()) })).changes).toEqual({});
    expect(await nodes(first)).toEqual(all());
  });

  it("costs further roles eight round trips a host", { timeout: 300_000 }, async () => {
    const members = hosts();
    const groups = { ...groupsOf(members), etcdctl: members.slice(0, 3), ulogd2: members };
    const vars = { etcdctl_source: "distribution" };
    // The host that asks for all has no labels of its own.
    const hostVars = (host: TestHost) => ({
      k3s_node_ip: host.internalAddress,
      ...(host === members[4] ? { node_labels_labels: { "example.com/rack": "r1" } } : {}),
    });
    const changed = Object.values((await run(SITE, { groups, vars, hostVars })).changes).flat();
    const roles = ["etcdctl", "k3s-install", "node-labels", "ulogd2"];
    expect([...new Set(changed.map((title) => title.split(" : ")[0]))].sort()).toEqual(roles);
    const [first] = members as readonly [TestHost];
    expect(await first.read("k3s kubectl get nodes -l example.com/rack=r1 -o name")).toBe("node/host5");
    const again = await run(SITE, { groups, vars, hostVars });
    expect(again.changes).toEqual({});
    for (const host of members) expect(again.costs[host.name]?.roundTrips).toBeLessThanOrEqual(8);
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
      `server: https://${registration().internalAddress}:6443`,
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
    const upgrade = playbooks("upgrade");
    const [first, , , agent] = hosts() as readonly [TestHost, TestHost, TestHost, TestHost];
    const probe = await probeServers(agent, registration(), hosts().slice(0, 3));
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
    // A call that is under way when its server stops is lost, and no other.
    expect(answers.failedCalls).toBeLessThanOrEqual(3);
    expect((await run(upgrade, version)).changes).toEqual({});
    expect(await first.read("k3s kubectl get nodes -o 'jsonpath={.items[*].spec.unschedulable}'")).toBe("");
  });

  it("is upgraded although it is broken off at every step, and nodes never stay without pods", { timeout: 400_000 }, async () => {
    const [first, second, third, agent] = hosts() as readonly [TestHost, TestHost, TestHost, TestHost];
    const vars = { k3s_server_version: LAST, k3s_server_health_timeout: 8 };
    const args = ["--lock-timeout", "60"];
    const options: ApplyOptions = { vars, args };
    const upgrade = playbooks("upgrade");
    const killed = (title: string, host: TestHost) =>
      killedAfter(title, host, (more) => run(upgrade, { ...options, ...more, args: [...args, ...(more.args ?? [])] }));
    const closed = (host = third) =>
      host.read(
        "k3s kubectl get nodes -l k3sprov.io/drained-for=upgrade -o 'jsonpath={.items[*].metadata.name} {.items[*].spec.unschedulable}'",
      );

    await killed("k3s-upgrade : Save etcd's data", first);
    expect(await closed()).toBe(" ");
    await killed("k3s-upgrade : Drain the node", first);
    expect(await closed()).toBe("host1 true");
    await killed(step("Download K3s"), first);
    expect(await closed()).toBe("host1 true");
    // A step that fails: K3s of the first server, which everybody asks otherwise, does not come back.
    await first.read(`echo '{"failAtStart": "no room on this host"}' >/etc/k3s-stand-in.json`);
    const failed = await run(upgrade, { ...options, rc: 2 });
    expect(failed.stdout).toContain("no room on this host");
    expect(Object.keys(failed.changes)).toEqual(["host1"]);
    expect(await closed()).toBe(" ");
    await first.read("rm /etc/k3s-stand-in.json");

    await killed(RUN, second);
    expect(await closed()).toBe("host2 true");
    await killed(step("Wait until K3s answers"), third);
    expect(await closed()).toBe("host3 true");

    const nowhere = { ...vars, k3s_agent_download_url: "http://127.0.0.1:9/nothing" };
    expect(Object.keys((await run(upgrade, { ...options, vars: nowhere, rc: 2 })).changes)).toEqual(["host3", "host4"]);
    expect(await closed()).toBe(" ");
    await killed("k3s-upgrade : Drain the node", agent);
    expect(await closed()).toBe("host4 true");

    const rest = await run(upgrade, options);
    expect(Object.keys(rest.changes)).toEqual(["host4", "host5"]);
    await expect.poll(() => nodes(first), { timeout: 30_000 }).toEqual(all(LAST));
    expect(await closed()).toBe(" ");
    expect((await run(upgrade, options)).changes).toEqual({});
  });

  it("renews certificates that end soon, by one restart of each node", { timeout: 300_000 }, async () => {
    const [first, , , agent] = hosts() as readonly [TestHost, TestHost, TestHost, TestHost];
    const version: ApplyOptions = { vars: { k3s_server_version: LAST }, args: ["--limit", "host1,host4"] };
    for (const [host, unit] of [
      [first, "k3s"],
      [agent, "k3s-agent"],
    ] as const) {
      await host.read(`echo '{"issuedDaysAgo": 300}' >/etc/k3s-stand-in.json; systemctl stop ${unit} && k3s certificate rotate && systemctl start ${unit}
rm /etc/k3s-stand-in.json`);
    }
    const soon = await run(playbooks("certificates"), {
      ...version,
      args: ["--limit", "host1,host4", "--tags", "report", "-e", "fail_within_days=100"],
      rc: 2,
    });
    expect(soon.stdout).toMatch(/certificates of this host end within 100 days/);
    const renewed = { host1: ["certificates : Restart K3s, which renews its certificates"] };
    const expected = { ...renewed, host4: renewed.host1 };
    expect((await run(playbooks("certificates"), { ...version, check: true })).changes).toEqual(expected);
    expect((await run(playbooks("certificates"), version)).changes).toEqual(expected);
    expect((await run(playbooks("certificates"), version)).changes).toEqual({});
    const rotated = await run(playbooks("certificates"), {
      ...version,
      args: ["--limit", "host3", "-e", "certificates_rotate=once"],
    });
    expect(rotated.changes).toEqual({
      host3: ["Stop K3s", "Have new keys made", "Start K3s", "Write down that they were made"].map(
        (title) => `certificates : ${title}`,
      ),
    });
    // Broken off where K3s does not run: the next run brings it back.
    const [, second] = hosts() as readonly [TestHost, TestHost];
    const args = ["--limit", "host2", "-e", "certificates_rotate=twice", "--lock-timeout", "60"];
    const twice = (more: ApplyOptions = {}) =>
      run(playbooks("certificates"), { ...version, ...more, args: [...args, ...(more.args ?? [])] });
    await killedAfter("certificates : Have new keys made", second, twice);
    await twice();
    expect(await second.read("systemctl is-active k3s")).toBe("active");
    expect((await twice()).changes).toEqual({});
  });

  it("gets other authorities, everywhere, after an interruption too, and by force", { timeout: 600_000 }, async () => {
    const [first, second, , agent] = hosts() as readonly [TestHost, TestHost, TestHost, TestHost];
    const version = { k3s_server_version: /v1\S+/.exec(await first.read("k3s --version"))?.[0] ?? "" };
    const rotate: ApplyOptions = { vars: { ...version, certificates_rotate_ca: "once" } };
    const old = await first.read("cat /var/lib/rancher/k3s/server/tls/server-ca.crt");
    const probe = await probeServers(agent, registration(), hosts().slice(0, 3));
    const check = await run(playbooks("rotate-ca"), { ...rotate, check: true });
    await second.read(`echo '{"failAtStart": "out of luck"}' >/etc/k3s-stand-in.json`);
    const failed = await run(playbooks("rotate-ca"), { ...rotate, rc: 2 });
    await second.read("rm /etc/k3s-stand-in.json; systemctl restart k3s");
    const resumed = await run(playbooks("rotate-ca"), rotate);
    expect((await probe.end()).mostAway).toBe(1);
    // What the check has said of each node was done by one of the two.
    const { host1, host2, ...others } = check.changes;
    expect(host1?.slice(0, 4)).toEqual(
      [
        "Have a place for the new authorities",
        "Make new authorities",
        "Save etcd's data",
        "Put the new authorities into the datastore",
      ].map((title) => `certificates : ${title}`),
    );
    expect([...(failed.changes["host1"] ?? []), ...(resumed.changes["host1"] ?? [])]).toEqual(host1);
    expect(failed.changes["host2"]).toEqual(host2?.slice(0, 1));
    expect(others).toEqual({ host3: RENEWED, host4: RENEWED, host5: RENEWED });
    expect(resumed.changes).toMatchObject(others);
    expect((await run(playbooks("rotate-ca"), rotate)).changes).toEqual({});
    for (const host of hosts()) expect(await strayPlaces(host, first), host.name).toEqual([]);
    expect(await isBelievedBy(first, `${old}\n`)).toBe(true);

    const forced = { ...version, certificates_rotate_ca: "again", certificates_rotate_ca_force: true };
    const { changes } = await run(playbooks("rotate-ca"), { vars: forced });
    expect(Object.keys(changes).sort()).toEqual(["host1", "host2", "host3", "host4", "host5"]);
    for (const host of hosts()) expect(await strayPlaces(host, first), host.name).toEqual([]);
    expect(await isBelievedBy(first, `${old}\n`)).toBe(false);
    expect(await nodes(second)).toEqual(all(version.k3s_server_version));
    expect((await run(CLUSTER, { vars: version })).changes).toEqual({});
  });

  it("gets another token, everywhere", { timeout: 300_000 }, async () => {
    const servers = hosts().slice(0, 3);
    const vars = { k3s_server_version: LAST };
    const rotate: ApplyOptions = { vars: { ...vars, tokens_rotate_to: "a-new-and-long-token" } };
    const refused = await run(CLUSTER, { vars: { ...vars, k3s_server_token: "another-and-long-token" }, rc: 2 });
    expect(refused.stdout).toContain("k3s_server_token is not the token that this server's data are encrypted with");
    const check = await run(playbooks("tokens"), { ...rotate, check: true });
    const applied = await run(playbooks("tokens"), rotate);
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
    expect((await run(playbooks("tokens"), rotate)).changes).toEqual({});
    expect((await run(CLUSTER, { vars: { ...vars, k3s_server_token: "a-new-and-long-token" } })).changes).toEqual({});
    expect(await nodes(servers[0] as TestHost)).toEqual(all(LAST));
  });

  it("tells no further server what one did not start with", { timeout: 200_000 }, async () => {
    const servers = hosts().slice(0, 3);
    const everywhere = (script: string): Promise<readonly string[]> => Promise.all(servers.map((host) => host.read(script)));
    const labels: ApplyOptions = {
      groups: { server: servers, agent: [], k3s_cluster: servers },
      vars: { node_labels_labels: { "example.com/row": "2" }, node_labels_use_api: false },
    };
    // Whichever comes first.
    await everywhere(`echo '{"failAtStart": "no"}' >/etc/k3s-stand-in.json`);
    await run(playbooks("node-labels"), { ...labels, rc: 2 }, servers);
    const states = (): Promise<readonly string[]> => everywhere("systemctl show --value -p SubState k3s");
    expect((await states()).filter((state) => state === "running")).toHaveLength(2);
    await everywhere("rm /etc/k3s-stand-in.json");
    await expect.poll(states, { timeout: 30_000 }).toEqual(["running", "running", "running"]);
    await run(playbooks("node-labels"), labels, servers);
    expect((await run(playbooks("node-labels"), labels, servers)).changes).toEqual({});
  });

  it("loses nodes that are named, and their data", { timeout: 200_000 }, async () => {
    const [first, , third, , last] = hosts() as readonly [TestHost, TestHost, TestHost, TestHost, TestHost];
    const named: ApplyOptions = {
      vars: { k3s_server_version: LAST, k3s_server_token: "a-new-and-long-token" },
      args: ["-e", "reset=host3,host5"],
    };
    const check = await run(playbooks("reset"), { ...named, check: true });
    const reset = await run(playbooks("reset"), named);
    expect(reset.changes).toEqual(check.changes);
    // Agents go first.
    expect(Object.keys(reset.changes)).toEqual(["host5", "host3"]);
    expect(await nodes(first)).toEqual([...all(LAST).slice(0, 2), ...all(LAST).slice(3, 4)]);
    const left = "ls -d /var/lib/rancher /etc/rancher /etc/systemd/system/k3s* /usr/local/bin/* 2>/dev/null || true";
    // What another role has put there stays.
    expect([await third.read(left), await last.read(left)]).toEqual(["/usr/local/bin/k3s-etcdctl", ""]);
    expect((await run(playbooks("reset"), named)).changes).toEqual({});
    // etcd has forgotten it, so that it can come back: with two of three members left nobody could be added.
    expect(Object.keys((await run(CLUSTER, { vars: named.vars ?? {} })).changes)).toEqual(["host3", "host5"]);
    await expect.poll(() => nodes(first), { timeout: 30_000 }).toEqual(all(LAST));
  });
});
