import { createServer } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { armouredKey, binaryKey, fingerprintsOf } from "../../src/modules/support/packages/signing-key.ts";
import { withArtifactServer } from "./artifact-server.ts";
import { apply, type RunReport } from "./cli.ts";
import { converges } from "./converges.ts";
import type { TestHost } from "./host.ts";
import { messagesOf } from "./messages.ts";
import { play } from "./play.ts";
import { freshHost } from "./pool.ts";

const changesOf = (report: RunReport): readonly string[] => report.changes["fresh1"] ?? [];

/** What apt and dpkg keep for themselves. */
const OWN = ["/var/lib/apt", "/var/cache", "/var/lib/dpkg", "/var/log"];
/** The demo repository and nothing else, its lists fetched: no test reaches a network. */
const DEMO_ONLY = `rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
mkdir -p /etc/apt/keyrings && cp /srv/apt/key.gpg /etc/apt/keyrings/demo.gpg
echo 'deb [signed-by=/etc/apt/keyrings/demo.gpg] file:/srv/apt stable main' >/etc/apt/sources.list
apt-get -q update && apt-cache policy >/dev/null`;
const GONE = "apt-mark unhold demo-tool; apt-get purge -q -y --allow-change-held-packages 'demo-*'";
const NO_SOURCES =
  "rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /var/lib/apt/lists; mkdir -p /var/lib/apt/lists/partial; apt-cache policy >/dev/null";

/** Serves files of a host over HTTP from the control node, where the host reaches it through the bridge. */
function served(host: () => TestHost): { url(path: string): string; readonly asked: string[] } {
  const asked: string[] = [];
  const files = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    const name = request.url ?? "";
    asked.push(name);
    const content = files.get(name);
    response.writeHead(content === undefined ? 404 : 200).end(content);
  });
  let base = "";
  beforeAll(async () => {
    const gateway = await host().read("ip -4 route show default | cut -d' ' -f3");
    await new Promise<void>((resolve) => server.listen(0, "0.0.0.0", resolve));
    const address = server.address();
    if (address === null || typeof address !== "object") throw new Error("the server has no port");
    base = `http://${gateway}:${address.port}`;
    for (const path of ["key.asc", "key.gpg", "pool/main/demo-extra_1.0-1_all.deb", "pool/main/demo-tool_1.1-1_all.deb"]) {
      files.set(`/${path}`, Buffer.from(await host().read(`base64 /srv/apt/${path}`), "base64"));
    }
    files.set("/latest.deb", files.get("/pool/main/demo-extra_1.0-1_all.deb") ?? Buffer.alloc(0));
    files.set("/page.html", Buffer.from("<html>no key</html>"));
  });
  afterAll(() => {
    server.close();
  });
  return { url: (path) => `${base}${path}`, asked };
}

describe("apt", () => {
  const host = freshHost({ image: "apt" });
  const web = served(host);
  // Each test finds the lists fetched and nothing of the repository installed, whatever became of the one before.
  beforeEach(() => host().read(`${GONE}; ${DEMO_ONLY}`));
  const installedNow = (): Promise<string> =>
    host().read("dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\\n' 'demo*' 2>/dev/null | grep 'ii $' || :");

  it("take patterns, addresses and files, versions back and forth, and hold what is held", { timeout: 600_000 }, async () => {
    await converges(
      host(),
      play(`- name: Pattern
  apt: { name: "demo-[el]*", install_recommends: false }
- name: Version
  apt: { name: demo-tool=1.* }
- name: Hold
  dpkg_selections: { name: demo-tool, selection: hold }
- name: Daemon
  apt: { deb: /srv/apt/pool/main/demo-daemon_1.0-1_all.deb, policy_rc_d: 101 }`),
      {
        changed: ["Pattern", "Version", "Hold", "Daemon"],
        disturb: [
          { by: "apt-get purge -y demo-lib", repairedBy: "Pattern" },
          { by: "echo 'demo-tool install' | dpkg --set-selections", repairedBy: "Hold" },
          { by: "dpkg -P demo-daemon", repairedBy: "Daemon" },
        ],
        absent: play(`- apt: { name: "demo-*", state: absent, purge: true, allow_change_held_packages: true }`),
        ignore: OWN,
      },
    );
  });

  it("go to the newest, and back only when allowed", { timeout: 600_000 }, async () => {
    await host().read("apt-get install -y demo-tool=1.1-1");
    const task = (parameters: string): string => play(`- name: Package\n  apt: { name: ${parameters} }`);
    const back = await apply(host(), task("demo-tool=1.0-1"), { check: true, rc: 2 });
    expect(messagesOf(back)).toContain(
      "demo-tool 1.1-1 is installed, which is newer than 1.0-1; allow_downgrade: true lets it go back",
    );
    expect(changesOf(await apply(host(), task("demo-tool=1.0-1, allow_downgrade: true")))).toEqual(["Package"]);
    expect(changesOf(await apply(host(), task("demo-tool, state: latest, install_recommends: false")))).toEqual(["Package"]);
    expect(changesOf(await apply(host(), task("demo-tool, state: latest, install_recommends: false")))).toEqual([]);
    expect(await installedNow()).toBe("demo-lib 1.0-1 ii \ndemo-tool 2.0-1 ii ");
    await host().read("apt-mark hold demo-tool");
    const held = await apply(host(), task("demo-tool=1.1-1, allow_downgrade: true"), { rc: 2 });
    expect(messagesOf(held)).toContain(
      "demo-tool is on hold at 2.0-1; allow_change_held_packages: true would change it all the same",
    );
    await host().read("apt-mark unhold demo-tool; apt-get purge -y demo-tool");
    expect(changesOf(await apply(host(), play("- name: Unneeded\n  apt: { autoremove: true, purge: true }")))).toEqual([
      "Unneeded",
    ]);
    expect(await installedNow()).toBe("");
  });

  it("fetch a package by its address: not again where the address says the version", async () => {
    const task = (path: string): string => play(`- name: Package\n  apt: { deb: "${web.url(path)}" }`);
    const versioned = "/pool/main/demo-tool_1.1-1_all.deb";
    expect(changesOf(await apply(host(), task(versioned), { check: true }))).toEqual(["Package"]);
    expect(changesOf(await apply(host(), task(versioned)))).toEqual(["Package"]);
    expect(changesOf(await apply(host(), task(versioned)))).toEqual([]);
    expect(web.asked.filter((path) => path === versioned)).toHaveLength(1);
    expect(changesOf(await apply(host(), task("/latest.deb")))).toEqual(["Package"]);
    expect(changesOf(await apply(host(), task("/latest.deb")))).toEqual([]);
    for (const [path, message] of [
      ["/page.html", "is no Debian package"],
      ["/nothing.deb", "cannot fetch"],
    ] as const) {
      expect(messagesOf(await apply(host(), task(path), { rc: 2 }))).toContain(message);
    }
    expect(await installedNow()).toBe("demo-extra 1.0-1 ii \ndemo-tool 1.1-1 ii ");
    await host().read("apt-get purge -y 'demo-*'");
  });

  it("do not promise in a check what nobody has", async () => {
    const task = (more: string): string => play(`- name: Package\n  apt: { name: ${more} }`);
    const unknown = await apply(host(), task("no-such-package"), { check: true, rc: 2 });
    expect(messagesOf(unknown)).toContain('the host\'s package lists know no package "no-such-package"');
    await host().read("mv /var/lib/apt/lists /var/lib/apt/lists.away; mkdir -p /var/lib/apt/lists/partial");
    const without = await apply(host(), task("demo-lib"), { check: true, rc: 2 });
    expect(messagesOf(without)).toContain('(the host has no package lists; "update_cache: true" fetches them)');
    expect(changesOf(await apply(host(), task("demo-lib, update_cache: true"), { check: true }))).toEqual(["Package"]);
    expect(changesOf(await apply(host(), task("demo-lib, update_cache: true")))).toEqual(["Package"]);
    const facts = play(`- package_facts:
- assert: { that: "ansible_facts.packages['demo-lib'][0].version == '1.0-1'" }`);
    expect((await apply(host(), facts)).hosts["fresh1"]).toMatchObject({ failed: 0 });
    await host().read("apt-get purge -y demo-lib");
  });

  it("say who holds the lock", async () => {
    // A lock as dpkg takes it (fcntl, struct flock of 64-bit Linux); flock(1) takes another kind.
    const lock = `open F, ">>", "/var/lib/dpkg/lock-frontend"; $l = pack("s s x4 q q i x4", 1, 0, 0, 0, 0); fcntl F, 6, $l or die; sleep 20`;
    await host().read(`perl -e '${lock}' >/dev/null 2>&1 & sleep 0.3`);
    const report = await apply(host(), play("- apt: { name: demo-lib, lock_timeout: 0 }"), { rc: 2 });
    expect(messagesOf(report)).toMatch(/Could not get lock \/var\/lib\/dpkg\/lock-frontend\. It is held by process \d+ \(perl\)/);
  });

  it.each([
    ["a file that is none", "{ deb: /etc/passwd }", "cannot read /etc/passwd"],
    ["a file that is missing", "{ deb: /nowhere.deb }", "there is no file /nowhere.deb"],
    ["a version that nobody has", "{ name: demo-lib=9.9, lock_timeout: 60 }", "Version '9.9' for 'demo-lib' was not found"],
    [
      "a release that nobody has",
      "{ name: demo-lib, default_release: nowhere, lock_timeout: 60 }",
      "The value 'nowhere' is invalid for APT::Default-Release",
    ],
    ["no sources to build from", "{ name: demo-lib, state: build-dep }", "You must put some 'deb-src' URIs in your sources.list"],
  ])("refuse %s", async (_name, task, message) => {
    const report = await apply(host(), play(`- apt: ${task}`), { rc: 2 });
    expect(messagesOf(report)).toContain(message);
    expect(await installedNow()).toBe("");
  });
});

describe("apt_repository and deb822_repository", () => {
  const host = freshHost({ image: "apt" });
  const web = served(host);
  const server = withArtifactServer();
  /** Fingerprint of the key that signs the repository. */
  let print = "";
  let key = "";
  beforeAll(async () => {
    key = await host().read("cat /srv/apt/key.asc");
    print = fingerprintsOf(binaryKey(armouredKey(key, "key")))?.[0] ?? "";
    // The host's own word for the authority of the server: apt-helper and dnf take no other.
    await host().read(
      `cat >/usr/local/share/ca-certificates/tests.crt <<'END'\n${server().authority}END\nupdate-ca-certificates >/dev/null 2>&1`,
    );
  });

  it("bring packages that only they have, and go again", { timeout: 600_000 }, async () => {
    await host().read(`${GONE}; ${NO_SOURCES}`);
    await converges(
      host(),
      play(`- name: Key
  copy: { src: /srv/apt/key.gpg, dest: /usr/share/keyrings/demo.gpg, remote_src: true }
- name: Source
  apt_repository: { repo: "deb   [signed-by=/usr/share/keyrings/demo.gpg]  file:/srv/apt  stable   main", filename: demo, mode: "0640" }
- name: Package
  apt: { name: demo-lib }`),
      {
        changed: ["Key", "Source", "Package"],
        disturb: [
          { by: "chmod 600 /etc/apt/sources.list.d/demo.list", repairedBy: "Source" },
          { by: "rm /etc/apt/sources.list.d/demo.list; touch /var/lib/apt/lists", repairedBy: "Source" },
          { by: "apt-get purge -y demo-lib", repairedBy: "Package" },
        ],
        absent: play(`- apt: { name: demo-lib, state: absent, purge: true }
- apt_repository: { repo: "deb [signed-by=/usr/share/keyrings/demo.gpg] file:/srv/apt stable main", state: absent }
- file: { path: /usr/share/keyrings/demo.gpg, state: absent }`),
        ignore: OWN,
      },
    );
  });

  it("fetch the key by URL, once, and leave nothing of it", { timeout: 600_000 }, async () => {
    await host().read(`${GONE}; ${NO_SOURCES}`);
    server().serve("/k/key.asc", { redirect: "/key.asc" });
    server().serve("/key.asc", key);
    await converges(
      host(),
      play(`- name: Source
  deb822_repository: { name: Demo_packages, uris: "file:/srv/apt", suites: stable, components: [main], signed_by: "${server().https}/k/key.asc" }
- name: Lists and package
  apt: { name: demo-lib, update_cache: true }`),
      {
        changed: ["Source", "Lists and package"],
        disturb: [
          { by: "chmod 600 /etc/apt/sources.list.d/demo-packages.sources; touch /var/lib/apt/lists", repairedBy: "Source" },
          { by: "rm /etc/apt/keyrings/demo-packages.gpg", repairedBy: "Source" },
        ],
        absent: play(`- apt: { name: demo-lib, state: absent }
- deb822_repository: { name: Demo_packages, state: absent }`),
        ignore: OWN,
      },
    );
    expect(server().requests.filter(({ path, secure }) => path === "/key.asc" && secure)).toHaveLength(2);
    expect(await host().read("ls -A /etc/apt/keyrings")).toBe("");
  });

  it("know a key by its fingerprint, and have it fetched anew when another one is there", { timeout: 120_000 }, async () => {
    await host().read(`${GONE}; ${NO_SOURCES}`);
    const source = play(`- name: Source
  deb822_repository: { name: demo, uris: "file:/srv/apt", suites: stable, components: main, signed_by: "${web.url("/key.asc")}", signed_by_fingerprint: "${print}" }`);
    const debian = "/usr/share/keyrings/debian-archive-bookworm-stable.gpg";
    for (const disturbance of ["rm -f", `cp ${debian}`, `cat ${debian} >>`]) {
      await host().read(`mkdir -p /etc/apt/keyrings; ${disturbance} /etc/apt/keyrings/demo.gpg`);
      expect(changesOf(await apply(host(), source, { check: true })), disturbance).toEqual(["Source"]);
      expect(changesOf(await apply(host(), source)), disturbance).toEqual(["Source"]);
      expect(changesOf(await apply(host(), source)), disturbance).toEqual([]);
    }
    await host().read("apt-get -q update");
    await apply(host(), play("- deb822_repository: { name: demo, state: absent }"));
    expect(await host().read("ls -A /etc/apt/keyrings /etc/apt/sources.list.d")).not.toContain("demo");
  });

  it("take an armoured key in the task itself, and one that is on the host", { timeout: 600_000 }, async () => {
    await host().read(`${GONE}; ${NO_SOURCES}`);
    await converges(
      host(),
      play(`- name: Source
  deb822_repository:
    name: inline
    types: [deb]
    uris: ["file:/srv/apt"]
    suites: [stable]
    components: [main]
    architectures: [amd64, all]
    check_date: false
    signed_by: |
${key.replace(/^/gm, "      ")}
- name: Package
  apt: { name: demo-lib, update_cache: true }`),
      {
        changed: ["Source", "Package"],
        absent: play(`- apt: { name: demo-lib, state: absent }
- deb822_repository: { name: inline, state: absent }`),
        ignore: OWN,
      },
    );
    const wanted = play(`- name: Key
  copy: { src: /srv/apt/key.gpg, dest: /etc/apt/keyrings/later.gpg, remote_src: true }
- name: Source
  deb822_repository: { name: path, uris: "file:/srv/apt", suites: stable, components: main, signed_by: /etc/apt/keyrings/later.gpg }`);
    expect(changesOf(await apply(host(), wanted, { check: true }))).toEqual(["Key", "Source"]);
    expect(changesOf(await apply(host(), wanted))).toEqual(["Key", "Source"]);
    expect(changesOf(await apply(host(), wanted))).toEqual([]);
  });

  it("leave a host as it was when the lists cannot be fetched", async () => {
    await host().read(`${GONE}; ${NO_SOURCES}`);
    const before = await host().snapshot();
    for (const repo of ["deb file:/srv/apt stable main", "deb file:/nowhere stable main"]) {
      const report = await apply(host(), play(`- apt_repository: { repo: "${repo}", filename: bad }`), { rc: 2 });
      expect(messagesOf(report)).toContain("the sources were put back as they were");
    }
    expect((await host().snapshot()).files.has("/etc/apt/sources.list.d/bad.list")).toBe(false);
    expect(before.files.has("/etc/apt/sources.list.d/bad.list")).toBe(false);
  });

  it("refuse a key that nobody vouches for", { timeout: 300_000 }, async () => {
    const source = (more: string): string =>
      play(`- deb822_repository: { name: x, uris: "file:/srv/apt", suites: stable, components: main, ${more} }`);
    const other = await host().read("base64 -w0 /usr/share/keyrings/debian-archive-bookworm-stable.gpg");
    const both = Buffer.concat([binaryKey(armouredKey(key, "key")), Buffer.from(other, "base64")]);
    const [second = ""] = fingerprintsOf(Buffer.from(other, "base64")) ?? [];
    server().serve("/both.gpg", both);
    server().serve("/page.html", "<html>no key</html>");
    server().serve("/down.asc", { redirect: `${server().http}/key.asc` });
    server().serve("/key.asc", key);
    const { http, https } = server();
    const demanded = `signed_by_fingerprint: "${print}"`;
    for (const [more, message] of [
      [
        `signed_by: "${http}/key.asc"`,
        `"signed_by: ${http}/key.asc": whoever is on the way to that server could give another key; use https:, or say in "signed_by_fingerprint" which key it is`,
      ],
      [`signed_by: "${https}/page.html"`, `what ${https}/page.html answers is no public key of OpenPGP (version 4)`],
      [`signed_by: "${https}/nothing"`, `cannot fetch the key ${https}/nothing: `],
      [`signed_by: "${https}/down.asc"`, `cannot fetch the key ${https}/down.asc: `],
      [`signed_by: "${http}/both.gpg", ${demanded}`, `the key has the fingerprint ${second}, but must have ${print}`],
      [
        `signed_by: /usr/share/keyrings/debian-archive-bookworm-stable.gpg, ${demanded}`,
        `the key has the fingerprint ${second}, but must have ${print}`,
      ],
      ["signed_by: /nowhere.gpg", 'the key ring /nowhere.gpg of "signed_by" does not exist'],
    ] as const) {
      expect(messagesOf(await apply(host(), source(more), { rc: 2 })), more).toContain(message);
    }
    expect((await host().exec("ls /etc/apt/sources.list.d/x.sources /etc/apt/keyrings/x.gpg")).stdout).toBe("");
    expect(server().requests.filter(({ path }) => path === "/key.asc")).toEqual([]);
  });
});
