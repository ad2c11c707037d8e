import { joinSh } from "../../../sh.ts";
import type { Apply, Difference, HostTraits, Prediction, Resource } from "../../contract.ts";
import { type DirectoryPlan, directoryScript, predictDirectory } from "./place-directory.ts";
import { type FilePlan, fileScript, predictFile } from "./place-file.ts";

/** A step of a change; directories stand before what goes into them. */
export type Plan = FilePlan | DirectoryPlan;

export function applyPlans(plans: readonly Plan[], traits: HostTraits): Apply {
  const payloads: Record<string, { readonly content: Uint8Array }> = {};
  const scripts = plans.map((plan, index) => {
    if (plan.kind === "directory") return directoryScript(plan, traits);
    const name = `content${index}`;
    if (plan.write && plan.source.kind === "bytes") payloads[name] = { content: plan.source.bytes };
    return fileScript(plan, name, traits);
  });
  return { script: joinSh(scripts), payloads };
}

export function predictPlans(plans: readonly Plan[], traits: HostTraits): Prediction[] {
  return plans.flatMap((plan) => (plan.kind === "directory" ? predictDirectory(plan, traits) : predictFile(plan, traits)));
}

export function providedBy(plans: readonly Plan[]): Resource[] {
  return plans
    .flatMap((plan) => (plan.kind === "directory" ? [plan.path] : [plan.target, plan.real]))
    .map((path) => `path:${path}` as const);
}

export const differencesOf = (plans: readonly Plan[]): Difference[] => plans.flatMap((plan) => plan.differences);

/** Is that directory made by one of these plans? */
export function makes(plans: readonly Plan[]): (path: string) => boolean {
  const made = new Set(plans.flatMap((plan) => (plan.kind === "directory" && plan.create ? [plan.path] : [])));
  return (path) => made.has(path);
}
