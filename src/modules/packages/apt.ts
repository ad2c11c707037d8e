import { joinSh, type Sh, sh } from "../../sh.ts";
import { type Change, type Difference, MissingPrerequisite, ModuleFailure, type Prediction, stateModule } from "../contract.ts";
import { hostPath } from "../support/files/host-path.ts";
import { aptEnvironment, aptGet, aptUpdate, apt as manager, withPolicy } from "../support/packages/apt.ts";
import { type AptParams, aptParameters } from "../support/packages/apt-parameters.ts";
import { cachedFiles, debFile, simulation } from "../support/packages/apt-questions.ts";
import type { DebFile, Simulated, Transaction } from "../support/packages/package-manager.ts";
import {
  DEFAULT_VALID_SECONDS,
  type PackageAnswers,
  type PackageQuestions,
  type PackageTask,
  packageQuestions,
  packagesResult,
  planPackages,
  predictPackages,
} from "../support/packages/package-task.ts";
import { uniqueNames, wantedState } from "../support/packages/wanted.ts";

type Verb = "upgrade" | "dist-upgrade";
type Input = {
  readonly packages: PackageTask;
  /** The task says something about packages or their lists, not only about upgrades or files. */
  readonly upgrade: Verb | undefined;
  readonly deb: string | undefined;
  readonly autoremove: boolean;
  readonly clean: "clean" | "autoclean" | undefined;
  readonly policy: number | undefined;
  readonly allowDowngrade: boolean;
};
type Data = {
  readonly transaction: Transaction | undefined;
  readonly steps: readonly ("upgrade" | "deb" | "autoremove" | "clean")[];
};

export const apt = stateModule<AptParams, Input, PackageQuestions, Data>({
  name: "apt",
  summary: "Installs, upgrades and removes packages of Debian and its relatives.",
  description: [
    "All names go into one transaction. While another process holds the lock of dpkg or of the package lists, it waits for `lock_timeout` seconds.",
    "`update_cache` fetches the package lists when they are older than `cache_valid_time` or than the files that say where packages come from, and only when that can matter: to install something, for `state: latest`, or when nothing else is asked. Without `cache_valid_time` that is an hour; an explicit 0 fetches them each time.",
    "Patterns are allowed in versions, not in names. `state: build-dep` and a URL in `deb` are refused.",
  ],
  parameters: aptParameters,
  example: `- name: Tools, with lists that are at most a day old
  apt:
    name:
      - curl
      - ca-certificates
    update_cache: true
    cache_valid_time: 86400
`,
  returns: {
    cache_updated: "Whether the lists were fetched.",
    stdout: "What apt printed.",
    stderr: "What apt printed to standard error.",
  },
  prepare: (params, _control, context) => Promise.resolve(inputOf(params, (path) => hostPath(path, context.traits))),
  probe: (input) => ({
    ...packageQuestions(input.packages),
    ...(input.upgrade === undefined ? {} : { upgrade: simulation(input.upgrade, input.packages.options.flags) }),
    ...(input.deb === undefined ? {} : { deb: debFile(input.deb) }),
    ...(input.autoremove ? { autoremove: simulation("autoremove", purgeFlag(input)) } : {}),
    ...(input.clean === undefined ? {} : { clean: cachedFiles(input.clean) }),
  }),
  plan: (state, input, context) => {
    const isOnlyMore = input.packages.wanted.length === 0 && !input.packages.refresh;
    const packages = isOnlyMore ? undefined : planPackages(state, input.packages, context);
    const differences: Difference[] = [...(packages?.differences ?? [])];
    const steps: Data["steps"][number][] = [];
    for (const step of ["upgrade", "autoremove", "clean"] as const) {
      const changes = simulated(state, step);
      if (changes.length === 0) continue;
      steps.push(step);
      for (const { name, before, after } of changes)
        differences.push({ kind: "field", subject: name, name: "version", before, after });
    }
    // New lists may name newer versions than those known now.
    if (packages?.data.refresh === true && input.upgrade !== undefined && !steps.includes("upgrade")) steps.push("upgrade");
    const deb = state["deb"];
    if (deb?.kind === "deb") {
      const change = planDeb(deb, input);
      if (change !== undefined) {
        steps.push("deb");
        differences.push(change);
      }
    }
    if (differences.length === 0) return undefined;
    const data: Data = { transaction: packages?.data, steps };
    return { differences, data, ...(packages?.verify === false ? { verify: false as const } : {}) };
  },
  apply: (change, input) => ({ script: aptScript(change.data, input) }),
  predict: (change, state, input) => predictions(change, state, input),
  provides: () => ["*", "package:*"],
  applied: packagesResult,
});

function inputOf(params: AptParams, onHost: (path: string) => string): Input {
  if (params.state === "build-dep") throw new ModuleFailure('"state: build-dep" is not supported; name the packages');
  if (params.deb !== undefined && /^[a-z]+:\/\//.test(params.deb)) {
    throw new ModuleFailure(`"deb" must be a file on the host; fetch ${params.deb} with get_url first`);
  }
  const validSeconds = params.cache_valid_time ?? DEFAULT_VALID_SECONDS;
  const all = params.name.includes("*");
  if (all && (params.state !== "latest" || params.name.length > 1))
    throw new ModuleFailure('"name: *" goes with "state: latest" only');
  return {
    packages: {
      manager,
      wanted: all ? [] : uniqueNames(params.name, manager),
      state: wantedState(params.state),
      refresh: params.update_cache ?? params.cache_valid_time !== undefined,
      validSeconds,
      onlyUpgrade: params.only_upgrade,
      purge: params.purge,
      options: { flags: flagsOf(params), lockTimeoutSeconds: params.lock_timeout },
    },
    upgrade: all ? "upgrade" : verbOf(params.upgrade),
    deb: params.deb === undefined ? undefined : onHost(params.deb),
    autoremove: params.autoremove,
    clean: params.clean ? "clean" : params.autoclean ? "autoclean" : undefined,
    policy: params.policy_rc_d,
    allowDowngrade: params.allow_downgrade || params.force,
  };
}

function verbOf(upgrade: AptParams["upgrade"]): Verb | undefined {
  if (upgrade === "no") return undefined;
  return upgrade === "dist" || upgrade === "full" ? "dist-upgrade" : "upgrade";
}

function flagsOf(params: AptParams): string[] {
  const flags = params.dpkg_options.flatMap((option) => ["-o", `Dpkg::Options::=--${option}`]);
  if (params.install_recommends !== undefined)
    flags.push("-o", `APT::Install-Recommends=${params.install_recommends ? "yes" : "no"}`);
  if (params.default_release !== undefined) flags.push("-t", params.default_release);
  if (params.only_upgrade) flags.push("--only-upgrade");
  if (params.purge) flags.push("--purge");
  if (params.autoremove) flags.push("--auto-remove");
  if (params.fail_on_autoremove) flags.push("--no-remove");
  if (params.allow_unauthenticated || params.force) flags.push("--allow-unauthenticated");
  if (params.allow_downgrade || params.force) flags.push("--allow-downgrades");
  if (params.allow_change_held_packages || params.force) flags.push("--allow-change-held-packages");
  if (params.force) flags.push("--allow-remove-essential");
  return flags;
}

const purgeFlag = (input: Input): string[] => (input.packages.purge ? ["--purge"] : []);

function simulated(state: PackageAnswers, key: string): Simulated["changes"] {
  const answer = state[key];
  return answer?.kind === "simulated" ? answer.changes : [];
}

function planDeb(deb: DebFile, input: Input): Difference | undefined {
  const { found } = deb;
  if (found === null) throw new MissingPrerequisite(`path:${input.deb ?? ""}`, `there is no file ${input.deb}`);
  const isDone = found.relation === "same" || (found.relation === "newer" && !input.allowDowngrade);
  if (isDone) return undefined;
  return { kind: "field", subject: found.name, name: "version", before: found.installed || "absent", after: found.version };
}

function aptScript(data: Data, input: Input): Sh {
  const { options } = input.packages;
  const parts: Sh[] = [aptEnvironment];
  if (data.transaction?.refresh === true) parts.push(aptUpdate(options.lockTimeoutSeconds));
  if (data.steps.includes("upgrade")) parts.push(aptGet(input.upgrade ?? "upgrade", options, []));
  if (data.steps.includes("deb")) parts.push(aptGet("install", options, [input.deb ?? ""]));
  if (data.transaction !== undefined) parts.push(manager.transaction({ ...data.transaction, refresh: false }, options));
  if (data.steps.includes("autoremove")) parts.push(aptGet("autoremove", { ...options, flags: purgeFlag(input) }, []));
  if (data.steps.includes("clean")) parts.push(sh`apt-get ${input.clean ?? "clean"} || exit`);
  return input.policy === undefined ? joinSh(parts) : withPolicy(input.policy, joinSh(parts));
}

function predictions(change: Change<Data>, state: PackageAnswers, input: Input): readonly Prediction[] {
  const { transaction, steps } = change.data;
  const predicted: Prediction[] = [];
  if (transaction !== undefined) {
    predicted.push(...predictPackages({ differences: change.differences, data: transaction }, state, input.packages));
  }
  const nothing: Simulated = { kind: "simulated", changes: [] };
  if (steps.includes("upgrade") && input.upgrade !== undefined) {
    predicted.push({ question: simulation(input.upgrade, input.packages.options.flags), answer: nothing });
  }
  if (steps.includes("autoremove")) predicted.push({ question: simulation("autoremove", purgeFlag(input)), answer: nothing });
  if (steps.includes("clean") && input.clean !== undefined)
    predicted.push({ question: cachedFiles(input.clean), answer: nothing });
  const deb = state["deb"];
  if (steps.includes("deb") && input.deb !== undefined && deb?.kind === "deb" && deb.found !== null) {
    const after: DebFile = { kind: "deb", found: { ...deb.found, installed: deb.found.version, relation: "same" } };
    predicted.push({ question: debFile(input.deb), answer: after });
  }
  return predicted;
}
