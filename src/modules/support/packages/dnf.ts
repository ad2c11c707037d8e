import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Collector, type Output, type Question, Unknown } from "../../contract.ts";
import { ask } from "../question.ts";
import { compareRpmVersions } from "./compare-versions.ts";
import { listsCollector } from "./lists.ts";
import { waitForRpm } from "./lock-wait.ts";
import type {
  Candidate,
  InstalledPackage,
  Matches,
  PackageManager,
  Simulated,
  Transaction,
  TransactionOptions,
} from "./package-manager.ts";
import { newerRpm, rpmInstalled, rpmMatches } from "./rpm.ts";
import { parseRpm } from "./rpm-spec.ts";

type Command = "dnf" | "yum";

/**
 * Back end for dnf, and for yum where there is no dnf yet (RHEL 7): what is used here, both take alike. `repositories`: the flags that say which
 * repositories and packages count (`--enablerepo=…`), since they decide what is newest.
 */
export function dnfManager(command: Command, repositories: readonly string[] = []): PackageManager {
  const suffix = repositories.length === 0 ? "" : ` ${repositories.join(" ")}`;
  // -C: from the cache alone, since a probe must not use the network.
  const candidate: Collector<Candidate> = {
    name: `${command}-candidate${suffix}`,
    beforeTraits: true,
    script: (
      items,
    ) => sh`out=$(${command} -C -q ${repositories} list ${command === "dnf" ? "--upgrades" : "updates"} ${items} 2>&1); s=$?
case $out in *[Nn]'o matching '*|*'No matching'*) [ $s -eq 1 ] && s=0 ;; *ache-only*|*'no cache'*|*'not available in cache'*) echo nocache; exit 0 ;; esac
printf '%s\\n' "$out"; exit $s`,
    decode: (output, items) => {
      const text = output.stdout.toString("utf8");
      if (output.rc !== 0) return items.map(() => new Unknown(`${command} list failed: ${text.trim()}`));
      return items.map((item) => ({
        kind: "candidate",
        version: text.startsWith("nocache") ? null : (newerRpm(text, item) ?? "installed"),
      }));
    },
  };
  return {
    name: command,
    parse: (spec) => parseRpm(spec, (id) => installedGroup(command, id)),
    installed: rpmInstalled,
    sources: ["/etc/yum.repos.d"],
    candidate,
    matching: matchingOf(command, repositories),
    lists: listsCollector(`${command}-lists`, {
      evidence: `/var/cache/*${command}*/*`,
      fetched: [`/var/cache/*${command}*/*`],
      sources: ["/etc/yum.repos.d", "/etc/yum.repos.d/*"],
    }),
    isNewer: (installed, wanted) => compareRpmVersions(installed, wanted) > 0,
    matches: rpmMatches,
    transaction: (work, options) => transaction(command, work, options),
  };
}

export function dnfRun(command: Command, options: TransactionOptions, verb: string, names: readonly string[]): Sh {
  // A line that ends in success although a lock came in between is not possible: dnf is told to give up on it.
  const lock = command === "dnf" ? ["--setopt=exit_on_lock=True"] : [];
  return sh`${command} -y -q ${lock} ${options.flags} ${verb} ${names} </dev/null || exit`;
}

function transaction(command: Command, work: Transaction, options: TransactionOptions): Sh {
  const specs = work.install.map((one) => one.spec);
  return joinSh([
    waitForRpm(options.lockTimeoutSeconds, command),
    work.refresh ? dnfRun(command, { ...options, flags: options.cacheFlags ?? [] }, "makecache", []) : sh`:`,
    // "install" leaves older versions of installed packages alone; "upgrade" passes over what is not installed.
    specs.length === 0 || work.onlyUpgrade === true ? sh`:` : dnfRun(command, options, "install", specs),
    specs.length > 0 && (work.state === "latest" || work.onlyUpgrade === true)
      ? dnfRun(command, options, "upgrade", specs)
      : sh`:`,
    work.remove.length === 0
      ? sh`:`
      : dnfRun(
          command,
          { ...options, flags: options.removeFlags ?? [] },
          "remove",
          work.remove.map((one) => one.name),
        ),
  ]);
}

/** Is a group (or environment) installed, as dnf remembers it? Its "version" is then "installed". */
function installedGroup(command: Command, id: string): Question<InstalledPackage> {
  return ask(`${command} group`, sh`${command} -C -q -v group list --installed ${id} 2>&1`, (output) => {
    const text = output.stdout.toString("utf8");
    if (output.rc !== 0) return new Unknown(`${command} group list failed: ${text.trim()}`);
    const [, listed = ""] = text.split(/^Installed .*Groups:$/m);
    const found = [...listed.matchAll(/^ {3}(\S.*?)(?: \(([^()]+)\))?$/gm)].some(
      ([, name, groupId]) => name === id || groupId === id,
    );
    return { kind: "installed", versions: found ? ["installed"] : [], providers: [], isResidual: false };
  });
}

const ROW = "%{name}\\t%{epoch}:%{version}-%{release}";

/** What names match, by rpm's data base and by the lists that are there. */
const matchingOf = (command: Command, repositories: readonly string[]): Collector<Matches> => ({
  name: `${command}-matching ${repositories.join(" ")}`,
  beforeTraits: true,
  script: (items) =>
    joinSh(
      items.map(
        (item, index) => sh`echo ${`== ${index} installed`}
rpm -qa --qf '%{NAME}\\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\\n' ${item} || exit
echo ${`== ${index} known`}
${command === "dnf" ? sh`dnf -C -q ${repositories} repoquery --latest-limit=1 --qf ${ROW} ${item} 2>/dev/null || :` : sh`:`}`,
      ),
    ),
  decode: (output, items) => {
    if (output.rc !== 0) return items.map(() => new Unknown(`cannot list packages: ${output.stderr.toString("utf8").trim()}`));
    const blocks = output.stdout.toString("utf8").split(/^== \d+ (?:installed|known)\n/m);
    return items.map((_, index) => decodeMatches(blocks[index * 2 + 1] ?? "", blocks[index * 2 + 2] ?? ""));
  },
});

function decodeMatches(installed: string, known: string): Matches {
  const found = new Map<string, { versions: string[]; candidate: string | null }>();
  const rows = (text: string): [string, string][] =>
    [...text.matchAll(/^(\S+)\t(?:0:)?(\S+)$/gm)].map((match) => [match[1] ?? "", match[2] ?? ""]);
  for (const [name, candidate] of rows(known)) found.set(name, { versions: [], candidate });
  for (const [name, version] of rows(installed)) {
    const one = found.get(name) ?? { versions: [], candidate: null };
    found.set(name, { ...one, versions: [...one.versions, version] });
  }
  return {
    kind: "matches",
    found: [...found].map(([name, one]) => ({ name, ...one })).sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

/** What `upgrade` of everything would change, by the lists that are there; `flags` may narrow it to advisories. */
export function dnfUpdates(command: Command, flags: readonly string[]): Question<Simulated> {
  return ask(`${command} updates`, sh`${command} -C -q ${flags} check-update`, (output) => {
    // 100: there are some. Obsoletes follow after their own heading, indented.
    if (output.rc !== 0 && output.rc !== 100) return new Unknown(`${command} check-update failed: ${said(output)}`);
    const [text = ""] = output.stdout.toString("utf8").split(/^Obsoleting Packages$/m);
    const rows = [...text.matchAll(/^(\S+)\.\S+\s+(\S+)\s+\S+\s*$/gm)];
    return { kind: "simulated", changes: rows.map(([, name = "", after = ""]) => ({ name, before: "older", after })) };
  });
}

/** What `autoremove` would remove. yum has no such list. */
export function dnfUnneeded(): Question<Simulated> {
  return ask("dnf unneeded", sh`dnf -C -q repoquery --unneeded --qf ${ROW}`, (output) => {
    if (output.rc !== 0) return new Unknown(`dnf repoquery failed: ${said(output)}`);
    const rows = [...output.stdout.toString("utf8").matchAll(/^(\S+)\t(?:0:)?(\S+)$/gm)];
    return { kind: "simulated", changes: rows.map(([, name = "", before = ""]) => ({ name, before, after: "absent" })) };
  });
}

const said = (output: Output): string => output.stderr.toString("utf8").trim();
