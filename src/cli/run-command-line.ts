import { type Diagnostic, DiagnosticError } from "../diagnostic.ts";
import { formatDiagnostic } from "../excerpt.ts";
import { wantsColor } from "../report/choose.ts";
import { createPalette, type Palette } from "../report/palette.ts";
import { terminalSafe } from "../report/terminal-safe.ts";
import { forgetLastRun } from "../run-memory.ts";
import { loadConfiguration } from "./config-file.ts";
import { exitCodes } from "./exit-codes.ts";
import type { Process } from "./invocation.ts";
import { parseCommandLine } from "./program.ts";
import { resolveSettings } from "./settings.ts";
import { UsageError } from "./usage.ts";
import { version } from "./version.ts";

/** From words to exit status: finds the command, its settings, runs it, and tells what went wrong. */
export async function runCommandLine(at: Process): Promise<number> {
  forgetLastRun();
  const palette = createPalette(wantsColor(undefined, at.stderr.isTTY === true, at.environment));
  const warn = (warning: Diagnostic): void => tell(at, warning, palette);
  try {
    const parsed = parseCommandLine(at.argv);
    if (parsed.kind === "help") {
      const isAsked = at.argv.length > 0;
      (isAsked ? at.stdout : at.stderr).write(parsed.text);
      return isAsked ? exitCodes.ok.code : exitCodes.usage.code;
    }
    const { definition, args, flags, own } = parsed;
    const told = typeof flags.config === "string" ? flags.config : undefined;
    const configuration =
      definition.hidden === true ? undefined : await loadConfiguration({ cwd: at.cwd, environment: at.environment, told, warn });
    const settings = resolveSettings({ flags, environment: at.environment, configuration });
    const { run } = await definition.load();
    return await run({ command: definition.name, args, settings, own, process: at, warn });
  } catch (error) {
    return failureCode(error, at, palette);
  }
}

function failureCode(error: unknown, at: Process, palette: Palette): number {
  if (error instanceof UsageError) {
    at.stderr.write(`${palette.red(`error: ${error.message}`)}\n${error.help === undefined ? "" : `  help: ${error.help}\n`}`);
    return exitCodes.usage.code;
  }
  if (error instanceof DiagnosticError) {
    for (const diagnostic of error.diagnostics) tell(at, diagnostic, palette);
    const errors = error.diagnostics.filter((one) => one.severity === "error").length;
    if (errors > 1) at.stderr.write(`${errors} errors\n`);
    return exitCodes.refused.code;
  }
  const stack = error instanceof Error ? withCauses(error) : String(error);
  at.stderr.write(
    `${palette.red("This is a bug of k3sprov, please report it:")} what you ran, what you expected, and this:\n` +
      `k3sprov ${version()}, node ${process.version}, ${process.platform} ${process.arch}\n${terminalSafe(stack)}\n`,
  );
  return exitCodes.bug.code;
}

/** One diagnostic on standard error, its first line coloured by how bad it is. */
function tell(at: Process, diagnostic: Diagnostic, palette: Palette): void {
  const [first = "", ...rest] = terminalSafe(formatDiagnostic(diagnostic)).split("\n");
  const paint = diagnostic.severity === "error" ? palette.red : palette.magenta;
  at.stderr.write(`${[paint(first), ...rest].join("\n")}\n`);
}

function withCauses(error: Error): string {
  const own = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause instanceof Error ? `${own}\ncaused by ${withCauses(error.cause)}` : own;
}
