import { type Sh, sh } from "../../../sh.ts";
import { type Question, Unknown } from "../../contract.ts";
import { ask } from "../question.ts";
import type { DebFile, Simulated } from "./package-manager.ts";

/** What an `apt-get` command would install, upgrade or remove, by apt's own simulation, which takes no lock and writes nothing. */
export function simulation(verb: "upgrade" | "dist-upgrade" | "autoremove", flags: readonly string[]): Question<Simulated> {
  return ask("apt simulation", sh`apt-get -s -q -o Debug::NoLocking=true ${flags} ${verb}`, (output) => {
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
      : sh`apt-get -s -o Debug::NoLocking=true autoclean`;
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
p=$(dpkg-deb -f "$f" Package) && v=$(dpkg-deb -f "$f" Version) || exit
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
