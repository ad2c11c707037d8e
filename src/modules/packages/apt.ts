import { joinSh, type Sh, sh } from "../../sh.ts";
import { type Change, type Difference, MissingPrerequisite, type Prediction, stateModule } from "../contract.ts";
import { hostPath } from "../support/files/host-path.ts";
import { aptEnvironment, aptGet, aptUpdate, withPolicy } from "../support/packages/apt.ts";
import { type AptInput, aptInput } from "../support/packages/apt-input.ts";
import { type AptParams, aptParameters } from "../support/packages/apt-parameters.ts";
import { cachedFiles, debFile, fetchAndInstall, remoteDeb, simulation } from "../support/packages/apt-questions.ts";
import type { DebFile, RemoteDeb, Simulated, Transaction } from "../support/packages/package-manager.ts";
import {
  type PackageAnswers,
  type PackageQuestions,
  packageQuestions,
  packagesResult,
  planPackages,
  predictPackages,
} from "../support/packages/package-task.ts";

type Step = "upgrade" | "deb" | "build-dep" | "autoremove" | "clean";
type Data = { readonly transaction: Transaction | undefined; readonly steps: readonly Step[] };

export const apt = stateModule<AptParams, AptInput, PackageQuestions, Data>({
  name: "apt",
  summary: "Installs, upgrades and removes packages of Debian and its relatives.",
  description: [
    "All names go into one transaction. While another process holds the lock of dpkg or of the package lists, it waits for `lock_timeout` seconds, and then says which process that is.",
    "`update_cache` fetches the package lists when they are older than `cache_valid_time` or than the files that say where packages come from, and only when that can matter: to install something, for `state: latest`, or when nothing else is asked. Without `cache_valid_time` that is an hour; an explicit 0 fetches them each time.",
    "A name may be a pattern (`php8.2-*`): all packages that match, installed ones only where that is what matters. Going back to an older version, and changing a package that is on hold, is refused before anything is done, unless allowed.",
    "Check mode says that a package is not to be had when the host's lists do not know it and no earlier task would have fetched new ones; on a host that has no lists at all, `update_cache: true` is what is missing.",
    '`deb` with an address: the host fetches it, with apt\'s own proxies. Where the name of the file says the version and that is installed, nothing is fetched; otherwise only fetching tells, and check mode says "may change".',
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
    cache_update_time: "When they were, in seconds since 1970; 0 where nobody asked about the lists.",
    stdout: "What apt printed.",
    stderr: "What apt printed to standard error.",
  },
  prepare: (params, _control, context) => Promise.resolve(aptInput(params, (path) => hostPath(path, context.traits))),
  probe: (input, context) => ({
    ...packageQuestions(input.packages, context),
    ...(input.upgrade === undefined ? {} : { upgrade: simulation(input.upgrade, input.packages.options.flags) }),
    ...(input.buildDep.length === 0 ? {} : { "build-dep": simulation("build-dep", buildFlags(input), input.buildDep) }),
    ...(input.deb === undefined ? {} : { deb: "url" in input.deb ? remoteDeb(input.deb.url) : debFile(input.deb.path) }),
    ...(input.autoremove ? { autoremove: simulation("autoremove", purgeFlag(input)) } : {}),
    ...(input.clean === undefined ? {} : { clean: cachedFiles(input.clean) }),
  }),
  plan: (state, input, context) => {
    const isOnlyMore = input.packages.wanted.length === 0 && !input.packages.refresh;
    const packages = isOnlyMore ? undefined : planPackages(state, input.packages, context);
    const differences: Difference[] = [...(packages?.differences ?? [])];
    const steps: Step[] = [];
    for (const step of ["upgrade", "build-dep", "autoremove", "clean"] as const) {
      const changes = simulated(state, step);
      if (changes.length === 0) continue;
      steps.push(step);
      for (const { name, before, after } of changes)
        differences.push({ kind: "field", subject: name, name: "version", before, after });
    }
    // New lists may name newer versions than those known now.
    if (packages?.data.refresh === true && input.upgrade !== undefined && !steps.includes("upgrade")) steps.push("upgrade");
    const deb = state["deb"];
    const file = deb?.kind === "deb" ? planDeb(deb, input) : deb?.kind === "remote-deb" ? planRemote(deb, input) : undefined;
    if (file !== undefined) {
      steps.push("deb");
      if (file !== "maybe") differences.push(file);
    }
    if (differences.length === 0 && steps.length === 0) return undefined;
    return {
      differences,
      data: { transaction: packages?.data, steps },
      ...(packages?.verify === false ? { verify: false as const } : {}),
      ...(file === "maybe" ? { maybe: "the package has to be fetched to see its version" } : {}),
    };
  },
  apply: (change, input) => ({ script: aptScript(change.data, input) }),
  predict: (change, state, input) => predictions(change, state, input),
  provides: (change) =>
    change.data.steps.some((step) => step !== "clean") || change.data.transaction !== undefined ? ["*", "package:*"] : [],
  result: ({ lists }) => ({
    cache_updated: false,
    cache_update_time: lists?.kind === "lists" ? (lists.fetchedAt ?? 0) : 0,
  }),
  applied: (output) => ({
    ...packagesResult(output),
    ...(/^k3sprov: no change$/m.test(output.stdout.toString("utf8")) ? { changed: false } : {}),
  }),
});

const purgeFlag = (input: AptInput): string[] => (input.packages.purge ? ["--purge"] : []);

// Those that are about the choice of versions and of what is installed along.
const buildFlags = (input: AptInput): readonly string[] =>
  input.packages.options.flags.filter((flag) => flag !== "--only-upgrade");

function simulated(state: PackageAnswers, key: string): Simulated["changes"] {
  const answer = state[key];
  return answer?.kind === "simulated" ? answer.changes : [];
}

function planDeb({ found }: DebFile, input: AptInput): Difference | undefined {
  const path = input.deb !== undefined && "path" in input.deb ? input.deb.path : "";
  if (found === null) throw new MissingPrerequisite(`path:${path}`, `there is no file ${path}`);
  const isDone = found.relation === "same" || (found.relation === "newer" && !input.allowDowngrade);
  if (isDone) return undefined;
  return { kind: "field", subject: found.name, name: "version", before: found.installed || "absent", after: found.version };
}

function planRemote({ known }: RemoteDeb, input: AptInput): Difference | "maybe" | undefined {
  if (known === null) return "maybe";
  if (known.isEnough && !input.allowDowngrade) return undefined;
  if (known.installed === "")
    return { kind: "field", subject: known.name, name: "version", before: "absent", after: known.version };
  return known.installed === known.version ? undefined : "maybe";
}

function aptScript(data: Data, input: AptInput): Sh {
  const { options, manager } = input.packages;
  const { steps, transaction } = data;
  const parts: Sh[] = [aptEnvironment];
  if (transaction?.refresh === true) parts.push(aptUpdate(options.lockTimeoutSeconds, input.retries));
  if (steps.includes("upgrade")) parts.push(aptGet(input.upgrade ?? "upgrade", options, []));
  if (steps.includes("build-dep")) parts.push(aptGet("build-dep", { ...options, flags: buildFlags(input) }, input.buildDep));
  if (steps.includes("deb") && input.deb !== undefined)
    parts.push("url" in input.deb ? fetchAndInstall(input.deb.url, options) : aptGet("install", options, [input.deb.path]));
  if (transaction !== undefined) parts.push(manager.transaction({ ...transaction, refresh: false }, options));
  if (steps.includes("autoremove")) parts.push(aptGet("autoremove", { ...options, flags: purgeFlag(input) }, []));
  if (steps.includes("clean")) parts.push(sh`apt-get ${input.clean ?? "clean"} || exit`);
  return input.policy === undefined ? joinSh(parts) : withPolicy(input.policy, joinSh(parts));
}

function predictions(change: Change<Data>, state: PackageAnswers, input: AptInput): readonly Prediction[] {
  const { transaction, steps } = change.data;
  const predicted: Prediction[] = [];
  if (transaction !== undefined) {
    predicted.push(...predictPackages({ differences: change.differences, data: transaction }, state, input.packages));
  }
  const nothing: Simulated = { kind: "simulated", changes: [] };
  if (steps.includes("upgrade") && input.upgrade !== undefined) {
    predicted.push({ question: simulation(input.upgrade, input.packages.options.flags), answer: nothing });
  }
  if (steps.includes("build-dep"))
    predicted.push({ question: simulation("build-dep", buildFlags(input), input.buildDep), answer: nothing });
  if (steps.includes("autoremove")) predicted.push({ question: simulation("autoremove", purgeFlag(input)), answer: nothing });
  if (steps.includes("clean") && input.clean !== undefined)
    predicted.push({ question: cachedFiles(input.clean), answer: nothing });
  return [...predicted, ...(steps.includes("deb") ? predictedDeb(state, input) : [])];
}

function predictedDeb({ deb }: PackageAnswers, input: AptInput): Prediction[] {
  if (input.deb === undefined) return [];
  if ("path" in input.deb && deb?.kind === "deb" && deb.found !== null) {
    const after: DebFile = { kind: "deb", found: { ...deb.found, installed: deb.found.version, relation: "same" } };
    return [{ question: debFile(input.deb.path), answer: after }];
  }
  if ("url" in input.deb && deb?.kind === "remote-deb" && deb.known !== null) {
    const after: RemoteDeb = { kind: "remote-deb", known: { ...deb.known, installed: deb.known.version, isEnough: true } };
    return [{ question: remoteDeb(input.deb.url), answer: after }];
  }
  return [];
}
