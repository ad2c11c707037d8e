import { beforeAll, describe, expect, it } from "vitest";
import { apply, type RunReport } from "./cli.ts";
import { converges } from "./converges.ts";
import type { TestHost } from "./host.ts";
import { messagesOf } from "./messages.ts";
import { play } from "./play.ts";
import { freshHost } from "./pool.ts";

const changesOf = (report: RunReport): readonly string[] => report.changes["fresh1"] ?? [];

const KERNEL = ["prepare : Load kernel modules at each boot", "prepare : Set what the kernel does"];
const prepare = (vars: string): string => `
- hosts: all
  become: true
  roles:
    - { role: prepare, vars: { ${vars} } }
`;

const install = (host: TestHost, packages: string): Promise<string> =>
  host.read(
    `export DEBIAN_FRONTEND=noninteractive; apt-get update -q >/dev/null && apt-get install -y -q --no-install-recommends ${packages} >/dev/null 2>&1`,
  );

describe("iptables", () => {
  const host = freshHost();
  beforeAll(() => install(host(), "iptables ipset"), 300_000);

  it("keeps its promises", { timeout: 400_000 }, async () => {
    await host().read("iptables -A OUTPUT -p tcp --dport 9999 -j REJECT");
    // Says to the removal that the chain is there to be emptied.
    await host().read("touch /var/tmp/screen");
    const before = await host().read("iptables-save -t filter | grep -v '^#'");
    await converges(
      host(),
      play(`- name: Chain
  iptables: { chain: SCREEN, chain_management: true }
- name: Into it
  iptables: { chain: INPUT, jump: SCREEN, protocol: tcp, syn: match, action: insert, rule_num: 1 }
- name: SSH
  iptables:
    chain: SCREEN
    protocol: tcp
    destination_ports: ["22", "8000:8010"]
    ctstate: [NEW, ESTABLISHED]
    source: "!192.0.2.0/24"
    jump: ACCEPT
    comment: it's "SSH" & more
- name: Limited
  iptables: { chain: SCREEN, limit: 5/minute, limit_burst: "9", protocol: icmp, icmp_type: echo-request, jump: ACCEPT }
- name: Range
  iptables: { chain: SCREEN, src_range: 192.0.2.1-192.0.2.9, jump: RETURN }
- name: Owner
  iptables: { chain: OUTPUT, uid_owner: games, protocol: udp, reject_with: icmp-port-unreachable }
- name: Flags
  iptables: { chain: SCREEN, protocol: tcp, tcp_flags: { flags: [SYN, FIN], flags_set: [SYN, FIN] }, jump: DROP }
- name: Redirect
  iptables: { table: nat, chain: PREROUTING, protocol: tcp, destination_port: "80", jump: REDIRECT, to_ports: "8080" }
- name: Both families
  iptables: { ip_version: both, chain: FORWARD, in_interface: eth9, jump: DROP }
- name: Policy
  iptables: { chain: FORWARD, policy: DROP }`),
      {
        changed: ["Chain", "Into it", "SSH", "Limited", "Range", "Owner", "Flags", "Redirect", "Both families", "Policy"],
        disturb: [
          { by: "iptables -D OUTPUT 2", repairedBy: "Owner" },
          { by: "iptables -t nat -F PREROUTING", repairedBy: "Redirect" },
          { by: "ip6tables -F FORWARD", repairedBy: "Both families" },
          { by: "iptables -P FORWARD ACCEPT", repairedBy: "Policy" },
        ],
        ignore: ["/var/tmp", "/var/tmp/screen"],
        absent: play(`- iptables: { chain: INPUT, jump: SCREEN, protocol: tcp, syn: match, state: absent }
- command: { cmd: iptables -F SCREEN, removes: /var/tmp/screen }
- file: { path: /var/tmp/screen, state: absent }
- iptables: { chain: SCREEN, chain_management: true, state: absent }
- iptables: { chain: OUTPUT, uid_owner: games, protocol: udp, reject_with: icmp-port-unreachable, state: absent }
- iptables: { table: nat, chain: PREROUTING, flush: true }
- iptables: { ip_version: both, chain: FORWARD, in_interface: eth9, jump: DROP, state: absent }
- iptables: { chain: FORWARD, policy: ACCEPT }`),
      },
    );
    // An empty nat table is left, which is as good as none.
    const after = await host().read("iptables-save -t filter | grep -v '^#'");
    expect(after.replace(/ \[\d+:\d+\]/g, "")).toBe(before.replace(/ \[\d+:\d+\]/g, ""));
  });

  it("does not change rules to look at them, and removes a rule that is there twice", async () => {
    await host().read("iptables -F; for i in 1 2 3; do iptables -A INPUT -s 192.0.2.1 -j DROP; done");
    const rules = await host().read("iptables-save; ip6tables-save | grep -v '^#'");
    const removal = play("- name: Gone\n  iptables: { chain: INPUT, source: 192.0.2.1, jump: DROP, state: absent }");
    expect(changesOf(await apply(host(), removal, { check: true }))).toEqual(["Gone"]);
    const text = (saved: string): string => saved.replace(/^#.*$/gm, "").replace(/\[\d+:\d+\]/g, "");
    expect(text(await host().read("iptables-save; ip6tables-save | grep -v '^#'"))).toBe(text(rules));
    expect(changesOf(await apply(host(), removal))).toEqual(["Gone"]);
    expect(changesOf(await apply(host(), removal))).toEqual([]);
    expect(await host().read("iptables -S INPUT")).toBe("-P INPUT ACCEPT");
  });

  it("foresees in a dry run what flushing leaves to be done", async () => {
    const text = play(`- name: Start over
  iptables: { chain: INPUT, flush: true }
- name: One
  iptables: { chain: INPUT, source: 192.0.2.1, jump: DROP }
- name: Two
  iptables: { chain: INPUT, source: 192.0.2.2, jump: DROP }`);
    await apply(host(), text);
    for (const check of [true, false])
      expect(changesOf(await apply(host(), text, { check }))).toEqual(["Start over", "One", "Two"]);
  });

  it("waits for the lock, and says so when it is not given up", { timeout: 120_000 }, async () => {
    // Only the legacy program has a lock; it is made the system's own for this test.
    await host().read(
      "update-alternatives --set iptables /usr/sbin/iptables-legacy; (flock /run/xtables.lock sleep 3 >/dev/null 2>&1 &); sleep 0.2",
    );
    const report = await apply(host(), play("- name: Rule\n  iptables: { chain: INPUT, source: 192.0.2.7, jump: DROP }"));
    expect(changesOf(report)).toEqual(["Rule"]);
    await host().read("iptables -F; update-alternatives --set iptables /usr/sbin/iptables-nft");
  });

  it.each([
    ["chain: INPUT, jump: NO-SUCH", "iptables does not take the rule: iptables v"],
    ["chain: INPUT, match: [nosuch], jump: DROP", "Couldn't load match `nosuch'"],
    ["chain: INPUT, source: 300.1.1.1, jump: DROP", "iptables does not take the rule: iptables v"],
    ["chain: NONE, jump: DROP", 'there is no chain "NONE" in the table filter; chain_management: true makes it'],
    ["chain: INPUT, chain_management: true, state: absent", "the chain INPUT is the system's own and cannot be removed"],
  ])("says what is wrong with %s", async (parameters, message) => {
    const rules = await host().read("iptables -S");
    for (const check of [true, false]) {
      const report = await apply(host(), play(`- iptables: { ${parameters} }`), { check, rc: 2 });
      expect(messagesOf(report)).toContain(message);
    }
    expect(await host().read("iptables -S")).toBe(rules);
  });
});

describe("ufw", () => {
  const host = freshHost();
  beforeAll(() => install(host(), "ufw iptables"), 300_000);
  const OWN = ["/etc/ufw", "/var/lib/ufw", "/etc/default"];

  it("keeps its promises", { timeout: 600_000 }, async () => {
    await converges(
      host(),
      play(`- name: SSH
  ufw: { rule: allow, port: "22", proto: tcp, comment: for the operators }
- name: Strict
  ufw: { default: deny, direction: outgoing }
- name: Outside
  ufw: { rule: allow, direction: out, from_ip: 192.0.2.0/24, to_port: "443,8443", proto: tcp }
- name: First
  community.general.ufw: { rule: reject, from_ip: 192.0.2.7, insert: 1, log: true }
- name: Passed on
  ufw: { rule: allow, route: true, interface_in: eth8, interface_out: eth9 }
- name: Logging
  ufw: { logging: "off" }
- name: Enabled
  ufw: { state: enabled }`),
      {
        changed: ["SSH", "Strict", "Outside", "First", "Passed on", "Logging", "Enabled"],
        disturb: [
          // Not the rule for SSH, which lets the test itself in.
          { by: "ufw route delete allow in on eth8 out on eth9", repairedBy: "Passed on" },
          { by: "ufw default allow outgoing", repairedBy: "Strict" },
          { by: "ufw disable", repairedBy: "Enabled" },
        ],
        ignore: [...OWN, "/etc/ufw/ufw.conf", "/etc/ufw/user.rules", "/etc/ufw/user6.rules", "/etc/default/ufw"],
      },
    );
    expect(await host().read("iptables -S ufw-user-input | head -n 3; ufw status numbered")).toMatch(
      /192\.0\.2\.7[\s\S]*REJECT IN/,
    );
    const gone = play(`- name: SSH
  ufw: { rule: allow, port: "22", proto: tcp, delete: true }
- name: Reset
  ufw: { state: reset }`);
    for (const check of [true, false]) expect(changesOf(await apply(host(), gone, { check }))).toEqual(["SSH", "Reset"]);
    expect(changesOf(await apply(host(), gone))).toEqual([]);
    expect(await host().read("ufw status")).toBe("Status: inactive");
  });

  it.each([
    ["rule: allow, port: nonsense", "ufw does not take the rule: "],
    ["rule: allow, from_ip: 300.1.2.3", "ufw does not take the rule: Bad source address"],
    ["rule: allow, name: NoSuchApp", "ufw does not take the rule: "],
    ["state: reloaded", "ufw is not enabled, so there is nothing to reload"],
  ])("says what is wrong with %s", async (parameters, message) => {
    for (const check of [true, false]) {
      const report = await apply(host(), play(`- ufw: { ${parameters} }`), { check, rc: 2 });
      expect(messagesOf(report)).toContain(message);
    }
    expect(await host().read("grep -c tuple /etc/ufw/user.rules || :")).toBe("0");
  });

  it("has K3s' ports opened by role prepare", { timeout: 300_000 }, async () => {
    const sources = "prepare_firewall_sources: [192.0.2.0/24]";
    const groups = { server: [host()] };
    // The newest would not run with the old control groups that the machine under a test may have.
    const options = { groups, vars: { k3s_server_version: "v1.34.3+k3s3" } };
    const rules = ["prepare : Open K3s' ports in ufw", "prepare : Trust the networks of pods and services in ufw"];
    expect(changesOf(await apply(host(), prepare(sources), options))).toEqual([...KERNEL, ...rules]);
    expect(await host().read("ufw show added")).toContain("allow from 192.0.2.0/24 to any port 6443 proto tcp comment 'k3sprov'");
    expect(changesOf(await apply(host(), prepare(sources), { ...options, check: true }))).toEqual([]);
    await apply(host(), prepare(`prepare_state: absent, ${sources}`), options);
    expect(await host().read("ufw show added")).not.toContain("k3sprov");
  });
});

describe("firewalld", () => {
  const host = freshHost();
  beforeAll(() => install(host(), "firewalld netbase"), 300_000);
  const zone = "firewalld: { zone: edge, permanent: true, offline: true";

  it("keeps its promises while it does not run", { timeout: 1_200_000 }, async () => {
    await host().read("systemctl stop firewalld");
    await converges(
      host(),
      play(`- name: Zone
  ${zone}, state: present }
- name: Service
  ${zone}, service: https, state: enabled }
- name: Ports
  ${zone}, port: 8000-8010/tcp, state: enabled }
- name: Rule
  ${zone}, rich_rule: "rule family=ipv4 source address=192.0.2.0/24 drop", state: enabled }
- name: Hidden
  ${zone}, masquerade: true, state: enabled }
- name: Source
  ${zone}, source: 198.51.100.0/24, state: enabled }
- name: Forwarded
  ${zone}, port_forward: [{ port: 80, proto: tcp, toport: 8080 }], state: enabled }
- name: Target
  ${zone}, target: DROP, state: present }`),
      {
        // Each question starts Python on the host; on a busy machine that takes seconds.
        timeoutMs: 400_000,
        changed: ["Zone", "Service", "Ports", "Rule", "Hidden", "Source", "Forwarded", "Target"],
        disturb: [
          { by: "firewall-offline-cmd --zone=edge --remove-service-from-zone=https", repairedBy: "Service" },
          { by: "firewall-offline-cmd --zone=edge --remove-masquerade", repairedBy: "Hidden" },
          { by: "firewall-offline-cmd --zone=edge --set-target=ACCEPT", repairedBy: "Target" },
        ],
        absent: play(`- stat: { path: /etc/firewalld/zones/edge.xml }
  register: edge
- ${zone}, service: https, state: disabled }
  when: edge.stat.exists
- ${zone}, state: absent }`),
        // firewalld keeps what it replaces, and firewall-offline-cmd writes the default zone along with a new one.
        ignore: ["", "/edge.xml", "/edge.xml.old", "/public.xml", "/public.xml.old"].map((name) => `/etc/firewalld/zones${name}`),
      },
    );
  });

  it.each([
    ["service: https, state: enabled", "firewalld is not running; start it, or set permanent: true and offline: true"],
    ["zone: none, service: https, permanent: true, offline: true, state: enabled", 'firewalld has no zone "none"'],
    ["service: nonsense, permanent: true, offline: true, state: enabled", 'firewalld knows no service "nonsense"'],
    ["rich_rule: nonsense, permanent: true, offline: true, state: enabled", "firewalld does not take this: "],
  ])("says what is wrong with %s", async (parameters, message) => {
    await host().read("systemctl stop firewalld");
    for (const check of [true, false]) {
      const report = await apply(host(), play(`- firewalld: { ${parameters} }`), { check, rc: 2 });
      expect(messagesOf(report)).toContain(message);
    }
  });

  it("has K3s' ports opened by role prepare", { timeout: 300_000 }, async () => {
    const options = { groups: { agent: [host()] }, timeoutMs: 250_000 };
    const trusted = "prepare_firewall_trusted: [10.42.0.0/16]";
    await apply(host(), prepare(trusted), options);
    const listed = (what: string) => host().read(`firewall-offline-cmd ${what}`);
    expect(await listed("--list-ports")).toBe("10250/tcp 8472/udp");
    expect(await listed("--zone=trusted --list-sources")).toBe("10.42.0.0/16");
    expect(changesOf(await apply(host(), prepare(trusted), { ...options, check: true }))).toEqual([]);
    await apply(host(), prepare(`prepare_state: absent, ${trusted}`), options);
    expect(await listed("--list-ports")).toBe("");
    expect(await listed("--zone=trusted --list-sources")).toBe("");
  });

  it("changes the running firewall as well, where the kernel of the test lets it run", { timeout: 300_000 }, async () => {
    const started = await host().exec("systemctl start firewalld && firewall-cmd --state");
    if (started.rc !== 0) {
      console.info(`firewalld does not run on this kernel (${started.stderr.trim()}); its running firewall is not tested`);
      return;
    }
    const text = (state: string): string =>
      play(`- name: Both
  firewalld: { service: https, permanent: true, immediate: true, state: ${state} }
- name: For a while
  firewalld: { port: 9000/udp, timeout: 300, state: ${state} }`);
    for (const state of ["enabled", "disabled"]) {
      for (const check of [true, false])
        expect(changesOf(await apply(host(), text(state), { check }))).toEqual(["Both", "For a while"]);
      expect(changesOf(await apply(host(), text(state)))).toEqual([]);
    }
    await apply(host(), text("enabled"));
    expect(
      await host().read(
        "firewall-cmd --zone=public --query-service=https; firewall-cmd --permanent --zone=public --query-service=https",
      ),
    ).toBe("yes\nyes");
    await host().read("firewall-cmd --zone=public --remove-service=https");
    expect(changesOf(await apply(host(), text("enabled")))).toEqual(["Both"]);
  });
});
