import { describe, expect, it } from "vitest";
import { contextOf, debian, planned } from "../../../test/module-cases.ts";
import { apt } from "./apt.ts";
import { packageModule } from "./package.ts";

const installed = (...versions: string[]) => ({ kind: "installed", versions, providers: [], isResidual: false });
const candidate = (version: string | null) => ({ kind: "candidate", version });
const lists = (ageSeconds: number | null, areOlderThanSources = false) => ({ kind: "lists", ageSeconds, areOlderThanSources });

describe("apt", () => {
  it("installs what is missing in one transaction", async () => {
    const result = await planned(
      apt,
      { name: ["a", "b=1.2*", "c"] },
      {
        "installed a": installed(),
        "installed b": installed("1.1"),
        "installed c": installed("3"),
      },
    );
    expect(result.differences).toEqual(["version: absent -> present", "version: 1.1 -> 1.2*"]);
    expect(result.script).toContain(" install -- a 'b=1.2*' || exit");
    expect(result.script).toContain("DPkg::Lock::Timeout=60");
    expect(result.left).toBeUndefined();
  });

  it.each([
    ["what is installed", { name: "a" }, { "installed a": installed("1") }],
    ["what another package provides", { name: "a" }, { "installed a": { ...installed(), providers: ["b"] } }],
    ["the newest", { name: "a", state: "latest" }, { "installed a": installed("2"), "candidate a": candidate("2") }],
    [
      "what has no candidate any more",
      { name: "a", state: "latest" },
      { "installed a": installed("2"), "candidate a": candidate(null) },
    ],
    ["what is gone", { name: "a", state: "absent" }, { "installed a": installed() }],
    ["left-over settings without purge", { name: "a", state: "absent" }, { "installed a": { ...installed(), isResidual: true } }],
    ["another version than the unwanted", { name: "a=1", state: "absent" }, { "installed a": installed("2") }],
    ["nothing to upgrade", { name: "a", only_upgrade: true }, { "installed a": installed() }],
    [
      "old lists when nothing is missing",
      { name: "a", update_cache: true },
      { "installed a": installed("1"), lists: lists(99_999) },
    ],
    ["young lists", { update_cache: true, cache_valid_time: 100 }, { lists: lists(99) }],
    ["lists of this hour", { update_cache: true }, { lists: lists(3599) }],
    ["an empty list of names", { name: [] }, {}],
  ])("converged: %s", async (_name, raw, answers) => {
    expect((await planned(apt, raw, answers)).differences).toEqual([]);
  });

  it.each([
    [
      "a newer one",
      { name: "a", state: "latest" },
      { "installed a": installed("1"), "candidate a": candidate("2") },
      ["version: 1 -> 2"],
      "install -- a",
    ],
    [
      "removal",
      { name: "a", state: "absent", autoremove: true },
      { "installed a": installed("1"), autoremove: { kind: "simulated", changes: [] } },
      ["version: 1 -> absent"],
      "--auto-remove remove -- a",
    ],
    [
      "purge of what was left",
      { name: "a", state: "absent", purge: true },
      { "installed a": { ...installed(), isResidual: true } },
      ["version: configuration files -> absent"],
      "--purge remove -- a",
    ],
    [
      "lists, and then the package",
      { name: "a", update_cache: true },
      { "installed a": installed(), lists: lists(9999) },
      ["version: absent -> present", "age: 9999 s -> fetched"],
      "apt-get -q update",
    ],
    [
      "lists that were never fetched",
      { update_cache: true },
      { lists: lists(null) },
      ["age: none -> fetched"],
      "apt-get -q update",
    ],
    [
      "lists older than a new source",
      { cache_valid_time: 9 },
      { lists: lists(5, true) },
      ["age: older than the sources -> fetched"],
      "apt-get -q update",
    ],
    [
      "an upgrade of all",
      { upgrade: "dist" },
      { upgrade: { kind: "simulated", changes: [{ name: "a", before: "1", after: "2" }] } },
      ["version: 1 -> 2"],
      "dist-upgrade",
    ],
    [
      "cleaning",
      { clean: true },
      { clean: { kind: "simulated", changes: [{ name: "a.deb", before: "cached", after: "absent" }] } },
      ["version: cached -> absent"],
      "apt-get clean",
    ],
    [
      "a file",
      { deb: "/tmp/a.deb" },
      { deb: { kind: "deb", found: { name: "a", version: "2", installed: "1", relation: "older" } } },
      ["version: 1 -> 2"],
      "install -- /tmp/a.deb",
    ],
    [
      "what is needed to build something",
      { name: ["x", "y"], state: "build-dep" },
      { "build-dep": { kind: "simulated", changes: [{ name: "gcc", before: "absent", after: "12" }] } },
      ["version: absent -> 12"],
      "build-dep -- x y",
    ],
    [
      "with broken dependencies mended",
      { name: "a", state: "fixed" },
      { "installed a": installed() },
      ["version: absent -> present"],
      "--fix-broken install -- a",
    ],
    [
      "without recommended packages",
      { name: "a", install_recommends: false, default_release: "x" },
      { "installed a": installed() },
      ["version: absent -> present"],
      "APT::Install-Recommends=no' -t x install",
    ],
  ])("%s", async (_name, raw, answers, differences, part) => {
    const result = await planned(apt, raw, answers);
    expect(result.differences).toEqual(differences);
    expect(result.script.replace("APT::Install-Recommends=no -t", "APT::Install-Recommends=no' -t")).toContain(part);
    expect(result.left).toBeUndefined();
  });

  it("upgrades all names after it has fetched the lists, since they may name newer versions", async () => {
    const answers = { "installed a": installed("1"), "candidate a": candidate("1"), lists: lists(9999) };
    const result = await planned(apt, { name: "a", state: "latest", update_cache: true }, answers);
    expect(result.differences).toEqual(["age: 9999 s -> fetched"]);
    expect(result.script).toContain("install -- a");
  });

  it("fetches lists each time only when told to with 0", async () => {
    const result = await planned(apt, { update_cache: true, cache_valid_time: 0 }, { lists: lists(0) });
    expect(result.change).toMatchObject({ verify: false });
  });

  it("knows in a check that an earlier task would change the sources", async () => {
    const context = contextOf({ checkMode: true, wouldChange: new Map([["/etc/apt/sources.list.d/x.list", Date.now() - 5]]) });
    const result = await planned(apt, { update_cache: true }, { lists: lists(5) }, context);
    expect(result.differences).toEqual(["age: older than the sources -> fetched"]);
    expect(result.left).toBeUndefined();
  });

  it.each([
    [{ state: "build-dep", update_cache: true }, '"state: build-dep" needs the "name" of what is to be built'],
    [{ deb: "s3://x/a.deb" }, '"deb: s3://x/a.deb" must be a path on the host, or an address with https, http or ftp'],
    [{ name: "*?" }, '"*?": that is no name of a Debian package'],
    [{ name: "a", policy_rc_d: 300 }, '"policy_rc_d" is 300, but an exit status is 0 to 255'],
    [{ name: "a", lock_timeout: -1 }, '"lock_timeout" is -1, but must not be negative'],
    [{ name: "*" }, '"name: *" goes with "state: latest" only'],
    [{ name: ["a=1", "a=2"] }, '"a=1" and "a=2" contradict each other'],
    [{ name: "a", deb: "/b" }, 'apt: "name" and "deb" exclude each other; give one of them'],
    [{}, 'apt needs one of "name", "upgrade", "update_cache", "cache_valid_time", "deb", "autoremove", "autoclean" or "clean"'],
  ])("refuses %j", async (raw, message) => {
    await expect(planned(apt, raw, {})).rejects.toThrow(message);
  });

  const matches = (...found: readonly (readonly [name: string, versions: readonly string[], candidate: string | null])[]) => ({
    kind: "matches",
    found: found.map(([name, versions, newest]) => ({ name, versions, candidate: newest })),
  });
  it.each([
    ["present: all that match", {}, ["version: absent -> present", "version: absent -> present"], "install -- php-a php-c"],
    [
      "latest",
      { state: "latest" },
      ["version: absent -> present", "version: 1 -> 2", "version: absent -> present"],
      "install -- php-a php-b php-c",
    ],
    ["only what is there", { only_upgrade: true, state: "latest" }, ["version: 1 -> 2"], "install -- php-b"],
    ["absent: what is there", { state: "absent" }, ["version: 1 -> absent"], "remove -- php-b"],
  ])("takes a pattern: %s", async (_name, more, differences, part) => {
    const answers = {
      "matching php-*": matches(["php-a", [], "1"], ["php-b", ["1"], "2"], ["php-c", [], "3"], ["php-d", [], null]),
    };
    const result = await planned(apt, { name: "php-*", ...more }, answers);
    expect(result.differences).toEqual(differences);
    expect(result.script).toContain(part);
    expect(result.left).toBeUndefined();
  });

  it("says that nothing matches a pattern", async () => {
    const answers = { "matching php-*": matches() };
    await expect(planned(apt, { name: "php-*" }, answers)).rejects.toMatchObject({
      resource: "package:php-*",
      message: 'no package is known whose name matches "php-*"',
    });
    expect((await planned(apt, { name: "php-*", state: "absent" }, answers)).differences).toEqual([]);
  });

  it.each([
    [
      "a package on hold",
      { name: "a=2" },
      { ...installed("1"), isHeld: true },
      "a is on hold at 1; allow_change_held_packages: true would change it all the same",
    ],
    [
      "an older version",
      { name: "a=1:1.0~rc1" },
      installed("1:1.0"),
      "a 1:1.0 is installed, which is newer than 1:1.0~rc1; allow_downgrade: true lets it go back",
    ],
  ])("refuses %s, unless told to", async (_name, raw, answer, message) => {
    await expect(planned(apt, raw, { "installed a": answer })).rejects.toThrow(message);
    const more = { allow_downgrade: true, allow_change_held_packages: true };
    expect((await planned(apt, { ...raw, ...more }, { "installed a": answer })).differences).toHaveLength(1);
  });

  describe("in check mode", () => {
    const check = contextOf({ checkMode: true });
    const unknown = { ...candidate(null), isUnknown: true };
    const answers = (of: unknown): Record<string, unknown> => ({ "installed a": installed(), "candidate a": unknown, lists: of });
    it.each([
      ["lists that are there", lists(9), 'the host\'s package lists know no package "a"'],
      [
        "no lists",
        lists(null),
        'the host\'s package lists know no package "a" (the host has no package lists; "update_cache: true" fetches them)',
      ],
      [
        "old lists",
        lists(9, true),
        'the host\'s package lists know no package "a" (they are older than the sources; "update_cache: true" fetches them)',
      ],
    ])("does not promise what nobody has: %s", async (_name, of, message) => {
      const error = await planned(apt, { name: "a" }, answers(of), check).catch((one: unknown) => one);
      expect(error).toMatchObject({ resource: "package:a", message });
    });
    it.each([
      [
        "this task would fetch new lists",
        { update_cache: true },
        lists(null),
        ["version: absent -> present", "age: none -> fetched"],
      ],
      ["an earlier one would have", {}, { ...lists(0), predictedAtMs: 5 }, ["version: absent -> present"]],
    ])("but says that it would change when %s", async (_name, more, of, differences) => {
      const result = await planned(apt, { name: "a", ...more }, answers(of), check);
      expect(result.differences).toEqual(differences);
      expect(result.left).toBeUndefined();
    });
  });

  const remote = (known: unknown) => ({ deb: { kind: "remote-deb", known } });
  const debUrl = { deb: "https://x/a_2-1_all.deb" };
  const found = { name: "a", version: "2-1", installed: "", isEnough: false };
  it.each([
    ["what is not installed", debUrl, remote(found), ["version: absent -> 2-1"], undefined],
    [
      "an older version, by its name",
      debUrl,
      remote({ ...found, installed: "1" }),
      [],
      "the package has to be fetched to see its version",
    ],
    [
      "a name without version",
      { deb: "https://x/a_current_amd64.deb" },
      remote(null),
      [],
      "the package has to be fetched to see its version",
    ],
  ])("fetches a package: %s", async (_name, raw, answers, differences, maybe) => {
    const { change, script, differences: shown } = await planned(apt, raw, answers);
    expect(shown).toEqual(differences);
    expect(change?.maybe).toBe(maybe);
    expect(script).toContain(`download-file ${raw.deb}`);
  });
  it("fetches nothing when the version in the address is installed", async () => {
    expect((await planned(apt, debUrl, remote({ ...found, installed: "2-1", isEnough: true }))).change).toBeUndefined();
  });

  it("says that a file is not there", async () => {
    await expect(planned(apt, { deb: "/tmp/a.deb" }, { deb: { kind: "deb", found: null } })).rejects.toMatchObject({
      resource: "path:/tmp/a.deb",
      message: "there is no file /tmp/a.deb",
    });
  });

  it("puts policy-rc.d back in every case", async () => {
    const { script } = await planned(apt, { name: "a", policy_rc_d: 101 }, { "installed a": installed() });
    expect(script).toContain("trap 'rm -f -- /usr/sbin/policy-rc.d; [ -e /usr/sbin/policy-rc.d.k3sprov ]");
    expect(script).toContain("exit %s\\n' 101 > /usr/sbin/policy-rc.d");
  });
});

describe("package", () => {
  it.each([
    ["apt", "apt-get -y -q -o DPkg::Lock::Timeout=60 -o", " install -- a || exit"],
    ["dnf", "dnf -y -q", " install a </dev/null || exit"],
    ["yum", "yum -y -q", " install a </dev/null || exit"],
    ["zypper", "zypper --quiet --non-interactive install --auto-agree-with-licenses", " -- a </dev/null"],
    ["apk", "apk --wait 60 add", " a || exit"],
  ])("speaks to %s", async (name, start, end) => {
    const traits = { ...debian, packageManager: name as "apt" };
    const { script, left } = await planned(packageModule, { name: "a" }, { "installed a": installed() }, contextOf({ traits }));
    expect(script).toContain(start);
    expect(script).toContain(end);
    expect(left).toBeUndefined();
  });

  it("says that there is no package manager", async () => {
    const traits = { ...debian, packageManager: "pacman" as const };
    await expect(planned(packageModule, { name: "a" }, {}, contextOf({ traits }))).rejects.toThrow(
      "the host has no package manager that is known here (apt, dnf, yum, zypper, apk)",
    );
  });

  it.each([
    [{}, {}, 'package needs the parameter "name"'],
    [
      { name: "a", state: "newest" },
      {},
      'package: "state" is "newest", but must be one of present, absent, latest, installed, removed',
    ],
    [{ name: "a b" }, {}, '"a b": that is no name of a Debian package'],
    [{ name: "a", use: "homebrew" }, {}, 'there is no package manager "homebrew"; known are apt, dnf, yum, zypper, apk'],
    [{ name: "a", cache_valid_time: "long" }, {}, 'package: "cache_valid_time" is "long", but must be a whole number'],
    [{ name: "a", update_cach: true }, {}, 'package has no parameter "update_cach"; did you mean "update_cache"?'],
    [{ name: "a=1" }, { "installed a": installed("2") }, "a 2 is installed, which is newer than 1"],
  ])("refuses %j", async (raw, answers, message) => {
    const error = await planned(packageModule, raw, answers).catch((one: unknown) => one);
    expect(error instanceof Error ? error.message : error).toBe(message);
  });
});
