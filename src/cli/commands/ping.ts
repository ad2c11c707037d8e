import { runAdHoc } from "../ad-hoc.ts";
import type { Invocation } from "../invocation.ts";

/** `k3sprov ping [PATTERN]`. */
export function run(invocation: Invocation): Promise<number> {
  const [pattern = "all"] = invocation.args;
  // Pinging changes nothing, so it takes no lock: check mode says so.
  return runAdHoc(invocation, { pattern, module: "ping", parameters: "{}", checkMode: true, show: "result" });
}
