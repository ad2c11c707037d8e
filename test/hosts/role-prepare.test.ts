import { describe, expect, it } from "vitest";
import { type ApplyOptions, apply, type RunReport } from "./cli.ts";
import { NODE_ON_HOSTS } from "./container.ts";
import { converges } from "./converges.ts";
import { failuresOf } from "./messages.ts";
import { freshHost, freshHosts, pairOf } from "./pool.ts";

const playbook = (vars = "{}") => `
- hosts: all
  become: true
  roles:
    - role: prepare
      vars: ${vars}
`;

// What has no version gets the newest, which does not run with the old control groups that the machine under a test may have.
const VERSION = { k3s_server_version: "v1.34.3+k3s3" };

describe("role prepare", () => {
  const host = freshHost();

  it("converges, repairs what is disturbed, and undoes itself", { timeout: 240_000 }, async () => {
    const vars = "{ prepare_packages: [tree], prepare_sysctl: { net.ipv4.tcp_keepalive_time: 7200 } }";
    const kernel = "prepare : Set what the kernel does";
    const { again } = await converges(host(), playbook(vars), {
      groups: { server: [host()] },
      vars: VERSION,
      changed: ["prepare : Install what K3s needs of the host", "prepare : Load kernel modules at each boot", kernel],
      disturb: [
        { by: "dpkg --purge tree", repairedBy: "prepare : Install what K3s needs of the host" },
        { by: "echo dummy >>/etc/modules-load.d/k3s.conf", repairedBy: "prepare : Load kernel modules at each boot" },
        { by: "sysctl -qw net.ipv4.tcp_keepalive_time=700", repairedBy: kernel },
        { by: "sed -i s/ip_forward=1/ip_forward=0/ /etc/sysctl.d/90-k3s.conf", repairedBy: kernel },
      ],
      // What the kernel has been told stays, so it is told here what it does anyhow.
      absent: playbook("{ prepare_state: absent, prepare_packages: [tree] }"),
    });
    expect(again.costs["fresh1"]?.roundTrips).toBeLessThanOrEqual(3);
  });

  it("refuses a host that K3s cannot run on before it changes anything", async () => {
    await host().read("systemd-run --quiet --unit other --service-type=exec systemd-socket-activate --listen=6443 /bin/cat");
    const refused = async (vars: string): Promise<string> => {
      const report = await apply(host(), playbook(`{ prepare_packages: [tree], ${vars} }`), { rc: 2, vars: VERSION });
      expect(report.changes).toEqual({});
      return report.stdout;
    };
    expect(await refused("prepare_min_free_mb: 1024")).toContain(
      "something listens on port 6443 already, and K3s is not installed: another Kubernetes? Remove it first",
    );
    await host().read("systemctl stop other");
    // The only file system of a test host that is on a disk.
    expect(await refused(`prepare_min_free_mb: 99999999, k3s_server_config: { data-dir: ${NODE_ON_HOSTS}/k3s }`)).toContain(
      `${NODE_ON_HOSTS}, where ${NODE_ON_HOSTS}/k3s is, has less than 99999999 MiB free`,
    );
    await host().read("touch /etc/systemd/system/k3s.service /etc/systemd/system/k3s-agent.service");
    expect(await refused("")).toContain(
      "the host has /etc/systemd/system/k3s.service and /etc/systemd/system/k3s-agent.service; remove the one that is not meant, with its uninstall script",
    );
    await host().read("rm /etc/systemd/system/k3s.service /etc/systemd/system/k3s-agent.service");
    const route = await host().read("ip route show default");
    await host().read("ip route del default");
    expect(await refused("")).toContain(
      "the host has no default route, and K3s needs one, even without a network beyond: add a dummy one",
    );
    await host().read(`ip route add ${route}`);
    // hostname(1) refuses it; what sets the name of a machine otherwise may not.
    await host().read("mount -t proc proc /mnt && echo node_1 >/mnt/sys/kernel/hostname; umount /mnt");
    expect(await refused("")).toContain(
      String.raw`the host is called \"node_1\", which is no name for a node (RFC 1123); rename it, or set node-name for K3s`,
    );
    await host().read("hostname fresh1");
    expect(await refused("prepare_max_clock_skew: -1")).toMatch(
      /the clock of the host is .*, more than -1 s from that of the control node; certificates would not be valid/,
    );
  });
});

describe("role prepare on the nodes of one cluster", () => {
  const hosts = freshHosts(2);
  const run = (config: Readonly<Record<string, unknown>>, vars: string, more: ApplyOptions = {}): Promise<RunReport> => {
    const [server, agent] = pairOf(hosts());
    return apply([server, agent], playbook(vars), {
      groups: { server: [server], agent: [agent] },
      vars: VERSION,
      hostVars: (host) => (host === server ? { k3s_server_config: config } : {}),
      ...more,
    });
  };
  const rules = (): Promise<string> => pairOf(hosts())[1].read("ufw show added | grep k3sprov");

  it("opens on agents what the servers are told", { timeout: 200_000 }, async () => {
    const [, agent] = pairOf(hosts());
    await agent.read("apt-get update -q >/dev/null && apt-get install -y -q --no-install-recommends ufw >/dev/null 2>&1");
    const config = {
      "flannel-backend": "wireguard-native",
      "https-listen-port": 7443,
      "embedded-registry": true,
      "cluster-cidr": "10.44.0.0/16,fd44::/56",
      "service-cidr": "10.45.0.0/16",
    };
    const own = "{ prepare_firewall_sources: [192.0.2.0/24] }";
    await run(config, own);
    const found = await rules();
    for (const port of ["7443 proto tcp", "10250 proto tcp", "51820:51821 proto udp", "5001 proto tcp"])
      expect(found).toContain(`allow from 192.0.2.0/24 to any port ${port} comment`);
    for (const network of ["10.44.0.0/16", "fd44::/56", "10.45.0.0/16"]) expect(found).toContain(`allow from ${network} comment`);
    expect(found).not.toMatch(/ 6443 | 8472 |10\.42\./);
    expect(await agent.read("cat /etc/sysctl.d/90-k3s.conf")).toContain("net.ipv6.conf.all.forwarding=1");
    expect((await run(config, own)).changes).toEqual({});
    await run(config, "{ prepare_state: absent, prepare_firewall_sources: [192.0.2.0/24] }");
  });

  it("lets nobody into the network of pods who is not named", { timeout: 100_000 }, async () => {
    const [, agent] = pairOf(hosts());
    const route = await agent.read("ip route show default");
    await agent.read("ip address add 93.184.216.34/32 dev lo; ip route change $(ip route show default) src 93.184.216.34");
    const enabled = (word: string): Promise<string> => agent.read(`sed -i s/^ENABLED=.*/ENABLED=${word}/ /etc/ufw/ufw.conf`);
    try {
      await enabled("yes");
      expect(failuresOf(await run({}, "{}", { rc: 2 }))).toEqual([
        "the host has a firewall that runs and a public address, 93.184.216.34, and the port of flannel's vxlan would be open to everybody; say in prepare_firewall_sources which networks the nodes are in (0.0.0.0/0 if everybody is meant)",
      ]);
      await run({}, "{ prepare_firewall_sources: [0.0.0.0/0] }", { check: true });
      await run({ "flannel-backend": "wireguard-native" }, "{}", { check: true });
      await enabled("no");
      await run({}, "{}", { check: true });
    } finally {
      await agent.read(`ip route change ${route}; ip address del 93.184.216.34/32 dev lo`);
    }
  });
});

describe("what role prepare refuses before it touches a host", () => {
  const hosts = freshHosts(2);

  it("of the newest K3s, where the machine has the old control groups", async () => {
    const [server] = pairOf(hosts());
    const isOld = (await server.exec("test -e /sys/fs/cgroup/cgroup.controllers")).rc !== 0;
    const refused = await apply(server, playbook(), { groups: { server: [server] }, check: true, rc: isOld ? 2 : 0 });
    expect(failuresOf(refused)).toEqual(
      isOld
        ? [
            "the host has cgroup v1, and K3s 1.35 and later, which the channel stable has, does not start there: boot with systemd.unified_cgroup_hierarchy=1, set kubelet-arg: [fail-cgroupv1=false] for K3s, or say with k3s_server_version which older one it is",
          ]
        : [],
    );
    for (const vars of [
      VERSION,
      { k3s_server_channel: "v1.34" },
      { k3s_server_config: { "kubelet-arg": ["fail-cgroupv1=false"] } },
    ])
      await apply(server, playbook(), { groups: { server: [server] }, check: true, vars });
  });

  it("and of hosts with the same name", async () => {
    await Promise.all(hosts().map((host) => host.read("hostname twin")));
    const report = await apply(hosts(), playbook(), { rc: 2, vars: VERSION });
    const text =
      "several hosts are called twin, and a node's name is its identity; rename them, or set node-name or with-node-id for K3s";
    expect(failuresOf(report)).toEqual([text, text]);
    await Promise.all(hosts().map((host) => host.read(`hostname ${host.name}`)));
  });

  it("says it all at once", async () => {
    const [first, second] = pairOf(hosts());
    const text = playbook("{ prepare_firewall_sources: [10.0.0.1/8], prepare_sysctl: { vm.swappiness: true } }");
    const report = await apply([first, second], text, {
      rc: 3,
      vars: { k3s_node_ip: "192.0.2.1", k3s_server_config: { "node-name": "Node_1" } },
      groups: { server: [first, second], agent: [first] },
    });
    const said = report.stderr;
    for (const text of [
      "host1 is in the groups server and agent; a server runs workloads too, so it belongs into server only",
      'node-name is "Node_1", but must be lower-case letters, digits, "-" and "." (RFC 1123)',
      "k3s_node_ip is 192.0.2.1 on several nodes of the cluster",
      '"10.0.0.1/8" is no network: write address/prefix, with no bits set behind the prefix',
      "prepare_sysctl gives vm.swappiness no text or number; a value that YAML reads as a word for yes or no needs quotes",
    ]) {
      expect(said).toContain(text);
    }
  });
});
