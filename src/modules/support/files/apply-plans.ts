import { joinSh } from "../../../sh.ts";
import type { Apply, Difference, HostTraits, Payload, Prediction, Resource } from "../../contract.ts";
import { parentOf } from "./host-path.ts";
import { payloadOf } from "./local-source.ts";
import { type DirectoryPlan, directoryScript, predictDirectory } from "./place-directory.ts";
import { type FilePlan, fileScript, predictFile } from "./place-file.ts";
import { type LinkPlan, linkScript, predictLink } from "./place-link.ts";

/** A step of a change; directories stand before what goes into them. */
export type Plan = FilePlan | DirectoryPlan | LinkPlan;

export function applyPlans(plans: readonly Plan[], traits: HostTraits): Apply {
  const payloads: Record<string, Payload> = {};
  const scripts = plans.map((plan, index) => {
    if (plan.kind === "directory") return directoryScript(plan, traits);
    if (plan.kind === "link") return linkScript(plan, traits);
    const name = `content${index}`;
    const payload = plan.write ? payloadOf(plan.source, parentOf(plan.real)) : undefined;
    if (payload !== undefined) payloads[name] = payload;
    return fileScript(plan, name, traits);
  });
  return { script: joinSh(scripts), payloads };
}

export function predictPlans(plans: readonly Plan[], traits: HostTraits): Prediction[] {
  return plans.flatMap((plan) => {
    if (plan.kind === "directory") return predictDirectory(plan, traits);
    return plan.kind === "link" ? predictLink(plan, traits) : predictFile(plan, traits);
  });
}

export function providedBy(plans: readonly Plan[]): Resource[] {
  return plans
    .flatMap((plan) => (plan.kind === "file" ? [plan.target, plan.real] : [plan.path]))
    .map((path) => `path:${path}` as const);
}

export const differencesOf = (plans: readonly Plan[]): Difference[] => plans.flatMap((plan) => plan.differences);

/** Is that directory made by one of these plans? */
export function makes(plans: readonly Plan[]): (path: string) => boolean {
  const made = new Set(plans.flatMap((plan) => (plan.kind === "directory" && plan.create ? [plan.path] : [])));
  return (path) => made.has(path);
}
