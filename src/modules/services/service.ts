import { stateModule } from "../contract.ts";
import { bool, choice, int, type ParametersOf, parameters, str } from "../parameters.ts";
import { checkServiceManager, serviceManager } from "../support/services/select.ts";
import { argumentWords, PLAIN_OPTIONS } from "../support/services/service-manager.ts";
import { applyUnit, explainUnit, predictUnit, startedUnit, unitResult } from "../support/services/unit-change.ts";
import { checkUnitTask, onHost, planUnit, type UnitTask, unitQuestions } from "../support/services/unit-task.ts";
import { restartWhenChanged } from "./systemd.ts";

const params = parameters(
  {
    name: { ...str(), required: true, description: "The service." },
    state: {
      ...choice("started", "stopped", "restarted", "reloaded"),
      description: "`restarted` and `reloaded` are done each time.",
    },
    enabled: { ...bool(), description: "Start it at boot." },
    restart_when_changed: restartWhenChanged,
    runlevel: { ...str(), default: "default", description: "OpenRC: where to enable it." },
    sleep: { ...int(), description: "Seconds between stop and start of a restart." },
    pattern: {
      ...str(),
      description: "Init scripts that know no `status`: the service runs when a process has this in its command line.",
    },
    arguments: {
      ...str(),
      aliases: ["args"],
      description:
        "What follows the action on the command line of OpenRC or an init script. Ignored under systemd, as in Ansible.",
    },
    use: { ...str(), default: "auto", description: "The service manager: auto, systemd, openrc, sysvinit." },
  },
  { requiredOneOf: [["state", "enabled", "restart_when_changed"]] },
  (given) => {
    checkServiceManager(given.use);
    checkUnitTask(taskOf(given));
  },
);
type Params = ParametersOf<typeof params>;

export const service = stateModule({
  name: "service",
  summary: "Controls services, whatever starts them: systemd, OpenRC or SysV init scripts.",
  description: [
    "`restart_when_changed` compares the ctime of what the service reads with the time at which it was started. It does nothing while the service is not running.",
  ],
  parameters: params,
  example: `- name: Let cron run, now and after a reboot
  service:
    name: cron
    state: started
    enabled: true
`,
  returns: {
    name: "The service.",
    state: "`started` or `stopped`, when `state` was given.",
    enabled: "As given.",
    status: "What the service manager says about it.",
  },
  async prepare(given, _control, context) {
    const task = onHost(taskOf(given), context);
    const isOpenrc = serviceManager(context.traits, given.use).name === "openrc";
    return { ...task, options: { ...task.options, runlevels: isOpenrc ? [given.runlevel] : [] } };
  },
  probe: unitQuestions,
  plan: planUnit,
  apply: applyUnit,
  diagnose: explainUnit,
  predict: predictUnit,
  provides: startedUnit,
  result: unitResult,
});

const taskOf = (given: Params): UnitTask => ({
  unit: given.name,
  state: given.state,
  enabled: given.enabled,
  masked: undefined,
  daemonReload: false,
  daemonReexec: false,
  restartWhenChanged: given.restart_when_changed,
  sleep: given.sleep,
  use: given.use,
  options: { ...PLAIN_OPTIONS, arguments: argumentWords(given.arguments), pattern: given.pattern },
});
