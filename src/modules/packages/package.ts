import { stateModule } from "../contract.ts";
import { bool, choice, int, listOf, parameters, str } from "../parameters.ts";
import { packageBehaviour } from "../support/packages/package-behaviour.ts";
import { DEFAULT_VALID_SECONDS, type PackageTask } from "../support/packages/package-task.ts";
import { packageManager } from "../support/packages/select.ts";
import { uniqueNames, wantedState } from "../support/packages/wanted.ts";

export const packageModule = stateModule({
  name: "package",
  summary: "Installs and removes packages with the host's own package manager.",
  description: [
    "All names go into one transaction. The names are those of the distribution; versions are written as its package manager does.",
  ],
  parameters: parameters({
    name: { ...listOf(str()), required: true, aliases: ["pkg"], description: "Names of packages." },
    state: {
      ...choice("present", "absent", "latest", "installed", "removed"),
      default: "present",
      description: "`installed` and `removed` are other words for `present` and `absent`.",
    },
    update_cache: {
      ...bool(),
      default: false,
      description: "Fetch the package lists first, when something is to be installed and they are old.",
    },
    cache_valid_time: { ...int(), default: DEFAULT_VALID_SECONDS, description: "How old the lists may be, in seconds." },
    use: { ...str(), default: "auto", description: "The package manager: auto, apt, dnf, yum, zypper, apk." },
  }),
  example: `- name: Tools for this host
  package:
    name:
      - curl
      - ca-certificates
`,
  returns: {
    rc: "Exit status of the package manager.",
    stdout: "What it printed.",
    stderr: "What it printed to standard error.",
    cache_updated: "Whether the lists were fetched.",
  },
  prepare: (params, _control, context) => {
    const manager = packageManager(context.traits, params.use);
    const task: PackageTask = {
      manager,
      wanted: uniqueNames(params.name, manager),
      state: wantedState(params.state),
      refresh: params.update_cache,
      validSeconds: params.cache_valid_time,
      onlyUpgrade: false,
      purge: false,
      options: { flags: manager.defaultFlags ?? [], lockTimeoutSeconds: 60 },
    };
    return Promise.resolve(task);
  },
  ...packageBehaviour,
});
