import { joinSh, type Sh, sh } from "../../sh.ts";
import { ModuleFailure, stateModule } from "../contract.ts";
import { bool, choice, int, listOf, type ParametersOf, parameters, path, str } from "../parameters.ts";
import { hostPath } from "../support/files/host-path.ts";
import { APK_WORLD, apkManager, apkUpdates } from "../support/packages/apk.ts";
import { waitForApk } from "../support/packages/lock-wait.ts";
import {
  DEFAULT_VALID_SECONDS,
  type PackageQuestions,
  type PackageTask,
  packageQuestions,
  packagesResult,
} from "../support/packages/package-task.ts";
import { uniqueNames, wantedState } from "../support/packages/wanted.ts";
import { planWithUpgrade, predictWithUpgrade, type WithUpgrade } from "../support/packages/with-upgrade.ts";

const params = parameters(
  {
    name: { ...listOf(str()), default: [], aliases: ["pkg"], description: "Packages; `name=version` wants a version." },
    state: {
      ...choice("present", "installed", "latest", "absent", "removed"),
      default: "present",
      description: "What is wanted.",
    },
    upgrade: { ...bool(), default: false, description: "Upgrade everything that is installed." },
    available: {
      ...bool(),
      default: false,
      description: "With `upgrade`: take what the repositories have, even where that is older.",
    },
    update_cache: {
      ...bool(),
      default: false,
      description: "Fetch the package lists when they are old and something is to be installed.",
    },
    cache_valid_time: {
      ...int(),
      default: DEFAULT_VALID_SECONDS,
      description: "Seconds for which package lists are new enough (not in Ansible).",
    },
    repository: { ...listOf(str()), default: [], description: "Repositories to use instead of the host's own." },
    no_cache: { ...bool(), default: false, description: "Keep no local copy of the package lists." },
    world: { ...path(), default: APK_WORLD, description: "The file that lists the packages that were asked for." },
    lock_timeout: { ...int(), default: 60, description: "Seconds to wait for apk's lock (not in Ansible)." },
  },
  {
    requiredOneOf: [["name", "upgrade", "update_cache"]],
    mutuallyExclusive: [
      ["name", "upgrade"],
      ["no_cache", "update_cache"],
    ],
  },
);
type Params = ParametersOf<typeof params>;
type Input = { readonly packages: PackageTask; readonly upgrade: boolean; readonly available: boolean };

export const apk = stateModule<Params, Input, PackageQuestions, WithUpgrade>({
  name: "apk",
  aliases: ["community.general.apk"],
  summary: "Installs, upgrades and removes packages of Alpine Linux.",
  description: [
    "All names go into one transaction. While another process holds apk's lock, it waits for `lock_timeout` seconds, and then says which process that is.",
    "A package that is there only because another one needs it counts as missing: it is added to what was asked for, so that it stays.",
    "`repository` is used instead of the host's own repositories (apk's --repositories-file), as in Ansible.",
  ],
  parameters: params,
  example: `- name: Tools
  apk:
    name: curl
  when: ansible_facts['pkg_mgr'] | default('') == 'apk'
`,
  returns: { rc: "Exit status.", stdout: "What apk printed.", stderr: "What apk printed to standard error." },
  prepare: (given, _control, { traits }) => {
    if (given.available && !given.upgrade) throw new ModuleFailure('"available" goes with "upgrade" only');
    if (given.lock_timeout < 0) throw new ModuleFailure(`"lock_timeout" is ${given.lock_timeout}, but must not be negative`);
    const manager = apkManager(hostPath(given.world, traits));
    const own = given.repository.length === 0 ? [] : ["--repositories-file", "/dev/null", "--keys-dir", "/etc/apk/keys"];
    const flags = [...own, ...given.repository.map((one) => `--repository=${one}`), ...(given.no_cache ? ["--no-cache"] : [])];
    const packages: PackageTask = {
      manager,
      wanted: uniqueNames(given.name, manager),
      state: wantedState(given.state),
      refresh: given.update_cache,
      validSeconds: given.cache_valid_time,
      onlyUpgrade: false,
      purge: false,
      options: { flags, lockTimeoutSeconds: given.lock_timeout },
    };
    return Promise.resolve({ packages, upgrade: given.upgrade, available: given.available });
  },
  probe: (input, context) => ({
    ...packageQuestions(input.packages, context),
    ...(input.upgrade ? { upgrade: apkUpdates(input.available) } : {}),
  }),
  plan: (state, input, context) => planWithUpgrade(state, input.packages, input.upgrade, context),
  apply: ({ data }, input) => ({ script: script(data, input) }),
  predict: (change, state, input) => predictWithUpgrade(change, state, input.packages, apkUpdates(input.available)),
  provides: () => ["*", "package:*"],
  applied: packagesResult,
});

function script({ transaction, upgrade }: WithUpgrade, { packages, available }: Input): Sh {
  const { options, manager } = packages;
  const wait = ["--wait", String(options.lockTimeoutSeconds)];
  return joinSh([
    transaction === undefined ? waitForApk(options.lockTimeoutSeconds) : manager.transaction(transaction, options),
    upgrade ? sh`apk ${wait} upgrade ${available ? ["--available"] : []} ${options.flags} || exit` : sh`:`,
  ]);
}
