import { describe, expect, it } from "vitest";
import { runScript } from "../../../test/local-shell.ts";
import type { Resource } from "../contract.ts";
import { decodeAccounts, decodeTraits, isSameHost, mayAlterTraits, traitsScript } from "./traits.ts";

const traits = (text: string) => decodeTraits({ rc: 0, stdout: Buffer.from(text), stderr: Buffer.alloc(0) });

describe("traits", () => {
  it.each([
    [
      "Debian 12",
      "os ID=debian\nmanager systemd\nmanager sysvinit\nhas systemctl\nhas apt-get\nhas dnf\n",
      ["debian"],
      "systemd",
      "apt",
    ],
    ["Ubuntu", "os ID=ubuntu\nos ID_LIKE=debian\nhas apt-get\n", ["ubuntu", "debian"], "none", "apt"],
    [
      "Rocky 9",
      'os ID="rocky"\nos ID_LIKE="rhel centos fedora"\nmanager systemd\nhas systemctl\nhas dnf\nhas yum\nhas apt-get\n',
      ["rocky", "rhel", "centos", "fedora"],
      "systemd",
      "dnf",
    ],
    ["CentOS 7", 'os ID="centos"\nos ID_LIKE="rhel fedora"\nhas yum\nhas rpm\n', ["centos", "rhel", "fedora"], "none", "yum"],
    [
      "openSUSE",
      'os ID="opensuse-leap"\nos ID_LIKE="suse opensuse"\nhas zypper\n',
      ["opensuse-leap", "suse", "opensuse"],
      "none",
      "zypper",
    ],
    ["SLES", 'os ID="sles"\nhas zypper\n', ["sles", "suse"], "none", "zypper"],
    ["Alpine", "os ID=alpine\nmanager openrc\nmanager sysvinit\nhas rc-service\nhas apk\n", ["alpine"], "openrc", "apk"],
    ["no os-release", "release debian_version\nmanager sysvinit\nhas apt-get\n", ["debian"], "sysvinit", "apt"],
    ["systemd's directory without systemctl", "manager systemd\nmanager sysvinit\n", [], "sysvinit", "none"],
  ])("%s", (_name, text, osFamily, serviceManager, packageManager) => {
    expect(traits(text)).toMatchObject({ osFamily, serviceManager, packageManager });
  });

  it("reads the rest", () => {
    const all = traits("uname Linux aarch64\nhome /home/a b\nuid 1000\nselinux\n");
    expect(all).toMatchObject({ kernel: "Linux", machine: "aarch64", home: "/home/a b", userId: 1000, selinux: true });
  });

  it.each([[["/bin/sh"]], [["bash", "--posix"]], [["busybox", "sh"]]])("runs with %s", (shell) => {
    const output = runScript({ script: traitsScript }, { HOME: "/root" }, shell);
    expect(output).toMatchObject({ rc: 0, stderr: Buffer.alloc(0) });
    const found = decodeTraits(output);
    expect(found).toMatchObject({ kernel: "Linux", userId: process.getuid?.(), home: "/root" });
    expect([...found.commands]).toEqual(expect.arrayContaining(["stat", "find"]));
  });

  it("knows the accounts of the host's own files", () => {
    const output = runScript({ script: traitsScript }, { HOME: "/root" }, ["/bin/sh"]);
    expect(decodeAccounts(output).get("root")).toEqual({ userId: 0, home: "/root" });
  });

  it.each<[boolean, readonly (Resource | "*")[]]>([
    [true, ["*"]],
    [true, ["package:*"]],
    [true, ["user:bob"]],
    [true, []],
    [true, ["path:/srv/a", "path:/usr/local/bin/curl"]],
    [true, ["path:/opt/tools/*"]],
    [true, ["path:/etc/passwd"]],
    [false, ["path:/srv/a", "path:/usr/local/bin/k3s"]],
    [false, ["unit:x", "group:x", "image:x"]],
  ])("%s: may be others after a change that provides %j", (may, provided) => expect(mayAlterTraits(provided)).toBe(may));

  it("are the same whoever is asked", () => {
    const [root, bob] = [traits("home /root\nuid 0\nhas tar\nhas xz\n"), traits("home /home/bob\nuid 1\nhas xz\nhas tar\n")];
    expect(isSameHost(root, bob)).toBe(true);
    expect(isSameHost(root, traits("home /root\nuid 0\nhas tar\n"))).toBe(false);
  });
});
