import { describe, expect, it } from "vitest";
import { apply } from "./cli.ts";
import { converges } from "./converges.ts";
import type { TestHost } from "./host.ts";
import { containerdConfig, installK3s, k3sStarts } from "./k3s-stand-in.ts";
import { freshHost } from "./pool.ts";
import { diffSnapshots } from "./snapshot-diff.ts";

const play = (...lines: readonly string[]) => `
- hosts: all
  become: true
  roles:
    - role: stargz
      vars:
        stargz_prune: false
${lines.map((line) => `        ${line}\n`).join("")}`;

/** Containers are on an overlay, which is one of the things that the snapshotter cannot be on, and have no device of FUSE. */
async function makeFit(host: TestHost): Promise<void> {
  await host.read(
    "mountpoint -q /var/lib/rancher || { mkdir -p /var/lib/rancher && mount -t tmpfs tmpfs /var/lib/rancher && mknod -m 666 /dev/fuse c 10 229; }",
  );
}
const written = [
  "stargz : Make a place to remember by",
  "stargz : Write down what is there",
  "stargz : Install FUSE's tools",
  "stargz : Load FUSE at each boot",
  "stargz : Create the directories of K3s' settings",
  "stargz : Tell K3s to use the snapshotter",
];

describe("role stargz", () => {
  const host = freshHost();

  it("says what it cannot work on, before it changes anything", async () => {
    const before = await host().snapshot();
    const refused = async (playbook: string, message: string) => {
      const said = await apply(host(), playbook, { rc: 2, groups: { server: [host()] } });
      expect(said.stdout).toContain(JSON.stringify(message));
      expect(said.changes).toEqual({});
    };
    await refused(
      play(),
      '"stargz" snapshotter cannot be enabled for "/var/lib/rancher/k3s/agent/containerd": it is on overlay, which overlayfs cannot write on; put /var/lib/rancher/k3s on ext4, xfs or btrfs, or leave out the role stargz on this host',
    );
    // By where a link leads, not by its name.
    await host().read("mkdir /mnt/disk && mount -t tmpfs tmpfs /mnt/disk && ln -s /mnt/disk /srv/k3s");
    await refused(
      play("k3s_server_config: { data-dir: /srv/k3s }"),
      "there is no device /dev/fuse in this container; start it with that device (docker run --device /dev/fuse)",
    );
    await host().read("umount /mnt/disk && rm -r /mnt/disk /srv/k3s");
    expect(diffSnapshots(before, await host().snapshot())).toEqual([]);
    await makeFit(host());
    await host().read("mkdir -p /etc/rancher/k3s && echo 'docker: true' >/etc/rancher/k3s/config.yaml");
    await refused(
      play(),
      "/etc/rancher/k3s/config.yaml sets docker, and the stargz snapshotter is part of K3s' own containerd; leave out one of them on this host",
    );
    await host().read("rm -r /etc/rancher");
  });

  it("prepares a host that has no K3s yet, and undoes itself", { timeout: 240_000 }, async () => {
    await makeFit(host());
    await converges(host(), play(), {
      groups: { server: [host()] },
      changed: written,
      disturb: [
        { by: "dpkg --purge fuse3 2>/dev/null", repairedBy: "stargz : Install FUSE's tools" },
        { by: "echo cuse >>/etc/modules-load.d/fuse.conf", repairedBy: "stargz : Load FUSE at each boot" },
        { by: "chmod 755 /etc/rancher/k3s/config.yaml.d", repairedBy: "stargz : Create the directories of K3s' settings" },
        {
          by: "chmod 644 /etc/rancher/k3s/config.yaml.d/20-stargz.yaml && echo 'snapshotter: native' >/etc/rancher/k3s/config.yaml.d/20-stargz.yaml",
          repairedBy: "stargz : Tell K3s to use the snapshotter",
        },
      ],
      absent: play("stargz_state: absent"),
    });
  });

  it("leaves what was there before it, or what nobody has noted", { timeout: 240_000 }, async () => {
    await makeFit(host());
    const options = { groups: { server: [host()] } };
    const state = "dpkg-query -W -f '${Package} ${db:Status-Abbrev}\\n' fuse3 libfuse3-3 uidmap; ls /var/lib/k3sprov";
    const installed = async () => (await host().exec(state)).stdout.replaceAll(" \n", "\n").trim();
    const absent = play("stargz_state: absent");
    // Somebody else's, as on Ubuntu, where snapd needs it.
    await host().read("apt-get install -qq -y fuse3 >/dev/null 2>&1");
    await apply(host(), play(), options);
    expect(await host().read("cat /var/lib/k3sprov/stargz.json")).toBe('{"packages": [], "seen": ["fuse3"]}');
    // One that is wanted later is noted later.
    const more = play("stargz_packages: [fuse3, uidmap]");
    for (const check of [true, false]) {
      const { changes } = await apply(host(), more, { ...options, check });
      expect(changes).toEqual({ fresh1: ["stargz : Write down what is there", "stargz : Install FUSE's tools"] });
    }
    const again = await apply(host(), more, options);
    expect(again.changes).toEqual({});
    // What packages there are is not asked again.
    expect(again.costs["fresh1"]?.roundTrips).toBeLessThanOrEqual(2);
    const check = await apply(host(), absent, { ...options, check: true });
    expect((await apply(host(), absent, options)).changes).toEqual(check.changes);
    expect(await installed()).toBe("fuse3 ii\nlibfuse3-3 ii");
    expect((await apply(host(), absent, options)).changes).toEqual({});
    await host().read("apt-get purge -qq -y --auto-remove fuse3 >/dev/null 2>&1");
  });

  it("restarts a K3s that runs, and removes its images when told to", { timeout: 240_000 }, async () => {
    await makeFit(host());
    await installK3s(host(), "agent");
    const options = { groups: { agent: [host()] } };
    const restarted = ["k3s-host : Restart K3s with its new configuration", "stargz : Remove images for the other snapshotter"];
    const pruning = (...lines: readonly string[]) =>
      play("stargz_packages: []", ...lines).replace("stargz_prune: false", "stargz_prune: true");
    for (const check of [true, false]) {
      const report = await apply(host(), pruning(), { ...options, check });
      expect(report.changes).toEqual({ fresh1: [...written.slice(3), ...restarted] });
    }
    expect(await containerdConfig(host())).toContain('snapshotter = "stargz"');
    expect(await host().read("cat /run/k3s-stand-in.calls")).toBe("crictl rmi --prune");
    expect((await apply(host(), pruning(), options)).changes).toEqual({});
    expect(await k3sStarts(host())).toBe(2);

    const less = await apply(host(), pruning("stargz_configure_k3s: false", "stargz_load_fuse: false"), options);
    expect(less.changes).toEqual({
      fresh1: ["stargz : Leave what is loaded at boot to others", "stargz : Leave K3s' snapshotter alone", ...restarted],
    });
    expect(await containerdConfig(host())).toContain('snapshotter = "overlayfs"');
    // What somebody else loads at boot is not ours to remove.
    await host().read("echo fuse >/etc/modules-load.d/fuse.conf");
    expect((await apply(host(), pruning("stargz_state: absent"), options)).changes).toEqual({});
    expect(await host().read("cat /etc/modules-load.d/fuse.conf")).toBe("fuse");
  });
});

describe("what role stargz refuses before it touches a host", () => {
  const host = freshHost();
  const table: readonly (readonly [message: string, ...lines: string[]])[] = [
    [
      "K3s' configuration has docker: True; the stargz snapshotter is part of K3s' containerd, so leave out one of them on this host",
      "k3s_server_config: { docker: true }",
    ],
    [
      "K3s' configuration has container-runtime-endpoint: unix:///run/crio/crio.sock; the stargz snapshotter is part of K3s' own containerd, so leave out one of them on this host",
      "k3s_server_config: { container-runtime-endpoint: unix:///run/crio/crio.sock }",
    ],
    [
      "K3s' configuration has rootless: True; K3s without root has other snapshotters, so leave out the role stargz on this host",
      "k3s_server_config: { rootless: true }",
    ],
    [
      "K3s' configuration has disable-agent: True; a server without an agent runs no containers, so leave out the role stargz on this host",
      "k3s_server_config: { disable-agent: true }",
    ],
    [
      "K3s' configuration has snapshotter: native, and the role stargz sets another one; take it out",
      "k3s_server_config: { snapshotter: native }",
    ],
    ["K3s v1.21.14+k3s1 has no stargz snapshotter; use v1.22 or later", "k3s_server_version: v1.21.14+k3s1"],
  ];

  it("all of it, in one run", async () => {
    const accepted = play("k3s_server_config: { snapshotter: stargz, docker: false }", "k3s_server_version: v1.22.0+k3s1");
    const said = await refusals(host(), [...table.map(([, ...lines]) => play(...lines)), accepted].join(""));
    expect(said).toEqual(table.map(([message]) => message));
  });

  it("together with a role that excludes it, also in another play", async () => {
    const said = await refusals(host(), `${play()}${play().replace("role: stargz", "role: docker-runtime")}`);
    expect(said).toContain(
      "the roles stargz and docker-runtime exclude each other: the stargz snapshotter is part of K3s' containerd; leave out one of them on this host",
    );
  });
});

/** What a run says that must end before a host is touched. */
async function refusals(host: TestHost, playbook: string): Promise<readonly string[]> {
  const error = await apply(host, playbook).then(
    () => new Error("nothing was refused"),
    (one: Error) => one,
  );
  expect(error.message).toContain("ended with 3 instead of 0");
  const said = error.message.split("\n").filter((line) => line.startsWith("error: "));
  return said.map((line) => line.replace(/^error: (\[[^\]]*\] )?/, ""));
}
