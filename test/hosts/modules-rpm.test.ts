import { beforeAll, describe, expect, it } from "vitest";
import { armouredKey, binaryKey, fingerprintsOf } from "../../src/modules/support/packages/signing-key.ts";
import { withArtifactServer } from "./artifact-server.ts";
import { apply, type RunReport } from "./cli.ts";
import { converges } from "./converges.ts";
import type { TestHost } from "./host.ts";
import { messagesOf } from "./messages.ts";
import { play } from "./play.ts";
import { freshHost } from "./pool.ts";

const changesOf = (report: RunReport): readonly string[] => report.changes["fresh1"] ?? [];

/** The first who reads rpm's data base writes beside it, and so gives the directories above it new inodes in a container. */
const openDatabases = async (host: TestHost): Promise<void> =>
  void (await host.read(
    "rpm -qa >/dev/null; dnf -C -q list --installed >/dev/null 2>&1; zypper --quiet packages >/dev/null 2>&1; :",
  ));

/** What rpm, dnf and zypper keep for themselves. */
const OWN = ["/var/lib/rpm", "/var/lib/dnf", "/var/lib/zypp", "/var/cache", "/var/log", "/etc/zypp"];
const REPOSITORY = `- name: Repository
  yum_repository: { name: demo, description: Demo packages, baseurl: "file:///srv/rpm/main", gpgcheck: true, gpgkey: "file:///srv/rpm/key.asc" }`;

describe("yum_repository, rpm_key and dnf", () => {
  const host = freshHost({ image: "rpm" });
  const server = withArtifactServer();
  beforeAll(() => openDatabases(host()));

  it("bring packages that only the repository has, and go again", { timeout: 600_000 }, async () => {
    await converges(
      host(),
      play(`${REPOSITORY}
- name: Another in the same file
  yum_repository: { name: extra, file: demo, description: More, baseurl: "file:///srv/rpm/extra", enabled: false, mode: "0640" }
- name: Key
  rpm_key: { key: /srv/rpm/key.asc }
- name: Two packages
  dnf: { name: [demo-extra, demo-tool-1.0], state: present }
- name: By what it provides
  package: { name: demo-web }`),
      {
        changed: ["Repository", "Another in the same file", "Key", "Two packages", "By what it provides"],
        disturb: [
          { by: "sed -i 's/^enabled = 0/enabled = 1/' /etc/yum.repos.d/demo.repo", repairedBy: "Another in the same file" },
          { by: "sed -i 's/^gpgcheck = 1/gpgcheck = 0/' /etc/yum.repos.d/demo.repo", repairedBy: "Repository" },
          { by: "rpm -e --allmatches gpg-pubkey", repairedBy: "Key" },
          { by: "rpm -e demo-extra", repairedBy: "Two packages" },
        ],
        absent: play(`- dnf: { name: [demo-extra, demo-tool, demo-web], state: absent }
- rpm_key: { key: /srv/rpm/key.asc, state: absent }
- yum_repository: { name: extra, file: demo, state: absent }
- yum_repository: { name: demo, state: absent }`),
        ignore: OWN,
      },
    );
    expect(await host().read("ls -A /etc/yum.repos.d; rpm -q gpg-pubkey || :")).toBe("package gpg-pubkey is not installed");
  });

  it("fetch keys from a server: dnf those of gpgkey, rpm_key by https or by fingerprint", { timeout: 600_000 }, async () => {
    const { http, https, authority } = server();
    await host().read(
      `cat >/usr/local/share/ca-certificates/tests.crt <<'END'\n${authority}END\nupdate-ca-certificates >/dev/null 2>&1`,
    );
    const [key, other] = [await host().read("cat /srv/rpm/key.asc"), await host().read("cat /srv/rpm/other.asc")];
    const print = fingerprintsOf(binaryKey(armouredKey(key, "key")))?.[0] ?? "";
    const second = fingerprintsOf(binaryKey(armouredKey(other, "key")))?.[0] ?? "";
    server().serve("/key.asc", `${key}\n`);
    server().serve("/both.asc", `${key}\n${other}\n`);
    server().serve("/other.asc", `${other}\n`);
    server().serve("/down.asc", { redirect: `${http}/key.asc` });
    const ring = (): Promise<string> => host().read("rpm -q --qf '%{VERSION} ' gpg-pubkey || :");
    const id = print.slice(-8).toLowerCase();
    const task = (parameters: string): string => play(`- name: Key\n  rpm_key: { ${parameters} }`);

    const byDnf = play(`- name: Repository
  yum_repository: { name: demo, description: Demo, baseurl: "file:///srv/rpm/main", gpgcheck: true, gpgkey: ["${https}/other.asc", "${https}/key.asc"] }
- name: Package
  dnf: { name: demo-web }`);
    expect(changesOf(await apply(host(), byDnf))).toEqual(["Repository", "Package"]);
    expect(changesOf(await apply(host(), byDnf))).toEqual([]);
    expect(await ring()).toContain(id);
    await host().read("rpm -e demo-web; rpm -e --allmatches gpg-pubkey; rm /etc/yum.repos.d/demo.repo");

    for (const parameters of [`key: "${https}/key.asc"`, `key: "${http}/both.asc", fingerprint: "${print}"`]) {
      expect(changesOf(await apply(host(), task(parameters))), parameters).toEqual(["Key"]);
      expect(changesOf(await apply(host(), task(parameters))), parameters).toEqual([]);
      expect(await ring(), "nothing but the key that was looked at").toBe(`${id} `);
      await host().read("rpm -e --allmatches gpg-pubkey");
    }
    for (const [parameters, message] of [
      [
        `key: "${http}/key.asc"`,
        `"key: ${http}/key.asc": whoever is on the way to that server could give another key; use https:, or say in "fingerprint" which key it is`,
      ],
      [`key: "${https}/other.asc", fingerprint: "${print}"`, `the key has the fingerprint ${second}, but must have ${print}`],
      [`key: "${https}/nothing"`, `cannot fetch the key ${https}/nothing: `],
      [`key: "${https}/down.asc"`, `cannot fetch the key ${https}/down.asc: `],
    ] as const) {
      expect(messagesOf(await apply(host(), task(parameters), { rc: 2 })), parameters).toContain(message);
    }
    expect(await ring()).toBe("package gpg-pubkey is not installed");
  });

  it("fetch a key by URL, and refuse another than the one that is meant", async () => {
    const key = (more: string): string => play(`- name: Key\n  rpm_key: { key: "file:///srv/rpm/key.asc"${more} }`);
    const print = await host().read(
      "gpg --with-colons --show-keys /srv/rpm/key.asc 2>/dev/null | awk -F: '$1 == \"fpr\" {print $10; exit}'",
    );
    const wrong = await apply(host(), key(`, fingerprint: "${"0".repeat(40)}"`), { rc: 2 });
    expect(messagesOf(wrong)).toContain(`the key has the fingerprint ${print}, but must have ${"0".repeat(40)}`);
    expect(await host().read("rpm -q gpg-pubkey || :")).toBe("package gpg-pubkey is not installed");
    for (const more of ["", `, fingerprint: "${print}"`]) {
      expect(changesOf(await apply(host(), key(more)))).toEqual(["Key"]);
      expect(changesOf(await apply(host(), key(more)))).toEqual([]);
      const gone = play(`- name: Gone\n  rpm_key: { key: "0x${print.slice(-8).toLowerCase()}", state: absent }`);
      expect(changesOf(await apply(host(), gone))).toEqual(["Gone"]);
      expect(changesOf(await apply(host(), gone))).toEqual([]);
    }
  });
});

describe("dnf", () => {
  const host = freshHost({ image: "rpm" });
  beforeAll(async () => {
    await openDatabases(host());
    await host().read("rpm --import /srv/rpm/key.asc");
    await apply(host(), play(`${REPOSITORY}\n- dnf: { update_cache: true }`));
  });
  const task = (parameters: string): string => play(`- name: Package\n  dnf: { ${parameters} }`);
  const installedNow = (): Promise<string> => host().read("rpm -qa --qf '%{NAME}-%{VERSION} ' 'demo-[elmtuw]*'");

  it("take groups, files, patterns and advisories", { timeout: 600_000 }, async () => {
    const file = "/srv/rpm/main/demo-tool-1.0-1.noarch.rpm";
    for (const [parameters, expected] of [
      [`name: "@demo-group"`, "demo-extra-1.0 demo-lib-1.0 "],
      [`name: ${file}`, "demo-extra-1.0 demo-lib-1.0 demo-tool-1.0 "],
      [`name: "*", state: latest, security: true`, "demo-extra-1.0 demo-lib-1.0 demo-tool-2.0 "],
      [`name: "demo-[ew]*"`, "demo-extra-1.0 demo-lib-1.0 demo-tool-2.0 demo-web-1.0 "],
      [
        `name: "file:///srv/rpm/extra/demo-more-1.0-1.noarch.rpm"`,
        "demo-extra-1.0 demo-lib-1.0 demo-more-1.0 demo-tool-2.0 demo-web-1.0 ",
      ],
      [`name: "demo-[emtw]*", state: absent`, "demo-lib-1.0 "],
      [`name: "@demo-group", state: absent`, ""],
    ] as const) {
      expect(changesOf(await apply(host(), task(parameters), { check: true })), parameters).toEqual(["Package"]);
      expect(changesOf(await apply(host(), task(parameters))), parameters).toEqual(["Package"]);
      expect((await installedNow()).split(" ").sort().join(" ").trim()).toBe(expected.trim());
      expect(changesOf(await apply(host(), task(parameters))), parameters).toEqual([]);
    }
  });

  it("go back only when allowed, and say who holds the lock", async () => {
    expect(changesOf(await apply(host(), task("name: demo-tool-1.1")))).toEqual(["Package"]);
    const back = await apply(host(), task("name: demo-tool-1.0"), { check: true, rc: 2 });
    expect(messagesOf(back)).toContain(
      "demo-tool-1.0 1.1-1 is installed, which is newer than 1.0; allow_downgrade: true lets it go back",
    );
    expect(changesOf(await apply(host(), task("name: demo-tool-1.0, allow_downgrade: true")))).toEqual(["Package"]);
    await host().read("sleep 100 >/dev/null 2>&1 & echo $! > /var/lib/dnf/rpmdb_lock.pid");
    const locked = await apply(host(), task("name: demo-web, lock_timeout: 0"), { rc: 2 });
    expect(messagesOf(locked)).toMatch(/the lock of dnf \(\/var\/lib\/dnf\/rpmdb_lock\.pid\) is held by process \d+ \(sleep\)/);
    await host().read("rm /var/lib/dnf/rpmdb_lock.pid; rpm -e demo-tool");
  });

  it("list, and tell facts", async () => {
    const report = await apply(
      host(),
      play(`- dnf: { list: demo-web }
  register: found
- package_facts:
- assert:
    that:
      - found.results | map(attribute='version') | list == ['1.0']
      - found.results[0].yumstate == 'available'
      - ansible_facts.packages['demo-release'][0].source == 'rpm'`),
    );
    expect(report.hosts["fresh1"]).toMatchObject({ changed: 0, failed: 0 });
  });

  it.each([
    ["name: demo-nothing", "Unable to find a match: demo-nothing"],
    ["name: /nowhere.rpm", "there is no file /nowhere.rpm"],
    ["name: /srv/rpm/build.rpm", "there is no file /srv/rpm/build.rpm"],
    ["name: /srv/rpm/unsigned/demo-unsigned-1.0-1.noarch.rpm", "is not signed"],
    ['name: "nothing-*"', 'no package is known whose name matches "nothing-*"'],
  ])("refuse %s", async (parameters, message) => {
    const report = await apply(host(), task(parameters), { rc: 2 });
    expect(messagesOf(report)).toContain(message);
    expect(await installedNow()).toBe("");
  });
});

describe("zypper and zypper_repository", () => {
  const host = freshHost({ image: "rpm" });
  beforeAll(() => openDatabases(host()));

  it("bring packages that only the repository has, and go again", { timeout: 600_000 }, async () => {
    await converges(
      host(),
      play(`- name: Repository
  zypper_repository: { name: demo, repo: "file:///srv/rpm/main", auto_import_keys: true }
- name: Two packages
  zypper: { name: [demo-extra, demo-tool=1.1], state: present }`),
      {
        changed: ["Repository", "Two packages"],
        disturb: [
          { by: "zypper --non-interactive modifyrepo --disable demo", repairedBy: "Repository" },
          { by: "rpm -e demo-extra", repairedBy: "Two packages" },
        ],
        absent: play(`- zypper: { name: [demo-extra, demo-tool], state: absent }
- zypper_repository: { name: demo, state: absent }`),
        ignore: OWN,
      },
    );
  });

  it("take patches and distribution upgrades, and repositories with all their options", { timeout: 600_000 }, async () => {
    const task = (parameters: string): string => play(`- name: Task\n  zypper: { ${parameters} }`);
    const repository = (parameters: string): string =>
      play(`- name: Repository\n  zypper_repository: { name: demo, repo: "file:///srv/rpm/main", ${parameters} }`);
    const installedNow = (): Promise<string> => host().read("rpm -qa --qf '%{NAME}-%{VERSION} ' 'demo-[elmtuw]*'");
    expect(changesOf(await apply(host(), repository("auto_import_keys: true, priority: 20, autorefresh: false")))).toEqual([
      "Repository",
    ]);
    const listed = async (): Promise<string> => host().read("zypper --quiet --xmlout repos | grep -o '<repo .*>'");
    expect(await listed()).toMatch(/priority="20" .*autorefresh="0"/);
    const missing = await apply(host(), task("name: DEMO-0, type: patch"), { rc: 2 });
    expect(messagesOf(missing)).toContain('zypper\'s repositories have no patch "DEMO-0"');
    for (const parameters of [
      "name: 'DEMO-2024:1', type: patch",
      "name: '*', type: patch, state: latest",
      "name: '*', state: dist-upgrade",
    ]) {
      await host().read("rpm -e demo-tool demo-lib 2>/dev/null; rpm -i --nodeps /srv/rpm/main/demo-tool-1.0-1.noarch.rpm");
      expect(changesOf(await apply(host(), task(parameters), { check: true })), parameters).toEqual(["Task"]);
      expect(changesOf(await apply(host(), task(parameters))), parameters).toEqual(["Task"]);
      expect((await installedNow()).split(" ").sort().join(" ").trim(), parameters).toBe("demo-lib-1.0 demo-tool-2.0");
      expect(changesOf(await apply(host(), task(parameters))), parameters).toEqual([]);
    }
    expect(changesOf(await apply(host(), repository("disable_gpg_check: true")))).toEqual(["Repository"]);
    expect(await listed()).toMatch(/priority="99" .*autorefresh="1" gpgcheck="0"/);
    await host().read("rpm -e demo-tool demo-lib; rm /etc/zypp/repos.d/demo.repo");
  });
});
