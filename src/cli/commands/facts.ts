import { runAdHoc } from "../ad-hoc.ts";
import type { Invocation } from "../invocation.ts";

/** `k3sprov facts [PATTERN] [--filter GLOB]`. */
export function run(invocation: Invocation): Promise<number> {
  const { args, own } = invocation;
  const [pattern = "all"] = args;
  const filter = typeof own["filter"] === "string" ? `{ filter: !unsafe ${JSON.stringify(own["filter"])} }` : "{}";
  // Facts are only read: no lock is needed.
  return runAdHoc(invocation, { pattern, module: "setup", parameters: filter, checkMode: true, show: "result" });
}
