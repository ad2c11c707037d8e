import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { withArtifactServer } from "./artifact-server.ts";
import { type ApplyOptions, apply } from "./cli.ts";
import { builtK3s } from "./k3s-release.ts";
import { failuresOf } from "./messages.ts";
import { playbooks } from "./play.ts";
import { freshHosts, pairOf } from "./pool.ts";
import { runFolder } from "./run.ts";

type Case = {
  readonly name: string;
  /** What is wrong with the host, and how it is taken back. */
  readonly wrong: string;
  readonly mended: string;
  readonly vars?: Readonly<Record<string, unknown>>;
  readonly text: string;
};

const SERVER = "- { hosts: server, become: true, roles: [k3s-server] }\n";
const AGENT = "- { hosts: agent, become: true, roles: [k3s-agent] }\n";
const NEW = "v1.34.3+k3s3";
const ENV = "/etc/systemd/system/k3s.service.env";

/** A program that only says which version it is, and that the node it is asked for is ready. */
const program = (version: string): string =>
  `printf '#!/bin/sh\\ncase $1 in --version) echo "k3s version ${version} (0)";; *) printf True;; esac\\n' >/usr/local/bin/k3s; chmod 755 /usr/local/bin/k3s`;
const wanted = (version: string) => ({ k3s_server_version: version, k3s_server_checksum: "0".repeat(64) });

const CASES: readonly Case[] = [
  {
    name: "a processor that K3s is not made for",
    wrong: `printf '#!/bin/sh\\ncase $* in *-m*) exec /bin/uname "$@" | sed s/$(/bin/uname -m)/riscv64/;; *) exec /bin/uname "$@";; esac\\n' >/usr/local/bin/uname; chmod 755 /usr/local/bin/uname`,
    mended: "rm /usr/local/bin/uname",
    text: "K3s publishes no program for riscv64, only for x86_64, aarch64, armv7l, armv6l, s390x",
  },
  {
    name: "no place for programs",
    wrong: "mount --bind /usr/local/bin /usr/local/bin; mount -o remount,bind,ro /usr/local/bin",
    mended: "umount /usr/local/bin",
    text: "/usr/local/bin cannot be written to, and there is no /opt/bin, where K3s' program goes on such hosts; make that directory",
  },
  {
    name: "an agent that is to be a server",
    wrong: "touch /etc/systemd/system/k3s-agent.service",
    mended: "rm /etc/systemd/system/k3s-agent.service",
    text: "this host has /etc/systemd/system/k3s-agent.service, so it is an agent of a cluster already, and the inventory makes it a server; take it out with playbooks/reset.yaml first, or mend the inventory",
  },
  {
    name: "data that are elsewhere",
    wrong: `echo K3S_DATASTORE_ENDPOINT=postgres://db/k3s >${ENV}`,
    mended: `rm ${ENV}`,
    text: `${ENV} has K3S_DATASTORE_ENDPOINT, so this server's data are elsewhere; put it into k3s_server_env, or datastore-endpoint into k3s_server_config`,
  },
  {
    name: "an older version",
    wrong: program("v1.36.1+k3s1"),
    mended: "rm /usr/local/bin/k3s",
    vars: wanted("v1.35.9+k3s1"),
    text: "this host runs K3s v1.36.1+k3s1, and v1.35.9+k3s1 is older; the control plane does not go back but by restoring a snapshot (k3s_server_version_gates: false installs it all the same)",
  },
  {
    name: "an older release of the same version",
    wrong: program("v1.36.1+k3s2"),
    mended: "rm /usr/local/bin/k3s",
    vars: wanted("v1.36.1+k3s1"),
    text: "this host runs K3s v1.36.1+k3s2, and v1.36.1+k3s1 is older; the control plane does not go back but by restoring a snapshot (k3s_server_version_gates: false installs it all the same)",
  },
  {
    name: "a minor version that is left out",
    wrong: program("v1.32.9+k3s1"),
    mended: "rm /usr/local/bin/k3s",
    vars: wanted(NEW),
    text: `from K3s v1.32.9+k3s1 to ${NEW} are 2 minor versions; Kubernetes goes one at a time, so take the newest v1.33 first`,
  },
  ...["v1.33.7+k3s2", "v1.33.5+k3s1"].map((old) => ({
    name: `the way from etcd 3.5 to 3.6 that brings lost members back, from ${old}`,
    wrong: `${program(old)}; mkdir -p /var/lib/rancher/k3s/server/db/etcd/member/wal`,
    mended: "rm -r /usr/local/bin/k3s /var/lib/rancher",
    vars: wanted(NEW),
    text: `K3s ${old} has etcd 3.5 and ${NEW} has etcd 3.6; the way that does not bring removed members back goes from v1.33.7+k3s3 or later to v1.34.3+k3s3 or later`,
  })),
];

describe("what is refused on a host, before anything is changed there", () => {
  const hosts = freshHosts(2);
  const artifacts = withArtifactServer();
  const members = () => pairOf(hosts());
  const refused = async (text: string, options: ApplyOptions): Promise<readonly string[]> => {
    const [one, two] = members();
    const report = await apply(hosts(), text, {
      groups: { server: [one], agent: [two] },
      hostVars: (host) => ({ k3s_node_ip: host.internalAddress }),
      ...options,
      rc: 2,
    });
    expect(report.changes).toEqual({});
    return failuresOf(report);
  };

  it.each(CASES)("$name", async ({ wrong, mended, vars = {}, text }) => {
    const [one] = members();
    await one.read(wrong);
    try {
      expect(await refused(SERVER, { vars })).toEqual([text]);
    } finally {
      await one.read(mended);
    }
  });

  it("control groups that the kubelet does not start with, from the version on that wants others", async () => {
    const [one] = members();
    const isOld = (await one.exec("test -e /sys/fs/cgroup/cgroup.controllers")).rc !== 0;
    await one.read(program("v1.34.9+k3s1"));
    const run = (vars: Readonly<Record<string, unknown>>, rc: number) =>
      apply(hosts(), SERVER, {
        groups: { server: [one] },
        vars: { ...wanted("v1.35.4+k3s1"), ...vars },
        check: true,
        rc,
      });
    expect(failuresOf(await run({}, isOld ? 2 : 0))).toEqual(
      isOld
        ? [
            "the host has cgroup v1, and v1.35.4+k3s1 does not start there: boot with systemd.unified_cgroup_hierarchy=1, or set kubelet-arg: [fail-cgroupv1=false] for K3s",
          ]
        : [],
    );
    await run({ k3s_server_config: { "kubelet-arg": ["fail-cgroupv1=false"] } }, 0);
    await one.read("rm /usr/local/bin/k3s");
  });

  it("a channel that answers what is no version", async () => {
    artifacts().serve("/channels/stable", { redirect: "/tag/broken" });
    expect(await refused(SERVER, { vars: { k3s_server_channel_url: `${artifacts().http}/channels` } })).toEqual([
      `"broken" is no version of K3s; the channel stable of ${artifacts().http}/channels has answered it, so set k3s_server_version`,
    ]);
  });

  it("a release that does not name the program", async () => {
    const arch = process.arch === "arm64" ? "arm64" : "amd64";
    const cache = join(runFolder(), "refused-cache");
    artifacts().serve(`/download/${NEW}/sha256sum-${arch}.txt`, `${"0".repeat(64)}  something-else\n`);
    const vars = {
      k3s_server_version: NEW,
      k3s_server_download_url: `${artifacts().http}/download`,
      k3s_server_cache_dir: cache,
    };
    const asset = process.arch === "arm64" ? "k3s-arm64" : "k3s";
    expect(await refused(SERVER, { vars })).toEqual([
      `${cache}/k3s-${NEW}-sha256sum-${arch}.txt has no line for ${asset}; remove that file of the control node if it was damaged, or set k3s_server_checksum`,
    ]);
  });

  it("to found a cluster on another server than the first", async () => {
    const options = { groups: { server: [...hosts()] }, vars: { k3s_server_allow_even: true }, args: ["--limit", "host2"] };
    expect(await refused(SERVER, options)).toEqual([
      "no server has the cluster yet, and host1 is the one that founds it; run without --limit, or with it",
    ]);
  });

  it("to take out a member of etcd that nobody would remove", async () => {
    const member = "mkdir -p /var/lib/rancher/k3s/server/db/etcd/member/wal; touch /var/lib/rancher/k3s/server/token";
    await Promise.all(hosts().map((host) => host.read(member)));
    const [one] = members();
    await one.read("touch /etc/systemd/system/k3s.service");
    const absent = { k3s_server_state: "absent", k3s_server_reset: ["host1"], k3s_server_config: { "disable-agent": true } };
    const options = { groups: { server: [...hosts()] }, args: ["--limit", "host1"], vars: absent };
    expect(await refused(SERVER, options)).toEqual([
      "this server is a member of etcd and no node, so nobody takes the member out when it goes, and those that stay wait for it: remove it on host2 (etcdctl member list, etcdctl member remove ID; the role etcdctl has it as k3s-etcdctl), and say k3s_server_member_is_removed: true",
    ]);
    const confirmed = { ...options, vars: { ...absent, k3s_server_member_is_removed: true }, check: true };
    expect((await apply(hosts(), SERVER, confirmed)).changes["host1"]).toContain("k3s-install : Remove its data");
    await Promise.all(hosts().map((host) => host.read("rm -rf /var/lib/rancher /etc/systemd/system/k3s.service")));
  });

  it("to found a cluster with a token that has the hash of another one's authority", async () => {
    const vars = { k3s_server_token: `K10${"a".repeat(64)}::server:a-long-enough-token` };
    expect(await refused(SERVER, { vars })).toEqual([
      "k3s_server_token has the secure form, with the hash of an authority, and this cluster makes its authority only now; take what stands behind the last colon",
    ]);
  });

  it("to upgrade what cannot be upgraded, before anything is saved or drained", async () => {
    const [one] = members();
    /** A cluster of one node, that says of itself what is told here. */
    const says = (version: string, isReady: string, answers = "printf ok"): Promise<string> =>
      one.read(
        `printf '#!/bin/sh\\ncase "$*" in --version) echo "k3s version ${version} (0)";; *readyz*) ${answers};; *"get nodes"*) echo "host1 ${version} ${isReady}";; esac\\n' >/usr/local/bin/k3s; chmod 755 /usr/local/bin/k3s`,
      );
    const upgrade = playbooks("upgrade");
    // A wait that ends is not the message.
    const said = async (vars: Readonly<Record<string, unknown>>) =>
      (await refused(upgrade, { vars, groups: { server: [one], agent: [] } })).filter((message) => message !== "");
    try {
      await says("v1.32.9+k3s1", "True");
      const unnamed = await apply(hosts(), upgrade, { groups: { server: [one], agent: [] }, rc: 3 });
      expect(unnamed.stderr).toContain(
        "which version to upgrade to? Set k3s_server_version; what a channel says never upgrades a cluster that runs",
      );
      expect(await said(wanted(NEW))).toEqual([
        `from K3s v1.32.9+k3s1 to ${NEW} are 2 minor versions; Kubernetes goes one at a time, so take the newest v1.33 first`,
      ]);
      await one.read("mkdir -p /var/lib/rancher/k3s/server/db/etcd/member/wal");
      await says("v1.33.5+k3s1", "True");
      expect(await said(wanted(NEW))).toEqual([
        `K3s v1.33.5+k3s1 has etcd 3.5 and ${NEW} has etcd 3.6; the way that does not bring removed members back goes from v1.33.7+k3s3 or later to v1.34.3+k3s3 or later`,
      ]);
      await says("v1.33.7+k3s3", "Unknown");
      expect(await said({ ...wanted(NEW), k3s_upgrade_allow_not_ready: false })).toEqual([
        "these nodes are not ready: host1; mend them first, or say k3s_upgrade_allow_not_ready: true",
      ]);
      await says("v1.33.7+k3s3", "True", "exit 1");
      expect(await said(wanted(NEW))).toEqual([
        "none of the servers host1 answers for the cluster; what does not run is started by playbooks/site.yaml",
      ]);
    } finally {
      await one.read("rm -rf /usr/local/bin/k3s /var/lib/rancher");
    }
  });

  it("to join without a token, and under the name of a node that lives", async () => {
    const [one] = members();
    expect(await refused(AGENT, {})).toEqual([
      "host1 has no token to join with; let the servers be set up first, or set k3s_agent_token",
    ]);
    await one.read(program(NEW));
    expect(await refused(AGENT, { vars: { k3s_agent_token: "a-long-enough-token" } })).toEqual([
      "the cluster has a node host2 that is ready, and this host has not joined it; give one of the two another hostname or node-name, or wait a minute if the other one was just switched off",
    ]);
    await one.read("rm /usr/local/bin/k3s");
  });

  it("to run a program of another version", async () => {
    const [one] = members();
    const folder = join(runFolder(), "other-version");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, process.arch === "arm64" ? "k3s-arm64" : "k3s"), builtK3s(NEW));
    const vars = { k3s_server_version: "v1.34.4+k3s1", k3s_server_airgap_dir: folder };
    const report = await apply([one], SERVER, { groups: { server: [one] }, vars, rc: 2 });
    const [said = ""] = failuresOf(report);
    expect(said.replace(/\(.*?\)/, "(…)")).toBe(
      `the program that came says it is "k3s version ${NEW} (…)", and v1.34.4+k3s1 was asked for; K3s has not been restarted with it`,
    );
    expect((await one.exec("test -e /etc/systemd/system/k3s.service")).rc).toBe(1);
  });
});
