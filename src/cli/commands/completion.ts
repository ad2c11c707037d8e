import { completionScripts } from "../completion-scripts.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Invocation } from "../invocation.ts";
import { UsageError } from "../usage.ts";

/** `k3sprov completion bash|zsh|fish`. */
export function run({ args, process: at }: Invocation): Promise<number> {
  const shell = args[0] ?? "";
  const script = new Map(Object.entries(completionScripts)).get(shell);
  if (script === undefined) {
    throw new UsageError(`there is no completion for "${shell}"`, `it can be ${Object.keys(completionScripts).join(", ")}`);
  }
  at.stdout.write(script);
  return Promise.resolve(exitCodes.ok.code);
}
