import { ModuleFailure } from "../../contract.ts";
import type { PackageManager, Transaction, WantedPackage } from "./package-manager.ts";

/** The names a task gives, each once; empty ones (from templates that left something out) are dropped. */
export function uniqueNames(names: readonly string[], manager: PackageManager): readonly WantedPackage[] {
  const wanted = new Map<string, WantedPackage>();
  for (const spec of names.map((one) => one.trim()).filter((one) => one !== "")) {
    const one = manager.parse(spec);
    const other = wanted.get(one.name);
    if (other !== undefined && other.version !== one.version) {
      throw new ModuleFailure(`"${other.spec}" and "${one.spec}" contradict each other`);
    }
    wanted.set(one.name, one);
  }
  return [...wanted.values()];
}

/** Ansible's several words for three states. */
export function wantedState(state: string): Transaction["state"] {
  if (state === "latest") return "latest";
  return state === "absent" || state === "removed" ? "absent" : "present";
}
