import { ModuleFailure } from "../../contract.ts";
import { type ParameterSet, parseParameters } from "../../parameters.ts";
import type { EditInput } from "./edited-file.ts";

type EditModule<P> = {
  readonly name: string;
  readonly parameters: ParameterSet<P>;
  // How a module's own `prepare` looks to somebody who gives it nothing of the control node.
  readonly prepare?: (params: P, ...unused: never[]) => Promise<EditInput>;
};

/** What a module makes of a text: the text and its message, "same", or what it refuses to do. */
export async function editedText<P>(
  module: EditModule<P>,
  text: string | undefined,
  raw: Readonly<Record<string, unknown>>,
): Promise<string | readonly [text: string, message: string]> {
  const { value, problems } = parseParameters(module.parameters, module.name, { path: "/f", ...raw });
  if (problems.length > 0) return problems.map((one) => one.message).join("\n");
  try {
    const input = await module.prepare?.(value);
    const outcome = input?.edit(text === undefined ? undefined : Buffer.from(text).toString("latin1"));
    if (outcome === undefined) return "same";
    if (input?.edit(outcome.text) !== undefined) throw new Error(`not settled: ${outcome.text}`);
    return [Buffer.from(outcome.text, "latin1").toString("utf8"), outcome.message];
  } catch (error) {
    if (error instanceof ModuleFailure) return error.message;
    throw error;
  }
}
