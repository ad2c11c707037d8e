import { joinSh, type Sh, sh } from "../../sh.ts";
import { ModuleFailure, stateModule } from "../contract.ts";
import { bool, choice, int, listOf, type ParametersOf, parameters, str } from "../parameters.ts";
import {
  DEFAULT_VALID_SECONDS,
  type PackageQuestions,
  type PackageTask,
  packageQuestions,
  packagesResult,
} from "../support/packages/package-task.ts";
import { uniqueNames, wantedState } from "../support/packages/wanted.ts";
import { planWithUpgrade, predictWithUpgrade, type WithUpgrade } from "../support/packages/with-upgrade.ts";
import { zypper as manager, zypperPattern, zypperRun, zypperUpdates } from "../support/packages/zypper.ts";

const params = parameters({
  name: {
    ...listOf(str()),
    required: true,
    aliases: ["pkg"],
    description:
      "Packages: names, `name=version`, patterns with `*`, .rpm files on the host or by address. `*` alone, with `state: latest`, means all.",
  },
  state: {
    ...choice("present", "installed", "latest", "absent", "removed", "dist-upgrade"),
    default: "present",
    description: "What is wanted. `dist-upgrade` is refused: what it would do cannot be told without doing it.",
  },
  type: {
    ...choice("package", "pattern", "patch", "product", "srcpackage", "application"),
    default: "package",
    description: "What the names are: packages, or patterns (groups of packages). The others are refused.",
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
    description: "Seconds for which package lists are new enough (not in Ansible).",
  },
  disable_recommends: { ...bool(), default: true, description: "Do not install recommended packages." },
  disable_gpg_check: { ...bool(), default: false, description: "Do not check signatures." },
  oldpackage: { ...bool(), default: false, description: "Allow an older version than the installed one." },
  force: { ...bool(), default: false, description: "Take a package from another vendor or architecture, or an older one." },
  force_resolution: { ...bool(), default: false, description: "Let zypper remove packages that are in the way." },
  allow_vendor_change: { ...bool(), default: false, description: "Let an upgrade take a package from another vendor." },
  replacefiles: { ...bool(), default: false, description: "Install although files of other packages are replaced." },
  clean_deps: { ...bool(), default: false, description: "Remove what was only needed by what goes." },
  simple_errors: { ...bool(), default: false, description: "Accepted; messages are zypper's own." },
  quiet: { ...bool(), default: true, description: "Accepted; zypper is quiet always." },
  extra_args_precommand: { ...str(), description: "Further options before zypper's verb." },
  extra_args: { ...str(), description: "Further options after zypper's verb." },
  lock_timeout: { ...int(), default: 60, description: "Seconds to wait for zypper's lock (not in Ansible)." },
});
type Params = ParametersOf<typeof params>;
type Input = { readonly packages: PackageTask; readonly upgradeAll: boolean };

export const zypper = stateModule<Params, Input, PackageQuestions, WithUpgrade>({
  name: "zypper",
  aliases: ["community.general.zypper"],
  summary: "Installs, upgrades and removes packages of openSUSE and SLES.",
  description: [
    "All names go into one transaction. While another process holds zypper's lock, it waits for `lock_timeout` seconds; zypper then says which process that is.",
    "An older version than the installed one is refused unless `oldpackage` or `force` is given; zypper itself would do nothing, and call that a success.",
  ],
  parameters: params,
  example: `- name: Tools
  zypper:
    name: curl
  when: ansible_facts['pkg_mgr'] | default('') == 'zypper'
`,
  returns: { rc: "Exit status.", stdout: "What zypper printed.", stderr: "What zypper printed to standard error." },
  prepare: (given) => Promise.resolve(inputOf(given)),
  probe: (input, context) => ({
    ...packageQuestions(input.packages, context),
    ...(input.upgradeAll ? { upgrade: zypperUpdates } : {}),
  }),
  plan: (state, input, context) => planWithUpgrade(state, input.packages, input.upgradeAll, context),
  apply: ({ data }, input) => ({ script: script(data, input) }),
  predict: (change, state, input) => predictWithUpgrade(change, state, input.packages, zypperUpdates),
  provides: () => ["*", "package:*"],
  applied: packagesResult,
});

const words = (text: string | undefined): string[] => (text ?? "").split(/\s+/).filter((word) => word !== "");

function inputOf(given: Params): Input {
  if (given.state === "dist-upgrade")
    throw new ModuleFailure(
      '"state: dist-upgrade" is refused: what it would do cannot be told without doing it; use command: zypper dist-upgrade',
    );
  if (given.type !== "package" && given.type !== "pattern")
    throw new ModuleFailure(`"type: ${given.type}" is not supported; package and pattern are`);
  const all = given.name.includes("*");
  if (all && (given.state !== "latest" || given.name.length > 1 || given.type !== "package"))
    throw new ModuleFailure('"name: *" goes with "state: latest" only');
  if (given.lock_timeout < 0) throw new ModuleFailure(`"lock_timeout" is ${given.lock_timeout}, but must not be negative`);
  const type = given.type === "pattern" ? ["--type", "pattern"] : [];
  const wanted = given.type === "pattern" ? given.name.map(zypperPattern) : all ? [] : uniqueNames(given.name, manager);
  const flags = [
    ...type,
    ...(given.disable_recommends ? ["--no-recommends"] : []),
    ...(given.disable_gpg_check ? ["--allow-unsigned-rpm"] : []),
    ...(given.oldpackage ? ["--oldpackage"] : []),
    ...(given.force ? ["--force"] : []),
    ...(given.force_resolution ? ["--force-resolution"] : []),
    ...(given.replacefiles ? ["--replacefiles"] : []),
    ...words(given.extra_args),
  ];
  return {
    packages: {
      manager,
      wanted,
      state: wantedState(given.state),
      refresh: given.update_cache,
      validSeconds: given.cache_valid_time,
      onlyUpgrade: false,
      purge: false,
      allowsDowngrade: given.oldpackage || given.force,
      downgradeParameter: "oldpackage",
      options: {
        flags,
        cacheFlags: [...type, ...(given.allow_vendor_change ? ["--allow-vendor-change"] : [])],
        removeFlags: [...type, ...(given.clean_deps ? ["--clean-deps"] : [])],
        globalFlags: [...(given.disable_gpg_check ? ["--no-gpg-checks"] : []), ...words(given.extra_args_precommand)],
        lockTimeoutSeconds: given.lock_timeout,
      },
    },
    upgradeAll: all,
  };
}

function script({ transaction, upgrade }: WithUpgrade, { packages }: Input): Sh {
  const { options } = packages;
  return joinSh([
    sh`ZYPP_LOCK_TIMEOUT=${options.lockTimeoutSeconds}; export ZYPP_LOCK_TIMEOUT`,
    transaction === undefined ? sh`:` : manager.transaction(transaction, options),
    upgrade
      ? zypperRun([...(options.globalFlags ?? []), "update", "--auto-agree-with-licenses", ...(options.cacheFlags ?? [])])
      : sh`:`,
  ]);
}
