import { describe, expect, it } from "vitest";
import { z } from "zod";
import { apply } from "./cli.ts";
import { converges } from "./converges.ts";
import type { TestHost } from "./host.ts";
import { withKubeApi } from "./kube-api.ts";
import { freshHost } from "./pool.ts";
import { refusals } from "./refusals.ts";

const playbook = (vars = "") => `
- hosts: all
  become: true
  roles:
    - role: ulogd2
      vars:
        ulogd2_state: present
        ${vars}
`;
const fields = z.record(z.string(), z.unknown());
const log = "/var/log/ulog/syslogemu.log";
const noted = "ulogd2 : Write down what is there";

/** Drops a packet as K3s' network policy controller does, and waits for what the log then says of it. */
async function dropped(host: TestHost, port: number, file: string): Promise<string> {
  const match = `OUTPUT -p udp --dport ${port}`;
  await host.read(`iptables -w -A ${match} -j NFLOG --nflog-group 100 --nflog-prefix 'DROP by policy default/deny-all'
iptables -w -A ${match} -j DROP
bash -c 'echo x >/dev/udp/127.0.0.1/${port}' 2>/dev/null || :`);
  return await host.read(`for try in $(seq 50); do grep -s ${port} ${file} && exit; sleep 0.1; done; cat ${file} >&2; exit 1`);
}

describe("role ulogd2", { timeout: 300_000 }, () => {
  const host = freshHost();

  it("logs what policies drop, keeps the rest of the configuration, and undoes itself", async () => {
    const configure = "ulogd2 : Configure ulogd";
    const run = "ulogd2 : Run ulogd with this configuration";
    const rotate = "ulogd2 : Say when the package's log is rotated";
    const { again } = await converges(host(), playbook(), {
      changed: ["ulogd2 : Make a place to remember by", noted, "ulogd2 : Install ulogd", configure, rotate, run],
      disturb: [
        { by: "sed -i s/group=100/group=0/ /etc/ulogd.conf", repairedBy: [configure, run] },
        { by: "sed -i '/^.emu1.$/,/^sync/s/sync=1/sync=0/' /etc/ulogd.conf", repairedBy: [configure, run] },
        { by: "chmod 600 /etc/ulogd.conf", repairedBy: [configure, run] },
        { by: "sed -i 's/rotate 7/rotate 3/' /etc/logrotate.d/ulogd2", repairedBy: rotate },
        { by: "chown root:root /var/log/ulog", repairedBy: "ulogd2 : Create the directory of the log" },
        { by: "systemctl stop ulogd2", repairedBy: run },
      ],
      absent: playbook("ulogd2_state: absent").replace("ulogd2_state: present\n        ", ""),
      // ulogd takes the kernel's own packet log over, and its end does not give that back.
      ignore: ["net.netfilter.nf_log.2", "net.netfilter.nf_log.7", "net.netfilter.nf_log.10"],
    });
    expect(again.costs["fresh1"]?.roundTrips).toBeLessThanOrEqual(3);
  });

  it("writes the packets that were dropped, as text and as JSON, beside what else ulogd does", async () => {
    await host().read("apt-get install -y --no-install-recommends iptables ulogd2 logrotate >/dev/null 2>&1");
    // Somebody else's stack, on a group of its own, and the only plugins that are loaded.
    await host().read(
      `sed -i 's/^#\\(stack=log2:NFLOG,base1:BASE,ifi1.*emu1:LOGEMU\\)$/\\1/; s/^group=1 #.*/group=7 # theirs/
s/^#\\(plugin=.*_\\(inppkt_NFLOG\\|raw2packet_BASE\\|filter_I.*\\|filter_PRINTPKT\\|output_LOGEMU\\)[.]so"\\)$/\\1/' /etc/ulogd.conf; systemctl restart ulogd2`,
    );
    const theirs = await host().read("cat /etc/ulogd.conf");
    expect(theirs).toContain('\nplugin="/usr/lib/');
    await apply(host(), playbook());
    expect(await dropped(host(), 9991, log)).toContain("DROP by policy default/deny-all IN= OUT=lo");
    expect(await host().read("awk '{print $1}' /proc/net/netfilter/nfnetlink_log | sort -n | xargs")).toBe("7 100");
    const rotated = await host().read(
      "sed -i 's/size 100M/size 1/' /etc/logrotate.d/ulogd2; logrotate /etc/logrotate.conf; ls /var/log/ulog",
    );
    expect(rotated).toBe("syslogemu.log\nsyslogemu.log.1");
    expect(await dropped(host(), 9992, log)).toContain("DPT=9992");

    // One group is for one stack.
    const taken = await apply(host(), playbook("ulogd2_group: 7"), { rc: 2 });
    expect(taken.changes).toEqual({});
    expect(taken.stdout).toContain(
      "/etc/ulogd.conf reads NFLOG group 7 already, with log2, and only one stack can; remove that, or name its section in ulogd2_section",
    );
    const json = await apply(host(), playbook("ulogd2_output: json"));
    expect(json.changes["fresh1"]).toEqual([
      noted,
      "ulogd2 : Install ulogd",
      "ulogd2 : Configure ulogd",
      "ulogd2 : Rotate the log",
      "ulogd2 : Run ulogd with this configuration",
    ]);
    const line: unknown = JSON.parse((await dropped(host(), 9993, "/var/log/ulog/ulogd.json")).split("\n")[0] ?? "");
    expect(line).toMatchObject({ "oob.prefix": "DROP by policy default/deny-all", dest_port: 9993, src_ip: "127.0.0.1" });

    // Only what the role has brought goes, but for plugins, which others may use by now; what others brought stays.
    const sorted = (text: string) => text.split("\n").sort();
    const left =
      "systemctl is-active ulogd2; ls /etc/logrotate.d /var/lib | grep -c k3sprov || :; dpkg -l 'ulogd2*' | awk '/^ii/ { print $2 }'";
    const removed = async (vars: string) => {
      const text = playbook(`ulogd2_output: json${vars}`).replace("present", "absent");
      const check = await apply(host(), text, { check: true });
      expect((await apply(host(), text)).changes).toEqual(check.changes);
      expect((await apply(host(), text)).changes).toEqual({});
      return { conf: sorted(await host().read("cat /etc/ulogd.conf")), state: (await host().exec(left)).stdout };
    };
    const plugins = (names: string) =>
      [...theirs.matchAll(new RegExp(`^#(plugin=.*(?:${names})[.]so")$`, "gm"))].map(([, one]) => one);
    expect(await removed("")).toEqual({
      conf: sorted([theirs, ...plugins("HWHDR")].join("\n")),
      state: "active\n0\nulogd2\n",
    });
    await apply(host(), playbook("ulogd2_output: json"));
    expect(await removed("\n        ulogd2_keep_packages: true")).toEqual({
      conf: sorted([theirs, ...plugins("HWHDR|JSON")].join("\n")),
      state: "active\n0\nulogd2\nulogd2-json\n",
    });
  });
});

describe("role ulogd2 on a server", { timeout: 300_000 }, () => {
  const host = freshHost({ image: "cluster" });
  const api = withKubeApi();

  it("has a stack of its own, and tells policies how often they may log once K3s runs", async () => {
    const path = "/apis/networking.k8s.io/v1/namespaces/web/networkpolicies/deny-all";
    const annotations = () => fields.parse(fields.parse(api().objects.get(path)?.["metadata"])["annotations"]);
    const text = playbook(`ulogd2_section: k3s1
        ulogd2_kubectl: kubectl
        ulogd2_policies: [{ namespace: web, name: deny-all, limit: 60/minute, burst: 20 }, { name: gone, limit: 5 }]`);
    const groups = { server: [host()] };
    const first = await apply(host(), text, { groups });
    expect(first.stdout).toContain(
      "/etc/rancher/k3s/k3s.yaml is not there yet; the limits of ulogd2_policies are written when K3s runs",
    );
    const conf = await host().read("cat /etc/ulogd.conf");
    expect(conf).toContain("\n[k3s1]\ngroup=100\n");
    expect(conf).toMatch(/\n\[log1\]\n(#.*\n)*group=0\n/);
    expect(await dropped(host(), 9994, log)).toContain("DPT=9994");

    api().define("networking.k8s.io/v1", { name: "networkpolicies", kind: "NetworkPolicy", namespaced: true });
    const theirs = {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "deny-all", namespace: "web" },
    };
    api().objects.set(path, { ...theirs, metadata: { ...theirs.metadata, annotations: { team: "a" }, resourceVersion: "1" } });
    await host().read(`mkdir -p /etc/rancher/k3s && echo '${api().config}' >/etc/rancher/k3s/k3s.yaml`);
    const later = await apply(host(), text, { groups });
    expect(later.changes["fresh1"]).toEqual(["ulogd2 : Annotate the policies"]);
    expect(annotations()).toEqual({
      team: "a",
      "kube-router.io/netpol-nflog-limit": "60/minute",
      "kube-router.io/netpol-nflog-limit-burst": "20",
    });
    expect(later.stdout).toContain("warning: there is no NetworkPolicy default/gone");
    const again = await apply(host(), text, { groups });
    expect(again.changes).toEqual({});

    await apply(host(), text.replace("present", "absent"), { groups });
    expect(annotations()).toEqual({ team: "a" });
    expect((await host().exec("dpkg-query -W ulogd2; cat /etc/ulogd.conf; id ulog")).stdout).toBe("");
  });
});

it("refuses, before any host is touched, what ulogd, logrotate and K3s would not understand", async () => {
  const of = (name: string, vars: string) => `- { hosts: ${name}, roles: [{ role: ulogd2, ${vars} }] }\n`;
  const policy = (more: string) => `ulogd2_policies: [{ name: deny-all, ${more} }]`;
  const said = await refusals(
    "all: { hosts: { group: {}, file: {}, rotate: {}, repo: {}, min: {}, sec: {}, day: {}, zero: {}, rate: {}, burst: {}, more: {}, none: {} } }",
    [
      of("group", "ulogd2_group: 65536, ulogd2_section: global"),
      of("file", "ulogd2_log_file: '/var/log/../ulog file', ulogd2_section: k3s-1"),
      of("rotate", "ulogd2_logrotate: { size: 1T, keep: 0 }"),
      of("repo", "ulogd2_repo_url: https://repo.example, ulogd2_repo_key_fingerprint: 1234"),
      of("min", policy("limit: 10/min")),
      of("sec", policy("namespace: web, limit: 10/sec, burst: 5")),
      of("day", policy("limit: 2/day, burst: 10001")),
      of("zero", policy("limit: 0")),
      of("rate", policy("limit: 10001")),
      of("burst", policy("burst: 0")),
      of("more", policy("namespace: Web, limit: 600000/minute")),
      of("none", policy("namespace: web")),
    ].join(""),
  );
  const limit = (of_: string, given: string) =>
    `ulogd2_policies: the limit of ${of_} is "${given}", and must be a number, or one with /second, /minute, /hour, /day (or /s, /m, /h, /d), of at most 10000 per second`;
  const named = (entry: string) =>
    `ulogd2_policies has ${entry}; an entry needs name (and namespace, if it is not "default") of a NetworkPolicy, and limit or burst`;
  const section = (given: string) =>
    `ulogd2_section is "${given}", and must be a letter with up to 24 letters, digits or _, and not "global"`;
  expect(said).toEqual([
    "group: ulogd2_group is 65536, and must be 1 to 65535; K3s sends to 100",
    `group: ${section("global")}`,
    'file: ulogd2_log_file is "/var/log/../ulog file", and must be an absolute path without .., blanks and quotes',
    `file: ${section("k3s-1")}`,
    "rotate: ulogd2_logrotate must be like { size: 100M, keep: 7 }: a number with k, M or G, and how many old logs to keep",
    "repo: ulogd2_repo_url needs ulogd2_repo_key (an address, or a file on the host) and ulogd2_repo_key_fingerprint (40 hexadecimal digits)",
    `min: ${limit("default/deny-all", "10/min")}`,
    `sec: ${limit("web/deny-all", "10/sec")}`,
    'day: ulogd2_policies: the burst of default/deny-all is "10001", and must be a number from 1 to 10000',
    `zero: ${limit("default/deny-all", "0")}`,
    `rate: ${limit("default/deny-all", "10001")}`,
    'burst: ulogd2_policies: the burst of default/deny-all is "0", and must be a number from 1 to 10000',
    `more: ${named('{"name": "deny-all", "namespace": "Web", "limit": "600000/minute"}')}`,
    `none: ${named('{"name": "deny-all", "namespace": "web"}')}`,
  ]);
});
