import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Collector, Unknown } from "../../contract.ts";
import { decodeScriptServices } from "./script-service.ts";
import type { Action, ActOptions, ServiceManager, UnitState } from "./service-manager.ts";

/**
 * LSB init scripts. Item: the name and, after a blank, what to look for in the command lines of processes, for scripts that know no
 * "status". When a service was started is the time of its PID file, if it has one of its own name.
 */
const collector: Collector<UnitState> = {
  name: "sysv-service",
  script: (items) => sh`k3_processes=
for i in ${items}; do
u=\${i%% *}
echo "unit $i"
[ -x "/etc/init.d/$u" ] || { echo missing; continue; }
for l in /etc/rc[12345S].d/S[0-9][0-9]"$u"; do [ -e "$l" ] && { l=\${l%.d/*}; echo "level \${l#/etc/rc}"; }; done
if [ "$u" = "$i" ]; then "/etc/init.d/$u" status >/dev/null 2>&1 </dev/null; echo "status $?"
else
[ -n "$k3_processes" ] || k3_processes=$(ps -e -o args 2>/dev/null || ps -o args) || { echo 'the host has no "ps"' >&2; exit 1; }
case $k3_processes in *"\${i#* }"*) echo "status 0";; *) echo "status 3";; esac
fi
for p in "/run/$u.pid" "/run/$u/$u.pid"; do [ -e "$p" ] && { stat -c 'since %Z %z' "$p"; break; }; done
done
:`,
  decode: (output, items) =>
    decodeScriptServices(output, items, (rc) => {
      // LSB: 0 running, 1 and 2 dead with a PID or lock file left, 3 not running, 4 unknown.
      if (rc === 0) return true;
      if (rc === 1 || rc === 2 || rc === 3) return false;
      return new Unknown(
        `its init script's "status" ended with ${rc}; "pattern" names what to look for in the list of processes`,
      );
    }),
};

export const sysvinit: ServiceManager = {
  name: "sysvinit",
  question: (unit, { pattern }) => ({ collector, item: pattern === undefined ? unit : `${unit} ${pattern}` }),
  act: tell,
  enable: (unit, enabled, { runlevels }) => sh`if command -v update-rc.d >/dev/null 2>&1; then
${updateRc(unit, enabled, runlevels)}
elif command -v chkconfig >/dev/null 2>&1; then
${enabled ? sh`chkconfig --add ${unit} && ` : sh``}chkconfig ${runlevels.length === 0 ? [] : ["--level", runlevels.join("")]} ${unit} ${enabled ? "on" : "off"}
else echo 'the host has neither "update-rc.d" nor "chkconfig"' >&2; exit 127; fi || exit`,
};

// "enable" and "disable" want links that are there already.
function updateRc(unit: string, enabled: boolean, runlevels: readonly string[]): Sh {
  const levels = runlevels.length === 0 ? [[]] : runlevels.map((one) => [one]);
  return joinSh(
    [sh`update-rc.d ${unit} defaults`, ...levels.map((one) => sh`update-rc.d ${unit} ${enabled ? "enable" : "disable"} ${one}`)],
    " && ",
  );
}

/** In a clean environment and in /, as service(8) does it and init itself at boot. */
function tell(action: Action, unit: string, { arguments: more, daemonize }: ActOptions): Sh {
  const run = sh`(cd / && exec env -i PATH="$PATH" TERM=dumb ${`/etc/init.d/${unit}`} ${action} ${more}`;
  if (!daemonize) return sh`${run} </dev/null) || exit`;
  return sh`${run} </dev/null >/dev/null 2>&1) || { s=$?; echo ${`${unit}: its init script's "${action}" failed; with daemonize its output is not seen`} >&2; exit $s; }`;
}
