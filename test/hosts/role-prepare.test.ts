import { describe, expect, it } from "vitest";
import { apply } from "./cli.ts";
import { converges } from "./converges.ts";
import { freshHost, freshHosts } from "./pool.ts";

const playbook = (vars = "{}") => `
- hosts: all
  become: true
  roles:
    - role: prepare
      vars: ${vars}
`;

describe("role prepare", () => {
  const host = freshHost();

  it("converges, repairs what is disturbed, and undoes itself", { timeout: 240_000 }, async () => {
    const vars = "{ prepare_packages: [tree], prepare_sysctl: { net.ipv4.tcp_keepalive_time: 7200 } }";
    const kernel = "prepare : Set what the kernel does";
    const { again } = await converges(host(), playbook(vars), {
      groups: { server: [host()] },
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
      const report = await apply(host(), playbook(`{ prepare_packages: [tree], ${vars} }`), { rc: 2 });
      expect(report.changes).toEqual({});
      return report.stdout;
    };
    expect(await refused("prepare_min_free_mb: 1024")).toContain(
      "something listens on port 6443 already, and K3s is not installed: another Kubernetes? Remove it first",
    );
    await host().read("systemctl stop other");
    expect(await refused("prepare_max_clock_skew: -1")).toMatch(
      /the clock of the host is .*, more than -1 s from that of the control node; certificates would not be valid/,
    );
  });
});

describe("what role prepare refuses before it touches a host", () => {
  const hosts = freshHosts(2);

  it("says it all at once", async () => {
    const [first, second] = hosts();
    if (first === undefined || second === undefined) throw new Error("two hosts were asked for");
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
