import { describe, expect, it } from "vitest";
import { contextOf, debian, planned } from "../../../test/module-cases.ts";
import { apk } from "./apk.ts";
import { dnf } from "./dnf.ts";
import { zypper } from "./zypper.ts";

const installed = (...versions: string[]) => ({ kind: "installed", versions, providers: [], isResidual: false });
const candidate = (version: string | null) => ({ kind: "candidate", version });
const lists = (ageSeconds: number | null) => ({ kind: "lists", ageSeconds, areOlderThanSources: false });
const simulated = (...changes: readonly (readonly [name: string, before: string, after: string])[]) => ({
  kind: "simulated",
  changes: changes.map(([name, before, after]) => ({ name, before, after })),
});
const rpm = contextOf({ traits: { ...debian, osFamily: ["rocky", "rhel"], packageManager: "dnf" } });
const file = (version: string, isEnough: boolean, ...versions: string[]) => ({
  ...installed(...versions),
  offered: { version, isEnough },
});

describe("dnf", () => {
  it.each([
    [
      "all in one transaction",
      { name: ["a", "b", "c"] },
      { "installed a": installed(), "installed b": installed(), "installed c": installed("1-1") },
      ["version: absent -> present", "version: absent -> present"],
      " install a b <",
    ],
    [
      "options of repositories",
      { name: "a", enablerepo: "x,y", disablerepo: "*", exclude: "k*", install_weak_deps: false },
      { "installed a": installed() },
      ["version: absent -> present"],
      "'--disablerepo=*' '--enablerepo=x' '--enablerepo=y' '--exclude=k*' '--setopt=install_weak_deps=False' install a <",
    ],
    [
      "a group",
      { name: "@dev tools" },
      { "installed @dev tools": installed() },
      ["version: absent -> present"],
      " install '@dev tools' <",
    ],
    [
      "a file",
      { name: "/tmp/a-2-1.noarch.rpm" },
      { "installed /tmp/a-2-1.noarch.rpm": file("2-1", false, "1-1") },
      ["version: 1-1 -> 2-1"],
      "'--setopt=localpkg_gpgcheck=True' install /tmp/a-2-1.noarch.rpm <",
    ],
    [
      "a pattern",
      { name: "a*", state: "latest" },
      {
        "matching a*": {
          kind: "matches",
          found: [
            { name: "a1", versions: ["1"], candidate: "2" },
            { name: "a2", versions: [], candidate: "1" },
          ],
        },
      },
      ["version: 1 -> 2", "version: absent -> present"],
      " upgrade a1 a2 <",
    ],
    [
      "only what is there",
      { name: "a", state: "latest", update_only: true },
      { "installed a": installed("1"), "candidate a": candidate("2") },
      ["version: 1 -> 2"],
      " upgrade a <",
    ],
    [
      "everything that is about security",
      { name: "*", state: "latest", security: true },
      { upgrade: simulated(["a", "older", "2"]) },
      ["version: older -> 2"],
      " --security upgrade  <",
    ],
    [
      "removal without what it needed",
      { name: "a", state: "absent" },
      { "installed a": installed("1") },
      ["version: 1 -> absent"],
      " --noautoremove remove a <",
    ],
    [
      "removal with it",
      { name: "a", state: "absent", autoremove: true },
      { "installed a": installed("1") },
      ["version: 1 -> absent"],
      " remove a <",
    ],
    [
      "what nothing needs",
      { autoremove: true },
      { autoremove: simulated(["a", "1", "absent"]) },
      ["version: 1 -> absent"],
      " autoremove  <",
    ],
    [
      "back, when told to",
      { name: "a-1.0", allow_downgrade: true },
      { "installed a-1.0": { ...installed(), other: { version: "2.0-1", wanted: "1.0" } } },
      ["version: 2.0-1 -> 1.0"],
      " install a-1.0 <",
    ],
    [
      "lists, and then the package",
      { name: "a", update_cache: true },
      { "installed a": installed(), lists: lists(9999) },
      ["version: absent -> present", "age: 9999 s -> fetched"],
      "makecache",
    ],
  ])("%s", async (_name, raw, answers, differences, part) => {
    const result = await planned(dnf, raw, answers, rpm);
    expect(result.differences).toEqual(differences);
    expect(result.script).toContain(part);
    expect(result.left).toBeUndefined();
  });

  it.each([
    ["a group", { name: "@x" }, { "installed @x": installed("installed") }],
    [
      "an address whose version is there",
      { name: "https://x/a-2-1.noarch.rpm" },
      { "installed https://x/a-2-1.noarch.rpm": file("2-1", true, "2-1") },
    ],
    ["a list", { list: "installed" }, { list: [] }],
    ["nothing newer", { name: "*", state: "latest" }, { upgrade: simulated() }],
  ])("converged: %s", async (_name, raw, answers) => {
    expect((await planned(dnf, raw, answers, rpm)).differences).toEqual([]);
  });

  it("does not verify what it only fetches", async () => {
    const { change, script } = await planned(
      dnf,
      { name: "a", download_only: true, download_dir: "/d" },
      { "installed a": installed() },
      rpm,
    );
    expect(change?.verify).toBe(false);
    expect(script).toContain("--downloadonly '--destdir=/d' install a");
  });

  it.each([
    [{}, {}, 'dnf needs one of "name", "list", "autoremove" or "update_cache"'],
    [{ name: "a", security: true }, {}, '"security" and "bugfix" go with "state: latest" only'],
    [{ name: "*" }, {}, '"name: *" goes with "state: latest" only'],
    [{ name: "a", autoremove: true }, {}, '"autoremove" goes with "state: absent", or without "name"'],
    [{ name: "a", download_dir: "/d" }, {}, '"download_dir" goes with "download_only" only'],
    [{ name: "a", installroot: "/mnt" }, {}, '"installroot: /mnt" is not supported; only / is'],
    [
      { name: "a", state: "newest" },
      {},
      'dnf: "state" is "newest", but must be one of present, installed, latest, absent, removed',
    ],
    [
      { name: "a-1.0" },
      { "installed a-1.0": { ...installed(), other: { version: "2.0-1", wanted: "1.0" } } },
      "a-1.0 2.0-1 is installed, which is newer than 1.0; allow_downgrade: true lets it go back",
    ],
    [{ name: "/a.rpm" }, { "installed /a.rpm": { ...installed(), missingFile: "/a.rpm" } }, "there is no file /a.rpm"],
  ])("refuses %j", async (raw, answers, message) => {
    const error = await planned(dnf, raw, answers, rpm).catch((one: unknown) => one);
    expect(error instanceof Error ? error.message : error).toBe(message);
  });
});

describe("zypper", () => {
  it.each([
    [
      "a version",
      { name: "a=1.1" },
      { "installed a": installed() },
      ["version: absent -> 1.1"],
      "install --auto-agree-with-licenses --no-recommends -- 'a=1.1'",
    ],
    [
      "a pattern of packages",
      { name: "minimal", type: "pattern" },
      { "installed minimal": installed() },
      ["version: absent -> present"],
      "--type pattern --no-recommends -- minimal",
    ],
    [
      "back, when told to",
      { name: "a=1.0", oldpackage: true },
      { "installed a": installed("1.1-1") },
      ["version: 1.1-1 -> 1.0"],
      "--oldpackage -- 'a=1.0'",
    ],
    [
      "everything",
      { name: "*", state: "latest" },
      { upgrade: simulated(["a", "1", "2"]) },
      ["version: 1 -> 2"],
      "zypper --quiet --non-interactive update",
    ],
    [
      "the whole distribution",
      { name: "*", state: "dist-upgrade", allow_vendor_change: true },
      { upgrade: simulated(["a", "2", "1"], ["b", "1", "absent"]) },
      ["version: 2 -> 1", "version: 1 -> absent"],
      "zypper --quiet --non-interactive dist-upgrade --auto-agree-with-licenses --allow-vendor-change --no-recommends <",
    ],
    [
      "all patches",
      { name: "*", type: "patch", state: "latest", extra_args: "--with-optional" },
      { upgrade: simulated(["P-1", "needed", "applied"]) },
      ["status: needed -> applied"],
      "zypper --quiet --non-interactive patch --auto-agree-with-licenses --with-optional <",
    ],
    [
      "some patches",
      { name: "P-1,P-2", type: "patch" },
      { upgrade: simulated(["P-1", "needed", "applied"]) },
      ["status: needed -> applied"],
      "install --auto-agree-with-licenses --type patch -- P-1 P-2 <",
    ],
    [
      "removal with what it needed",
      { name: "a", state: "absent", clean_deps: true },
      { "installed a": installed("1") },
      ["version: 1 -> absent"],
      "remove --clean-deps -- a",
    ],
    [
      "further options",
      { name: "a", extra_args_precommand: "--plus-repo x", extra_args: "--details" },
      { "installed a": installed() },
      ["version: absent -> present"],
      "--plus-repo x install --auto-agree-with-licenses --no-recommends --details -- a",
    ],
  ])("%s", async (_name, raw, answers, differences, part) => {
    const result = await planned(zypper, raw, answers, rpm);
    expect(result.differences).toEqual(differences);
    expect(result.script).toContain(part);
    expect(result.left).toBeUndefined();
  });
  it.each([
    [{ name: "a", state: "dist-upgrade" }, {}, '"state: dist-upgrade" is about everything: give it the name "*" and no type'],
    [
      { name: "*", state: "dist-upgrade", type: "patch" },
      {},
      '"state: dist-upgrade" is about everything: give it the name "*" and no type',
    ],
    [{ name: "a", type: "product" }, {}, '"type: product" is not supported; package, pattern and patch are'],
    [{ name: "P-1", type: "patch", state: "absent" }, {}, '"type: patch": a patch cannot be removed'],
    [{ name: "P 1", type: "patch" }, {}, '"P 1": that is no name of a patch'],
    [{ name: "*", type: "pattern", state: "latest" }, {}, '"name: *" goes with "state: latest" only'],
    [{ name: "*" }, {}, '"name: *" goes with "state: latest" only'],
    [{ name: "@x" }, {}, '"@x": groups of packages are dnf\'s alone'],
    [{}, {}, 'zypper needs the parameter "name"'],
    [
      { name: "a=1.0" },
      { "installed a": installed("1.1-1") },
      "a 1.1-1 is installed, which is newer than 1.0; oldpackage: true lets it go back",
    ],
  ])("refuses %j", async (raw, answers, message) => {
    const error = await planned(zypper, raw, answers, rpm).catch((one: unknown) => one);
    expect(error instanceof Error ? error.message : error).toBe(message);
  });
});

describe("apk", () => {
  it.each([
    [
      "all in one transaction",
      { name: "a,b" },
      { "installed a": installed(), "installed b": installed() },
      ["version: absent -> present", "version: absent -> present"],
      "apk --wait 60 add   a b",
    ],
    [
      "what is there only for another's sake",
      { name: "a" },
      { "installed a": { ...installed("1-r0"), isDependency: true } },
      ["version: 1-r0 (as a dependency) -> 1-r0"],
      "add   a",
    ],
    [
      "other repositories",
      { name: "a", repository: "http://x", no_cache: true },
      { "installed a": installed() },
      ["version: absent -> present"],
      "add  --repositories-file /dev/null --keys-dir /etc/apk/keys '--repository=http://x' --no-cache a",
    ],
    [
      "everything",
      { upgrade: true, available: true },
      { upgrade: simulated(["a", "1", "2"]) },
      ["version: 1 -> 2"],
      "upgrade --available",
    ],
    ["removal", { name: "a", state: "absent" }, { "installed a": installed("1") }, ["version: 1 -> absent"], "del  a"],
  ])("%s", async (_name, raw, answers, differences, part) => {
    const result = await planned(apk, raw, answers);
    expect(result.differences).toEqual(differences);
    expect(result.script).toContain(part);
    expect(result.left).toBeUndefined();
  });
  it.each([
    [{}, 'apk needs one of "name", "upgrade" or "update_cache"'],
    [{ name: "a", upgrade: true }, 'apk: "name" and "upgrade" exclude each other; give one of them'],
    [{ name: "a", available: true }, '"available" goes with "upgrade" only'],
    [{ name: "A b" }, '"A b": that is no name of an Alpine package'],
    [{ name: "a", lock_timeout: -1 }, '"lock_timeout" is -1, but must not be negative'],
    [{ name: "a", state: "gone" }, 'apk: "state" is "gone", but must be one of present, installed, latest, absent, removed'],
  ])("refuses %j", async (raw, message) => {
    const error = await planned(apk, raw, {}).catch((one: unknown) => one);
    expect(error instanceof Error ? error.message : error).toBe(message);
  });
});
