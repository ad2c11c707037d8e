import { stateModule } from "../contract.ts";
import { bool, choice, int, listOf, parameters, str } from "../parameters.ts";
import { packageBehaviour } from "../support/packages/package-behaviour.ts";
import { DEFAULT_VALID_SECONDS, type PackageTask } from "../support/packages/package-task.ts";
import { packageManager } from "../support/packages/select.ts";
import { uniqueNames, wantedState } from "../support/packages/wanted.ts";

export const dnf = stateModule({
  name: "dnf",
  aliases: ["yum", "dnf5", "ansible.builtin.yum", "ansible.builtin.dnf5"],
  summary: "Installs, upgrades and removes packages of Fedora, RHEL and their relatives, with dnf, or yum where there is no dnf.",
  description: ["All names go into one transaction. Groups (`@name`), patterns and URLs are refused."],
  parameters: parameters({
    name: {
      ...listOf(str()),
      required: true,
      aliases: ["pkg"],
      description: "Packages, with or without version (`name-1.2-3`), or a path that one provides.",
    },
    state: {
      ...choice("present", "installed", "latest", "absent", "removed"),
      default: "present",
      description: "What is wanted.",
    },
    update_cache: {
      ...bool(),
      default: false,
      aliases: ["expire-cache"],
      description: "Fetch the package lists when they are old and something is to be installed.",
    },
    cache_valid_time: {
      ...int(),
      default: DEFAULT_VALID_SECONDS,
      description: "Seconds for which package lists are new enough.",
    },
    enablerepo: { ...listOf(str()), default: [], description: "Repositories to use although they are off." },
    disablerepo: { ...listOf(str()), default: [], description: "Repositories not to use." },
    exclude: { ...listOf(str()), default: [], description: "Packages to leave out." },
    disable_gpg_check: { ...bool(), default: false, description: "Do not check signatures." },
    install_weak_deps: { ...bool(), default: true, description: "Install recommended packages." },
    allowerasing: { ...bool(), default: false, description: "Remove packages that are in the way." },
    nobest: { ...bool(), default: false, description: "Take an older version where the newest cannot be had." },
    skip_broken: { ...bool(), default: false, description: "Leave out packages whose needs cannot be met." },
    releasever: { ...str(), description: "The release to take packages from." },
    lock_timeout: { ...int(), default: 30, description: "Accepted; dnf waits for its lock." },
  }),
  example: `- name: Tools
  dnf:
    name: curl
    state: present
  when: ansible_facts['pkg_mgr'] | default('') == 'dnf'
`,
  returns: { rc: "Exit status.", stdout: "What dnf printed.", stderr: "What dnf printed to standard error." },
  prepare: (params, _control, context) => {
    const manager = packageManager(context.traits, context.traits.packageManager === "yum" ? "yum" : "dnf");
    const flags = [
      ...params.enablerepo.map((one) => `--enablerepo=${one}`),
      ...params.disablerepo.map((one) => `--disablerepo=${one}`),
      ...params.exclude.map((one) => `--exclude=${one}`),
      ...(params.disable_gpg_check ? ["--nogpgcheck"] : []),
      ...(params.install_weak_deps ? [] : ["--setopt=install_weak_deps=False"]),
      ...(params.allowerasing ? ["--allowerasing"] : []),
      ...(params.nobest ? ["--nobest"] : []),
      ...(params.skip_broken ? ["--skip-broken"] : []),
      ...(params.releasever === undefined ? [] : [`--releasever=${params.releasever}`]),
    ];
    const task: PackageTask = {
      manager,
      wanted: uniqueNames(params.name, manager),
      state: wantedState(params.state),
      refresh: params.update_cache,
      validSeconds: params.cache_valid_time,
      onlyUpgrade: false,
      purge: false,
      options: { flags, lockTimeoutSeconds: params.lock_timeout },
    };
    return Promise.resolve(task);
  },
  ...packageBehaviour,
});
