import { stateModule } from "../contract.ts";
import { bool, choice, int, parameters, raw, str } from "../parameters.ts";
import { applyUnit, checkedTask, planUnit, predictUnit, unitQuestions, unitResult } from "../support/services/unit-task.ts";
import { restartWhenChanged } from "./systemd.ts";

export const service = stateModule({
  name: "service",
  aliases: ["sysvinit"],
  summary: "Controls services, whatever starts them: systemd, OpenRC or SysV init scripts.",
  description: [
    "`restart_when_changed` compares the ctime of what the service reads with the time at which it was started. It does nothing while the service is not running.",
  ],
  parameters: parameters(
    {
      name: { ...str(), required: true, description: "The service." },
      state: {
        ...choice("started", "stopped", "restarted", "reloaded"),
        description: "`restarted` and `reloaded` are done each time.",
      },
      enabled: { ...bool(), description: "Start it at boot." },
      restart_when_changed: restartWhenChanged,
      runlevel: { ...str(), default: "default", description: "OpenRC: where to enable it." },
      runlevels: { ...raw(), description: "Accepted for `sysvinit` and ignored: the init script's own are used." },
      sleep: { ...int(), description: "Seconds between stop and start of a restart." },
      pattern: { ...str(), description: "Accepted and ignored: init scripts are asked for their status." },
      arguments: { ...str(), aliases: ["args"], description: "Accepted and ignored, as Ansible does under systemd." },
      use: { ...str(), default: "auto", description: "The service manager: auto, systemd, openrc, sysvinit." },
    },
    { requiredOneOf: [["state", "enabled", "restart_when_changed"]] },
  ),
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
  prepare: (params, _control, context) =>
    Promise.resolve(
      checkedTask(
        {
          unit: params.name,
          state: params.state,
          enabled: params.enabled,
          masked: undefined,
          daemonReload: false,
          daemonReexec: false,
          restartWhenChanged: params.restart_when_changed,
          sleep: params.sleep,
          use: params.use,
          options: { scope: "system", noBlock: false, force: false, runlevel: params.runlevel },
        },
        context,
      ),
    ),
  probe: unitQuestions,
  plan: planUnit,
  apply: applyUnit,
  predict: predictUnit,
  result: unitResult,
});
