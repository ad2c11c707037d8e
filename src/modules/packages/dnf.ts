import { joinSh, type Sh, sh } from "../../sh.ts";
import { type Change, type Difference, type JsonObject, type Prediction, type Question, stateModule } from "../contract.ts";
import { dnfRun, dnfUnneeded, dnfUpdates } from "../support/packages/dnf.ts";
import { type DnfInput, dnfInput } from "../support/packages/dnf-input.ts";
import { dnfList } from "../support/packages/dnf-list.ts";
import { type DnfParams, dnfParameters } from "../support/packages/dnf-parameters.ts";
import { waitForRpm } from "../support/packages/lock-wait.ts";
import type { PackageAnswer, Simulated, Transaction } from "../support/packages/package-manager.ts";
import { packageQuestions, packagesResult, planPackages, predictPackages } from "../support/packages/package-task.ts";

type Answer = PackageAnswer | readonly JsonObject[];
type Questions = { readonly [key: string]: Question<Answer> };
type Data = { readonly transaction: Transaction | undefined; readonly steps: readonly ("upgrade" | "autoremove")[] };

export const dnf = stateModule<DnfParams, DnfInput, Questions, Data>({
  name: "dnf",
  aliases: ["yum", "dnf5", "ansible.builtin.yum", "ansible.builtin.dnf5"],
  summary: "Installs, upgrades and removes packages of Fedora, RHEL and their relatives, with dnf, or yum where there is no dnf.",
  description: [
    "All names go into one transaction. While another process holds the lock of rpm or dnf, it waits for `lock_timeout` seconds, and then says which process that is.",
    "What is newest, and what a pattern matches, is read from the lists that are on the host: a probe uses no network. `update_cache` fetches new ones when those are old.",
    "An older version than the installed one is refused before anything is done, unless `allow_downgrade` is given; dnf itself would go back without a word. That needs a version with a point or a release (`name-1.2`, `name-1-3`), or the form `name = 1`.",
    "An address of a package must say its version, as all names of .rpm files do; when that or a newer one is installed, nothing is fetched.",
  ],
  parameters: dnfParameters,
  example: `- name: Tools
  dnf:
    name: curl
    state: present
  when: ansible_facts['pkg_mgr'] | default('') == 'dnf'
`,
  returns: {
    rc: "Exit status.",
    stdout: "What dnf printed.",
    stderr: "What dnf printed to standard error.",
    results: "With `list`: packages with name, epoch, version, release, arch, repo, yumstate.",
  },
  prepare: (params, _control, { traits }) => Promise.resolve(dnfInput(params, traits)),
  probe: (input, context) => ({
    ...packageQuestions(input.packages, context),
    ...(input.upgradeAll === undefined ? {} : { upgrade: dnfUpdates(input.command, input.upgradeAll) }),
    ...(input.autoremoveAll ? { autoremove: dnfUnneeded() } : {}),
    ...(input.list === undefined ? {} : { list: dnfList(input.command, input.list) }),
  }),
  plan: (state, input, context) => {
    if (input.list !== undefined) return undefined;
    const answers = packageAnswers(state);
    const isAboutPackages = input.packages.wanted.length > 0 || input.packages.refresh;
    const packages = isAboutPackages ? planPackages(answers, input.packages, context) : undefined;
    const differences: Difference[] = [...(packages?.differences ?? [])];
    const steps: Data["steps"][number][] = [];
    for (const step of ["upgrade", "autoremove"] as const) {
      const changes = simulated(answers[step]);
      if (changes.length > 0) steps.push(step);
      for (const { name, before, after } of changes)
        differences.push({ kind: "field", subject: name, name: "version", before, after });
    }
    // New lists may name newer versions than those known now.
    if (packages?.data.refresh === true && input.upgradeAll !== undefined && !steps.includes("upgrade")) steps.push("upgrade");
    if (differences.length === 0) return undefined;
    const isUnproved = input.downloadOnly || packages?.verify === false;
    return { differences, data: { transaction: packages?.data, steps }, ...(isUnproved ? { verify: false as const } : {}) };
  },
  apply: ({ data }, input) => ({ script: dnfScript(data, input) }),
  predict: (change, state, input) => predictions(change, state, input),
  provides: (_change, input) => (input.downloadOnly ? [] : ["*", "package:*"]),
  result: (state) => {
    const list = state["list"];
    return list === undefined || "kind" in list ? {} : { results: list };
  },
  applied: packagesResult,
});

const simulated = (answer: PackageAnswer | undefined): Simulated["changes"] =>
  answer?.kind === "simulated" ? answer.changes : [];

function packageAnswers(state: { readonly [key: string]: Answer }): { readonly [key: string]: PackageAnswer } {
  const answers: Record<string, PackageAnswer> = {};
  for (const [key, answer] of Object.entries(state)) if ("kind" in answer) answers[key] = answer;
  return answers;
}

function dnfScript({ transaction, steps }: Data, input: DnfInput): Sh {
  const { manager, options } = input.packages;
  return joinSh([
    transaction === undefined ? waitForRpm(options.lockTimeoutSeconds, input.command) : manager.transaction(transaction, options),
    steps.includes("upgrade") ? dnfRun(input.command, options, "upgrade", []) : sh`:`,
    steps.includes("autoremove")
      ? dnfRun(input.command, { ...options, flags: options.cacheFlags ?? [] }, "autoremove", [])
      : sh`:`,
  ]);
}

function predictions(change: Change<Data>, state: { readonly [key: string]: Answer }, input: DnfInput): readonly Prediction[] {
  if (input.downloadOnly) return [];
  const { transaction, steps } = change.data;
  const nothing: Simulated = { kind: "simulated", changes: [] };
  return [
    ...(transaction === undefined
      ? []
      : predictPackages({ differences: change.differences, data: transaction }, packageAnswers(state), input.packages)),
    ...(steps.includes("upgrade") && input.upgradeAll !== undefined
      ? [{ question: dnfUpdates(input.command, input.upgradeAll), answer: nothing }]
      : []),
    ...(steps.includes("autoremove") ? [{ question: dnfUnneeded(), answer: nothing }] : []),
  ];
}
