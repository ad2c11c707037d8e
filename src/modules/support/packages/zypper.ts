import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Collector, type Output, type Question, Unknown } from "../../contract.ts";
import { ask } from "../question.ts";
import { compareRpmVersions } from "./compare-versions.ts";
import { listsCollector } from "./lists.ts";
import type { Candidate, InstalledPackage, Matches, PackageManager, Simulated, WantedPackage } from "./package-manager.ts";
import { rpmInstalled, rpmMatches } from "./rpm.ts";
import { parseRpm } from "./rpm-spec.ts";

const candidate: Collector<Candidate> = {
  name: "zypper-candidate",
  beforeTraits: true,
  script: () => sh`zypper --quiet --non-interactive --no-refresh list-updates --all`,
  decode: (output, items) => {
    if (output.rc !== 0) return items.map(() => new Unknown(`zypper list-updates failed: ${said(output)}`));
    // v | Repository | Name | Current | Available | Arch
    const found = rows(output);
    return items.map((item) => ({ kind: "candidate", version: found.find((row) => row[2] === item)?.[4] ?? "installed" }));
  },
};

const said = (output: Output): string => output.stderr.toString("utf8").trim() || output.stdout.toString("utf8").trim();

const rows = (output: Output): string[][] =>
  output.stdout
    .toString("utf8")
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()));

/** What an upgrade of everything would change, by the lists that are there. */
export const zypperUpdates: Question<Simulated> = ask(
  "zypper updates",
  sh`zypper --quiet --non-interactive --no-refresh list-updates`,
  (output) => {
    // 6: no repositories, hence nothing newer.
    if (output.rc !== 0 && output.rc !== 6) return new Unknown(`zypper list-updates failed: ${said(output)}`);
    const changes = rows(output).filter((row) => row[0] === "v");
    return { kind: "simulated", changes: changes.map(([, , name = "", before = "", after = ""]) => ({ name, before, after })) };
  },
);

/** What a distribution upgrade would change, by the lists that are there; zypper tells that without doing it. */
export function zypperDistUpgrade(words: readonly string[]): Question<Simulated> {
  const script = sh`zypper --xmlout --non-interactive --no-refresh ${words} --dry-run </dev/null`;
  return ask("zypper dist-upgrade", script, (output) => {
    if (output.rc !== 0 && output.rc !== 6) return new Unknown(`zypper dist-upgrade --dry-run failed: ${xmlErrors(output)}`);
    return { kind: "simulated", changes: installSummary(output.stdout.toString("utf8")) };
  });
}

function xmlErrors(output: Output): string {
  const messages = [...output.stdout.toString("utf8").matchAll(/<message type="error">(.*?)<\/message>/gs)];
  return messages.length === 0 ? said(output) : messages.map((one) => unescaped(one[1] ?? "")).join("; ");
}

const unescaped = (text: string): string =>
  text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");

/** The packages of `<install-summary>`, each in an element that says what becomes of it. */
export function installSummary(xml: string): Simulated["changes"] {
  const changes: { name: string; before: string; after: string }[] = [];
  for (const [, verb = "", inner = ""] of xml.matchAll(/<(to-[a-z-]+?)>(.*?)<\/\1>/gs)) {
    for (const [, attributes = ""] of inner.matchAll(/<solvable\s([^>]*)>/g)) {
      const field = (name: string): string | undefined => {
        const value = new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1];
        return value === undefined ? undefined : unescaped(value);
      };
      if (field("type") !== "package") continue;
      const edition = field("edition") ?? "";
      const isRemoved = verb.startsWith("to-remove");
      const before = isRemoved ? edition : (field("edition-old") ?? "absent");
      changes.push({ name: field("name") ?? "", before, after: isRemoved ? "absent" : edition });
    }
  }
  return changes;
}

/** Patches that are needed: those of these names, or without names all. */
export function zypperPatches(names: readonly string[]): Question<Simulated> {
  // The names stand in the script so that questions about other patches are other questions.
  const script = sh`: ${names}
zypper --quiet --non-interactive --no-refresh patches`;
  return ask("zypper patches", script, (output) => {
    if (output.rc !== 0 && output.rc !== 6) return new Unknown(`zypper patches failed: ${said(output)}`);
    const patches = patchRows(output);
    const unknown = names.find((name) => !patches.some((one) => one.name === name));
    if (unknown !== undefined) return new Unknown(`zypper's repositories have no patch "${unknown}"`);
    const needed = patches.filter(({ name, status }) => status === "needed" && (names.length === 0 || names.includes(name)));
    return { kind: "simulated", changes: needed.map(({ name, status }) => ({ name, before: status, after: "applied" })) };
  });
}

// The columns differ from one version to the next; the first row names them.
function patchRows(output: Output): { readonly name: string; readonly status: string }[] {
  const [head = [], ...rest] = rows(output).filter((row) => row.length > 1);
  const [name, status] = [head.indexOf("Name"), head.indexOf("Status")];
  return rest.map((row) => ({ name: row[name] ?? "", status: row[status] ?? "" }));
}

/** What names match; 104 is zypper's word for "nothing found", 6 for "no repositories". */
const matching: Collector<Matches> = {
  name: "zypper-matching",
  beforeTraits: true,
  script: (items) =>
    joinSh(
      items.map(
        (item, index) => sh`echo ${`== ${index}`}
rpm -qa --qf 'i|%{NAME}|%{VERSION}-%{RELEASE}\n' ${item} || exit
out=$(zypper --quiet --non-interactive --no-refresh search --details --type package ${item} 2>&1); s=$?
case $s in 0|6|104) printf '%s\n' "$out" ;; *) printf '%s\n' "$out" >&2; exit $s ;; esac`,
      ),
    ),
  decode: (output, items) => {
    if (output.rc !== 0) return items.map(() => new Unknown(`zypper search failed: ${said(output)}`));
    const blocks = output.stdout
      .toString("utf8")
      .split(/^== \d+\n/m)
      .slice(1);
    return items.map((_, index) => decodeMatches(blocks[index] ?? ""));
  },
};

// i|NAME|VERSION of rpm; S | Name | Type | Version | Arch | Repository of zypper.
function decodeMatches(text: string): Matches {
  const found = new Map<string, { versions: string[]; candidate: string | null }>();
  for (const cells of text.split("\n").map((line) => line.split("|").map((cell) => cell.trim()))) {
    const name = cells[1] ?? "";
    const one = found.get(name) ?? { versions: [], candidate: null };
    if (cells.length === 3 && cells[0] === "i") found.set(name, { ...one, versions: [...one.versions, cells[2] ?? ""] });
    else if (cells.length === 6 && cells[2] === "package" && cells[5] !== "(System Packages)") {
      const version = cells[3] ?? "";
      const isNewest = one.candidate === null || compareRpmVersions(version, one.candidate) > 0;
      found.set(name, { ...one, candidate: isNewest ? version : one.candidate });
    }
  }
  return {
    kind: "matches",
    found: [...found].map(([name, one]) => ({ name, ...one })).sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

/** A pattern is a package that says so: `patterns-base-minimal` provides `pattern() = minimal`. */
export function zypperPattern(name: string): WantedPackage {
  const question: Question<InstalledPackage> = ask(
    "zypper pattern",
    sh`command -v rpm >/dev/null || { echo 'the host has no "rpm" command' >&2; exit 127; }
rpm -q --whatprovides --qf '=%{VERSION}-%{RELEASE}\n' -- ${`pattern() = ${name}`}; :`,
    (output) => {
      if (output.rc !== 0) return new Unknown(`cannot list packages: ${said(output)}`);
      const versions = [...output.stdout.toString("utf8").matchAll(/^=(.*)$/gm)].map((match) => match[1] ?? "");
      return { kind: "installed", versions, providers: [], isResidual: false };
    },
  );
  return { spec: name, name, version: undefined, question };
}

export const zypper: PackageManager = {
  name: "zypper",
  parse: (spec) => {
    const wanted = parseRpm(spec);
    return wanted.version === undefined ? wanted : { ...wanted, spec: `${wanted.name}=${wanted.version}` };
  },
  installed: rpmInstalled,
  sources: ["/etc/zypp/repos.d"],
  candidate,
  matching,
  isNewer: (found, wanted) => compareRpmVersions(found, wanted) > 0,
  lists: listsCollector("zypper-lists", {
    evidence: "/var/cache/zypp/raw/*",
    fetched: ["/var/cache/zypp/raw/*", "/var/cache/zypp/solv/*"],
    sources: ["/etc/zypp/repos.d", "/etc/zypp/repos.d/*"],
  }),
  matches: rpmMatches,
  transaction: (work, options) => {
    // zypper waits for its lock as long as this says.
    const wait = sh`ZYPP_LOCK_TIMEOUT=${options.lockTimeoutSeconds}; export ZYPP_LOCK_TIMEOUT`;
    const run = (verb: string, words: readonly string[]) => zypperRun([...(options.globalFlags ?? []), verb, ...words]);
    const specs = work.install.map((one) => one.spec);
    return joinSh([
      wait,
      work.refresh ? run("refresh", []) : sh`:`,
      specs.length === 0 ? sh`:` : run("install", ["--auto-agree-with-licenses", ...options.flags, "--", ...specs]),
      specs.length > 0 && work.state === "latest"
        ? run("update", [
            "--auto-agree-with-licenses",
            ...(options.cacheFlags ?? []),
            "--",
            ...work.install.map((one) => one.name),
          ])
        : sh`:`,
      work.remove.length === 0
        ? sh`:`
        : run("remove", [...(options.removeFlags ?? []), "--", ...work.remove.map((one) => one.name)]),
    ]);
  },
};

/** 102, 103, 107: done, but a reboot, another run or a script's warning is due. Patches of zypper itself come first, and the rest by that other run. */
export function zypperRun(words: readonly string[]): Sh {
  return sh`zypper --quiet --non-interactive ${words} </dev/null
s=$?
[ $s -ne 103 ] || { zypper --quiet --non-interactive ${words} </dev/null; s=$?; }
case $s in 0|102|103|107) ;; *) exit $s ;; esac`;
}
