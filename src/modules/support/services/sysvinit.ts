import { sh } from "../../../sh.ts";
import { type Collector, Unknown } from "../../contract.ts";
import { decodeScriptServices } from "./script-service.ts";
import type { Action, ServiceManager, UnitState } from "./service-manager.ts";

/** LSB init scripts. When a service was started is the time of its PID file, if it has one of its own name. */
const collector: Collector<UnitState> = {
  name: "sysv-service",
  script: (items) => sh`for u in ${items}; do
echo "unit $u"
[ -x "/etc/init.d/$u" ] || { echo missing; continue; }
for l in /etc/rc[2345].d/S[0-9][0-9]"$u"; do [ -e "$l" ] && echo "level \${l%/*}"; done
"/etc/init.d/$u" status >/dev/null 2>&1 </dev/null; echo "status $?"
for p in "/run/$u.pid" "/run/$u/$u.pid"; do [ -e "$p" ] && { stat -c 'since %Z %z' "$p"; break; }; done
done
:`,
  decode: (output, items) =>
    decodeScriptServices(output, items, (rc) => {
      // LSB: 0 running, 1 and 2 dead with a PID or lock file left, 3 not running, 4 unknown.
      if (rc === 0) return true;
      if (rc === 1 || rc === 2 || rc === 3) return false;
      return new Unknown(`its init script's "status" ended with ${rc}`);
    }),
};

export const sysvinit: ServiceManager = {
  name: "sysvinit",
  question: (unit) => ({ collector, item: unit }),
  act: (action: Action, unit) => sh`if command -v service >/dev/null 2>&1; then service ${unit} ${action} </dev/null
else ${`/etc/init.d/${unit}`} ${action} </dev/null; fi || exit`,
  enable: (unit, enabled) => sh`if command -v update-rc.d >/dev/null 2>&1; then
${enabled ? sh`update-rc.d ${unit} defaults && update-rc.d ${unit} enable` : sh`update-rc.d ${unit} disable`}
elif command -v chkconfig >/dev/null 2>&1; then
${enabled ? sh`chkconfig --add ${unit} && chkconfig ${unit} on` : sh`chkconfig ${unit} off`}
else echo 'neither update-rc.d nor chkconfig is there' >&2; exit 127; fi || exit`,
};
