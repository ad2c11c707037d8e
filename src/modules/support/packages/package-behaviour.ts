import type { StateModule } from "../../contract.ts";
import type { Transaction } from "./package-manager.ts";
import {
  applyPackages,
  type PackageQuestions,
  type PackageTask,
  packageQuestions,
  packagesResult,
  planPackages,
  predictPackages,
} from "./package-task.ts";

type Module = StateModule<unknown, PackageTask, PackageQuestions, Transaction>;

/** What every module about packages does once its parameters are a `PackageTask`. */
export const packageBehaviour = {
  probe: packageQuestions,
  plan: planPackages,
  apply: applyPackages,
  predict: predictPackages,
  provides: () => ["*" as const, "package:*" as const],
  applied: packagesResult,
} satisfies Pick<Module, "probe" | "plan" | "apply" | "predict" | "provides" | "applied">;
