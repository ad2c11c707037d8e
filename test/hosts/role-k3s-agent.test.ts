import { describe, expect, it } from "vitest";
import { withArtifactServer } from "./artifact-server.ts";
import { type ApplyOptions, apply, type RunReport } from "./cli.ts";
import { converges } from "./converges.ts";
import type { TestHost } from "./host.ts";
import { publishK3s } from "./k3s-release.ts";
import { installed, RUN, step, WRITTEN_BY_K3S } from "./k3s-steps.ts";
import { failuresOf } from "./messages.ts";
import { playbooks } from "./play.ts";
import { freshHosts } from "./pool.ts";

const OLD = "v1.33.7+k3s3";
const NEW = "v1.34.3+k3s3";
const SERVER = playbooks("k3s-server");
const AGENT = playbooks("k3s-agent");
const TOKEN = "a token for agents of tests";

describe("role k3s-agent", () => {
  const hosts = freshHosts(4);
  const artifacts = withArtifactServer();
  const members = () => hosts() as readonly [TestHost, TestHost, TestHost, TestHost];
  const versions = (version = OLD) => {
    const releases = publishK3s(artifacts(), [OLD, NEW]);
    return {
      k3s_server_download_url: `${releases.base}/download`,
      k3s_server_channel_url: releases.channels,
      k3s_server_version: version,
    };
  };
  /** Two servers, of which the second agent's run may not see the first, and the agents. */
  const run = (text: string, options: ApplyOptions = {}, vars: Readonly<Record<string, unknown>> = {}): Promise<RunReport> => {
    const [one, two, three, four] = members();
    return apply(hosts(), text, {
      groups: { server: [one, two], agent: [three, four] },
      hostVars: (host) => ({ k3s_node_ip: host.internalAddress }),
      timeoutMs: 200_000,
      ...options,
      vars: { ...versions(), k3s_server_allow_even: true, ...vars },
    });
  };
  const version = (host: TestHost): Promise<string> => host.read("k3s --version | head -n 1 | cut -d ' ' -f 3");
  const state = (host: TestHost): Promise<string> =>
    host.read("systemctl is-enabled k3s-agent; systemctl is-active k3s-agent; true");

  it("prepares servers without starting them where the token is known, and starts them later", { timeout: 300_000 }, async () => {
    const [one, two] = members();
    const still = { k3s_start: false };
    const refused = [
      "no server has the cluster yet, and with k3s_server_start: false none founds it in this run, so there is no token to read; set k3s_server_token",
    ];
    for (const check of [true, false]) expect(failuresOf(await run(SERVER, { check, rc: 2 }, still))).toEqual(refused);
    const known = { ...still, k3s_server_token: TOKEN.replaceAll(" ", "-") };
    const check = await run(SERVER, { check: true }, known);
    const applied = await run(SERVER, {}, known);
    expect(applied.changes).toEqual(check.changes);
    for (const host of [one, two]) expect(await host.read("systemctl is-active k3s || true")).toBe("inactive");
    expect((await run(SERVER, {}, known)).changes).toEqual({});
    const { k3s_server_token } = known;
    expect((await run(SERVER, {}, { k3s_server_token })).changes).toEqual({ host1: [RUN], host2: [RUN] });
    expect((await two.read("k3s kubectl get nodes -o name")).split("\n").sort()).toEqual(["node/host1", "node/host2"]);
  });

  it("keeps what it has made, and takes it away again", { timeout: 400_000 }, async () => {
    const [one, , agent] = members();
    const token = await one.read("cat /var/lib/rancher/k3s/server/agent-token");
    const variables = {
      ...versions(),
      k3s_agent_server_url: `https://${one.internalAddress}:6443`,
      k3s_agent_token: token,
      k3s_agent_config: { "node-label": ["example.com/kind=test"] },
      k3s_agent_registries: { mirrors: { "docker.io": { endpoint: ["https://mirror.example"] } } },
      k3s_agent_env: { K3S_TEST: "yes" },
    };
    const play = (more: Readonly<Record<string, unknown>>) =>
      `- hosts: all\n  become: true\n  roles: [{ role: k3s-agent, vars: ${JSON.stringify(more)} }]\n`;
    const unit = "/etc/systemd/system/k3s-agent.service";
    await converges(agent, play(variables), {
      groups: { agent: [agent] },
      timeoutMs: 200_000,
      changed: installed(["Write registries.yaml"], ["Write the environment"]),
      disturb: [
        {
          by: "rm /usr/local/bin/crictl; echo exit >/usr/local/bin/k3s-killall.sh; chmod 700 /usr/local/bin/k3s-agent-uninstall.sh; systemctl -q disable k3s-agent",
          repairedBy: [
            step("Make K3s answer as kubectl, crictl and ctr"),
            step("Install what stops K3s and all its containers"),
            step("Install what takes K3s off the host"),
            RUN,
          ],
        },
        {
          by: `truncate -s 100 /usr/local/bin/k3s; sed -i s/LimitCORE=infinity/LimitCORE=0/ ${unit}; sed -i s/yes/no/ ${unit}.env; echo 'debug: true' >>/etc/rancher/k3s/config.yaml`,
          repairedBy: [
            step("Download K3s"),
            step("Write the unit"),
            step("Write config.yaml"),
            step("Write the environment"),
            RUN,
          ],
        },
        { by: "systemctl stop k3s-agent", repairedBy: RUN },
      ],
      absent: play({ k3s_agent_state: "absent", k3s_agent_reset: [agent.name] }),
      ignore: WRITTEN_BY_K3S,
    });
    await one.read(`k3s kubectl delete node ${agent.name}`);
  });

  it("joins while the first server cannot be reached, and waits for nobody who is not to run", { timeout: 300_000 }, async () => {
    const [one, two, three, four] = members();
    const away: ApplyOptions = {
      hostVars: (host) => ({
        k3s_node_ip: host.internalAddress,
        ...(host === one ? { ansible_port: 1, ansible_ssh_timeout: 3 } : {}),
        // The first one of the group, that would ask for all.
        ...(host === three ? { k3s_agent_start: false } : {}),
      }),
    };
    const began = performance.now();
    expect((await run(AGENT, away)).changes).toEqual({ host3: installed(), host4: installed() });
    expect(performance.now() - began).toBeLessThan(120_000);
    expect([await state(three), await state(four)]).toEqual(["enabled\ninactive", "enabled\nactive"]);
    expect((await run(AGENT, away)).changes).toEqual({});
    expect((await run(AGENT)).changes).toEqual({ host3: [RUN] });
    expect(await two.read("k3s kubectl get nodes -o name | sort | tr '\\n' ' '")).toBe(
      "node/host1 node/host2 node/host3 node/host4 ",
    );
  });

  it("is refused where it would be newer than its server, and waits for the version that was asked for", {
    timeout: 300_000,
  }, async () => {
    const [one, , , four] = members();
    expect(failuresOf(await run(AGENT, { rc: 2 }, versions(NEW)))).toEqual(
      Array(2).fill(
        `host1 has K3s ${OLD}, and an agent with ${NEW} is newer; servers go first, so run without --limit, or run playbooks/upgrade.yaml`,
      ),
    );
    expect(await version(four)).toBe(OLD);
    expect((await run(AGENT, { check: true, rc: 2 }, versions(NEW))).changes).toEqual({});
    // With the servers in the same run the check says what the apply does. The kubelet of one agent does not come back.
    expect((await run(SERVER + AGENT, { check: true }, versions(NEW))).changes["host4"]).toContain(step("Download K3s"));
    await four.read(`echo '{"kubeletHangs": true}' >/etc/k3s-stand-in.json`);
    const late = await run(SERVER + AGENT, { rc: 2 }, { ...versions(NEW), k3s_agent_health_timeout: 12 });
    expect([late.hosts["host3"]?.failed, late.hosts["host4"]?.failed]).toEqual([0, 1]);
    expect(failuresOf(late).at(-1)).toMatch(/^K3s was not ready within 12 s: the service is activating\. The end of its log:/);
    await four.read("rm /etc/k3s-stand-in.json; systemctl restart k3s-agent");
    expect((await run(SERVER + AGENT, {}, versions(NEW))).changes).toEqual({});
    expect(await version(one)).toBe(NEW);
  });

  it("joins with another token for agents, when the servers have one", { timeout: 200_000 }, async () => {
    const [, two, three] = members();
    const vars = { ...versions(NEW), k3s_server_agent_token: "another-token-for-agents" };
    const changed = [step("Write config.yaml"), RUN];
    const all = { host1: changed, host2: changed, host3: changed, host4: changed };
    expect((await run(SERVER + AGENT, { check: true }, vars)).changes).toEqual(all);
    const applied = await run(SERVER + AGENT, {}, vars);
    expect(applied.changes).toEqual(all);
    expect(applied.stdout).not.toContain(vars.k3s_server_agent_token);
    expect((await run(SERVER + AGENT, {}, vars)).changes).toEqual({});
    expect(await three.read("grep -c another-token-for-agents /etc/rancher/k3s/config.yaml")).toBe("1");
    expect(await two.read("sed 's/.*://' /var/lib/rancher/k3s/server/agent-token")).toBe(vars.k3s_server_agent_token);
    // Forgotten on disk it would not come in without.
    await three.read("systemctl stop k3s-agent; rm -r /var/lib/rancher/k3s/agent; timeout 60 systemctl start k3s-agent");
  });

  it("takes nobody out by half", { timeout: 200_000 }, async () => {
    const reset = playbooks("reset");
    const named = (names: string, options: ApplyOptions = {}) =>
      run(reset, { ...options, args: ["-e", `reset=${names}`, ...(options.args ?? [])] });
    const typo = await named("host4,hots3", { rc: 3 });
    expect(typo.stderr).toContain("the inventory has no host hots3; groups and patterns are not taken, so name each host");
    expect((await named("agent", { rc: 3 })).stderr).toContain("the inventory has no host agent;");
    expect((await run(reset, { rc: 3 })).stderr).toContain(
      "name the hosts that are to lose K3s and its data, -e reset=host1,host2",
    );
    expect((await named("host1,host2", { rc: 3, args: ["--limit", "host2"] })).stderr).toContain(
      "host1 is to lose K3s too, and --limit leaves it out, so this node would be left in the cluster; name the hosts without --limit",
    );
    const [one, two, , four] = members();
    const alone = (host: TestHost) => (host === one || host === two ? { ansible_port: 1, ansible_ssh_timeout: 3 } : {});
    expect(failuresOf(await named("host4", { rc: 2, hostVars: alone }))).toEqual([
      "host1, host2 cannot be reached, so nobody would take this node out of the cluster; mend that, or, where they are lost for good, take them out of the inventory first",
    ]);
    expect(await state(four)).toBe("enabled\nactive");
    // Links and mounts: what K3s has is gone, what is somebody else's is not.
    await four.read(
      `systemctl stop k3s-agent; mkdir -p /data && mv /var/lib/kubelet /data/kubelet 2>/dev/null || mkdir -p /data/kubelet; ln -s /data/kubelet /var/lib/kubelet
v=/data/kubelet/pods/one/volumes/nfs; mkdir -p $v && mount -t tmpfs nfs $v && echo theirs >$v/file && mkdir /srv/theirs && mount --bind $v /srv/theirs
systemctl start k3s-agent`,
    );
    await named("host4");
    expect(
      await four.read("cat /srv/theirs/file; ls -A /data/kubelet; readlink /var/lib/kubelet; ls -d /var/lib/rancher || true"),
    ).toBe("theirs\n/data/kubelet");
    expect((await named("host4")).changes).toEqual({});
    await four.read("umount /srv/theirs; rm -r /srv/theirs /data /var/lib/kubelet");
    await named("host2");
    expect(await one.read("k3s kubectl get nodes -o name | sort | tr '\\n' ' '")).toBe("node/host1 node/host3 ");
    // The whole cluster at once asks nobody who goes as well.
    await named("host1,host3");
    for (const host of [one, two])
      expect(await host.read("ls -d /var/lib/rancher /etc/rancher /usr/local/bin/k3s 2>/dev/null || true")).toBe("");
  });
});
