import { describe, expect, it } from "vitest";
import { debian } from "../../../../test/module-cases.ts";
import { type Output, Unknown } from "../../contract.ts";
import { apk, decodeApk } from "./apk.ts";
import { apt, decodeDpkg } from "./apt.ts";
import { compareDebianVersions, compareRpmVersions } from "./compare-versions.ts";
import { dnfManager } from "./dnf.ts";
import { decodeRpm, rpmMatches } from "./rpm.ts";
import { parseRpm } from "./rpm-spec.ts";
import { zypper, zypperDistUpgrade, zypperPatches } from "./zypper.ts";

const output = (stdout: string, rc = 0, stderr = ""): Output => ({
  rc,
  stdout: Buffer.from(stdout),
  stderr: Buffer.from(stderr),
});
const none = { kind: "installed", versions: [], providers: [], isResidual: false };

describe("dpkg-query (Debian 12)", () => {
  const text = [
    "bash\tamd64\t5.2.15-2+b8\tii ",
    "libc6\tamd64\t2.36-9+deb12u14\tii ",
    "libc6\ti386\t2.36-9+deb12u14\tii ",
    "tree\tamd64\t2.1.0-1\trc ",
    "half\tamd64\t1\tiU ",
    "triggers\tamd64\t1\tit ",
    "held\tall\t1\thi ",
    "provides\tmawk\tii \tawk",
    "provides\tpostfix\tii \tdefault-mta (= 1), mail-transport-agent",
    "provides\texim4\trc \tmail-transport-agent",
    "",
  ].join("\n");
  it.each([
    ["bash", { ...none, versions: ["5.2.15-2+b8"] }],
    ["libc6", { ...none, versions: ["2.36-9+deb12u14", "2.36-9+deb12u14"] }],
    ["libc6:i386", { ...none, versions: ["2.36-9+deb12u14"] }],
    ["held:amd64", { ...none, versions: ["1"], isHeld: true }],
    ["tree", { ...none, isResidual: true }],
    ["half", none],
    ["triggers", { ...none, versions: ["1"] }],
    ["awk", { ...none, providers: ["mawk"] }],
    ["mail-transport-agent", { ...none, providers: ["postfix"] }],
    ["nosuch", none],
  ])("%s", (name, expected) => expect(decodeDpkg(output(text), [name])).toEqual([expected]));

  it("does not take a failure for absence", () => {
    expect(decodeDpkg(output("", 2, "dpkg-query: error: parsing file '/var/lib/dpkg/status'"), ["bash"])).toEqual([
      new Unknown("cannot list packages: dpkg-query: error: parsing file '/var/lib/dpkg/status'"),
    ]);
  });

  it("reads the candidates of apt-cache policy", () => {
    const policy = `bash:
  Installed: 5.2.15-2+b8
  Candidate: 5.2.15-2+b13
  Version table:
     5.2.15-2+b13 500
        500 http://deb.debian.org/debian bookworm/main amd64 Packages
 *** 5.2.15-2+b8 100
        100 /var/lib/dpkg/status
gone:
  Installed: 1
  Candidate: (none)
  Version table:
`;
    expect(apt.candidate.decode(output(policy), ["bash", "gone", "nosuch"], undefined as never)).toEqual([
      { kind: "candidate", version: "5.2.15-2+b13" },
      { kind: "candidate", version: null },
      { kind: "candidate", version: null, isUnknown: true },
    ]);
  });

  it.each([
    ["nginx", { spec: "nginx", name: "nginx", version: undefined }],
    ["nginx=1.22.1-9+deb12u1", { spec: "nginx=1.22.1-9+deb12u1", name: "nginx", version: "1.22.1-9+deb12u1" }],
    ["nginx=1.22*", { spec: "nginx=1.22*", name: "nginx", version: "1.22*" }],
    ["libc6:i386", { spec: "libc6:i386", name: "libc6:i386", version: undefined }],
    ["g++", { spec: "g++", name: "g++", version: undefined }],
    ["php*=8.*", { spec: "php*=8.*", name: "php*", version: "8.*", isPattern: true }],
  ])("parses %s", (spec, expected) => expect(apt.parse(spec)).toEqual(expected));

  it.each([
    ["*", '"*": that is no name of a Debian package'],
    ["-y", '"-y": that is no name of a Debian package'],
    ["a b", '"a b": that is no name of a Debian package'],
    ["Nginx", '"Nginx": that is no name of a Debian package'],
  ])("refuses %s", (spec, message) => expect(() => apt.parse(spec)).toThrow(message));

  it.each([
    ["1.22.1-9", "1.22.1-9", true],
    ["1.22.1-9", "1.22*", true],
    ["1.22.1-9", "1.22", false],
    ["1a22", "1.22", false],
  ])("%s matches %s: %s", (installed, wanted, expected) => expect(apt.matches([installed], wanted)).toBe(expected));
});

describe("versions", () => {
  it.each([
    ["1.0", "1.0", 0],
    ["1.0-1", "1.0-2", -1],
    ["1.10", "1.9", 1],
    ["1:0.1", "2.0", 1],
    ["1.0~rc1", "1.0", -1],
    ["1.0~~", "1.0~", -1],
    ["1.0+b1", "1.0", 1],
    ["1.0a", "1.0+", -1],
    ["5.2.15-2+b8", "5.2.15-2", 1],
    ["1.0-1-2", "1.0-1-1", 1],
    ["007", "7", 0],
  ])("Debian: %s and %s: %i", (a, b, order) => {
    expect(Math.sign(compareDebianVersions(a, b))).toBe(order);
    expect(Math.sign(compareDebianVersions(b, a))).toBe(order === 0 ? 0 : -order);
  });
  it.each([
    ["1.0", "1.0-5", 0],
    ["1.0-1", "1.0-2", -1],
    ["1.0-1.el9", "1.0-1.el9_1", -1],
    ["1.10", "1.9", 1],
    ["1:1", "2", 1],
    ["1.0~rc1", "1.0", -1],
    ["1.0^git1", "1.0", 1],
    ["1.0^git1", "1.0.1", -1],
    ["1.a", "1.1", -1],
    ["1_0", "1.0", 0],
    ["1.0a", "1.0", 1],
  ])("rpm: %s and %s: %i", (a, b, order) => {
    expect(Math.sign(compareRpmVersions(a, b))).toBe(order);
    expect(Math.sign(compareRpmVersions(b, a))).toBe(order === 0 ? 0 : -order);
  });
});

describe("rpm", () => {
  const text = [
    "=bash\t0\t5.1.8\t9.el9\tx86_64",
    "=bind-libs\t32\t9.16.23\t18.el9\tx86_64",
    "package nosuch is not installed",
    "package webserver is not installed",
    "provides nosuch",
    "no package provides nosuch",
    "provides webserver",
    ">nginx\t2\t1.20.1\t14.el9\tx86_64",
    "",
  ].join("\n");
  it.each([
    ["bash", { ...none, versions: ["5.1.8-9.el9"] }],
    ["bash-5.1.8", { ...none, versions: ["5.1.8-9.el9"] }],
    ["bash.x86_64", { ...none, versions: ["5.1.8-9.el9"] }],
    ["bind-libs", { ...none, versions: ["32:9.16.23-18.el9"] }],
    ["nosuch", none],
    ["webserver", { ...none, providers: ["nginx"] }],
  ])("%s", (name, expected) => expect(decodeRpm(output(text), [name])).toEqual([expected]));

  it("does not take a broken database for absence", () => {
    const broken = "error: cannot open Packages database in /var/lib/rpm\npackage bash is not installed\n";
    expect(decodeRpm(output(broken), ["bash"])).toEqual([
      new Unknown("cannot list packages: error: cannot open Packages database in /var/lib/rpm"),
    ]);
  });

  it.each([
    ["bash", { spec: "bash", name: "bash", version: undefined }],
    ["kernel-5.14.0-1.el9", { spec: "kernel-5.14.0-1.el9", name: "kernel-5.14.0-1.el9", version: undefined }],
    ["bash = 5.1", { spec: "bash-5.1", name: "bash", version: "5.1" }],
    ["/usr/bin/dig", { spec: "/usr/bin/dig", name: "/usr/bin/dig", version: undefined }],
  ])("parses %s", (spec, expected) => expect(parseRpm(spec)).toEqual(expected));

  it.each([
    ["@development", '"@development": groups of packages are dnf\'s alone'],
    [
      "https://x/y.rpm",
      '"https://x/y.rpm" does not say which package it is (name-version-release.arch.rpm); fetch it with get_url, and give its path here',
    ],
    ["a b", '"a b": that is no name, pattern, path or address of an rpm package'],
    ["*", '"*": that is no name, pattern, path or address of an rpm package'],
    ["-y", '"-y": that is no name, pattern, path or address of an rpm package'],
  ])("refuses %s", (spec, message) => expect(() => parseRpm(spec)).toThrow(message));

  it.each([
    ["5.1.8-9.el9", "5.1.8", true],
    ["5.1.8-9.el9", "0:5.1.8-9.el9", true],
    ["32:9.16-1", "9.16", false],
    ["5.1.8-9.el9", "5.1", false],
  ])("%s matches %s: %s", (installed, wanted, expected) => expect(rpmMatches([installed], wanted)).toBe(expected));

  it("reads what dnf and zypper call newer", () => {
    const dnf = "Available Upgrades\nbash.x86_64                 5.1.8-10.el9               baseos\n";
    expect(dnfManager("dnf").candidate.decode(output(dnf), ["bash", "curl"], undefined as never)).toEqual([
      { kind: "candidate", version: "5.1.8-10.el9" },
      { kind: "candidate", version: "installed" },
    ]);
    const rows =
      "S | Repository | Name | Current Version | Available Version | Arch\n--+---\nv | Main | curl | 8.0-1 | 8.1-1 | x86_64\n";
    expect(zypper.candidate.decode(output(rows), ["curl", "bash"], undefined as never)).toEqual([
      { kind: "candidate", version: "8.1-1" },
      { kind: "candidate", version: "installed" },
    ]);
  });
});

describe("apk (Alpine 3.20)", () => {
  const text = "P:busybox\nV:1.36.1-r29\np:/bin/sh cmd:busybox=1.36.1-r29\nP:musl\nV:1.2.5-r0\np:so:libc.musl-x86_64.so.1=1\n";
  it.each([
    ["busybox", { ...none, versions: ["1.36.1-r29"] }],
    ["cmd:busybox", { ...none, providers: ["busybox"] }],
    ["nosuch", none],
  ])("%s", (name, expected) => expect(decodeApk(output(text), [name])).toEqual([expected]));

  it("knows what was asked for, and what only something else needs", () => {
    expect(decodeApk(output(`${text}W:\nbusybox@edge>1\ncurl\n`), ["busybox", "musl"])).toEqual([
      { ...none, versions: ["1.36.1-r29"] },
      { ...none, versions: ["1.2.5-r0"], isDependency: true },
    ]);
  });

  it("reads what is newer, and compares versions", () => {
    expect(
      apk.candidate.decode(
        output("Installed:   Available:\nbusybox-1.36.1-r29  < 1.36.1-r30\n"),
        ["busybox", "musl"],
        undefined as never,
      ),
    ).toEqual([
      { kind: "candidate", version: "1.36.1-r30" },
      { kind: "candidate", version: "installed" },
    ]);
    expect(apk.matches(["1.36.1-r29"], "1.36.1")).toBe(true);
    expect(apk.matches(["1.36.1-r29"], "1.36")).toBe(true);
    expect(apk.matches(["1.36.1-r29"], "1.3")).toBe(false);
    expect(apk.parse("curl=8.5.0-r0")).toEqual({ spec: "curl=8.5.0-r0", name: "curl", version: "8.5.0-r0" });
  });
});

describe("zypper 1.14", () => {
  const answerTo = (question: ReturnType<typeof zypperPatches>, out: Output): unknown =>
    question.collector.decode(out, [""], debian)[0];
  const summary = `<?xml version='1.0'?>
<stream>
<message type="info">Computing distribution upgrade...</message>
<install-summary download-size="12406" space-usage-diff="4" packages-to-change="2">
<to-upgrade>
<solvable type="package" name="demo-tool" edition="2.0-1" arch="noarch" edition-old="1.0-1" arch-old="noarch" summary="&lt;for&gt; tests">
<description>Package for tests.</description></solvable>
<solvable type="patch" name="P" edition="1" edition-old="0"/>
</to-upgrade>
<to-install>
<solvable type="package" name="demo-lib" edition="1.0-1" arch="noarch" summary="package for tests">
<description>Package for tests.</description></solvable>
</to-install>
<to-downgrade>
<solvable type="package" name="back" edition="1-1" arch="noarch" edition-old="2-1"/>
</to-downgrade>
<to-remove>
<solvable type="package" name="gone" edition="3-1" arch="noarch"/>
</to-remove>
</install-summary></stream>
`;
  it("tells what a distribution upgrade would do", () => {
    expect(answerTo(zypperDistUpgrade(["dist-upgrade"]), output(summary))).toEqual({
      kind: "simulated",
      changes: [
        { name: "demo-tool", before: "1.0-1", after: "2.0-1" },
        { name: "demo-lib", before: "absent", after: "1.0-1" },
        { name: "back", before: "2-1", after: "1-1" },
        { name: "gone", before: "3-1", after: "absent" },
      ],
    });
    const wrong = '<stream>\n<message type="error">The flag --no-such is not known.</message>\n</stream>';
    expect(answerTo(zypperDistUpgrade(["dist-upgrade"]), output(wrong, 2))).toEqual(
      new Unknown("zypper dist-upgrade --dry-run failed: The flag --no-such is not known."),
    );
  });

  const patches = `Repository | Name        | Category | Severity  | Interactive | Status     | Summary
-----------+-------------+----------+-----------+-------------+------------+----------
demo       | DEMO-2024:1 | security | important | ---         | needed     | demo-tool
demo       | DEMO-2024:2 | feature  | low       | ---         | not needed | other
`;
  it.each([
    ["all", [], [{ name: "DEMO-2024:1", before: "needed", after: "applied" }]],
    ["one that is there", ["DEMO-2024:2"], []],
  ])("tells which patches are needed: %s", (_name, names, changes) => {
    expect(answerTo(zypperPatches(names), output(patches))).toEqual({ kind: "simulated", changes });
  });
  it("knows none where there are none, and none of another name", () => {
    expect(answerTo(zypperPatches([]), output(""))).toEqual({ kind: "simulated", changes: [] });
    expect(answerTo(zypperPatches(["X"]), output(patches))).toEqual(new Unknown('zypper\'s repositories have no patch "X"'));
    expect(answerTo(zypperPatches([]), output("", 7, "System management is locked"))).toEqual(
      new Unknown("zypper patches failed: System management is locked"),
    );
  });
});
