import { stateModule } from "../contract.ts";
import { bool, choice, int, parameters, str } from "../parameters.ts";
import { serviceManager } from "../support/services/select.ts";
import { argumentWords, PLAIN_OPTIONS } from "../support/services/service-manager.ts";
import { applyUnit, predictUnit, startedUnit, unitResult } from "../support/services/unit-change.ts";
import { checkedTask, planUnit, unitQuestions } from "../support/services/unit-task.ts";
import { restartWhenChanged } from "./systemd.ts";

export const service = stateModule({
  name: "service",
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
          options: {
            ...PLAIN_OPTIONS,
            runlevels: serviceManager(context.traits, params.use).name === "openrc" ? [params.runlevel] : [],
            arguments: argumentWords(params.arguments),
            pattern: params.pattern,
          },
        },
        context,
      ),
    ),
  probe: unitQuestions,
  plan: planUnit,
  apply: applyUnit,
  predict: predictUnit,
  provides: startedUnit,
  result: unitResult,
});
