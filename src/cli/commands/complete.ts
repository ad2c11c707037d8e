import { complete } from "../complete.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Invocation } from "../invocation.ts";

/** `k3sprov __complete -- WORDS…`: what the completion scripts ask. Answers nothing rather than an error. */
export async function run({ args, process: at }: Invocation): Promise<number> {
  try {
    for (const candidate of await complete(args, at)) at.stdout.write(`${candidate}\n`);
  } catch {
    // A playbook with a mistake in it, a missing inventory: no moment to tell about it, between two keys.
  }
  return exitCodes.ok.code;
}
