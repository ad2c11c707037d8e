import { joinSh, type Sh, sh } from "../../../sh.ts";
import { type Apply, type Change, type JsonObject, ModuleFailure, type Prediction, type ProbeContext } from "../../contract.ts";
import { moment } from "../moment.ts";
import { serviceManager } from "./select.ts";
import type { UnitState } from "./service-manager.ts";
import { type UnitAnswers, type UnitChange, type UnitTask, unitQuestions } from "./unit-task.ts";

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
        return manager.enable(change.data.id || unit, step === "enable", options);
      case "restart":
        if (task.sleep === undefined) return manager.act(step, unit, options);
        return joinSh([manager.act("stop", unit, options), sh`sleep ${task.sleep}`, manager.act("start", unit, options)]);
      default:
        return manager.act(step, unit, options);
    }
  });
  return { script: joinSh(steps) };
}

/** Why a service is not as it was told to be. */
export function explainUnit(
  { data }: Change<UnitChange>,
  { unit, use, options }: UnitTask,
  context: ProbeContext,
): Sh | undefined {
  const isRunning = data.steps.some((step) => step === "start" || step === "restart" || step === "stop");
  return isRunning && unit !== undefined ? serviceManager(context.traits, use).explain?.(unit, options) : undefined;
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
      ? [{ question: questions.stale, answer: { ...state.stale, stale: [], predictedAt: moment() } }]
      : [];
  if (state.unit === null) return stale;
  const last = steps.at(-1);
  const starts = last === "start" || last === "restart" || last === "reload";
  const masked = steps.includes("mask") || (state.unit.masked && !steps.includes("unmask"));
  const enabled = steps.includes("enable")
    ? true
    : steps.includes("disable") || (masked && change.data.enabled !== null)
      ? false
      : change.data.enabled;
  const { runlevels } = task.options;
  const kept = (state.unit.levels ?? []).filter((one) => runlevels.length > 0 && !runlevels.includes(one));
  const levels = steps.includes("enable") ? [...kept, ...runlevels] : steps.includes("disable") ? kept : state.unit.levels;
  const running = starts || (state.unit.running && last !== "stop");
  const answer: UnitState = {
    ...state.unit,
    exists: true,
    masked,
    running,
    enabled,
    description: running ? "active (running)" : "inactive (dead)",
    needsReload: false,
    ...(levels === undefined || state.unit.levels === undefined ? {} : { levels }),
    ...(last === "start" || last === "restart" ? { startedAt: moment() / 1000, predicted: true as const } : {}),
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

/** What others may rely on once the unit runs: the API of a cluster, a daemon's socket. */
export function startedUnit(_change: unknown, task: UnitTask): readonly `unit:${string}`[] {
  const starts = task.state === undefined ? task.restartWhenChanged.length > 0 : task.state !== "stopped";
  return task.unit !== undefined && starts ? [`unit:${task.unit.replace(/\.service$/, "")}`] : [];
}
