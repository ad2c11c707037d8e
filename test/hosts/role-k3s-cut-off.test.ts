import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withArtifactServer } from "./artifact-server.ts";
import { type ApplyOptions, apply, type RunReport } from "./cli.ts";
import type { TestHost } from "./host.ts";
import { builtK3s, publishK3s } from "./k3s-release.ts";
import { installed, step } from "./k3s-steps.ts";
import { playbooks } from "./play.ts";
import { freshHost, freshHosts, pairOf } from "./pool.ts";
import { repository, runFolder } from "./run.ts";
import { diffSnapshots } from "./snapshot-diff.ts";

const VERSION = "v1.34.3+k3s3";
const SITE = playbooks("proxy", "k3s-server", "k3s-agent");
const CLUSTER = SITE.split("\n").slice(1).join("\n");

/** As the host of an image that is updated as a whole: nothing can be written below /usr. */
const READ_ONLY = "mkdir -p /opt/bin; mount --bind /usr/local/bin /usr/local/bin; mount -o remount,bind,ro /usr/local/bin";
// K3s needs a default route, so there is one: to nobody.
const NO_WAY_OUT =
  "ip route replace default via $(ip -o -4 addr show eth0 | sed 's/.* inet \\([0-9]*[.][0-9]*\\).*/\\1/').255.250; : >/etc/resolv.conf";

describe("hosts that do not reach the internet", () => {
  const hosts = freshHosts(2);
  const proxy = freshHost({ image: "proxy", ports: [8888], name: "proxy" });
  const artifacts = withArtifactServer();
  const members = () => pairOf(hosts());
  const run = (text: string, vars: Readonly<Record<string, unknown>>, more: ApplyOptions = {}): Promise<RunReport> => {
    const [server, agent] = members();
    return apply(hosts(), text, {
      groups: { server: [server], agent: [agent], k3s_cluster: hosts() },
      hostVars: (host) => ({ k3s_node_ip: host.internalAddress }),
      timeoutMs: 200_000,
      ...more,
      vars: { k3s_server_version: VERSION, ...vars },
    });
  };
  const ready = (server: TestHost): Promise<string> =>
    server.read(
      `/usr/bin/env PATH=/usr/local/bin:/opt/bin:$PATH k3s kubectl get nodes -o 'jsonpath={range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status} {end}'`,
    );

  it("get K3s through a proxy, and K3s goes through it", { timeout: 300_000 }, async () => {
    const [server, agent] = members();
    // Only the proxy knows the name of the place of releases.
    const releases = new URL(publishK3s(artifacts(), [VERSION]).base);
    await proxy().read(`echo '${releases.hostname} releases.internal' >>/etc/hosts`);
    const address = `http://${proxy().internalAddress}:8888`;
    const vars = {
      // Other tests that install this version have its checksums in the ordinary place.
      k3s_server_cache_dir: join(runFolder(), "cut-off-cache"),
      k3s_server_download_url: `http://releases.internal:${releases.port}${releases.pathname}/download`,
      proxy_http: address,
      proxy_https: address,
    };
    // The control node asks for the checksums by the proxy of its own environment.
    const options = { env: { http_proxy: `http://${proxy().address}:${proxy().publishedPort(8888)}` } };
    const changed = [
      "proxy : Set the proxy of K3s",
      ...installed().filter((title) => title !== step("Have an environment file")),
    ];
    const check = await run(SITE, vars, { ...options, check: true });
    expect(check.changes).toEqual({ host1: changed, host2: changed });
    expect((await run(SITE, vars, options)).changes).toEqual(check.changes);
    expect((await run(SITE, vars, options)).changes).toEqual({});
    expect(await ready(server)).toBe("host1=True host2=True ");
    const asked = await proxy().read("sed -n 's/.*Request.*: GET \\(.*\\) HTTP.*/\\1/p' /var/log/tinyproxy/open.log");
    expect(asked.split("\n").filter((line) => line.endsWith("/k3s"))).toHaveLength(2);
    expect(asked).toContain("sha256sum");
    const seen = (unit: string) => `tr '\\0' '\\n' </proc/$(systemctl show -P MainPID ${unit})/environ | grep _PROXY= | sort`;
    const direct = `localhost,127.0.0.1,127.0.0.0/8,::1`;
    const nodes = `${server.internalAddress},${agent.internalAddress}`;
    // A server adds the networks of the cluster itself, an agent does not.
    expect(await server.read(seen("k3s"))).toBe(`HTTPS_PROXY=${address}\nHTTP_PROXY=${address}\nNO_PROXY=${direct},${nodes}`);
    expect(await agent.read(seen("k3s-agent"))).toBe(
      `HTTPS_PROXY=${address}\nHTTP_PROXY=${address}\nNO_PROXY=${direct},.svc,.cluster.local,10.42.0.0/16,10.43.0.0/16,${nodes}`,
    );
    await run(SITE, { ...vars, k3s_agent_state: "absent", k3s_server_state: "absent", ...RESET, proxy_state: "absent" }, options);
  });

  it("need no way out at all, nor a /usr that can be written to", { timeout: 300_000 }, async () => {
    const [server, agent] = members();
    for (const host of hosts()) await host.read(NO_WAY_OUT);
    expect((await server.exec("getent hosts deb.debian.org || curl -sS -m 2 http://151.101.2.132/")).rc).not.toBe(0);
    await server.read(READ_ONLY);
    const before = await Promise.all(hosts().map((host) => host.snapshot()));
    const folder = join(runFolder(), "cut-off");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, process.arch === "arm64" ? "k3s-arm64" : "k3s"), builtK3s(VERSION));
    writeFileSync(join(folder, `k3s-airgap-images-${process.arch === "arm64" ? "arm64" : "amd64"}.tar.zst`), "images");
    const nobody = { k3s_server_download_url: "http://127.0.0.1:9/nothing", k3s_server_channel_url: "http://127.0.0.1:9" };
    const vars = { ...nobody, k3s_server_airgap_dir: folder };
    const [, ...rest] = installed();
    const changed = ["Make the directory of images", "Copy the images", "Copy K3s"].map(step).concat(rest);
    const check = await run(CLUSTER, vars, { check: true });
    expect(check.changes).toEqual({ host1: changed, host2: changed });
    expect((await run(CLUSTER, vars)).changes).toEqual(check.changes);
    expect((await run(CLUSTER, vars)).changes).toEqual({});
    expect(await ready(server)).toBe("host1=True host2=True ");
    expect(await server.read("ls /opt/bin /usr/local/bin; grep ^ExecStart= /etc/systemd/system/k3s.service")).toBe(
      "/opt/bin:\ncrictl\nctr\nk3s\nk3s-killall.sh\nk3s-uninstall.sh\nkubectl\n\n/usr/local/bin:\nExecStart=/opt/bin/k3s server",
    );
    expect(await agent.read("test -x /usr/local/bin/k3s; cat /var/lib/rancher/k3s/agent/images/*")).toBe("images");
    // Whoever asks the cluster finds the program, too.
    const labels = join(repository, "playbooks", "node-labels.yaml");
    const named = { ...vars, node_labels_admin_labels: { "node-role.kubernetes.io/edge": "true" } };
    const labelled = await run(`- import_playbook: ${labels}\n`, named);
    expect(labelled.changes).toEqual({ host1: ["node-labels : Set labels and taints of the nodes"] });
    expect(artifacts().requests).toEqual([]);
    await run(CLUSTER, { ...vars, k3s_agent_state: "absent", k3s_server_state: "absent", ...RESET });
    const after = await Promise.all(hosts().map((host) => host.snapshot()));
    for (const [index, one] of before.entries()) {
      const other = after[index];
      if (other === undefined) throw new Error("no snapshot");
      expect(diffSnapshots(one, other, { ignore: ["/run", "/var/log", "/root/.kube"] })).toEqual([]);
    }
    await server.read("umount /usr/local/bin");
  });
});

const RESET = { k3s_server_reset: ["host1"], k3s_agent_reset: ["host2"] };
