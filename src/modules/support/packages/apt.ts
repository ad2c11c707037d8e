import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Collector, ModuleFailure, type Output, Unknown } from "../../contract.ts";
import { listsCollector } from "./lists.ts";
import type {
  Candidate,
  InstalledPackage,
  Lists,
  PackageManager,
  Transaction,
  TransactionOptions,
  WantedPackage,
} from "./package-manager.ts";

const NAME = /^([a-z0-9][a-z0-9+.-]*(?::[a-z0-9-]+)?)(?:=([A-Za-z0-9.+:~*?[\]-]+))?$/;

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
    };
  });
}

// The second letter of dpkg's abbreviated status: i installed, t and W wait for triggers.
const isInstalled = (status: string | undefined): boolean => /^.[itW]/.test(status ?? "");

const candidate: Collector<Candidate> = {
  name: "apt-candidate",
  beforeTraits: true,
  script: (items) => sh`apt-cache policy -- ${items}`,
  decode: (output, items) => {
    if (output.rc !== 0) return items.map(() => new Unknown(`apt-cache policy failed: ${output.stderr.toString("utf8").trim()}`));
    const found = new Map(
      [...output.stdout.toString("utf8").matchAll(/^(\S+):\n(?: {2}.*\n)*? {2}Candidate: (.*)$/gm)].map((match) => [
        match[1],
        match[2],
      ]),
    );
    return items.map((item) => {
      const version = found.get(item);
      return { kind: "candidate", version: version === undefined || version === "(none)" ? null : version };
    });
  },
};

const lists: Collector<Lists> = listsCollector("apt-lists", {
  evidence: "/var/lib/apt/lists/*Release",
  fetched: ["/var/lib/apt/periodic/update-success-stamp", "/var/lib/apt/lists/partial", "/var/lib/apt/lists"],
  sources: ["/etc/apt/sources.list", "/etc/apt/sources.list.d", "/etc/apt/sources.list.d/*"],
});

export const apt: PackageManager = {
  name: "apt",
  parse: (spec): WantedPackage => {
    const match = NAME.exec(spec);
    if (match?.[1] !== undefined) return { spec, name: match[1], version: match[2] };
    const why = /[*?[]/.test(spec)
      ? "patterns are not supported in names; name the packages"
      : "that is no name of a Debian package";
    throw new ModuleFailure(`"${spec}": ${why}`);
  },
  defaultFlags: ["-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold"],
  sources: ["/etc/apt/sources.list", "/etc/apt/sources.list.d"],
  installed,
  candidate,
  lists,
  matches: (versions, wanted) => versions.some((one) => one === wanted || globTest(wanted).test(one)),
  transaction: (work, options) => joinSh([aptEnvironment, ...aptSteps(work, options)]),
};

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

export function aptGet(verb: string, options: TransactionOptions, names: readonly string[]): Sh {
  return sh`apt-get -y -q -o DPkg::Lock::Timeout=${options.lockTimeoutSeconds} ${options.flags} ${verb} ${names.length === 0 ? [] : ["--", ...names]} || exit`;
}

/** A line of output that says that the lists were fetched. */
export const REFRESHED = "k3sprov: package lists fetched";

/** apt waits for dpkg's lock but not for that of the lists. */
export function aptUpdate(lockTimeoutSeconds: number): Sh {
  return sh`left=${lockTimeoutSeconds}
while :; do
if out=$(apt-get -q update 2>&1); then
# Sources that cannot be reached are only a warning to apt, which goes on with the old lists.
case $out in *'Failed to fetch'*|*'Some index files failed to download'*) printf '%s\\n' "$out" >&2; exit 100;; esac
printf '%s\\n' "$out"; break
fi
case $out in *'Could not get lock'*) [ "$left" -gt 0 ] && { left=$((left - 2)); sleep 2; continue; };; esac
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
