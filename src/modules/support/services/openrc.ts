import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Collector, Unknown } from "../../contract.ts";
import { decodeScriptServices } from "./script-service.ts";
import type { Action, ActOptions, ServiceManager, UnitState } from "./service-manager.ts";

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
      // 0 started, 3 stopped, 4 stopping, 8 starting, 16 inactive (waits for something), 32 crashed, 64 unsupervised.
      if (rc === 0 || rc === 8) return true;
      if (rc === 3 || rc === 4 || rc === 16 || rc === CRASHED || rc === UNSUPERVISED) return false;
      if (rc === 127) return new Unknown("the host has no rc-service; OpenRC does not run it");
      return new Unknown(`rc-service status ended with ${rc}`);
    }),
};

/** `status` of a service whose process or supervisor has gone: OpenRC takes it for started, so that only a restart starts it. */
const CRASHED = 32;
const UNSUPERVISED = 64;

const tell = (action: Action, unit: string, options: ActOptions): Sh =>
  sh`rc-service -- ${unit} ${action} ${options.arguments} </dev/null`;

export const openrc: ServiceManager = {
  name: "openrc",
  question: (unit) => ({ collector, item: unit }),
  // --ifstarted and the like would hide a failure; plan has decided already what is to be done.
  act: (action, unit, options) =>
    action === "start"
      ? sh`rc-service -- ${unit} status >/dev/null 2>&1 </dev/null
k3_status=$?
if [ $k3_status -eq ${CRASHED} ] || [ $k3_status -eq ${UNSUPERVISED} ]; then ${tell("restart", unit, options)}; else ${tell("start", unit, options)}; fi || exit`
      : sh`${tell(action, unit, options)} || exit`,
  enable: (unit, enabled, { runlevels }) =>
    joinSh(runlevels.map((level) => sh`rc-update --quiet ${enabled ? "add" : "delete"} ${unit} ${level} >/dev/null || exit`)),
};
