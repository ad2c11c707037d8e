import { sh } from "../../../sh.ts";
import { ModuleFailure, type Question, Unknown } from "../../contract.ts";
import { ask } from "../question.ts";
import { compareRpmVersions } from "./compare-versions.ts";
import type { InstalledPackage, WantedPackage } from "./package-manager.ts";

const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.+~^-]*$/;
const PATTERN = /^(?=.*[A-Za-z0-9])[A-Za-z0-9_*?[][A-Za-z0-9_.+~^*?[\]-]*$/;

/**
 * What a task may write for an rpm package: a name with or without version, a pattern, a path that a package provides, a package file on the
 * host or by its address, and, where `groupOf` says how to ask for it, a group.
 */
export function parseRpm(spec: string, groupOf?: (id: string) => Question<InstalledPackage>): WantedPackage {
  if (/^(https?|ftp|file):\/\/\S+\.rpm([?#]\S*)?$/.test(spec))
    return { spec, name: spec, version: undefined, question: remoteRpm(spec) };
  if (/^\/\S+\.rpm$/.test(spec)) return { spec, name: spec, version: undefined, question: rpmFile(spec) };
  if (NAME.test(spec) || /^\/[^\s*?[]+$/.test(spec)) return { spec, name: spec, version: undefined };
  if (PATTERN.test(spec)) return { spec, name: spec, version: undefined, isPattern: true };
  const versioned = /^([A-Za-z0-9_][A-Za-z0-9_.+-]*)\s*=\s*([A-Za-z0-9:_.+~^-]+)$/.exec(spec);
  if (versioned?.[1] !== undefined && versioned[2] !== undefined) {
    const version = versioned[2];
    return { spec: `${versioned[1]}-${version}`, name: versioned[1], version };
  }
  const group = /^@([A-Za-z0-9_][A-Za-z0-9_.:/ +-]*)$/.exec(spec)?.[1];
  if (group !== undefined && groupOf !== undefined) return { spec, name: spec, version: undefined, question: groupOf(group) };
  const why = spec.startsWith("@")
    ? "groups of packages are dnf's alone"
    : "that is no name, pattern, path or address of an rpm package";
  throw new ModuleFailure(`"${spec}": ${why}`);
}

const QUERY = "%{NAME}\\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\n";
const withoutEpoch = (version: string): string => version.replace(/^0:/, "");

function ofFile(offered: string, installed: readonly string[]): InstalledPackage {
  const versions = installed.map(withoutEpoch);
  const isEnough = versions.some((one) => compareRpmVersions(one, offered) >= 0);
  return { kind: "installed", versions, providers: [], isResidual: false, offered: { version: withoutEpoch(offered), isEnough } };
}

/** A package file on the host, and what is installed of its package. */
function rpmFile(path: string): Question<InstalledPackage> {
  const script = sh`[ -e ${path} ] || { echo missing; exit 0; }
n=$(rpm -qp --nosignature --qf ${QUERY} -- ${path}) || exit
printf '%s\\n' "$n"
rpm -q --qf ${QUERY} -- "\${n%%	*}" 2>/dev/null; :`;
  return ask("rpm file", script, (output) => {
    const rows = output.stdout.toString("utf8").trim().split("\n");
    if (rows[0] === "missing") return { kind: "installed", versions: [], providers: [], isResidual: false, missingFile: path };
    const offered = rows[0]?.split("\t")[1];
    if (output.rc !== 0 || offered === undefined)
      return new Unknown(`${path} is no rpm package: ${output.stderr.toString("utf8").trim().split("\n").at(-1) ?? ""}`);
    return ofFile(offered, versionsIn(rows.slice(1)));
  });
}

const versionsIn = (rows: readonly string[]): string[] => rows.flatMap((row) => row.split("\t")[1] ?? []);

/** What is installed under the name that an address says: `name-version-release.arch.rpm`, the rule for all rpm files. */
function remoteRpm(url: string): Question<InstalledPackage> {
  const file = url.replace(/[?#].*$/, "").replace(/^.*\//, "");
  const [, name, version] = /^(.+)-([^-]+-[^-]+)\.[^.]+\.rpm$/.exec(file) ?? [];
  if (name === undefined || version === undefined)
    throw new ModuleFailure(
      `"${url}" does not say which package it is (name-version-release.arch.rpm); fetch it with get_url, and give its path here`,
    );
  const script = sh`command -v rpm >/dev/null || { echo 'the host has no "rpm" command' >&2; exit 127; }
rpm -q --qf ${QUERY} -- ${name}; :`;
  return ask(`address of ${name} ${version}`, script, (output) => {
    if (output.rc !== 0) return new Unknown(`cannot list packages: ${output.stderr.toString("utf8").trim()}`);
    const rows = output.stdout
      .toString("utf8")
      .split("\n")
      .filter((row) => row.includes("\t"));
    // The name of a file says no epoch.
    const installed = versionsIn(rows).map((one) => one.replace(/^\d+:/, ""));
    return ofFile(version, installed);
  });
}
