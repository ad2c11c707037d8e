import { type Sh, sh } from "../../../sh.ts";
import { type Question, Unknown } from "../../contract.ts";
import { ask } from "../question.ts";
import { aptGet } from "./apt.ts";
import { readOnlyCache } from "./apt-cache.ts";
import { compareDebianVersions } from "./compare-versions.ts";
import type { DebFile, RemoteDeb, Simulated, TransactionOptions } from "./package-manager.ts";

/** What an `apt-get` command would install, upgrade or remove, by apt's own simulation, which takes no lock and writes nothing. */
export function simulation(
  verb: "upgrade" | "dist-upgrade" | "autoremove" | "build-dep",
  flags: readonly string[],
  names: readonly string[] = [],
): Question<Simulated> {
  const script = sh`${readOnlyCache}
apt-get -s -q -o Debug::NoLocking=true $k3_cache ${flags} ${verb} ${names.length === 0 ? [] : ["--", ...names]}`;
  return ask("apt simulation", script, (output) => {
    if (output.rc !== 0) return new Unknown(`apt-get -s ${verb} failed: ${output.stderr.toString("utf8").trim()}`);
    const lines = [...output.stdout.toString("utf8").matchAll(/^(Inst|Remv|Purg) (\S+)(?: \[([^\]]*)\])?(?: \((\S+))?/gm)];
    return {
      kind: "simulated",
      changes: lines.map(([, what, name = "", before, after]) => ({
        name,
        before: before ?? "absent",
        after: what === "Inst" ? (after ?? "present") : "absent",
      })),
    };
  });
}

/** Files in apt's cache that `clean` (all) or `autoclean` (what cannot be fetched any more) would delete. */
export function cachedFiles(verb: "clean" | "autoclean"): Question<Simulated> {
  const script: Sh =
    verb === "clean"
      ? sh`for f in /var/cache/apt/archives/*.deb; do [ -e "$f" ] && echo "Del \${f##*/}"; done; :`
      : sh`${readOnlyCache}
apt-get -s -o Debug::NoLocking=true $k3_cache autoclean`;
  return ask(`apt ${verb}`, script, (output) => {
    if (output.rc !== 0) return new Unknown(`apt-get -s ${verb} failed: ${output.stderr.toString("utf8").trim()}`);
    const names = [...output.stdout.toString("utf8").matchAll(/^Del (\S+)/gm)].map((match) => match[1] ?? "");
    return { kind: "simulated", changes: names.map((name) => ({ name, before: "cached", after: "absent" })) };
  });
}

/** What package a .deb file on the host holds, and how that compares with what is installed. */
export function debFile(path: string): Question<DebFile> {
  const script = sh`f=${path}
[ -e "$f" ] || { echo missing; exit 0; }
# "dpkg-deb -f" would unpack into a temporary directory, and a probe writes nothing.
c=$(dpkg-deb --ctrl-tarfile "$f" | tar -xOf - ./control) && p=$(printf '%s\\n' "$c" | sed -n 's/^Package: *//p') && v=$(printf '%s\\n' "$c" | sed -n 's/^Version: *//p') && [ -n "$p" ] || exit 1
i=$(dpkg-query -W -f '\${db:Status-Abbrev}\${Version}' -- "$p" 2>/dev/null)
case $i in ?i*) i=\${i#???} ;; *) i= ;; esac
r=absent
if [ -n "$i" ]; then
if dpkg --compare-versions "$i" lt "$v"; then r=older; elif dpkg --compare-versions "$i" eq "$v"; then r=same; else r=newer; fi
fi
echo "$p|$v|$i|$r"`;
  return ask("deb file", script, (output) => {
    const said = output.stdout.toString("utf8").trim();
    if (said === "missing") return { kind: "deb", found: null };
    const [name, version, installed = "", relation] = said.split("|");
    if (output.rc !== 0 || name === undefined || version === undefined) {
      return new Unknown(`cannot read ${path}: ${output.stderr.toString("utf8").trim()}`);
    }
    if (relation !== "absent" && relation !== "older" && relation !== "same" && relation !== "newer") {
      return new Unknown(`cannot compare the versions of ${name}`);
    }
    return { kind: "deb", found: { name, version, installed, relation } };
  });
}

/** `name_1.2-3_all.deb`: the version has no epoch there, which would need a colon. */
const DEB_NAME = /([a-z0-9][a-z0-9+.-]+)_(\d[A-Za-z0-9.+~-]*)_[a-z0-9-]+\.deb$/;

/** What is installed under the name that an address of a package says. */
export function remoteDeb(url: string): Question<RemoteDeb> {
  const file = decodeURIComponent(url.replace(/[?#].*$/, "").replace(/%(?![0-9A-Fa-f]{2})/g, "%25"));
  const [, name, version] = DEB_NAME.exec(file) ?? [];
  if (name === undefined || version === undefined) {
    return ask("address without version", sh`:`, () => ({ kind: "remote-deb", known: null }));
  }
  const script = sh`dpkg-query -W -f '\${db:Status-Abbrev}\${Version}' -- ${name} 2>/dev/null; s=$?; [ $s -le 1 ] || exit $s`;
  return ask(`address of ${name} ${version}`, script, (output) => {
    if (output.rc !== 0) return new Unknown("cannot list packages: dpkg-query failed");
    const said = output.stdout.toString("utf8");
    const installed = /^.[itW]/.test(said) ? said.slice(3).replace(/^\d+:/, "") : "";
    const isEnough = installed !== "" && compareDebianVersions(installed, version) >= 0;
    return { kind: "remote-deb", known: { name, version, installed, isEnough } };
  });
}

/** Fetches a package by apt's own helper, and installs it unless its version is installed already. */
export function fetchAndInstall(url: string, options: TransactionOptions): Sh {
  return sh`k3_deb=$(mktemp -d) && chmod 755 "$k3_deb" || exit
trap 'rm -rf "$k3_deb"' EXIT
trap 'exit 1' HUP INT TERM
k3_said=$(/usr/lib/apt/apt-helper download-file ${url} "$k3_deb/package.deb" 2>&1) || { printf '%s\\n' ${`cannot fetch ${url}: `}"$k3_said" >&2; exit 1; }
k3_new=$(dpkg-deb -f "$k3_deb/package.deb" Package) && k3_version=$(dpkg-deb -f "$k3_deb/package.deb" Version) || { echo ${`what ${url} answers is no Debian package`} >&2; exit 1; }
if [ "$(dpkg-query -W -f '\${db:Status-Abbrev}\${Version}' -- "$k3_new" 2>/dev/null)" = "ii $k3_version" ]; then echo 'k3sprov: no change'
else
${aptGet("install", options, [sh`"$k3_deb/package.deb"`])}
fi`;
}
