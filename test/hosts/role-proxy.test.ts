import { describe, expect, it } from "vitest";
import { withArtifactServer } from "./artifact-server.ts";
import { apply } from "./cli.ts";
import { converges } from "./converges.ts";
import { installK3s, k3sStarts } from "./k3s-stand-in.ts";
import { freshHost, freshHosts } from "./pool.ts";

const playbook = (more = "") => `
- hosts: all
  become: true
  roles:
    - role: proxy
      vars:
        proxy_http: http://proxy.example:3128
        proxy_https: http://proxy.example:3128
        ${more}
`;

describe("role proxy", () => {
  const hosts = freshHosts(2);

  it("converges, restarts what reads it, and undoes itself", { timeout: 240_000 }, async () => {
    const [server, agent] = hosts();
    if (server === undefined || agent === undefined) throw new Error("two hosts were asked for");
    await Promise.all([installK3s(server, "server"), installK3s(agent, "agent")]);
    const groups = { server: [server], agent: [agent] };
    const changed = [
      "proxy : Set the proxy of K3s",
      "proxy : Send apt through the proxy",
      "k3s-host : Restart K3s with its new configuration",
    ];
    await converges(hosts(), playbook("proxy_system: [apt]"), {
      groups,
      changed,
      disturb: [{ by: "rm /etc/apt/apt.conf.d/95k3sprov-proxy", repairedBy: "proxy : Send apt through the proxy" }],
    });
    // A change behind our back of what K3s reads: the line is mended, and the service, which read the wrong one, is restarted.
    await server.read("sed -i s/3128/3129/ /etc/systemd/system/k3s.service.env && systemctl restart k3s");
    const mended = await apply(hosts(), playbook("proxy_system: [apt]"), { groups });
    expect(mended.changes).toEqual({
      host1: ["proxy : Set the proxy of K3s", "k3s-host : Restart K3s with its new configuration"],
    });
    const seen = (unit: string) => `tr '\\0' '\\n' </proc/$(systemctl show -P MainPID ${unit})/environ | grep -i _proxy= | sort`;
    const onServer = await server.read(seen("k3s"));
    const onAgent = await agent.read(seen("k3s-agent"));
    expect(onServer).toContain("HTTP_PROXY=http://proxy.example:3128");
    expect(onServer).toContain("127.0.0.0/8");
    expect(onServer).not.toContain(".svc");
    expect(onAgent).toContain(".svc,.cluster.local,10.42.0.0/16,10.43.0.0/16");
    const starts = await k3sStarts(server);
    const removed = await apply(hosts(), playbook("proxy_state: absent"), { groups });
    expect(removed.hosts["host1"]).toMatchObject({ failed: 0 });
    expect(await k3sStarts(server)).toBe(starts + 1);
    expect(await server.read(seen("k3s"))).toBe("");
    expect(await server.read("cat /etc/systemd/system/k3s.service.env 2>/dev/null; ls /etc/apt/apt.conf.d")).not.toMatch(
      /PROXY|95k3sprov/,
    );
    const again = await apply(hosts(), playbook("proxy_state: absent"), { groups });
    expect(again.changes).toEqual({});
  });
});

describe("what role proxy refuses before it touches a host", () => {
  const host = freshHost();

  it.each([
    ["no proxy at all", "proxy_http: ''\n        proxy_https: ''", "proxy_http or proxy_https is needed"],
    ["a URL with a path", "proxy_http: http://proxy.example:3128/path", "proxy_http must be http://host:port"],
    ["a port that is none", "proxy_http: http://proxy.example:99999", "proxy_http must be http://host:port"],
    ["a wildcard", "proxy_no_proxy: ['*.example']", 'write ".example"'],
    [
      "nodes that are not covered",
      "proxy_add_inventory_hosts: false\n        proxy_no_proxy: [10.0.0.0/8]",
      "covers neither by network nor by name",
    ],
    ["an unknown scope", "proxy_scope: everything", "proxy_scope"],
  ])("%s", async (_, lines, message) => {
    const text = `
- hosts: all
  become: true
  roles:
    - role: proxy
      vars:
        proxy_http: http://proxy.example:3128
        ${lines}
`.replace(/ {8}proxy_http: http:\/\/proxy\.example:3128\n(?= {8}proxy_http:)/, "");
    const said = await apply([host()], text, { rc: 3 }).then(
      (report) => report.stderr,
      (error: Error) => error.message,
    );
    expect(said).toContain(message);
  });
});

describe("role proxy, with a real proxy", () => {
  const proxy = freshHost({ image: "proxy" });
  const host = freshHost({ image: "apt" });
  const server = withArtifactServer();

  it("leads apt and docker through it, with user and password, and lets go of them again", { timeout: 240_000 }, async () => {
    const files = "dists/stable/InRelease dists/stable/main/binary-all/Packages dists/stable/main/binary-amd64/Packages";
    for (const file of `${files} pool/main/demo-lib_1.0-1_all.deb`.split(" ")) {
      server().serve(`/${file}`, Buffer.from(await host().read(`base64 /srv/apt/${file}`), "base64"));
    }
    await host().read(`rm -rf /etc/apt/sources.list.d /etc/apt/sources.list
echo 'deb [signed-by=/srv/apt/key.gpg] ${server().http} stable main' >/etc/apt/sources.list
cd /srv/apt/pool/docker/stable && dpkg -i docker-ce_28* docker-ce-cli_28* containerd.io_*`);
    const vars = {
      proxy_http: `http://ann:gehe1m@${proxy().internalAddress}:8889`,
      proxy_https: `http://${proxy().internalAddress}:8888`,
      proxy_system: ["apt", "docker"],
    };
    const play = (more: object) =>
      JSON.stringify([{ hosts: "all", become: true, roles: [{ role: "proxy", vars: { ...vars, ...more } }] }]);
    /** Downloads a package; whether the server saw the proxy in front of it. */
    const download = async (): Promise<boolean> => {
      const from = server().requests.length;
      await host().read("cd /tmp && apt-get -q update && apt-get -q download demo-lib && rm demo-lib_*");
      const asked = server().requests.slice(from);
      expect(asked.map(({ path }) => path)).toContain("/pool/main/demo-lib_1.0-1_all.deb");
      return asked.every(({ headers }) => headers["via"]?.includes("tinyproxy") === true);
    };
    const seenByDocker = () =>
      host().read("tr '\\0' '\\n' </proc/$(systemctl show -P MainPID docker)/environ | grep -i _proxy= | sort || :");

    expect(await download()).toBe(false);
    const applied = await apply(host(), play({}));
    expect(applied.changes["fresh1"]).toContain("k3s-host : Restart docker with its new configuration");
    expect(await download()).toBe(true);
    expect(await proxy().read("cat /var/log/tinyproxy/closed.log")).toContain("/pool/main/demo-lib_1.0-1_all.deb");
    expect(await host().read("stat -c %a /etc/apt/apt.conf.d/95k3sprov-proxy")).toBe("600");
    expect((await seenByDocker()).split("\n")).toEqual([
      `HTTPS_PROXY=${vars.proxy_https}`,
      `HTTP_PROXY=${vars.proxy_http}`,
      expect.stringMatching(/^NO_PROXY=localhost,127\.0\.0\.1,127\.0\.0\.0\/8/),
    ]);
    expect((await apply(host(), play({}))).changes).toEqual({});

    await apply(host(), play({ proxy_state: "absent" }));
    expect(await download()).toBe(false);
    expect(await seenByDocker()).toBe("");
  });
});
