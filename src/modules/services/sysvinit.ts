import { ModuleFailure, stateModule } from "../contract.ts";
import { bool, choice, int, listOf, parameters, str } from "../parameters.ts";
import { argumentWords, PLAIN_OPTIONS } from "../support/services/service-manager.ts";
import { applyUnit, explainUnit, predictUnit, startedUnit, unitResult } from "../support/services/unit-change.ts";
import { onHost, planUnit, unitQuestions } from "../support/services/unit-task.ts";

export const sysvinit = stateModule({
  name: "sysvinit",
  summary: "Controls services by their SysV init scripts, whatever started the host.",
  description: [
    "The scripts of /etc/init.d are run directly, in a clean environment. `service` finds out by itself which manager a host has.",
    "Whether it runs is what the script's `status` says, or `pattern`; an exit status that LSB does not define is an error, not a no.",
  ],
  parameters: parameters(
    {
      name: { ...str(), required: true, aliases: ["service"], description: "The script in /etc/init.d." },
      state: {
        ...choice("started", "stopped", "restarted", "reloaded"),
        description: "`restarted` and `reloaded` are done each time.",
      },
      enabled: { ...bool(), description: "Start it at boot." },
      runlevels: {
        ...listOf(str()),
        default: [],
        description: "Where `enabled` is about: 1 to 5 and S. Those that the script itself names unless given.",
      },
      sleep: { ...int(), default: 1, description: "Seconds between stop and start of a restart." },
      pattern: {
        ...str(),
        description: "For scripts that know no `status`: the service runs when a process has this in its command line.",
      },
      arguments: { ...str(), aliases: ["args"], description: "What follows the action on the script's command line." },
      daemonize: {
        ...bool(),
        default: false,
        description: "For scripts whose service never lets go of their output: do not wait for it, and do not see it.",
      },
    },
    { requiredOneOf: [["state", "enabled"]] },
    ({ name, runlevels, sleep, arguments: words }) => {
      argumentWords(words);
      const wrong = runlevels.find((one) => !/^[1-5S]$/.test(one));
      if (wrong !== undefined)
        throw new ModuleFailure(`"runlevels" has "${wrong}", in which no services start; those are 1 to 5 and S`);
      if (!/^[A-Za-z0-9_.+@-]+$/.test(name)) throw new ModuleFailure(`"${name}" is no name of an init script`);
      if (sleep < 0) throw new ModuleFailure(`"sleep" is ${sleep}, but must not be negative`);
    },
  ),
  example: `- name: Let cron run, now and after a reboot
  sysvinit:
    name: cron
    state: started
    enabled: true
`,
  returns: {
    name: "The service.",
    state: "`started` or `stopped`, when `state` was given.",
    enabled: "As given.",
    status: "`runlevels` in which it is enabled.",
  },
  prepare: async (params, _control, context) => {
    return onHost(
      {
        unit: params.name,
        state: params.state,
        enabled: params.enabled,
        masked: undefined,
        daemonReload: false,
        daemonReexec: false,
        restartWhenChanged: [],
        sleep: params.sleep,
        use: "sysvinit",
        options: {
          ...PLAIN_OPTIONS,
          runlevels: params.runlevels,
          arguments: argumentWords(params.arguments),
          daemonize: params.daemonize,
          pattern: params.pattern,
        },
      },
      context,
    );
  },
  probe: unitQuestions,
  plan: planUnit,
  apply: applyUnit,
  diagnose: explainUnit,
  predict: predictUnit,
  provides: startedUnit,
  result: unitResult,
});
