import { runAdHoc } from "../ad-hoc.ts";
import type { Invocation } from "../invocation.ts";

/** `k3sprov ping [PATTERN]`. */
export function run(invocation: Invocation): Promise<number> {
  const [pattern = "all"] = invocation.args;
  return runAdHoc(invocation, { pattern, module: "ping", parameters: "{}", checkMode: true, runsAnyway: true, show: "result" });
}
