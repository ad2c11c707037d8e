import { describe, expect, it } from "vitest";
import { withArtifactServer } from "./artifact-server.ts";
import { type ApplyOptions, apply, type RunReport } from "./cli.ts";
import { converges } from "./converges.ts";
import { publishK3s } from "./k3s-release.ts";
import { nodes, step, WRITTEN_BY_K3S } from "./k3s-steps.ts";
import { installOfficially } from "./official-installer.ts";
import { freshHosts, pairOf } from "./pool.ts";

const VERSION = "v1.34.3+k3s3";
const NEXT = "v1.34.4+k3s1";
const RUN = step("Run K3s with its configuration under OpenRC");
const INSTALLED = [
  "Download K3s",
  "Make K3s answer as kubectl, crictl and ctr",
  "Install what stops K3s and all its containers",
  "Install what takes K3s off the host",
  "Write the init script",
  "Rotate the log",
  "Make the directories of the configuration",
  "Write config.yaml",
  "Have an environment file",
  "Run K3s with its configuration under OpenRC",
].map(step);
const play = (variables: Readonly<Record<string, unknown>>) =>
  `- hosts: all\n  become: true\n  roles:\n    - role: k3s-server\n      vars: ${JSON.stringify(variables)}\n`;

// OpenRC, and busybox for everything else.
describe("role k3s-server on OpenRC", () => {
  const hosts = freshHosts(2, { image: "openrc", prefix: "fresh" });
  const host = () => pairOf(hosts())[0];
  const artifacts = withArtifactServer();
  const vars = () => ({
    k3s_server_version: VERSION,
    k3s_server_download_url: `${publishK3s(artifacts(), [VERSION]).base}/download`,
  });

  it("installs, starts, waits, restarts, and takes it all away again", { timeout: 400_000 }, async () => {
    await converges(host(), play({ ...vars(), k3s_server_env: { K3S_TEST: "yes" }, k3s_server_config: { debug: true } }), {
      groups: { server: [host()] },
      timeoutMs: 200_000,
      changed: [...INSTALLED.slice(0, -1), step("Write the environment"), RUN],
      disturb: [
        {
          by: "chmod 644 /etc/init.d/k3s; sed -i s/yes/no/ /etc/rancher/k3s/k3s.env; rm /etc/logrotate.d/k3s; rc-update -q delete k3s default; sed -i s/true/false/ /etc/rancher/k3s/config.yaml",
          repairedBy: [
            step("Write the init script"),
            step("Rotate the log"),
            step("Write config.yaml"),
            step("Write the environment"),
            RUN,
          ],
        },
        { by: "rc-service k3s stop", repairedBy: RUN },
      ],
      absent: play({ k3s_server_state: "absent", k3s_server_reset: ["fresh1"] }),
      // The service of OpenRC that K3s' script asks for runs until the host is switched off.
      ignore: [...WRITTEN_BY_K3S, "cgroups"],
    });
  });

  it("takes over what K3s' own installer has set up", { timeout: 200_000 }, async () => {
    const releases = publishK3s(artifacts(), [VERSION]);
    await installOfficially(host(), { releases, version: VERSION, exec: ["server"], env: { K3S_TOKEN: "installed" } });
    const options = { groups: { server: [host()] }, timeoutMs: 100_000 };
    expect((await apply(host(), play(vars()), options)).changes).toEqual({});
    expect(
      await host().read("head -n 3 /etc/init.d/k3s; tr '\\0' '\\n' </proc/$(cat /run/k3s.pid)/environ | grep K3S_"),
    ).toContain("depend");
    // Who listens on K3s' ports is K3s. The image lacks a directory that Alpine has.
    await host().read("mkdir -p /etc/modules-load.d");
    const prepared = await apply(host(), "- { hosts: all, become: true, roles: [prepare] }", { ...options, check: true });
    expect(prepared.changes["fresh1"]).toContain("prepare : Load kernel modules at each boot");
    await installOfficially(host(), { releases, version: VERSION, exec: ["server", "--disable", "traefik"] });
    const refused = await apply(host(), play(vars()), { ...options, rc: 2 });
    expect(refused.stdout).toContain('k3s_server_config does not have: disable=\\"traefik\\"; add it');
    const moved = await apply(host(), play({ ...vars(), k3s_server_config: { disable: ["traefik"] } }), options);
    expect(moved.changes["fresh1"]).toContain(step("Write the init script"));
  });

  it("has an agent join, restarts it for another version, and lets it go", { timeout: 300_000 }, async () => {
    const [server, agent] = pairOf(hosts());
    const releases = publishK3s(artifacts(), [VERSION, NEXT]);
    const run = (more: ApplyOptions, version = VERSION, state = {}) =>
      apply(
        hosts(),
        `- { hosts: server, become: true, roles: [k3s-server] }
- { hosts: agent, become: true, roles: [{ role: k3s-agent, vars: ${JSON.stringify(state)} }] }
`,
        {
          groups: { server: [server], agent: [agent] },
          hostVars: (one) => ({ k3s_node_ip: one.internalAddress }),
          timeoutMs: 200_000,
          ...more,
          vars: {
            k3s_server_version: version,
            k3s_server_download_url: `${releases.base}/download`,
            k3s_server_config: { disable: ["traefik"] },
          },
        },
      );
    const twice = async (version: string, state?: object): Promise<RunReport> => {
      const check = await run({ check: true }, version, state);
      const applied = await run({}, version, state);
      expect(applied.changes).toEqual(check.changes);
      expect((await run({}, version, state)).changes).toEqual({});
      return applied;
    };
    expect((await twice(VERSION)).changes["fresh2"]).toEqual(INSTALLED);
    expect(await nodes(server)).toEqual([`fresh1 True ${VERSION}`, `fresh2 True ${VERSION}`]);
    await agent.read("rc-service k3s-agent stop");
    expect((await twice(VERSION)).changes).toEqual({ fresh2: [RUN] });
    const upgraded = [step("Download K3s"), RUN];
    expect((await twice(NEXT)).changes).toEqual({ fresh1: upgraded, fresh2: upgraded });
    await expect.poll(() => nodes(server), { timeout: 30_000 }).toEqual([`fresh1 True ${NEXT}`, `fresh2 True ${NEXT}`]);
    await twice(NEXT, { k3s_agent_state: "absent", k3s_agent_reset: ["fresh2"] });
    const left = "/etc/init.d/k3s* /etc/rancher /etc/logrotate.d/k3s* /usr/local/bin/k3s* /var/lib/rancher /etc/runlevels/*/k3s*";
    expect(await agent.read(`ls -d ${left} 2>/dev/null || true`)).toBe("");
    expect(await agent.read("pgrep -f '[b]in/k3s agent' || true")).toBe("");
  });
});
