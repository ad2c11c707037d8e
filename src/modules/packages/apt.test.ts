import { describe, expect, it } from "vitest";
import { contextOf, debian, planned } from "../../../test/module-cases.ts";
import { apt } from "./apt.ts";
import { dnf } from "./dnf.ts";
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
    [{ name: "a", state: "build-dep" }, '"state: build-dep" is not supported; name the packages'],
    [{ deb: "https://x/a.deb" }, '"deb" must be a file on the host; fetch https://x/a.deb with get_url first'],
    [{ name: "*" }, '"name: *" goes with "state: latest" only'],
    [{ name: ["a=1", "a=2"] }, '"a=1" and "a=2" contradict each other'],
    [{ name: "a", deb: "/b" }, 'apt: "name" and "deb" exclude each other; give one of them'],
    [{}, 'apt needs one of "name", "upgrade", "update_cache", "cache_valid_time", "deb", "autoremove", "autoclean" or "clean"'],
  ])("refuses %j", async (raw, message) => {
    await expect(planned(apt, raw, {})).rejects.toThrow(message);
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
});

describe("dnf", () => {
  it("hands over repositories", async () => {
    const { script } = await planned(
      dnf,
      { name: "a", enablerepo: "x,y", install_weak_deps: false },
      { "installed a": installed() },
    );
    expect(script).toContain("dnf -y -q '--enablerepo=x' '--enablerepo=y' '--setopt=install_weak_deps=False' install a");
  });
});
