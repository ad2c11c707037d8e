import type { HostTraits, JsonObject } from "../contract.ts";
import { assignments, type RawFacts } from "./raw.ts";

/** Ansible's name of a distribution and of its family, by the ID of os-release. */
const NAMES: Readonly<Record<string, readonly [name: string, family: string]>> = {
  debian: ["Debian", "Debian"],
  ubuntu: ["Ubuntu", "Debian"],
  raspbian: ["Debian", "Debian"],
  linuxmint: ["Linux Mint", "Debian"],
  kali: ["Kali", "Debian"],
  pop: ["Pop!_OS", "Debian"],
  devuan: ["Devuan", "Debian"],
  fedora: ["Fedora", "RedHat"],
  rhel: ["RedHat", "RedHat"],
  centos: ["CentOS", "RedHat"],
  rocky: ["Rocky", "RedHat"],
  almalinux: ["AlmaLinux", "RedHat"],
  ol: ["OracleLinux", "RedHat"],
  amzn: ["Amazon", "RedHat"],
  "opensuse-leap": ["openSUSE Leap", "Suse"],
  "opensuse-tumbleweed": ["openSUSE Tumbleweed", "Suse"],
  "sle-micro": ["SLE Micro", "Suse"],
  sles: ["SLES", "Suse"],
  sles_sap: ["SLES_SAP", "Suse"],
  alpine: ["Alpine", "Alpine"],
  arch: ["Archlinux", "Archlinux"],
  manjaro: ["Manjaro", "Archlinux"],
  gentoo: ["Gentoo", "Gentoo"],
  flatcar: ["Flatcar", "Flatcar"],
};

const FAMILY_OF_LIKE: Readonly<Record<string, string>> = {
  debian: "Debian",
  ubuntu: "Debian",
  rhel: "RedHat",
  fedora: "RedHat",
  suse: "Suse",
  arch: "Archlinux",
  alpine: "Alpine",
};

/** distribution, distribution_version, distribution_release, os_family and their like. */
export function distributionFacts(raw: RawFacts, traits: HostTraits): JsonObject {
  const path = raw.lines("/etc/os-release").length > 0 ? "/etc/os-release" : "/usr/lib/os-release";
  const release = assignments(raw.lines(path));
  const id = (release.get("ID") ?? traits.osFamily[0] ?? "").toLowerCase();
  const known = NAMES[id];
  const like = (release.get("ID_LIKE") ?? "").split(/\s+/);
  const family =
    known?.[1] ??
    like.flatMap((one) => FAMILY_OF_LIKE[one] ?? [])[0] ??
    traits.osFamily.flatMap((one) => FAMILY_OF_LIKE[one] ?? [])[0];
  const name = known?.[0] ?? release.get("NAME") ?? traits.kernel;
  const version = versionOf(id, family, release, raw);
  return {
    distribution: name,
    distribution_version: version,
    distribution_major_version: version.split(".")[0] ?? "NA",
    distribution_minor_version: version.split(".")[1] ?? "NA",
    distribution_release: codename(family, release, raw),
    distribution_file_parsed: true,
    distribution_file_path: path,
    distribution_file_variety: family ?? name,
    os_family: family ?? name,
  };
}

function versionOf(id: string, family: string | undefined, release: ReadonlyMap<string, string>, raw: RawFacts): string {
  const version = release.get("VERSION_ID") ?? "";
  // Debian says "12" in os-release and "12.11" in its own file; "trixie/sid" there is no number.
  if (id === "debian" || id === "raspbian") {
    const own = raw.first("/etc/debian_version") ?? "";
    return /^\d/.test(own) ? own : version || own;
  }
  if (id === "alpine") return raw.first("/etc/alpine-release") ?? version;
  // CentOS says "7" in os-release and "7.9.2009" in redhat-release, of which Ansible takes what Python's distro does: 7.9.
  if (family === "RedHat" && id !== "amzn")
    return /release (\d+(?:\.\d+)?)/.exec(raw.first("/etc/redhat-release") ?? "")?.[1] ?? version;
  return version || "NA";
}

function codename(family: string | undefined, release: ReadonlyMap<string, string>, raw: RawFacts): string {
  if (family === "RedHat") return /\(([^)]*)\)\s*$/.exec(raw.first("/etc/redhat-release") ?? "")?.[1] ?? "NA";
  if (family === "Suse") return /\.(\d+)$/.exec(release.get("VERSION_ID") ?? "")?.[1] ?? "NA";
  return (
    release.get("VERSION_CODENAME") ??
    release.get("UBUNTU_CODENAME") ??
    /\((.*)\)/.exec(release.get("VERSION") ?? "")?.[1] ??
    "NA"
  );
}
