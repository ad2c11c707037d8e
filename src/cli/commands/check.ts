import type { Invocation } from "../invocation.ts";
import { applyPlaybooks } from "./apply.ts";

/** `k3sprov check`: apply --check --diff. */
export function run(invocation: Invocation): Promise<number> {
  return applyPlaybooks(invocation, true, true);
}
