import { stateModule } from "../contract.ts";
import { bool, choice, int, listOf, parameters, str } from "../parameters.ts";
import { apk as manager } from "../support/packages/apk.ts";
import { packageBehaviour } from "../support/packages/package-behaviour.ts";
import { DEFAULT_VALID_SECONDS, type PackageTask } from "../support/packages/package-task.ts";
import { uniqueNames, wantedState } from "../support/packages/wanted.ts";

export const apk = stateModule({
  name: "apk",
  aliases: ["community.general.apk"],
  summary: "Installs, upgrades and removes packages of Alpine Linux.",
  parameters: parameters({
    name: { ...listOf(str()), required: true, aliases: ["pkg"], description: "Packages; `name=version` wants a version." },
    state: {
      ...choice("present", "installed", "latest", "absent", "removed"),
      default: "present",
      description: "What is wanted.",
    },
    update_cache: {
      ...bool(),
      default: false,
      description: "Fetch the package lists when they are old and something is to be installed.",
    },
    cache_valid_time: {
      ...int(),
      default: DEFAULT_VALID_SECONDS,
      description: "Seconds for which package lists are new enough.",
    },
    repository: { ...listOf(str()), default: [], description: "Repositories to use besides the host's own." },
    no_cache: { ...bool(), default: false, description: "Use no local copy of the package lists." },
  }),
  example: `- name: Tools
  apk:
    name: curl
  when: ansible_facts['pkg_mgr'] | default('') == 'apk'
`,
  returns: { rc: "Exit status.", stdout: "What apk printed.", stderr: "What apk printed to standard error." },
  prepare: (params) => {
    const flags = [...params.repository.map((one) => `--repository=${one}`), ...(params.no_cache ? ["--no-cache"] : [])];
    const task: PackageTask = {
      manager,
      wanted: uniqueNames(params.name, manager),
      state: wantedState(params.state),
      refresh: params.update_cache,
      validSeconds: params.cache_valid_time,
      onlyUpgrade: false,
      purge: false,
      options: { flags, lockTimeoutSeconds: 60 },
    };
    return Promise.resolve(task);
  },
  ...packageBehaviour,
});
