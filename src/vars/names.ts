import { Diagnostics, type Position } from "../diagnostic.ts";
import { keyPosition } from "./provenance.ts";
import type { ValueMap } from "./value.ts";

const KEYWORDS = new Set(
  (
    "False None True and as assert async await break class continue def del elif else except finally for from global if import in is " +
    "lambda nonlocal not or pass raise return try while with yield"
  ).split(" "),
);

/** Why `name` cannot be the name of a variable, or undefined when it can. */
export function badVariableName(name: unknown): string | undefined {
  if (typeof name !== "string") return `a variable cannot be named ${String(name)}: a name is text`;
  if (KEYWORDS.has(name)) return `a variable cannot be named "${name}", which is a word of the template language`;
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return undefined;
  return `"${name}" is no name for a variable: it must be letters, digits and underscores, and not begin with a digit`;
}

/** Refuses names that no template could read. Throws DiagnosticError (code "variable-name") with the place of each. */
export function checkVariableNames(vars: ValueMap, fallback?: Position): void {
  const problems = new Diagnostics();
  for (const key of vars.keys()) {
    const message = badVariableName(key);
    if (message === undefined) continue;
    const position = keyPosition(vars, key) ?? fallback;
    const mended = typeof key === "string" ? key.replace(/[.\- ]/g, "_") : "";
    const help = mended !== key && badVariableName(mended) === undefined ? { help: `write ${mended}` } : {};
    problems.error("variable-name", message, { ...(position === undefined ? {} : { position }), ...help });
  }
  problems.throwIfErrors();
}
