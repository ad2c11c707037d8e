import { joinSh, sh } from "../../../sh.ts";
import { type Collector, ModuleFailure, type Output, type Question, Unknown } from "../../contract.ts";
import { ask } from "../question.ts";
import { listsCollector } from "./lists.ts";
import { waitForApk } from "./lock-wait.ts";
import type { Candidate, InstalledPackage, PackageManager, Simulated } from "./package-manager.ts";

export const APK_WORLD = "/etc/apk/world";

/**
 * apk's data base of installed packages: paragraphs of lines, of which P: is the name, V: the version, p: what it provides; and the "world", the
 * list of what was asked for, one a line. What is not in it goes with the package that needs it.
 */
const installedOf = (world: string): Collector<InstalledPackage> => ({
  name: world === APK_WORLD ? "apk-package" : `apk-package ${world}`,
  beforeTraits: true,
  script: () => sh`d=/lib/apk/db/installed; [ -e $d ] || d=/usr/lib/apk/db/installed
grep '^[PVp]:' $d || exit
echo 'W:'; cat ${world}`,
  decode: decodeApk,
});

export function decodeApk(output: Output, items: readonly string[]): (InstalledPackage | Unknown)[] {
  if (output.rc !== 0) return items.map(() => new Unknown(`cannot list packages: ${output.stderr.toString("utf8").trim()}`));
  const [data = "", listed] = output.stdout.toString("utf8").split(/^W:\n/m);
  const world = listed === undefined ? undefined : new Set(listed.split(/\s+/).map((one) => one.replace(/[@=<>~].*$/, "")));
  const packages = data.split(/^(?=P:)/m).map((block) => {
    const value = (key: string): string => new RegExp(`^${key}:(.*)$`, "m").exec(block)?.[1] ?? "";
    return {
      name: value("P"),
      version: value("V"),
      provides: value("p")
        .split(" ")
        .map((one) => one.replace(/[=<>~].*$/, "")),
    };
  });
  return items.map((item) => {
    const mine = packages.filter((one) => one.name === item);
    const providers = mine.length > 0 ? [] : packages.filter((one) => one.provides.includes(item)).map((one) => one.name);
    const isDependency = mine.length > 0 && world !== undefined && !world.has(item);
    return {
      kind: "installed",
      versions: mine.map((one) => one.version),
      providers,
      isResidual: false,
      ...(isDependency ? { isDependency: true as const } : {}),
    };
  });
}

const candidate: Collector<Candidate> = {
  name: "apk-candidate",
  beforeTraits: true,
  script: (items) => sh`apk --no-network version -v -l '<' ${items} 2>/dev/null || apk version -v -l '<' ${items}`,
  decode: (output, items) => {
    if (output.rc !== 0) return items.map(() => new Unknown(`apk version failed: ${output.stderr.toString("utf8").trim()}`));
    // busybox-1.36.1-r0   < 1.36.1-r2
    const rows = [...output.stdout.toString("utf8").matchAll(/^(\S+?)-\d\S*\s+<\s+(\S+)/gm)];
    return items.map((item) => ({ kind: "candidate", version: rows.find((row) => row[1] === item)?.[2] ?? "installed" }));
  },
};

/** What an upgrade of everything would change, by the lists that are there. `available`: back to what the repositories have, too. */
export function apkUpdates(available: boolean): Question<Simulated> {
  const limit = available ? "<>" : "<";
  return ask("apk updates", sh`apk --no-network version -v -l ${limit} 2>/dev/null || apk version -v -l ${limit}`, (output) => {
    if (output.rc !== 0) return new Unknown(`apk version failed: ${output.stderr.toString("utf8").trim()}`);
    const rows = [...output.stdout.toString("utf8").matchAll(/^(\S+?)-(\d\S*)\s+[<>]\s+(\S+)/gm)];
    return { kind: "simulated", changes: rows.map(([, name = "", before = "", after = ""]) => ({ name, before, after })) };
  });
}

/** The back end; `world` is the list of what was asked for. */
export const apkManager = (world = APK_WORLD): PackageManager => ({
  name: "apk",
  parse: (spec) => {
    const match = /^([a-z0-9][A-Za-z0-9_.+-]*)(?:(?:=|~=?)([A-Za-z0-9_.-]+))?(@[a-z0-9]+)?$/.exec(spec);
    if (match?.[1] === undefined) throw new ModuleFailure(`"${spec}": that is no name of an Alpine package`);
    return { spec, name: match[1], version: match[2] };
  },
  installed: installedOf(world),
  sources: ["/etc/apk/repositories"],
  candidate,
  lists: listsCollector("apk-lists", {
    evidence: "/var/cache/apk/APKINDEX*",
    fetched: ["/var/cache/apk/APKINDEX*"],
    sources: ["/etc/apk/repositories"],
  }),
  matches: (versions, wanted) =>
    versions.some((one) => one === wanted || one.startsWith(`${wanted}-r`) || one.startsWith(`${wanted}.`)),
  transaction: (work, options) => {
    const wait = ["--wait", String(options.lockTimeoutSeconds)];
    return joinSh([
      waitForApk(options.lockTimeoutSeconds),
      work.refresh ? sh`apk ${wait} update || exit` : sh`:`,
      work.install.length === 0
        ? sh`:`
        : sh`apk ${wait} add ${work.state === "latest" ? ["--upgrade"] : []} ${options.flags} ${work.install.map((one) => one.spec)} || exit`,
      work.remove.length === 0
        ? sh`:`
        : sh`apk ${wait} del ${options.removeFlags ?? []} ${work.remove.map((one) => one.name)} || exit`,
    ]);
  },
});

export const apk: PackageManager = apkManager();
