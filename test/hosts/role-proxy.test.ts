import { describe, expect, it } from "vitest";
import { withArtifactServer } from "./artifact-server.ts";
import { apply } from "./cli.ts";
import { converges } from "./converges.ts";
import { installK3s, k3sStarts } from "./k3s-stand-in.ts";
import { messagesOf } from "./messages.ts";
import { freshHost, freshHosts, pairOf } from "./pool.ts";
import { refusals } from "./refusals.ts";

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
    const [server, agent] = pairOf(hosts());
    await Promise.all([installK3s(server, "server"), installK3s(agent, "agent")]);
    const groups = { server: [server], agent: [agent] };
    const changed = [
      "proxy : Set the proxy of K3s",
      "proxy : Send apt through the proxy",
      "k3s-host : Restart K3s with its new configuration",
    ];
    const nodes = hosts().map((host) => host.internalAddress);
    const direct = ["localhost", "127.0.0.1", "127.0.0.0/8", "::1", ...nodes];
    const wanted = playbook(`proxy_system: [apt]\n        proxy_no_proxy: ${JSON.stringify(direct)}`);
    await converges(hosts(), wanted, {
      groups,
      changed,
      disturb: [{ by: "rm /etc/apt/apt.conf.d/95k3sprov-proxy", repairedBy: "proxy : Send apt through the proxy" }],
    });
    // A change behind our back of what K3s reads: the line is mended, and the service, which read the wrong one, is restarted.
    await server.read("sed -i s/3128/3129/ /etc/systemd/system/k3s.service.env && systemctl restart k3s");
    const mended = await apply(hosts(), wanted, { groups });
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

it.each([
  ["a text", "10.44.0.0/16,fd00:44::/56", {}],
  ["a list", ["10.44.0.0/16", "fd00:44::/56"], {}],
  ["of services", undefined, { "service-cidr": ["10.45.0.0/16"] }],
])("refuses other networks than the cluster's on agents as well: %s", async (_, pods, services) => {
  const inventory = (vars: object) => {
    const k3s_server_config = { ...services, ...(pods === undefined ? {} : { "cluster-cidr": pods }) };
    const children = { server: { hosts: { one: { k3s_server_config } } }, agent: { hosts: { two: {}, three: {} } } };
    return JSON.stringify({ all: { vars: { proxy_http: "http://proxy.example:3128", ...vars }, children } });
  };
  const agents = JSON.stringify([{ hosts: "agent", roles: ["proxy"] }]);
  expect(await refusals(inventory({}), agents, {}, { each: true })).toEqual(
    ["two", "three"].map(
      (host) =>
        `${host}: proxy_cluster_cidrs and proxy_service_cidrs must be what k3s_server_config says (cluster-cidr, service-cidr)`,
    ),
  );
  // What the servers say is taken, and the next mistake is told.
  const told =
    pods === undefined ? { proxy_service_cidrs: ["10.45.0.0/16"] } : { proxy_cluster_cidrs: ["10.44.0.0/16", "fd00:44::/56"] };
  expect(await refusals(inventory({ ...told, proxy_no_proxy: ["*.example"] }), agents, {}, { each: true })).toEqual(
    ["two", "three"].map((host) => `${host}: proxy_no_proxy has "*.example", which K3s does not understand; write ".example"`),
  );
});

describe("role proxy on a host that the inventory calls otherwise than the other nodes do", () => {
  const host = freshHost();
  const refused = async (more: string) => {
    const report = await apply(host(), playbook(more), { groups: { server: [host()] }, rc: 2 });
    expect(report.changes).toEqual({});
    return messagesOf(report);
  };
  const message = (address: string) =>
    `this node's own address ${address} is not covered by NO_PROXY, and the nodes talk to each other by it: set k3s_node_ip: ${address} for this host, or put its network into proxy_no_proxy`;

  it("refuses what would lead etcd through the proxy", async () => {
    expect(await refused("")).toContain(message(host().internalAddress));
    expect(await refused("proxy_no_proxy: [localhost, 192.0.2.0/24, 'fd00::/8', .example]")).toContain(
      message(host().internalAddress),
    );
    // What the inventory says of it is known without the host.
    const told = { groups: { server: [host()] }, vars: { k3s_server_config: { "node-ip": "fd00::7,192.0.2.7" } }, rc: 3 };
    expect((await apply(host(), playbook(""), told)).stderr).toContain(message("fd00::7"));
  });

  it("takes networks, the address that K3s is told, and what is no concern of the nodes", async () => {
    const accepted = async (more: string, vars: Readonly<Record<string, unknown>> = {}) => {
      const report = await apply(host(), playbook(more), { groups: { server: [host()] }, vars, check: true });
      expect(report.changes).toEqual({ fresh1: ["proxy : Set the proxy of K3s"] });
    };
    const network = host().internalAddress.replace(/[.]\d+[.]\d+$/, ".0.0/16");
    await accepted(`proxy_no_proxy: [localhost, ${network}]`);
    await accepted("proxy_no_proxy: ['fd00::/8']", { k3s_server_config: { "node-ip": "fd00::7,192.0.2.7" } });
    await accepted("proxy_cluster_hosts: []");
    await accepted("proxy_scope: containerd");
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
    // The tests reach a host by a port of this machine, the nodes each other by addresses of their own.
    const hostVars = () => ({ k3s_node_ip: host().internalAddress });
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
    const applied = await apply(host(), play({}), { hostVars });
    expect(applied.changes["fresh1"]).toContain("k3s-host : Restart docker with its new configuration");
    expect(await download()).toBe(true);
    expect(await proxy().read("cat /var/log/tinyproxy/closed.log")).toContain("/pool/main/demo-lib_1.0-1_all.deb");
    expect(await host().read("stat -c %a /etc/apt/apt.conf.d/95k3sprov-proxy")).toBe("600");
    expect((await seenByDocker()).split("\n")).toEqual([
      `HTTPS_PROXY=${vars.proxy_https}`,
      `HTTP_PROXY=${vars.proxy_http}`,
      expect.stringMatching(/^NO_PROXY=localhost,127\.0\.0\.1,127\.0\.0\.0\/8/),
    ]);
    expect((await apply(host(), play({}), { hostVars })).changes).toEqual({});

    await apply(host(), play({ proxy_state: "absent" }));
    expect(await download()).toBe(false);
    expect(await seenByDocker()).toBe("");
  });
});
