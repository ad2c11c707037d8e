import { joinSh, Sh, sh } from "../../sh.ts";
import type { HostTraits, Output, Resource } from "../contract.ts";

/** Commands whose presence is part of the traits. Looked up with `command -v`, which is a builtin. */
export const COMMANDS = [
  ..."stat find file readlink realpath sha256sum sha1sum md5sum sha512sum base64 gzip xz bzip2 zstd tar unzip awk sed".split(" "),
  ..."getfacl setfacl chattr lsattr restorecon chcon getenforce semanage flock timeout mktemp setsid sync xargs".split(" "),
  ..."systemctl systemd-run journalctl rc-service rc-update service update-rc.d chkconfig insserv".split(" "),
  ..."apt-get apt-cache apt-mark dpkg dpkg-query debconf-set-selections dnf dnf5 yum rpm zypper apk pacman".split(" "),
  ..."useradd usermod userdel groupadd groupmod groupdel gpasswd lgroupadd luseradd".split(" "),
  ..."adduser addgroup deluser delgroup chpasswd passwd chage getent ssh-keygen".split(" "),
  ..."sysctl modprobe rmmod modinfo ip ss nft iptables mount umount findmnt blkid mkfs mkswap swapon swapoff".split(" "),
  ..."bash python3 perl nc ncat socat curl wget openssl busybox git crontab pgrep".split(" "),
  ..."hostnamectl timedatectl localectl hostname reboot shutdown update-ca-certificates update-ca-trust policy-rc.d".split(" "),
] as const;

/**
 * One fork (`uname`), the rest by builtins. `/proc/self` of a redirection is the shell's own, so its `Uid:` line is what `id -u`
 * would say.
 */
export const traitsScript: Sh = joinSh([
  sh`echo "uname $(uname -s -m)"`,
  new Sh('echo "home $HOME"'),
  new Sh(`for f in /etc/os-release /usr/lib/os-release; do
[ -r $f ] || continue
while IFS= read -r l || [ -n "$l" ]; do case $l in ID=*|ID_LIKE=*) echo "os $l";; esac; done < $f
break
done
for f in alpine-release debian_version redhat-release SUSE-brand arch-release; do [ -e /etc/$f ] && echo "release $f"; done
u=
[ -r /proc/self/status ] && while read -r k v r; do case $k in Uid:) u=\${r%%[!0-9]*}; break;; esac; done < /proc/self/status
[ -n "$u" ] || u=$(id -u)
echo "uid $u"
[ -e /sys/fs/selinux/enforce ] && echo selinux
[ -d /run/systemd/system ] && echo "manager systemd"
[ -d /run/openrc ] && echo "manager openrc"
[ -d /etc/init.d ] && echo "manager sysvinit"
k3_n=0
[ -r /etc/passwd ] && while [ $k3_n -lt 500 ] && IFS=: read -r n p u g c d s; do k3_n=$((k3_n + 1)); echo "account $n:$u:$d"; done < /etc/passwd`),
  sh`for c in ${COMMANDS}; do command -v $c >/dev/null 2>&1 && echo "has $c"; done`,
  sh`:`,
]);

/** Reads what `traitsScript` printed. */
export function decodeTraits(output: Output): HostTraits {
  const said = new Map<string, string[]>();
  for (const line of output.stdout.toString("utf8").split("\n")) {
    const space = line.indexOf(" ");
    const key = space < 0 ? line : line.slice(0, space);
    const known = said.get(key) ?? [];
    said.set(key, [...known, space < 0 ? "" : line.slice(space + 1)]);
  }
  const [kernel = "Linux", machine = ""] = (said.get("uname")?.[0] ?? "").split(" ");
  const commands = new Set(said.get("has") ?? []);
  const osFamily = osFamilyOf(said.get("os") ?? [], said.get("release") ?? []);
  return {
    kernel,
    machine,
    osFamily,
    serviceManager: serviceManagerOf(said.get("manager") ?? [], commands),
    packageManager: packageManagerOf(osFamily, commands),
    selinux: said.has("selinux"),
    userId: Number(said.get("uid")?.[0] ?? Number.NaN),
    home: said.get("home")?.[0] ?? "",
    commands,
  };
}

/** What differs between the users of one host. */
export type Identity = Pick<HostTraits, "userId" | "home">;

/** Who the host's own accounts are, so that becoming one of them needs no question. Those of a directory service are not among them. */
export function decodeAccounts(output: Output): ReadonlyMap<string, Identity> {
  const found = new Map<string, Identity>();
  for (const line of output.stdout.toString("utf8").split("\n")) {
    const [, name, id, home] = /^account ([^:]+):(\d+):(.*)$/.exec(line) ?? [];
    if (name !== undefined && home !== undefined && !found.has(name)) found.set(name, { userId: Number(id), home });
  }
  return found;
}

/** Are these traits of one host in one state, whoever was asked? */
export function isSameHost(a: HostTraits, b: HostTraits): boolean {
  const told = ({ userId: _user, home: _home, commands, ...rest }: HostTraits): string =>
    JSON.stringify({ ...rest, commands: [...commands].sort() });
  return told(a) === told(b);
}

/** Kinds of things that are no command and no account, and by which nobody finds one. */
const NO_TRAIT = /^(?:unit|group|image|kind|device):/;

/**
 * Can a change that provides this bring or take what the traits tell? Of one that provides nothing nobody knows: it may remove a package.
 * A path is a file by its very name, or all that may come with a directory.
 */
export function mayAlterTraits(provided: readonly (Resource | "*")[]): boolean {
  const isHarmless = (one: Resource | "*"): boolean => {
    if (NO_TRAIT.test(one)) return true;
    if (!one.startsWith("path:")) return false;
    const name = one.slice(one.lastIndexOf("/") + 1);
    return name !== "*" && !TELLING.has(name);
  };
  return provided.length === 0 || !provided.every(isHarmless);
}

/** Names of files that the traits are told by. */
const TELLING: ReadonlySet<string> = new Set([...COMMANDS, "bin", "sbin", "passwd", "os-release", "init.d"]);

/** Stands in while a host has not answered yet, for scripts that do not look at the traits. */
export const unknownTraits: HostTraits = {
  kernel: "Linux",
  machine: "",
  osFamily: [],
  serviceManager: "none",
  packageManager: "none",
  selinux: false,
  userId: 0,
  home: "",
  commands: new Set(),
};

const OF_RELEASE_FILE: Readonly<Record<string, string>> = {
  "alpine-release": "alpine",
  debian_version: "debian",
  "redhat-release": "rhel",
  "SUSE-brand": "suse",
  "arch-release": "arch",
};

function osFamilyOf(osRelease: readonly string[], releaseFiles: readonly string[]): string[] {
  const value = (key: string): string[] => {
    const line = osRelease.find((one) => one.startsWith(`${key}=`)) ?? "";
    return line
      .slice(key.length + 1)
      .replace(/^(["'])(.*)\1$/, "$2")
      .toLowerCase()
      .split(/\s+/)
      .filter((one) => one !== "");
  };
  const families = [...value("ID"), ...value("ID_LIKE")];
  if (families.length === 0) return releaseFiles.flatMap((file) => OF_RELEASE_FILE[file] ?? []);
  // "opensuse-leap" says ID_LIKE="suse opensuse", SLES says nothing.
  if (families.some((one) => one.startsWith("opensuse") || one.startsWith("sle"))) families.push("suse");
  return [...new Set(families)];
}

function serviceManagerOf(found: readonly string[], commands: ReadonlySet<string>): HostTraits["serviceManager"] {
  // From specific to general: nearly every host has /etc/init.d, and Debian can have OpenRC's commands beside systemd.
  if (found.includes("systemd") && commands.has("systemctl")) return "systemd";
  if (found.includes("openrc") && commands.has("rc-service")) return "openrc";
  if (found.includes("sysvinit")) return "sysvinit";
  return "none";
}

const BY_FAMILY: readonly (readonly [families: readonly string[], managers: readonly HostTraits["packageManager"][]])[] = [
  [["debian", "ubuntu"], ["apt"]],
  [
    ["fedora", "rhel", "centos", "rocky", "almalinux", "ol", "amzn"],
    ["dnf", "yum"],
  ],
  [["suse"], ["zypper"]],
  [["alpine", "postmarketos"], ["apk"]],
  [["arch"], ["pacman"]],
];

function packageManagerOf(osFamily: readonly string[], commands: ReadonlySet<string>): HostTraits["packageManager"] {
  // The distribution decides first: dnf can be installed on Debian, apt on Fedora.
  for (const [families, managers] of BY_FAMILY) {
    if (!osFamily.some((one) => families.includes(one))) continue;
    const own = managers.find((one) => hasManager(one, commands));
    if (own !== undefined) return own;
  }
  const all = ["apt", "dnf", "yum", "zypper", "apk", "pacman"] as const;
  return all.find((one) => hasManager(one, commands)) ?? "none";
}

function hasManager(manager: HostTraits["packageManager"], commands: ReadonlySet<string>): boolean {
  if (manager === "apt") return commands.has("apt-get");
  if (manager === "dnf") return commands.has("dnf") || commands.has("dnf5");
  return commands.has(manager);
}
