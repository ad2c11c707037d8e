import { joinSh, type Sh, sh } from "../../sh.ts";
import { ModuleFailure, type Question, stateModule } from "../contract.ts";
import { bool, choice, int, listOf, type ParametersOf, parameters, str } from "../parameters.ts";
import type { Simulated } from "../support/packages/package-manager.ts";
import {
  DEFAULT_VALID_SECONDS,
  type PackageQuestions,
  type PackageTask,
  packageQuestions,
  packagesResult,
} from "../support/packages/package-task.ts";
import { uniqueNames, wantedState } from "../support/packages/wanted.ts";
import { planWithUpgrade, predictWithUpgrade, type WithUpgrade } from "../support/packages/with-upgrade.ts";
import {
  zypper as manager,
  zypperDistUpgrade,
  zypperPatches,
  zypperPattern,
  zypperRun,
  zypperUpdates,
} from "../support/packages/zypper.ts";

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
    description:
      "What is wanted. `dist-upgrade`, with the name `*`: everything as the repositories have it, older versions and removals included.",
  },
  type: {
    ...choice("package", "pattern", "patch", "product", "srcpackage", "application"),
    default: "package",
    description:
      "What the names are: packages, patterns (groups of packages), or patches, of which `*` means all that are needed. The others are refused.",
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
/** What brings more than the named packages up to date: the question what that would change, and zypper's words for it. */
type Upgrade = {
  readonly question: Question<Simulated>;
  readonly words: readonly string[];
  readonly field: "version" | "status";
};
type Input = { readonly packages: PackageTask; readonly upgrade: Upgrade | undefined };

export const zypper = stateModule<Params, Input, PackageQuestions, WithUpgrade>({
  name: "zypper",
  aliases: ["community.general.zypper"],
  summary: "Installs, upgrades and removes packages of openSUSE and SLES.",
  description: [
    "All names go into one transaction. While another process holds zypper's lock, it waits for `lock_timeout` seconds; zypper then says which process that is.",
    "What `state: dist-upgrade` would do is asked with zypper's own `--dry-run`, so that check mode tells it and a second run does nothing. With `type: patch` a patch counts as there when zypper does not say that it is needed.",
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
    ...(input.upgrade === undefined ? {} : { upgrade: input.upgrade.question }),
  }),
  plan: (state, input, context) =>
    planWithUpgrade(state, input.packages, input.upgrade !== undefined, context, input.upgrade?.field),
  apply: ({ data }, input) => ({ script: script(data, input) }),
  predict: (change, state, input) => predictWithUpgrade(change, state, input.packages, input.upgrade?.question ?? zypperUpdates),
  provides: () => ["*", "package:*"],
  applied: packagesResult,
});

const words = (text: string | undefined): string[] => (text ?? "").split(/\s+/).filter((word) => word !== "");

function inputOf(given: Params): Input {
  const upgrade = upgradeOf(given);
  if (given.lock_timeout < 0) throw new ModuleFailure(`"lock_timeout" is ${given.lock_timeout}, but must not be negative`);
  const type = given.type === "pattern" ? ["--type", "pattern"] : [];
  const wanted =
    given.type === "pattern" ? given.name.map(zypperPattern) : upgrade !== undefined ? [] : uniqueNames(given.name, manager);
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
      state: given.state === "dist-upgrade" ? "latest" : wantedState(given.state),
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
    upgrade,
  };
}

function upgradeOf(given: Params): Upgrade | undefined {
  const { name, state, type } = given;
  if (type !== "package" && type !== "pattern" && type !== "patch")
    throw new ModuleFailure(`"type: ${type}" is not supported; package, pattern and patch are`);
  const all = name.includes("*");
  if (all && (name.length > 1 || type === "pattern" || (state !== "latest" && state !== "dist-upgrade" && type !== "patch")))
    throw new ModuleFailure('"name: *" goes with "state: latest" only');
  if (state === "dist-upgrade" && (!all || type !== "package"))
    throw new ModuleFailure('"state: dist-upgrade" is about everything: give it the name "*" and no type');
  const vendor = given.allow_vendor_change ? ["--allow-vendor-change"] : [];
  const options = ["--auto-agree-with-licenses", ...vendor, ...words(given.extra_args)];
  if (type === "patch") {
    if (state === "absent" || state === "removed") throw new ModuleFailure('"type: patch": a patch cannot be removed');
    const names = all ? [] : [...new Set(name)];
    const wrong = names.find((one) => !/^[A-Za-z0-9][\w.:+-]*$/.test(one));
    if (wrong !== undefined) throw new ModuleFailure(`"${wrong}": that is no name of a patch`);
    const verb = all ? ["patch", ...options] : ["install", ...options, "--type", "patch", "--", ...names];
    return { question: zypperPatches(names), words: verb, field: "status" };
  }
  if (state === "dist-upgrade") {
    const verb = ["dist-upgrade", ...options, ...(given.disable_recommends ? ["--no-recommends"] : [])];
    return { question: zypperDistUpgrade(verb), words: verb, field: "version" };
  }
  return all ? { question: zypperUpdates, words: ["update", ...options], field: "version" } : undefined;
}

function script({ transaction, upgrade }: WithUpgrade, input: Input): Sh {
  const { packages } = input;
  const { options } = packages;
  return joinSh([
    sh`ZYPP_LOCK_TIMEOUT=${options.lockTimeoutSeconds}; export ZYPP_LOCK_TIMEOUT`,
    transaction === undefined ? sh`:` : manager.transaction(transaction, options),
    upgrade && input.upgrade !== undefined ? zypperRun([...(options.globalFlags ?? []), ...input.upgrade.words]) : sh`:`,
  ]);
}
