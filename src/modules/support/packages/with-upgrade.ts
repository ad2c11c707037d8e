import type { Change, Difference, Prediction, ProbeContext, Question } from "../../contract.ts";
import type { Simulated, Transaction } from "./package-manager.ts";
import { type PackageAnswers, type PackageTask, planPackages, predictPackages } from "./package-task.ts";

/** What a task changes that may upgrade everything besides the packages that it names. */
export type WithUpgrade = { readonly transaction: Transaction | undefined; readonly upgrade: boolean };

/** The named packages, and where everything is to be upgraded what the answer "upgrade" found; `field`: what of it changes. */
export function planWithUpgrade(
  state: PackageAnswers,
  task: PackageTask,
  upgrade: boolean,
  context: ProbeContext,
  field = "version",
): Change<WithUpgrade> | undefined {
  const isAboutPackages = task.wanted.length > 0 || task.refresh;
  const packages = isAboutPackages ? planPackages(state, task, context) : undefined;
  const answer = state["upgrade"];
  const newer = answer?.kind === "simulated" ? answer.changes : [];
  const differences: Difference[] = [
    ...(packages?.differences ?? []),
    ...newer.map(({ name, before, after }) => ({ kind: "field", subject: name, name: field, before, after }) as const),
  ];
  if (differences.length === 0) return undefined;
  const data: WithUpgrade = { transaction: packages?.data, upgrade };
  return { differences, data, ...(packages?.verify === false ? { verify: false as const } : {}) };
}

/** `updates`: the question whose answer the plan read as "upgrade". */
export function predictWithUpgrade(
  { differences, data: { transaction, upgrade } }: Change<WithUpgrade>,
  state: PackageAnswers,
  task: PackageTask,
  updates: Question<unknown>,
): readonly Prediction[] {
  const nothing: Simulated = { kind: "simulated", changes: [] };
  return [
    ...(transaction === undefined ? [] : predictPackages({ differences, data: transaction }, state, task)),
    ...(upgrade ? [{ question: updates, answer: nothing }] : []),
  ];
}
