import { sh } from "../../../sh.ts";
import { type Collector, Unknown } from "../../contract.ts";
import { decodeScriptServices } from "./script-service.ts";
import type { ServiceManager, UnitState } from "./service-manager.ts";

/** Where a service is enabled is a link in /etc/runlevels; when it was started, the time of its link in /run/openrc/started. */
const collector: Collector<UnitState> = {
  name: "openrc-service",
  script: (items) => sh`for u in ${items}; do
echo "unit $u"
[ -x "/etc/init.d/$u" ] || { echo missing; continue; }
for l in /etc/runlevels/*/"$u"; do [ -L "$l" ] || [ -e "$l" ] || continue; l=\${l%/*}; echo "level \${l##*/}"; done
rc-service -- "$u" status >/dev/null 2>&1 </dev/null; echo "status $?"
[ -L "/run/openrc/started/$u" ] && stat -c 'since %Z %z' "/run/openrc/started/$u"
done
:`,
  decode: (output, items) =>
    decodeScriptServices(output, items, (rc) => {
      // 0 started, 3 stopped, 4 scheduled, 8 inactive, 16 stopping/crashed variants, 32 crashed.
      if (rc === 0 || rc === 8) return true;
      if (rc === 3 || rc === 4 || rc === 16 || rc === 32) return false;
      return new Unknown(`rc-service status ended with ${rc}`);
    }),
};

export const openrc: ServiceManager = {
  name: "openrc",
  question: (unit) => ({ collector, item: unit }),
  // --ifstarted and the like would hide a failure; plan has decided already what is to be done.
  act: (action, unit) => sh`rc-service -- ${unit} ${action} </dev/null || exit`,
  enable: (unit, enabled, { runlevel }) =>
    enabled ? sh`rc-update --quiet add ${unit} ${runlevel} || exit` : sh`rc-update --quiet --all delete ${unit} || exit`,
};
