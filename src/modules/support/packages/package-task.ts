import type { Apply, Change, Difference, JsonObject, Output, Prediction, ProbeContext, Question } from "../../contract.ts";
import { wouldChangeBelow } from "../files/newest-paths.ts";
import { REFRESHED } from "./apt.ts";
import type {
  InstalledPackage,
  Lists,
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
  readonly options: TransactionOptions;
};

export type PackageQuestions = { readonly [key: string]: Question<PackageAnswer> };
export type PackageAnswers = { readonly [key: string]: PackageAnswer };

/** How old lists may be when nobody says it. Ansible would fetch them each time, and would so never find a host converged. */
export const DEFAULT_VALID_SECONDS = 3600;

export function packageQuestions(task: PackageTask): PackageQuestions {
  const questions: Record<string, Question<PackageAnswer>> = {};
  for (const { name } of task.wanted) {
    questions[`installed ${name}`] = { collector: task.manager.installed, item: name };
    if (task.state === "latest") questions[`candidate ${name}`] = { collector: task.manager.candidate, item: name };
  }
  if (task.refresh) questions["lists"] = { collector: task.manager.lists, item: "" };
  return questions;
}

export function planPackages(state: PackageAnswers, task: PackageTask, context: ProbeContext): Change<Transaction> | undefined {
  const differences: Difference[] = [];
  const differs = (subject: string, before: string, after: string): void => {
    differences.push({ kind: "field", subject, name: "version", before, after });
  };
  const install: WantedPackage[] = [];
  const remove: WantedPackage[] = [];
  for (const wanted of task.wanted) {
    const installed = installedIn(state, wanted.name);
    const found = installed.versions.join(", ");
    if (task.state === "absent") {
      const isThere =
        installed.versions.length > 0 &&
        (wanted.version === undefined || task.manager.matches(installed.versions, wanted.version));
      if (!isThere && !(task.purge && installed.isResidual)) continue;
      remove.push(wanted);
      differs(wanted.name, found || "configuration files", "absent");
    } else {
      const after = versionAfter(state, wanted, installed, task);
      if (after === undefined) continue;
      install.push(wanted);
      differs(wanted.name, found || "absent", after);
    }
  }
  const isAboutLists = task.wanted.length === 0 || task.state === "latest" || install.length > 0;
  const outdated = task.refresh && isAboutLists ? outdatedLists(state["lists"], task, context) : undefined;
  if (outdated !== undefined)
    differences.push({ kind: "field", subject: "package lists", name: "age", before: outdated, after: "fetched" });
  if (differences.length === 0) return undefined;
  // New lists may name newer versions than those known now.
  const isUnsure = outdated !== undefined && task.state === "latest" && !task.onlyUpgrade;
  const data: Transaction = {
    refresh: outdated !== undefined,
    install: isUnsure ? task.wanted : install,
    remove,
    state: task.state,
  };
  const isProved = outdated === undefined || task.validSeconds > 0;
  return { differences, data, ...(isProved ? {} : { verify: false as const }) };
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
  const predictions: Prediction[] = [];
  const version = (name: string, after: string): void => {
    const answer: InstalledPackage = {
      kind: "installed",
      versions: after === "" ? [] : [after],
      providers: [],
      isResidual: false,
    };
    predictions.push({ question: { collector: manager.installed, item: name }, answer });
  };
  for (const wanted of change.data.install) {
    const candidate = state[`candidate ${wanted.name}`];
    version(wanted.name, wanted.version ?? (candidate?.kind === "candidate" ? candidate.version : null) ?? "unknown");
  }
  for (const wanted of change.data.remove) version(wanted.name, "");
  if (change.data.refresh) {
    const fresh: Lists = { kind: "lists", ageSeconds: 0, areOlderThanSources: false, predictedAtMs: Date.now() };
    predictions.push({ question: { collector: manager.lists, item: "" }, answer: fresh });
  }
  return predictions;
}

export function packagesResult(output: Output): JsonObject {
  const lines = output.stdout.toString("utf8").replace(/\n$/, "").split("\n");
  const stdout = lines.filter((line) => line !== REFRESHED).join("\n");
  const stderr = output.stderr.toString("utf8").replace(/\n$/, "");
  return { rc: output.rc, stdout, stderr, cache_updated: lines.includes(REFRESHED) };
}
