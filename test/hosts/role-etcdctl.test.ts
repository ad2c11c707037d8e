import { describe, expect, it } from "vitest";
import { withArtifactServer } from "./artifact-server.ts";
import { type ApplyOptions, apply } from "./cli.ts";
import { converges } from "./converges.ts";
import { checksums, type EtcdRelease, etcdRelease, sha256, smallRelease, startEtcd } from "./etcd.ts";
import { freshHost } from "./pool.ts";
import { diffSnapshots } from "./snapshot-diff.ts";

const play = (...lines: readonly string[]) => `
- hosts: all
  become: true
  roles:
    - role: etcdctl
      vars:
${lines.map((line) => `        ${line}\n`).join("")}`;
const absent = play("etcdctl_state: absent");
const replaced = ["etcdctl : Download the archive", "etcdctl : Unpack the programs", "etcdctl : Remove the archive"];

describe("role etcdctl", () => {
  const host = freshHost({ image: "etcd" });
  const server = withArtifactServer();
  const groups = () => ({ server: [host()] });
  const put = ({ name, archive }: EtcdRelease, sums: string, folder = "/etcd"): string => {
    server().serve(`${folder}/${name}.tar.gz`, archive);
    server().serve(`${folder}/SHA256SUMS`, sums);
    return `${server().http}${folder}`;
  };

  it("installs the programs of a release, keeps them and takes them away", { timeout: 300_000 }, async () => {
    const release = smallRelease("3.6.7");
    const url = `etcdctl_url: ${put(release, checksums(release))}`;
    await converges(host(), play("etcdctl_version: v3.6.7", url), {
      groups: groups(),
      changed: [
        "etcdctl : Download the archive",
        "etcdctl : Unpack the programs",
        "etcdctl : Write down what was installed",
        "etcdctl : Remove the archive",
        "etcdctl : Install k3s-etcdctl",
      ],
      disturb: [
        { by: "truncate -s 1000 /usr/local/bin/etcdctl", repairedBy: replaced },
        // What replaces a program sets its mode as well.
        { by: "cp /bin/true /usr/local/bin/etcdutl", repairedBy: replaced, alone: true },
        {
          by: "chmod 4755 /usr/local/bin/etcdctl && chown deploy /usr/local/bin/etcdutl",
          repairedBy: "etcdctl : Keep the programs root's",
        },
        { by: "sed -i s/2379/2378/ /usr/local/bin/k3s-etcdctl", repairedBy: "etcdctl : Install k3s-etcdctl" },
        { by: "echo of a run that died >/var/lib/k3s-etcdctl.tar.gz", repairedBy: "etcdctl : Remove the archive" },
      ],
      absent,
    });
    // One for the first installation and one for each of the programs: no check downloads it, and no second apply.
    expect(server().requests.filter(({ method, path }) => method === "GET" && path.endsWith(".tar.gz")).length).toBe(3);
  });

  it("reaches a real etcd through its wrapper, and asks for nothing once it is installed", { timeout: 240_000 }, async () => {
    const release = await etcdRelease(host());
    const url = `etcdctl_url: ${put(release, checksums(release))}`;
    const lines = [`etcdctl_version: ${release.version}`, url, `etcdctl_checksum: ${sha256(release.archive).toUpperCase()}`];
    const playbook = play(...lines);
    const options: ApplyOptions = { groups: groups(), vars: { k3s_server_version: "v1.33.7+k3s3" } };
    await apply(host(), playbook, options);
    expect(await host().read("ls /usr/local/bin")).toBe("etcdctl\netcdutl\nk3s-etcdctl");
    expect(server().requests.map(({ path }) => path)).toEqual([`/etcd/${release.name}.tar.gz`]);
    expect(await host().exec("k3s-etcdctl endpoint health")).toMatchObject({
      rc: 1,
      stderr: expect.stringContaining("there is no /var/lib/rancher/k3s/server/tls/etcd/client.key"),
    });

    await startEtcd(host());
    const healthy = (address: string) => expect.stringMatching(`${address} is healthy: successfully committed proposal`);
    expect(await host().exec("k3s-etcdctl endpoint health")).toMatchObject({ rc: 0, stdout: healthy("https://127.0.0.1:2379") });
    // What is said on the command line, or in the environment, goes before what the wrapper says.
    expect(await host().exec("k3s-etcdctl --endpoints=https://localhost:2379 endpoint health")).toMatchObject({
      rc: 0,
      stdout: healthy("https://localhost:2379"),
    });
    expect(await host().exec("ETCDCTL_ENDPOINTS=https://localhost:2379 k3s-etcdctl endpoint health")).toMatchObject({
      rc: 0,
      stdout: healthy("https://localhost:2379"),
    });
    // etcd asks for the client's certificate.
    for (const command of [
      "k3s-etcdctl --cert /etc/hostname",
      "etcdctl --insecure-skip-tls-verify --endpoints=https://127.0.0.1:2379",
    ]) {
      expect((await host().exec(`${command} --command-timeout=1s endpoint health`)).rc, command).not.toBe(0);
    }
    expect(await host().exec("k3s-etcdctl endpoint health", "deploy")).toMatchObject({
      rc: 1,
      stderr: "k3s-etcdctl: only root can read the certificates\n",
    });
    expect(
      await host().read(
        "k3s-etcdctl put greeting hello && k3s-etcdctl snapshot save /tmp/snapshot >/dev/null 2>&1 && etcdutl snapshot status /tmp/snapshot -w json",
      ),
    ).toMatch(/"totalKey":\d/);

    server().reset();
    expect((await apply(host(), playbook, { ...options, check: true })).changes).toEqual({});
    const again = await apply(host(), playbook, options);
    expect(again.changes).toEqual({});
    expect(again.costs["fresh1"]?.roundTrips).toBeLessThanOrEqual(3);
    expect(server().requests).toEqual([]);

    const fewer = await apply(host(), play(...lines, "etcdctl_install_etcdutl: false", "etcdctl_wrapper: false"), options);
    expect(fewer.changes).toEqual({
      fresh1: ["etcdctl : Remove etcdutl, which is not asked for", "etcdctl : Remove k3s-etcdctl, which is not asked for"],
    });
    // A program that somebody else has put there is not ours to remove.
    await host().read(
      "cp /bin/true /usr/local/bin/etcdctl && systemctl stop etcd-test && rm -r /var/lib/rancher /etc/systemd/system/etcd-test.service",
    );
    await apply(host(), absent, options);
    expect(await host().read("ls /usr/local/bin /var/lib/k3s-etcdctl* 2>/dev/null || rm /usr/local/bin/etcdctl")).toContain(
      "etcdctl",
    );
  });

  it("leaves nothing behind of an archive that it refuses", { timeout: 240_000 }, async () => {
    const good = smallRelease("3.6.7");
    const cut = { ...good, archive: good.archive.subarray(0, good.archive.length - 50) };
    const upward = smallRelease("3.6.7", "../../../etc/cron.d/evil");
    const partly = smallRelease("3.6.7", undefined, ["etcdctl"]);
    const name = `${good.name}.tar.gz`;
    const archive = "/var/lib/k3s-etcdctl.tar.gz";
    const differs = (one: EtcdRelease) =>
      `The checksum for ${archive} did not match ${sha256(good.archive)}; it was ${sha256(one.archive)}. Nothing was changed`;
    const noSum = (index: number) => `${server().http}/etcd/${index}/SHA256SUMS holds no sha256 digest of "${name}"`;
    const cases: readonly (readonly [EtcdRelease, string, string])[] = [
      [upward, checksums(good), differs(upward)],
      [cut, checksums(good), differs(cut)],
      // It was cut off before its checksum was made.
      [cut, checksums(cut), `cannot list ${archive}: gzip: stdin: unexpected end of file`],
      [upward, checksums(upward), `refusing to unpack ${archive}: its member "../../../etc/cron.d/evil" leads upwards with ".."`],
      [partly, checksums(partly), `${archive} has no member "${good.name}/etcdutl", which include names`],
      [good, checksums(good).replaceAll(name, `${name}.sig`), noSum(5)],
      [good, "<html>Not found</html>", noSum(6)],
    ];
    const before = await host().snapshot();
    const list = "ls -A /usr/local/bin /etc/cron.d; ls /var/lib | grep k3s || :";
    const clean = await host().read(list);
    const tasks = cases.map(
      ([release, sums], index) => `
    - block:
        - include_role: { name: etcdctl }
          vars: { etcdctl_version: 3.6.7, etcdctl_url: "${put(release, sums, `/etcd/${index}`)}" }
      rescue:
        - { shell: "${list}", register: left }
        - debug: { msg: "refused: {{ [ansible_failed_result.msg, left.stdout] | to_json }}" }`,
    );
    const report = await apply(host(), `- hosts: all\n  become: true\n  tasks:${tasks.join("")}\n`, { groups: groups() });
    const refused = [...report.stdout.matchAll(/"msg": ("refused: .*")/g)].map(([, text]) =>
      JSON.parse(JSON.parse(text ?? "").slice(9)),
    );
    expect(refused).toEqual(cases.map(([, , message]) => [message, clean]));
    expect(diffSnapshots(before, await host().snapshot())).toEqual([]);
  });

  it("takes the distribution's package, in the place of a release", { timeout: 240_000 }, async () => {
    const release = smallRelease("3.6.7");
    const url = `etcdctl_url: ${put(release, checksums(release))}`;
    const before = await host().snapshot();
    await apply(host(), play("etcdctl_version: 3.6.7", url), { groups: groups() });
    const packaged = play("etcdctl_source: distribution");
    const changed = [
      "etcdctl : Install the package",
      "etcdctl : Remove the programs",
      "etcdctl : Remove the record and the archive",
      "etcdctl : Install k3s-etcdctl",
    ];
    for (const check of [true, false]) {
      expect((await apply(host(), packaged, { groups: groups(), check })).changes).toEqual({ fresh1: changed });
    }
    expect((await apply(host(), packaged, { groups: groups() })).changes).toEqual({});
    expect(await host().read("tail -n 1 /usr/local/bin/k3s-etcdctl; command -v etcdctl")).toBe(
      'exec /usr/bin/etcdctl "$@"\n/usr/bin/etcdctl',
    );
    await apply(host(), play("etcdctl_state: absent", "etcdctl_source: distribution", "etcdctl_keep_packages: true"), {
      groups: groups(),
    });
    expect(await host().read("command -v etcdctl k3s-etcdctl || :")).toBe("/usr/bin/etcdctl");
    const removal = play("etcdctl_state: absent", "etcdctl_source: distribution");
    await apply(host(), removal, { groups: groups() });
    expect(diffSnapshots(before, await host().snapshot())).toEqual([]);
    expect((await apply(host(), removal, { groups: groups() })).changes).toEqual({});
  });
});

describe("role etcdctl on a host like Alpine", () => {
  const host = freshHost({ image: "openrc" });
  const server = withArtifactServer();

  it("installs the programs with busybox' tools", { timeout: 120_000 }, async () => {
    const release = smallRelease("3.6.7");
    server().serve(`/etcd/${release.name}.tar.gz`, release.archive);
    const lines = [`etcdctl_url: ${server().http}/etcd`, `etcdctl_checksum: ${sha256(release.archive)}`];
    const playbook = play("etcdctl_version: 3.6.7", ...lines, "k3s_server_config: { data-dir: /srv/k3s }");
    await apply(host(), playbook, { groups: { server: [host()] } });
    await host().read("mkdir -p /srv/k3s/server/tls/etcd && touch /srv/k3s/server/tls/etcd/client.key");
    expect(await host().read("ls /usr/local/bin; k3s-etcdctl --endpoints https://localhost:2379 endpoint health")).toBe(
      "etcdctl\netcdutl\nk3s-etcdctl\netcdctl 3.6.7",
    );
    expect((await apply(host(), playbook, { groups: { server: [host()] } })).changes).toEqual({});
  });
});

describe("what role etcdctl refuses before it touches a host", () => {
  const host = freshHost();
  const noVersion = (text: string) =>
    `etcdctl_version is "${text}"; it must be auto, or a release with all its three numbers, 3.4.0 or later of version 3, such as 3.6.7`;
  const sum = "0123456789abcdef".repeat(4);
  const noSum = (text: string) =>
    `etcdctl_checksum is "${text}"; it must be the SHA-256 of the archive, 64 hexadecimal digits, and nothing else`;
  const noUrl = (text: string) =>
    `etcdctl_url is "${text}"; it must be the http:// or https:// address of the directory that has the archive, without a slash at its end`;
  const noEndpoints = (text: string) => `etcdctl_endpoints is ${text}; it must have one or more of the form https://host:port`;
  const noEtcd = (key: string) =>
    `this server has no etcd of its own (k3s_server_config has ${key}); leave it out, or name the servers that have one in etcdctl_endpoints`;
  const good = "etcdctl_version: 3.6.7";
  const table: readonly (readonly [message: string, ...lines: string[]])[] = [
    [
      "etcdctl_version is auto, which goes by the version of K3s, and k3s_server_version is not set; set it, or etcdctl_version itself (K3s 1.31 to 1.33 have etcd 3.5, 1.34 to 1.36 have 3.6, 1.37 has 3.7)",
      "etcdctl_wrapper: true",
    ],
    [
      "etcdctl_version is auto, and which etcd K3s v1.29.4+k3s1 has inside is not known here (K3s 1.31 to 1.37 are); set etcdctl_version",
      "k3s_server_version: v1.29.4+k3s1",
    ],
    [noVersion("latest"), "etcdctl_version: latest"],
    [noVersion("v3.6"), "etcdctl_version: v3.6"],
    [noVersion("2.3.8"), "etcdctl_version: 2.3.8"],
    [noVersion("3.6.07"), "etcdctl_version: 3.6.07"],
    [
      'etcdctl 3.6.0 fails at "endpoint health" when its options come from the environment; take 3.6.1 or later',
      "etcdctl_version: v3.6.0",
    ],
    [
      'etcdctl_version is "3.6.7", and with etcdctl_source: distribution the distribution decides; leave it at auto, or say etcdctl_source: release',
      good,
      "etcdctl_source: distribution",
    ],
    [noSum("abc123"), good, "etcdctl_checksum: abc123"],
    [noSum(`sha256:${sum}`), good, `etcdctl_checksum: sha256:${sum}`],
    [noUrl("ftp://mirror.example/etcd"), good, "etcdctl_url: ftp://mirror.example/etcd"],
    [noUrl("https://mirror.example/etcd/"), good, "etcdctl_url: https://mirror.example/etcd/"],
    [noEndpoints("[]"), good, "etcdctl_endpoints: []"],
    [noEndpoints('["http://127.0.0.1:2379"]'), good, "etcdctl_endpoints: [http://127.0.0.1:2379]"],
    [noEtcd("datastore-endpoint"), good, "k3s_server_config: { datastore-endpoint: 'mysql://db' }"],
    [noEtcd("disable-etcd"), good, "k3s_server_config: { disable-etcd: true }"],
    [
      "etcdctl is for servers, and this host is an agent, which has no etcd; give the role to the hosts of the group server only",
      good,
      "k3s_host_service: k3s-agent",
    ],
  ];

  it("all of it, in one run", async () => {
    const accepted = [
      play(
        good,
        `etcdctl_checksum: ${sum.toUpperCase()}`,
        "etcdctl_endpoints: ['https://[::1]:2379', https://server1.example:2379]",
      ),
      play(good, "k3s_server_config: { disable-etcd: true }", "etcdctl_endpoints: [https://server1.example:2379]"),
      play("k3s_server_version: v1.37.1+k3s1"),
    ];
    const plays = [...table.map(([, ...lines]) => play(...lines)), ...accepted];
    const error = await apply([host()], plays.join(""), { rc: 0 }).then(
      () => new Error("nothing was refused"),
      (one: Error) => one,
    );
    expect(error.message).toContain("ended with 3 instead of 0");
    const said = error.message.split("\n").filter((line) => line.startsWith("error: "));
    expect(said.map((line) => line.replace(/^error: (\[[^\]]*\] )?/, ""))).toEqual(table.map(([message]) => message));
  });
});
