import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Collector, ModuleFailure, type Output, Unknown } from "../../contract.ts";
import { readOnlyCache } from "./apt-cache.ts";
import { compareDebianVersions } from "./compare-versions.ts";
import { listsCollector } from "./lists.ts";
import type {
  Candidate,
  InstalledPackage,
  Lists,
  Matches,
  PackageManager,
  Transaction,
  TransactionOptions,
  WantedPackage,
} from "./package-manager.ts";

const NAME = /^([a-z0-9][a-z0-9+.-]*(?::[a-z0-9-]+)?)(?:=([A-Za-z0-9.+:~*?[\]-]+))?$/;
/** As dpkg-query takes it; there must be something in it that is no wildcard. */
const PATTERN = /^(?=.*[a-z0-9])([a-z0-9+.*?[\]-]+)(?:=([A-Za-z0-9.+:~*?[\]-]+))?$/;

/** One `dpkg-query` for all names; only when one is not installed, a second for the packages that provide it. */
const installed: Collector<InstalledPackage> = {
  name: "dpkg-package",
  beforeTraits: true,
  script: (items) => sh`set -- ${items}
dpkg-query -W -f '\${Package}\\t\${Architecture}\\t\${Version}\\t\${db:Status-Abbrev}\\n' -- "$@" 2>/dev/null; s=$?
[ $s -le 1 ] || { echo "dpkg-query ended with status $s" >&2; exit $s; }
[ $s -eq 0 ] || dpkg-query -W -f 'provides\\t\${Package}\\t\${db:Status-Abbrev}\\t\${Provides}\\n' | grep -F ${items.flatMap((item) => ["-e", item])}
:`,
  decode: decodeDpkg,
};

export function decodeDpkg(output: Output, items: readonly string[]): (InstalledPackage | Unknown)[] {
  if (output.rc !== 0) return items.map(() => new Unknown(`cannot list packages: ${output.stderr.toString("utf8").trim()}`));
  const rows = output.stdout
    .toString("utf8")
    .split("\n")
    .map((line) => line.split("\t"));
  const own = rows.filter((row) => row.length === 4 && row[0] !== "provides");
  const providing = rows.filter((row) => row[0] === "provides" && isInstalled(row[2]));
  return items.map((item) => {
    const [name, architecture] = item.split(":");
    const mine = own.filter(
      (row) => row[0] === name && (architecture === undefined || row[1] === architecture || row[1] === "all"),
    );
    const present = mine.filter((row) => isInstalled(row[3]));
    const providers = providing.filter((row) => (row[3] ?? "").split(/,\s*/).some((one) => one.split(/[ :]/)[0] === name));
    return {
      kind: "installed",
      versions: present.map((row) => row[2] ?? ""),
      providers: present.length > 0 ? [] : providers.map((row) => row[1] ?? ""),
      isResidual: present.length === 0 && mine.some((row) => row[3]?.charAt(1) === "c"),
      ...(present.some((row) => row[3]?.charAt(0) === "h") ? { isHeld: true as const } : {}),
    };
  });
}

// The second letter of dpkg's abbreviated status: i installed, t and W wait for triggers.
const isInstalled = (status: string | undefined): boolean => /^.[itW]/.test(status ?? "");

/** `release`: what `-t` says, since it decides which version is the newest. */
const candidateOf = (release: string | undefined): Collector<Candidate> => ({
  name: release === undefined ? "apt-candidate" : `apt-candidate ${release}`,
  beforeTraits: true,
  script: (items) => sh`${readOnlyCache}
apt-cache $k3_cache ${releaseFlags(release)} policy -- ${items}`,
  decode: (output, items) => {
    if (output.rc !== 0) return items.map(() => new Unknown(`apt-cache policy failed: ${output.stderr.toString("utf8").trim()}`));
    const found = decodePolicy(output.stdout.toString("utf8"));
    return items.map((item) => {
      const known = found.get(item) ?? found.get(item.replace(/:.*$/, ""));
      return known === undefined ? { kind: "candidate", version: null, isUnknown: true } : { kind: "candidate", version: known };
    });
  },
});

const releaseFlags = (release: string | undefined): string[] =>
  release === undefined ? [] : ["-o", `APT::Default-Release=${release}`];

/** Name -> newest version (null: only others provide it) of what the lists know. */
function decodePolicy(text: string): ReadonlyMap<string, string | null> {
  return new Map(
    [...text.matchAll(/^(\S+):\n(?: {2}.*\n)*? {2}Candidate: (.*)$/gm)].map(([, name = "", version = ""]) => [
      name,
      version === "(none)" ? null : version,
    ]),
  );
}

/** What names match, by the package data base and by the lists; three processes for each pattern. */
const matchingOf = (release: string | undefined): Collector<Matches> => ({
  name: release === undefined ? "apt-matching" : `apt-matching ${release}`,
  beforeTraits: true,
  script: (items) =>
    joinSh([
      readOnlyCache,
      ...items.map(
        (item, index) => sh`echo ${`== ${index} installed`}
dpkg-query -W -f '\${Package}\\t\${Version}\\t\${db:Status-Abbrev}\\n' -- ${item} 2>/dev/null
echo ${`== ${index} known`}
set -f; set -- $(apt-cache $k3_cache pkgnames ${item.replace(/[*?[].*$/, "")} | grep -x -- ${grepPattern(item)}); set +f
[ $# -eq 0 ] || apt-cache $k3_cache ${releaseFlags(release)} policy -- "$@" || exit`,
      ),
    ]),
  decode: (output, items) => {
    if (output.rc !== 0) return items.map(() => new Unknown(`apt-cache failed: ${output.stderr.toString("utf8").trim()}`));
    const blocks = output.stdout.toString("utf8").split(/^== \d+ (?:installed|known)\n/m);
    return items.map((item, index) => decodeMatches(blocks[index * 2 + 1] ?? "", blocks[index * 2 + 2] ?? "", item));
  },
});

const grepPattern = (pattern: string): string =>
  pattern
    .replace(/[.+]/g, (char) => (char === "." ? "\\." : char))
    .replace(/\*/g, ".*")
    .replace(/\?/g, ".");

function decodeMatches(installedText: string, policyText: string, pattern: string): Matches {
  const test = globTest(pattern);
  const found = new Map<string, { versions: string[]; candidate: string | null }>();
  for (const [name, candidate] of decodePolicy(policyText)) if (test.test(name)) found.set(name, { versions: [], candidate });
  for (const line of installedText.split("\n")) {
    const [name = "", version = "", status] = line.split("\t");
    if (!isInstalled(status)) continue;
    const known = found.get(name) ?? { versions: [], candidate: null };
    found.set(name, { ...known, versions: [...known.versions, version] });
  }
  return {
    kind: "matches",
    found: [...found].map(([name, one]) => ({ name, ...one })).sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

const lists: Collector<Lists> = listsCollector("apt-lists", {
  evidence: "/var/lib/apt/lists/*Release",
  fetched: ["/var/lib/apt/periodic/update-success-stamp", "/var/lib/apt/lists/partial", "/var/lib/apt/lists"],
  sources: ["/etc/apt/sources.list", "/etc/apt/sources.list.d", "/etc/apt/sources.list.d/*"],
});

/** The back end; `release` is the one whose versions are preferred. */
export const aptManager = (release?: string): PackageManager => ({
  name: "apt",
  parse: (spec): WantedPackage => {
    const match = NAME.exec(spec);
    if (match?.[1] !== undefined) return { spec, name: match[1], version: match[2] };
    const pattern = PATTERN.exec(spec);
    if (pattern?.[1] !== undefined && /[*?[]/.test(pattern[1]))
      return { spec, name: pattern[1], version: pattern[2], isPattern: true };
    throw new ModuleFailure(`"${spec}": that is no name of a Debian package`);
  },
  defaultFlags: ["-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"],
  sources: ["/etc/apt/sources.list", "/etc/apt/sources.list.d"],
  installed,
  candidate: candidateOf(release),
  matching: matchingOf(release),
  lists,
  knowsUnknown: true,
  isNewer: (found, wanted) => compareDebianVersions(found, wanted) > 0,
  matches: (versions, wanted) => versions.some((one) => one === wanted || globTest(wanted).test(one)),
  transaction: (work, options) => joinSh([aptEnvironment, ...aptSteps(work, options)]),
});

export const apt: PackageManager = aptManager();

const globTest = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|\\]/g, "\\$&")
      .replace(/\*/g, ".*")
      .replace(/\?/g, ".")}$`,
  );

export const aptEnvironment: Sh = sh`export DEBIAN_FRONTEND=noninteractive DEBIAN_PRIORITY=critical APT_LISTCHANGES_FRONTEND=none`;

function aptSteps(work: Transaction, options: TransactionOptions): Sh[] {
  const steps = work.refresh ? [aptUpdate(options.lockTimeoutSeconds)] : [];
  if (work.install.length > 0)
    steps.push(
      aptGet(
        "install",
        options,
        work.install.map((one) => one.spec),
      ),
    );
  if (work.remove.length > 0)
    steps.push(
      aptGet(
        "remove",
        options,
        work.remove.map((one) => one.name),
      ),
    );
  return steps;
}

export function aptGet(verb: string, options: TransactionOptions, names: readonly (string | Sh)[]): Sh {
  return sh`apt-get -y -q -o DPkg::Lock::Timeout=${options.lockTimeoutSeconds} ${options.flags} ${verb} ${names.length === 0 ? [] : ["--", ...names]} || exit`;
}

/** A line of output that says that the lists were fetched. */
export const REFRESHED = "k3sprov: package lists fetched";

export type Retries = { readonly times: number; readonly mostSeconds: number };

/**
 * apt waits for dpkg's lock but not for that of the lists. A server that cannot be reached is tried again `retries.times`, after 1, 2, 4, …
 * seconds; a wrong signature or a missing file is not.
 */
export function aptUpdate(lockTimeoutSeconds: number, retries: Retries = { times: 0, mostSeconds: 12 }): Sh {
  return sh`left=${lockTimeoutSeconds} again=${retries.times} pause=1
while :; do
out=$(apt-get -q update 2>&1); s=$?
# Sources that cannot be reached are only a warning to apt, which goes on with the old lists.
case $out in *'Failed to fetch'*|*'Some index files failed to download'*) s=100 ;; esac
if [ $s -eq 0 ]; then printf '%s\\n' "$out"; break; fi
case $out in
*'Could not get lock'*) if [ "$left" -gt 0 ]; then left=$((left - 2)); sleep 2; continue; fi ;;
*'Temporary failure'*|*'Could not resolve'*|*'Could not connect'*|*'onnection failed'*|*'onnection timed out'*|*'onnection reset'*|*' 50'[0-9]' '*)
if [ "$again" -gt 0 ]; then
again=$((again - 1)); sleep "$pause"; pause=$((pause * 2)); [ "$pause" -le ${retries.mostSeconds} ] || pause=${retries.mostSeconds}; continue
fi ;;
esac
printf '%s\\n' "$out" >&2; exit 100
done
touch /var/lib/apt/lists
echo ${REFRESHED}`;
}

const POLICY = "/usr/sbin/policy-rc.d";

/** Runs apt while packages that ask whether they may start services get `answer` (see invoke-rc.d's policy-rc.d). */
export function withPolicy(answer: number, work: Sh): Sh {
  const saved = `${POLICY}.k3sprov`;
  return sh`[ -e ${POLICY} ] && [ ! -e ${saved} ] && mv -- ${POLICY} ${saved}
trap ${`rm -f -- ${POLICY}; [ -e ${saved} ] && mv -- ${saved} ${POLICY}`} EXIT
trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM
printf '#!/bin/sh\\nexit %s\\n' ${answer} > ${POLICY} && chmod 755 ${POLICY} || exit
${work}`;
}
