import { joinSh, sh } from "../../../sh.ts";
import { type Collector, Unknown } from "../../contract.ts";
import { listsCollector } from "./lists.ts";
import type { Candidate, PackageManager } from "./package-manager.ts";
import { parseRpm, rpmInstalled, rpmMatches } from "./rpm.ts";

const candidate: Collector<Candidate> = {
  name: "zypper-candidate",
  beforeTraits: true,
  script: () => sh`zypper --quiet --non-interactive --no-refresh list-updates --all`,
  decode: (output, items) => {
    if (output.rc !== 0)
      return items.map(() => new Unknown(`zypper list-updates failed: ${output.stderr.toString("utf8").trim()}`));
    const rows = output.stdout
      .toString("utf8")
      .split("\n")
      .map((line) => line.split("|").map((cell) => cell.trim()));
    // v | Repository | Name | Current | Available | Arch
    return items.map((item) => ({ kind: "candidate", version: rows.find((row) => row[2] === item)?.[4] ?? "installed" }));
  },
};

export const zypper: PackageManager = {
  name: "zypper",
  parse: (spec) => {
    const wanted = parseRpm(spec);
    return wanted.version === undefined ? wanted : { ...wanted, spec: `${wanted.name}=${wanted.version}` };
  },
  installed: rpmInstalled,
  sources: ["/etc/zypp/repos.d"],
  candidate,
  lists: listsCollector("zypper-lists", {
    evidence: "/var/cache/zypp/raw/*",
    fetched: ["/var/cache/zypp/raw/*", "/var/cache/zypp/solv/*"],
    sources: ["/etc/zypp/repos.d", "/etc/zypp/repos.d/*"],
  }),
  matches: rpmMatches,
  transaction: (work, options) => {
    // zypper waits for its lock as long as this says.
    const wait = sh`ZYPP_LOCK_TIMEOUT=${options.lockTimeoutSeconds}; export ZYPP_LOCK_TIMEOUT`;
    // 102, 103, 107: done, but a reboot, another run or a script's warning is due.
    const run = (verb: string, words: readonly string[]) => sh`zypper --quiet --non-interactive ${verb} ${words} </dev/null
s=$?; case $s in 0|102|103|107) ;; *) exit $s ;; esac`;
    return joinSh([
      wait,
      work.refresh ? run("refresh", []) : sh`:`,
      work.install.length === 0
        ? sh`:`
        : run("install", ["--auto-agree-with-licenses", ...options.flags, "--", ...work.install.map((one) => one.spec)]),
      work.install.length > 0 && work.state === "latest"
        ? run("update", ["--auto-agree-with-licenses", "--", ...work.install.map((one) => one.name)])
        : sh`:`,
      work.remove.length === 0 ? sh`:` : run("remove", ["--", ...work.remove.map((one) => one.name)]),
    ]);
  },
};
