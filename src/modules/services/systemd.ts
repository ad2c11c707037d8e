import { stateModule } from "../contract.ts";
import { bool, choice, listOf, type ParametersOf, parameters, path, str } from "../parameters.ts";
import { PLAIN_OPTIONS } from "../support/services/service-manager.ts";
import { applyUnit, explainUnit, predictUnit, startedUnit, unitResult } from "../support/services/unit-change.ts";
import { checkUnitTask, onHost, planUnit, type UnitTask, unitQuestions } from "../support/services/unit-task.ts";

export const restartWhenChanged = {
  ...listOf(path()),
  default: [],
  description:
    "Paths (files, directories with all below them, patterns) that the service reads when it starts. When one was changed after the service was started, the service is restarted. Needs no handler, and a run that broke off loses nothing.",
};

const params = parameters(
  {
    name: {
      ...str(),
      aliases: ["service", "unit"],
      description: "The unit; without a suffix it is a `.service`. A template (`getty@`) can be enabled and masked.",
    },
    state: {
      ...choice("started", "stopped", "restarted", "reloaded"),
      description: "`restarted` and `reloaded` are done each time.",
    },
    enabled: { ...bool(), description: "Start it at boot. Units that cannot be enabled (static) are left alone." },
    masked: { ...bool(), description: "Make it impossible to start." },
    daemon_reload: { ...bool(), default: false, aliases: ["daemon-reload"], description: "Read changed unit files first." },
    daemon_reexec: {
      ...bool(),
      default: false,
      aliases: ["daemon-reexec"],
      description: "Execute systemd anew first. Done each time.",
    },
    scope: {
      ...choice("system", "user", "global"),
      default: "system",
      description:
        "Which systemd: of the system, of the task's user (who must linger or be logged in), or, for `enabled` and `masked`, of all users.",
    },
    no_block: { ...bool(), default: false, description: "Do not wait until a start or stop is done." },
    force: { ...bool(), default: false, description: "Replace links that are in the way of `enabled` or `masked`." },
    restart_when_changed: restartWhenChanged,
  },
  {
    requiredOneOf: [["name", "state", "enabled", "masked", "daemon_reload", "daemon_reexec", "restart_when_changed"]],
  },
  (given) => {
    checkUnitTask(taskOf(given));
  },
);
type Params = ParametersOf<typeof params>;

export const systemd = stateModule({
  name: "systemd",
  aliases: ["systemd_service", "ansible.builtin.systemd_service"],
  summary: "Controls systemd units.",
  description: [
    "`daemon_reload` is a state here: systemd reads its files again when the files of a loaded unit have changed, and the task is `changed` then. Before a unit is started or restarted its changed files are read anyway.",
    "`restart_when_changed` compares the ctime of what the service reads with the time at which its main process was started. It does nothing while the service is not running.",
  ],
  parameters: params,
  example: `- name: Let cron run, now and after a reboot
  systemd:
    name: cron
    state: started
    enabled: true
    restart_when_changed:
      - /etc/default/cron
`,
  returns: {
    name: "The unit.",
    state: "`started` or `stopped`, when `state` was given.",
    enabled: "As given.",
    status: "The properties of the unit, as `systemctl show` names them.",
  },
  prepare: (given, _control, context) => Promise.resolve(onHost(taskOf(given), context)),
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
  masked: given.masked,
  daemonReload: given.daemon_reload,
  daemonReexec: given.daemon_reexec,
  restartWhenChanged: given.restart_when_changed,
  sleep: undefined,
  use: "systemd",
  options: { ...PLAIN_OPTIONS, scope: given.scope, noBlock: given.no_block, force: given.force },
});
