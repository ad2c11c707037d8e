import {
  type Apply,
  type Change,
  type Difference,
  type JsonObject,
  MissingPrerequisite,
  ModuleFailure,
  type Output,
  type Prediction,
  type ProbeContext,
  type Question,
} from "../../contract.ts";
import { wouldChangeBelow } from "../files/newest-paths.ts";
import { moment } from "../moment.ts";
import { REFRESHED } from "./apt.ts";
import type {
  InstalledPackage,
  Lists,
  Matches,
  PackageAnswer,
  PackageManager,
  Transaction,
  TransactionOptions,
  WantedPackage,
} from "./package-manager.ts";

/** What a task about packages wants. */
export type PackageTask = {
  readonly manager: PackageManager;
  readonly wanted: readonly WantedPackage[];
  readonly state: Transaction["state"];
  readonly refresh: boolean;
  /** Lists younger than this, in seconds, are new enough; 0: never. */
  readonly validSeconds: number;
  /** Only packages that are installed already. */
  readonly onlyUpgrade: boolean;
  /** Remove configuration files too. */
  readonly purge: boolean;
  /** Whether a package on hold, or a newer version than the wanted one, may be replaced. */
  readonly allowsHeld?: boolean;
  readonly allowsDowngrade?: boolean;
  /** The parameter that allows it. */
  readonly downgradeParameter?: string;
  readonly options: TransactionOptions;
};

export type PackageQuestions = { readonly [key: string]: Question<PackageAnswer> };
export type PackageAnswers = { readonly [key: string]: PackageAnswer };

/** How old lists may be when nobody says it. Ansible would fetch them each time, and would so never find a host converged. */
export const DEFAULT_VALID_SECONDS = 3600;

export function packageQuestions(task: PackageTask, context: ProbeContext): PackageQuestions {
  const { manager } = task;
  const questions: Record<string, Question<PackageAnswer>> = {};
  // A check must not promise a package that nobody has; an apply hears that from the package manager itself.
  const asksWhetherKnown = context.checkMode && task.state !== "absent" && !task.onlyUpgrade && manager.knowsUnknown === true;
  for (const wanted of task.wanted) {
    const { name } = wanted;
    if (wanted.isPattern === true && manager.matching !== undefined) {
      questions[`matching ${name}`] = { collector: manager.matching, item: name };
      continue;
    }
    questions[`installed ${name}`] = installedQuestion(wanted, manager);
    if (wanted.question === undefined && (task.state === "latest" || asksWhetherKnown))
      questions[`candidate ${name}`] = { collector: manager.candidate, item: name };
  }
  if (task.refresh || asksWhetherKnown) questions["lists"] = { collector: manager.lists, item: "" };
  return questions;
}

const installedQuestion = (wanted: WantedPackage, manager: PackageManager): Question<InstalledPackage> =>
  wanted.question ?? { collector: manager.installed, item: wanted.name };

export function planPackages(state: PackageAnswers, task: PackageTask, context: ProbeContext): Change<Transaction> | undefined {
  const expanded = expandPatterns(state, task);
  const differences: Difference[] = [];
  const differs = (subject: string, before: string, after: string): void => {
    differences.push({ kind: "field", subject, name: "version", before, after });
  };
  const install: WantedPackage[] = [];
  const remove: WantedPackage[] = [];
  for (const wanted of expanded.wanted) {
    const installed = installedIn(expanded.state, wanted.name);
    const found = installed.versions.join(", ");
    if (task.state === "absent") {
      const isThere =
        installed.versions.length > 0 &&
        (wanted.version === undefined || task.manager.matches(installed.versions, wanted.version));
      if (!isThere && !(task.purge && installed.isResidual)) continue;
      remove.push(wanted);
      differs(wanted.name, found || "configuration files", "absent");
    } else {
      const after = versionAfter(expanded.state, wanted, installed, task);
      if (after === undefined) continue;
      refuseImpossible(wanted, installed, task);
      install.push(wanted);
      const before = installed.isDependency === true ? `${found} (as a dependency)` : found;
      differs(wanted.name, before || installed.other?.version || "absent", installed.other?.wanted ?? after);
    }
  }
  const isAboutLists = task.wanted.length === 0 || task.state === "latest" || install.length > 0;
  const outdated = task.refresh && isAboutLists ? outdatedLists(state["lists"], task, context) : undefined;
  if (outdated === undefined) requireKnown(expanded.state, install, task, context);
  if (outdated !== undefined)
    differences.push({ kind: "field", subject: "package lists", name: "age", before: outdated, after: "fetched" });
  if (differences.length === 0) return undefined;
  // New lists may name newer versions than those known now.
  const isUnsure = outdated !== undefined && task.state === "latest" && !task.onlyUpgrade;
  const data: Transaction = {
    refresh: outdated !== undefined,
    install: isUnsure ? expanded.wanted : install,
    remove,
    state: task.state,
    ...(task.onlyUpgrade ? { onlyUpgrade: true } : {}),
  };
  const isProved = outdated === undefined || task.validSeconds > 0;
  return { differences, data, ...(isProved ? {} : { verify: false as const }) };
}

/** The same task and answers with each pattern replaced by the packages that it matches. */
function expandPatterns(
  state: PackageAnswers,
  task: PackageTask,
): { readonly wanted: readonly WantedPackage[]; readonly state: PackageAnswers } {
  const answers: Record<string, PackageAnswer> = { ...state };
  const wanted = task.wanted.flatMap((one): readonly WantedPackage[] => {
    const matches = state[`matching ${one.name}`];
    if (matches?.kind !== "matches") return [one];
    const isWanted = task.state !== "absent" && !task.onlyUpgrade;
    const usable = matches.found.filter(({ versions, candidate }) => versions.length > 0 || (isWanted && candidate !== null));
    if (usable.length === 0 && isWanted && !task.refresh)
      throw new MissingPrerequisite(`package:${one.name}`, `no package is known whose name matches "${one.name}"`);
    return usable.map(({ name, versions, candidate }) => {
      answers[`installed ${name}`] = { kind: "installed", versions, providers: [], isResidual: false };
      answers[`candidate ${name}`] = { kind: "candidate", version: candidate };
      return { name, spec: one.version === undefined ? name : `${name}=${one.version}`, version: one.version };
    });
  });
  return { wanted: [...new Map(wanted.map((one) => [one.name, one])).values()], state: answers };
}

/** What the package manager would refuse, said before anything is done. */
function refuseImpossible(wanted: WantedPackage, installed: InstalledPackage, task: PackageTask): void {
  if (installed.missingFile !== undefined)
    throw new MissingPrerequisite(`path:${installed.missingFile}`, `there is no file ${installed.missingFile}`);
  const version = installed.versions[0] ?? installed.other?.version;
  if (version === undefined) return;
  if (installed.isHeld && !task.allowsHeld)
    throw new ModuleFailure(
      `${wanted.name} is on hold at ${version}; allow_change_held_packages: true would change it all the same`,
    );
  const target = wanted.version ?? installed.other?.wanted;
  if (target === undefined || task.allowsDowngrade || /[*?[]/.test(target)) return;
  if (task.manager.isNewer?.(version, target) === true) {
    const how = task.downgradeParameter === undefined ? "" : `; ${task.downgradeParameter}: true lets it go back`;
    throw new ModuleFailure(`${wanted.name} ${version} is installed, which is newer than ${target}${how}`);
  }
}

/** Check mode: throws for a package that the host's lists do not know, unless an earlier task would have fetched new ones. */
function requireKnown(state: PackageAnswers, install: readonly WantedPackage[], task: PackageTask, context: ProbeContext): void {
  const lists = state["lists"];
  if (!context.checkMode || lists?.kind !== "lists" || lists.predictedAtMs !== undefined) return;
  for (const { name } of install) {
    const candidate = state[`candidate ${name}`];
    if (candidate?.kind !== "candidate" || candidate.isUnknown !== true) continue;
    const isOld = lists.areOlderThanSources || wouldChangeBelow(task.manager.sources, context).length > 0;
    const why =
      lists.ageSeconds === null ? "the host has no package lists" : isOld ? "they are older than the sources" : undefined;
    const message = `the host's package lists know no package "${name}"${why === undefined ? "" : ` (${why}; "update_cache: true" fetches them)`}`;
    throw new MissingPrerequisite(`package:${name}`, message);
  }
}

function installedIn(state: PackageAnswers, name: string): InstalledPackage {
  const answer = state[`installed ${name}`];
  return answer?.kind === "installed" ? answer : { kind: "installed", versions: [], providers: [], isResidual: false };
}

/** The version that installing would lead to, as far as it is known; undefined when there is nothing to install. */
function versionAfter(
  state: PackageAnswers,
  wanted: WantedPackage,
  installed: InstalledPackage,
  task: PackageTask,
): string | undefined {
  if (installed.isDependency === true && wanted.version === undefined && !task.onlyUpgrade) return installed.versions[0];
  if (installed.offered !== undefined) return installed.offered.isEnough ? undefined : installed.offered.version;
  const isThere = installed.versions.length > 0 || installed.providers.length > 0;
  if (!isThere) return task.onlyUpgrade ? undefined : (wanted.version ?? "present");
  if (wanted.version !== undefined) return task.manager.matches(installed.versions, wanted.version) ? undefined : wanted.version;
  if (task.state !== "latest" || installed.versions.length === 0) return undefined;
  const candidate = state[`candidate ${wanted.name}`];
  const newest = candidate?.kind === "candidate" ? candidate.version : null;
  // Package managers that list only what is newer say "installed" for the rest.
  if (newest === null || newest === "installed" || installed.versions.includes(newest)) return undefined;
  return newest;
}

function outdatedLists(lists: PackageAnswer | undefined, task: PackageTask, context: ProbeContext): string | undefined {
  if (lists?.kind !== "lists") return undefined;
  if (wouldChangeBelow(task.manager.sources, context, lists.predictedAtMs).length > 0) return "older than the sources";
  if (lists.ageSeconds === null) return "none";
  if (lists.areOlderThanSources) return "older than the sources";
  return lists.ageSeconds >= task.validSeconds ? `${lists.ageSeconds} s` : undefined;
}

export function applyPackages(change: Change<Transaction>, task: PackageTask): Apply {
  return { script: task.manager.transaction(change.data, task.options) };
}

export function predictPackages(change: Change<Transaction>, state: PackageAnswers, task: PackageTask): readonly Prediction[] {
  const { manager } = task;
  const expanded = expandPatterns(state, task);
  const predictions: Prediction[] = [];
  const after = new Map<string, readonly string[]>();
  const predict = (wanted: WantedPackage, version: string | undefined): void => {
    const versions = version === undefined ? [] : [version];
    after.set(wanted.name, versions);
    const before = installedIn(expanded.state, wanted.name);
    const answer: InstalledPackage = {
      kind: "installed",
      versions,
      providers: [],
      isResidual: false,
      ...(before.offered === undefined ? {} : { offered: { ...before.offered, isEnough: true } }),
    };
    predictions.push({ question: installedQuestion(wanted, manager), answer });
  };
  for (const wanted of change.data.install) {
    const candidate = expanded.state[`candidate ${wanted.name}`];
    const newest = candidate?.kind === "candidate" && candidate.version !== "installed" ? candidate.version : null;
    const [current] = installedIn(expanded.state, wanted.name).versions;
    predict(wanted, wanted.version ?? newest ?? current ?? "unknown");
  }
  for (const wanted of change.data.remove) predict(wanted, undefined);
  for (const { name } of task.wanted) {
    const matches = state[`matching ${name}`];
    if (matches?.kind !== "matches" || manager.matching === undefined) continue;
    const answer: Matches = {
      kind: "matches",
      found: matches.found.map((one) => ({ ...one, versions: after.get(one.name) ?? one.versions })),
    };
    predictions.push({ question: { collector: manager.matching, item: name }, answer });
  }
  if (change.data.refresh) predictions.push(freshLists(manager));
  return predictions;
}

/** The package lists as they are once they were fetched. */
export function freshLists(manager: PackageManager): Prediction {
  const answer: Lists = { kind: "lists", ageSeconds: 0, areOlderThanSources: false, predictedAtMs: moment() };
  return { question: { collector: manager.lists, item: "" }, answer };
}

export function packagesResult(output: Output): JsonObject {
  const lines = output.stdout.toString("utf8").replace(/\n$/, "").split("\n");
  const stdout = lines.filter((line) => line !== REFRESHED).join("\n");
  const stderr = output.stderr.toString("utf8").replace(/\n$/, "");
  return { rc: output.rc, stdout, stderr, cache_updated: lines.includes(REFRESHED) };
}
