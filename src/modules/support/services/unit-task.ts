import { joinSh, type Sh, sh } from "../../../sh.ts";
import {
  type Apply,
  type Change,
  type Collector,
  type Difference,
  type JsonObject,
  MissingPrerequisite,
  ModuleFailure,
  type Prediction,
  type ProbeContext,
  type Question,
} from "../../contract.ts";
import { hostPath } from "../files/host-path.ts";
import { type ChangedPath, newestPaths, wouldChangeBelow } from "../files/newest-paths.ts";
import { serviceManager } from "./select.ts";
import type { Action, ActOptions, Scope, UnitState } from "./service-manager.ts";
import { staleUnits } from "./systemd.ts";

/** What a `service` or `systemd` task wants. */
export type UnitTask = {
  /** Absent: only the manager itself is told something. */
  readonly unit: string | undefined;
  readonly state: "started" | "stopped" | "restarted" | "reloaded" | undefined;
  readonly enabled: boolean | undefined;
  readonly masked: boolean | undefined;
  readonly daemonReload: boolean;
  readonly daemonReexec: boolean;
  readonly restartWhenChanged: readonly string[];
  /** Seconds between stop and start of a restart. */
  readonly sleep: number | undefined;
  readonly use: string;
  readonly options: ActOptions;
};

type Step = Action | "enable" | "disable" | "mask" | "unmask" | "reload-manager" | "reexec-manager";
export type UnitChange = { readonly steps: readonly Step[] };

/** Predicted answers of the stale units carry when they were predicted: later changes make units stale again. */
type Stale = readonly string[];
const noUnit: Collector<UnitState | null> = {
  name: "no-unit",
  beforeTraits: true,
  script: () => sh`:`,
  decode: (_, all) => all.map(() => null),
};
const notAsked: Collector<Stale> = {
  name: "no-stale-units",
  beforeTraits: true,
  script: () => sh`:`,
  decode: (_, all) => all.map(() => []),
};

export type UnitQuestions = {
  readonly unit: Question<UnitState | null>;
  readonly stale: Question<Stale>;
  readonly newest: Question<readonly ChangedPath[]>;
};
export type UnitAnswers = { readonly unit: UnitState | null; readonly stale: Stale; readonly newest: readonly ChangedPath[] };

/** Refuses what cannot be, and makes the paths absolute. */
export function checkedTask(task: UnitTask, context: ProbeContext): UnitTask {
  if (task.unit === undefined && (task.state ?? task.enabled ?? task.masked) !== undefined) {
    throw new ModuleFailure('"state", "enabled" and "masked" need a "name"');
  }
  if (task.restartWhenChanged.length > 0 && (task.unit === undefined || (task.state ?? "started") !== "started")) {
    throw new ModuleFailure('"restart_when_changed" needs a "name", and goes with "state: started" or with no state');
  }
  if (task.unit !== undefined && /@(\.service)?$/.test(task.unit)) {
    throw new ModuleFailure(
      `"${task.unit}" is a template; name an instance of it, such as "${task.unit.replace(/@.*/, "@main")}"`,
    );
  }
  return { ...task, restartWhenChanged: task.restartWhenChanged.map((path) => hostPath(path, context.traits)) };
}

export function unitQuestions(task: UnitTask, context: ProbeContext): UnitQuestions {
  const manager = serviceManager(context.traits, task.use);
  const asksStale = task.daemonReload && manager.name === "systemd" && task.options.scope !== "global";
  return {
    unit: task.unit === undefined ? { collector: noUnit, item: "" } : manager.question(task.unit, task.options.scope),
    stale: asksStale ? { collector: staleUnits(task.options.scope), item: "" } : { collector: notAsked, item: "" },
    newest: newestPaths(task.restartWhenChanged),
  };
}

export function planUnit(state: UnitAnswers, task: UnitTask, context: ProbeContext): Change<UnitChange> | undefined {
  const differences: Difference[] = [];
  const steps: Step[] = [];
  let isProved = true;
  const differs = (name: string, before: Difference["before"], after: Difference["before"], step: Step): void => {
    differences.push({ kind: "field", subject: task.unit ?? "systemd", name, before, after });
    steps.push(step);
  };
  if (task.daemonReexec) {
    differs("manager", "running", "executed anew", "reexec-manager");
    isProved = false;
  }
  const stale = task.daemonReload ? staleNow(state.stale, task.options.scope, context) : [];
  if (stale.length > 0) differs("files of", stale.join(", "), "read again", "reload-manager");
  if (state.unit !== null) {
    const unit = knownUnit(state.unit, task, context);
    if (task.masked !== undefined && unit.masked !== task.masked)
      differs("masked", unit.masked, task.masked, task.masked ? "mask" : "unmask");
    const enabled = unit.masked && task.masked === false ? false : unit.enabled;
    if (task.enabled !== undefined && enabled !== null && enabled !== task.enabled) {
      differs("enabled", enabled, task.enabled, task.enabled ? "enable" : "disable");
      isProved &&= unit.enabledIsCertain && task.options.scope !== "global";
    }
    const wanted = actionFor(unit, state.newest, task, context);
    if (wanted !== undefined) {
      if (unit.masked && task.masked !== false && wanted.action !== "stop")
        throw new ModuleFailure(`Unit ${unit.unit} is masked.`, { status: unit.status });
      if (unit.error !== null)
        throw new ModuleFailure(`Unit ${unit.unit} cannot be used: ${unit.error}`, { status: unit.status });
      // systemd would go on with what it read before, and only warn.
      if (unit.needsReload && wanted.action !== "stop" && !steps.includes("reload-manager")) steps.push("reload-manager");
      differs("state", wanted.before, wanted.after, wanted.action);
      isProved &&= wanted.isProved && !task.options.noBlock && !(unit.ephemeral && wanted.action !== "stop");
    }
  }
  if (differences.length === 0) return undefined;
  return { differences, data: { steps }, ...(isProved ? {} : { verify: false as const }) };
}

type Wanted = { readonly action: Action; readonly before: string; readonly after: string; readonly isProved: boolean };

function actionFor(unit: UnitState, newest: readonly ChangedPath[], task: UnitTask, context: ProbeContext): Wanted | undefined {
  const before = unit.description;
  if (task.state === "stopped") return unit.running ? { action: "stop", before, after: "stopped", isProved: true } : undefined;
  if (task.state === "restarted" || task.state === "reloaded") {
    const isReload = task.state === "reloaded" && unit.running;
    return { action: isReload ? "reload" : "restart", before, after: task.state, isProved: false };
  }
  if (!unit.running) return task.state === "started" ? { action: "start", before, after: "started", isProved: true } : undefined;
  const reason = reasonToRestart(unit, newest, task, context);
  return reason === undefined ? undefined : { action: "restart", before: reason, after: "restarted", isProved: true };
}

function reasonToRestart(
  unit: UnitState,
  newest: readonly ChangedPath[],
  task: UnitTask,
  context: ProbeContext,
): string | undefined {
  if (task.restartWhenChanged.length === 0) return undefined;
  const predicted = wouldChangeBelow(
    task.restartWhenChanged,
    context,
    unit.predicted === true ? (unit.startedAt ?? 0) * 1000 : 0,
  );
  if (predicted.length > 0) return `started before the change of ${predicted.join(", ")}`;
  if (unit.predicted === true || newest.length === 0) return undefined;
  const { startedAt } = unit;
  if (startedAt === null)
    throw new ModuleFailure(`cannot tell when ${unit.unit} was started, which restart_when_changed needs to know`);
  const newer = newest.filter((one) => one.ctime > startedAt);
  if (newer.length === 0) return undefined;
  return `started ${instant(startedAt)}, before ${newer.map((one) => `${one.path} was changed (${instant(one.ctime)})`).join(", ")}`;
}

const instant = (seconds: number): string => new Date(seconds * 1000).toISOString();

function knownUnit(unit: UnitState, task: UnitTask, context: ProbeContext): UnitState {
  if (unit.exists || unit.masked) return unit;
  const wantsUnit = task.state !== undefined || task.enabled !== undefined;
  if (!wantsUnit) return unit;
  if (unitFilesIn(context).some((name) => name === unit.unit || name === task.unit || name === templateOf(unit.unit))) {
    return { ...unit, exists: true, enabled: false, running: false, description: "inactive (dead)" };
  }
  throw new MissingPrerequisite(
    `unit:${task.unit ?? ""}`,
    `Could not find the requested service ${task.unit}: host`,
    packageDoesIt(task, context) ? "converged" : "change",
  );
}

/**
 * Debian's packages enable and start their services when they are installed (deb-systemd-invoke, Debian Policy 9.3), unless the
 * administrator forbids it with a policy-rc.d.
 */
function packageDoesIt(task: UnitTask, context: ProbeContext): boolean {
  const { osFamily, commands } = context.traits;
  const isRun = task.state === undefined || task.state === "started";
  return isRun && task.enabled !== false && task.masked !== true && osFamily.includes("debian") && !commands.has("policy-rc.d");
}

const templateOf = (unit: string): string => unit.replace(/@[^.]*\./, "@.");
const UNIT_FOLDERS =
  /^(\/etc|\/run|\/lib|\/usr\/lib|\/usr\/local\/lib|.*\/\.config)\/(systemd\/(system|user)|init\.d)\/([^/]+?)(\.d\/.*)?$/;

/** Names of units whose files would have been changed by earlier tasks of a check. */
function unitFilesIn(context: ProbeContext, sinceMs = 0): string[] {
  return [...(context.wouldChange ?? [])].flatMap(([path, when]) => (when > sinceMs ? (UNIT_FOLDERS.exec(path)?.[4] ?? []) : []));
}

const PREDICTED = "predicted at ";

function staleNow(stale: Stale, scope: Scope, context: ProbeContext): string[] {
  const predictedAt = stale.find((one) => one.startsWith(PREDICTED));
  if (scope === "global") return [];
  if (predictedAt !== undefined) return unitFilesIn(context, Number(predictedAt.slice(PREDICTED.length)));
  return [...new Set([...stale, ...unitFilesIn(context)])];
}

export function applyUnit(change: Change<UnitChange>, task: UnitTask, context: ProbeContext): Apply {
  const manager = serviceManager(context.traits, task.use);
  const { unit = "", options } = task;
  const steps = change.data.steps.map((step): Sh => {
    switch (step) {
      case "reload-manager":
        return manager.reloadManager?.(options.scope) ?? sh`:`;
      case "reexec-manager":
        return manager.reexecManager?.(options.scope) ?? sh`:`;
      case "mask":
      case "unmask":
        if (manager.mask === undefined) throw new ModuleFailure(`${manager.name} knows no masked services`);
        return manager.mask(unit, step === "mask", options);
      case "enable":
      case "disable":
        return manager.enable(unit, step === "enable", options);
      case "restart":
        if (task.sleep === undefined) return manager.act(step, unit, options);
        return joinSh([manager.act("stop", unit, options), sh`sleep ${task.sleep}`, manager.act("start", unit, options)]);
      default:
        return manager.act(step, unit, options);
    }
  });
  return { script: joinSh(steps) };
}

export function predictUnit(
  change: Change<UnitChange>,
  state: UnitAnswers,
  task: UnitTask,
  context: ProbeContext,
): readonly Prediction[] {
  const { steps } = change.data;
  const questions = unitQuestions(task, context);
  const stale: Prediction[] =
    task.daemonReload && steps.includes("reload-manager")
      ? [{ question: questions.stale, answer: [`${PREDICTED}${Date.now()}`] }]
      : [];
  if (state.unit === null) return stale;
  const last = steps.at(-1);
  const starts = last === "start" || last === "restart" || last === "reload";
  const masked = steps.includes("mask") || (state.unit.masked && !steps.includes("unmask"));
  const enabled = steps.includes("enable") ? true : steps.includes("disable") ? false : state.unit.enabled;
  const running = starts || (state.unit.running && last !== "stop");
  const answer: UnitState = {
    ...state.unit,
    exists: true,
    masked,
    running,
    enabled,
    description: running ? "active (running)" : "inactive (dead)",
    needsReload: false,
    ...(last === "start" || last === "restart" ? { startedAt: Date.now() / 1000, predicted: true as const } : {}),
  };
  return [...stale, { question: questions.unit, answer }];
}

export function unitResult(state: UnitAnswers, task: UnitTask): JsonObject {
  return {
    name: task.unit ?? null,
    ...(task.enabled === undefined ? {} : { enabled: task.enabled }),
    ...(task.state === undefined ? {} : { state: task.state === "stopped" ? "stopped" : "started" }),
    status: state.unit?.status ?? {},
  };
}
