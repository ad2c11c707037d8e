import { joinSh, sh } from "../../../sh.ts";
import { type Collector, Unknown } from "../../contract.ts";
import { listsCollector } from "./lists.ts";
import type { Candidate, PackageManager } from "./package-manager.ts";
import { newerRpm, parseRpm, rpmInstalled, rpmMatches } from "./rpm.ts";

/** Back end for dnf, and for yum where there is no dnf yet (RHEL 7): what is used here, both take alike. */
export function dnfManager(command: "dnf" | "yum"): PackageManager {
  // -C: from the cache alone, since a probe must not use the network.
  const candidate: Collector<Candidate> = {
    name: `${command}-candidate`,
    beforeTraits: true,
    script: (items) => sh`out=$(${command} -C -q list ${command === "dnf" ? "--upgrades" : "updates"} ${items} 2>&1); s=$?
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
    parse: parseRpm,
    installed: rpmInstalled,
    sources: ["/etc/yum.repos.d"],
    candidate,
    lists: listsCollector(`${command}-lists`, {
      evidence: `/var/cache/*${command}*/*`,
      fetched: [`/var/cache/*${command}*/*`],
      sources: ["/etc/yum.repos.d", "/etc/yum.repos.d/*"],
    }),
    matches: rpmMatches,
    transaction: (work, options) => {
      const run = (verb: string, names: readonly string[]) =>
        sh`${command} -y -q ${options.flags} ${verb} ${names} </dev/null || exit`;
      return joinSh([
        work.refresh ? sh`${command} -y -q makecache </dev/null || exit` : sh`:`,
        // "install" leaves older versions of installed packages alone; "upgrade" passes over what is not installed.
        work.install.length === 0
          ? sh`:`
          : run(
              "install",
              work.install.map((one) => one.spec),
            ),
        work.install.length > 0 && work.state === "latest"
          ? run(
              "upgrade",
              work.install.map((one) => one.spec),
            )
          : sh`:`,
        work.remove.length === 0
          ? sh`:`
          : run(
              "remove",
              work.remove.map((one) => one.name),
            ),
      ]);
    },
  };
}
