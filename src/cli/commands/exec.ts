import { runAdHoc } from "../ad-hoc.ts";
import type { Invocation } from "../invocation.ts";

/** `k3sprov exec PATTERN -- CMD…`. */
export function run(invocation: Invocation): Promise<number> {
  const [pattern = "all", ...words] = invocation.args;
  const unsafe = (text: string): string => `!unsafe ${JSON.stringify(text)}`;
  const [only = ""] = words;
  const isLine = words.length === 1;
  return runAdHoc(invocation, {
    pattern,
    module: isLine ? "shell" : "command",
    // What is typed here is for the host: braces of go templates and the like are no templates of ours.
    parameters: isLine ? `{ cmd: ${unsafe(only)} }` : `{ argv: [${words.map(unsafe).join(", ")}], expand_argument_vars: false }`,
    checkMode: invocation.settings.check,
    show: "output",
  });
}
