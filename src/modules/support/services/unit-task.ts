import { sh } from "../../../sh.ts";
import {
  type Change,
  type Collector,
  type Difference,
  MissingPrerequisite,
  ModuleFailure,
  type ProbeContext,
  type Question,
} from "../../contract.ts";
import { bytesOf, type Content, contentQuestion, noContent } from "../files/content-collector.ts";
import { hostPath } from "../files/host-path.ts";
import { type ChangedPath, MOST_NEWEST, newestPaths, wouldChangeBelow } from "../files/newest-paths.ts";
import { serviceManager } from "./select.ts";
import type { Action, ActOptions, Scope, UnitState } from "./service-manager.ts";
import { type StaleUnits, staleUnits } from "./systemd.ts";
import { isTemplate, unitName } from "./systemd-unit.ts";

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

export type Step = Action | "enable" | "disable" | "mask" | "unmask" | "reload-manager" | "reexec-manager";
export type UnitChange = {
  readonly steps: readonly Step[];
  readonly id: string;
  /** Whether it was enabled before, or would be by a file that an earlier task of a check would write. */
  readonly enabled: boolean | null;
};

const noUnit: Collector<UnitState | null> = {
  name: "no-unit",
  beforeTraits: true,
  script: () => sh`:`,
  decode: (_, all) => all.map(() => null),
};
const notAsked: Collector<StaleUnits> = {
  name: "no-stale-units",
  beforeTraits: true,
  script: () => sh`:`,
  decode: (_, all) => all.map(() => ({ stale: [], loaded: [] })),
};

export type UnitQuestions = {
  readonly unit: Question<UnitState | null>;
  readonly stale: Question<StaleUnits>;
  readonly newest: Question<readonly ChangedPath[]>;
  /** Check mode: the unit's file that an earlier task would have written. */
  readonly file: Question<Content>;
};
export type UnitAnswers = {
  readonly unit: UnitState | null;
  readonly stale: StaleUnits;
  readonly newest: readonly ChangedPath[];
  readonly file: Content;
};

/** The task with absolute paths. */
export const onHost = (task: UnitTask, context: ProbeContext): UnitTask => ({
  ...task,
  restartWhenChanged: task.restartWhenChanged.map((path) => hostPath(path, context.traits)),
});

/** Refuses what cannot be on any host. */
export function checkUnitTask(task: UnitTask): void {
  if (task.unit === undefined && (task.state ?? task.enabled ?? task.masked) !== undefined) {
    throw new ModuleFailure('"state", "enabled" and "masked" need a "name"');
  }
  if (task.restartWhenChanged.length > 0 && (task.unit === undefined || (task.state ?? "started") !== "started")) {
    throw new ModuleFailure('"restart_when_changed" needs a "name", and goes with "state: started" or with no state');
  }
  const starts = task.state !== undefined && task.state !== "stopped";
  if (task.masked === true && (starts || task.enabled === true)) {
    const other = starts ? `state: ${task.state}` : "enabled: true";
    throw new ModuleFailure(`"masked: true" and "${other}" exclude each other: a masked unit can neither be started nor enabled`);
  }
  if (task.options.scope === "global" && (task.state !== undefined || task.restartWhenChanged.length > 0)) {
    throw new ModuleFailure(
      'with "scope: global" there is no systemd that could start or stop something; "enabled" and "masked" work',
    );
  }
  if (task.unit !== undefined && (task.state !== undefined || task.restartWhenChanged.length > 0) && isTemplate(task.unit)) {
    throw new ModuleFailure(
      `"${task.unit}" is a template; name an instance of it, such as "${task.unit.replace(/@.*/, "@main")}"`,
    );
  }
  if (task.sleep !== undefined && task.sleep < 0) throw new ModuleFailure(`"sleep" is ${task.sleep}, but must not be negative`);
}

export function unitQuestions(task: UnitTask, context: ProbeContext): UnitQuestions {
  const manager = serviceManager(context.traits, task.use);
  const written = task.unit === undefined ? undefined : fileToBe(task.unit, context);
  const asksStale = task.daemonReload && manager.name === "systemd" && task.options.scope !== "global";
  return {
    unit: task.unit === undefined ? { collector: noUnit, item: "" } : manager.question(task.unit, task.options),
    stale: asksStale ? { collector: staleUnits(task.options.scope), item: "" } : { collector: notAsked, item: "" },
    newest: newestPaths(task.restartWhenChanged),
    file: written === undefined ? noContent : contentQuestion(written),
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
  const unreachable = state.unit?.unreachable ?? state.stale.unreachable;
  // An earlier command of the run may have been to start it.
  if (unreachable !== undefined) throw new MissingPrerequisite("path:/run/user", unreachable);
  const stale = task.daemonReload ? staleNow(state.stale, task.options.scope, context) : [];
  if (stale.length > 0) differs("files of", stale.join(", "), "read again", "reload-manager");
  let wasEnabled: boolean | null = null;
  if (state.unit !== null) {
    const unit = knownUnit(state.unit, state.file, task, context);
    wasEnabled = unit.enabled;
    if (unit.masked && task.masked === false) differs("masked", true, false, "unmask");
    const enabled = unit.masked && task.masked === false ? false : enabledWhere(unit, task);
    if (task.enabled !== undefined && enabled !== null && enabled !== task.enabled) {
      differs("enabled", enabled, task.enabled, task.enabled ? "enable" : "disable");
      // The link that makes an alias goes with the others.
      const isAlias = unit.id !== unit.unit && !task.enabled;
      isProved &&= unit.enabledIsCertain && task.options.scope !== "global" && !isAlias;
    }
    // Last, because systemctl takes no orders about the links of a unit that is masked.
    if (!unit.masked && task.masked === true) differs("masked", false, true, "mask");
    const wanted = actionFor(unit, state.newest, task, context);
    if (wanted !== undefined) {
      if (unit.masked && task.masked !== false && wanted.action !== "stop")
        throw new ModuleFailure(`Unit ${unit.unit} is masked.`, { status: unit.status });
      if (unit.error !== null)
        throw new ModuleFailure(`Unit ${unit.unit} cannot be used: ${unit.error}`, { status: unit.status });
      // systemd would go on with what it read before, and only warn.
      const isStale = unit.needsReload || (wanted.action === "restart" && mayBeUnread(unit, state.newest, task));
      if (isStale && wanted.action !== "stop" && !steps.includes("reload-manager")) steps.push("reload-manager");
      // Between a stop and a start of their own: some init scripts call it a failure to stop what does not run.
      const startsOnly = wanted.action === "restart" && task.sleep !== undefined && !unit.running;
      differs("state", wanted.before, wanted.after, startsOnly ? "start" : wanted.action);
      isProved &&= wanted.isProved && !task.options.noBlock && !(unit.ephemeral && wanted.action !== "stop");
    }
  }
  if (differences.length === 0) return undefined;
  return {
    differences,
    data: { steps, id: state.unit?.id ?? "", enabled: wasEnabled },
    ...(isProved ? {} : { verify: false as const }),
  };
}

/**
 * systemd does not see a drop-in whose directory is new: it looks only into those that were there when it last read its files. They are not read
 * again for the change of another file, since that takes devices from containers that run (NVIDIA's, where runc writes cgroups itself).
 */
function mayBeUnread({ startedAt }: UnitState, newest: readonly ChangedPath[], { restartWhenChanged }: UnitTask): boolean {
  const newer = newest.filter((one) => one.ctime > (startedAt ?? 0)).map((one) => one.path);
  return (newer.length < MOST_NEWEST ? newer : [...newer, ...restartWhenChanged]).some(isUnitFile);
}

/** An environment file is read at each start, wherever it lies. */
const isUnitFile = (path: string): boolean => /\/systemd\/(system|user)\//.test(path) && !path.endsWith(".env");

/** In the runlevels that are asked about: all of them to be enabled, none to be disabled. */
function enabledWhere({ enabled, levels }: UnitState, task: UnitTask): boolean | null {
  const { runlevels } = task.options;
  if (levels === undefined || runlevels.length === 0) return enabled;
  return task.enabled === true ? runlevels.every((one) => levels.includes(one)) : runlevels.some((one) => levels.includes(one));
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

function knownUnit(unit: UnitState, file: Content, task: UnitTask, context: ProbeContext): UnitState {
  if (unit.exists || unit.masked) return unit;
  const wantsUnit = task.state !== undefined || task.enabled !== undefined;
  if (!wantsUnit) return unit;
  if (fileToBe(unit.unit, context) !== undefined) {
    // A unit that says nothing of its installation is static: there is nothing to enable.
    const text = bytesOf(file)?.toString("utf8");
    const isStatic = unit.levels === undefined && text !== undefined && !/^\[Install\]/m.test(text);
    return { ...unit, exists: true, enabled: isStatic ? null : false, running: false, description: "inactive (dead)" };
  }
  throw new MissingPrerequisite(
    `unit:${task.unit ?? ""}`,
    `Could not find the requested service ${task.unit}: host`,
    // The service was started with what was there then.
    packageDoesIt(task, context) ? (at) => wouldChangeBelow(task.restartWhenChanged, context, at).length === 0 : "change",
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

/** The file of a unit, or of the template of an instance, that earlier tasks of a check would have written. */
function fileToBe(unit: string, context: ProbeContext): string | undefined {
  const full = unitName(unit);
  const names = [full.replace(/\.service$/, ""), full, templateOf(full)];
  return [...(context.wouldChange ?? new Map()).keys()].find((path) => names.includes(UNIT_FOLDERS.exec(path)?.[4] ?? ""));
}

function staleNow({ stale, loaded, predictedAt = 0 }: StaleUnits, scope: Scope, context: ProbeContext): string[] {
  if (scope === "global") return [];
  const isLoaded = (name: string): boolean => loaded.some((one) => one === name || templateOf(one) === name);
  return [...new Set([...stale, ...unitFilesIn(context, predictedAt).filter(isLoaded)])];
}
