import { stateModule } from "../contract.ts";
import { bool, choice, int, listOf, parameters, str } from "../parameters.ts";
import { packageBehaviour } from "../support/packages/package-behaviour.ts";
import { DEFAULT_VALID_SECONDS, type PackageTask } from "../support/packages/package-task.ts";
import { uniqueNames, wantedState } from "../support/packages/wanted.ts";
import { zypper as manager } from "../support/packages/zypper.ts";

export const zypper = stateModule({
  name: "zypper",
  aliases: ["community.general.zypper"],
  summary: "Installs, upgrades and removes packages of openSUSE and SLES.",
  description: ["All names go into one transaction. Patterns, patches and URLs are refused."],
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
      aliases: ["refresh"],
      description: "Fetch the package lists when they are old and something is to be installed.",
    },
    cache_valid_time: {
      ...int(),
      default: DEFAULT_VALID_SECONDS,
      description: "Seconds for which package lists are new enough.",
    },
    disable_recommends: { ...bool(), default: true, description: "Do not install recommended packages." },
    disable_gpg_check: { ...bool(), default: false, description: "Do not check signatures." },
    oldpackage: { ...bool(), default: false, description: "Allow an older version than the installed one." },
    force_resolution: { ...bool(), default: false, description: "Let zypper remove packages that are in the way." },
  }),
  example: `- name: Tools
  zypper:
    name: curl
  when: ansible_facts['pkg_mgr'] | default('') == 'zypper'
`,
  returns: { rc: "Exit status.", stdout: "What zypper printed.", stderr: "What zypper printed to standard error." },
  prepare: (params) => {
    const flags = [
      ...(params.disable_recommends ? ["--no-recommends"] : []),
      ...(params.disable_gpg_check ? ["--allow-unsigned-rpm"] : []),
      ...(params.oldpackage ? ["--oldpackage"] : []),
      ...(params.force_resolution ? ["--force-resolution"] : []),
    ];
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
