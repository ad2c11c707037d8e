import { createPalette, type Palette } from "./palette.ts";
import { HEADER_COLUMNS } from "./recap.ts";
import type { Report, Write } from "./report.ts";
import type { Terminal } from "./screen.ts";

export type OutputFormat = "text" | "jsonl" | "json";
export type View = "live" | "plain" | "json" | "jsonl";

export type Surroundings = {
  readonly stdoutIsTty: boolean;
  readonly stderrIsTty: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
};

export type ViewWishes = {
  readonly format: OutputFormat;
  /** undefined: as the surroundings suggest. */
  readonly progress: boolean | undefined;
  readonly quiet: boolean;
};

/** What fills standard output, and whether rows of hosts are drawn on standard error meanwhile. */
export function chooseView(
  { format, progress, quiet }: ViewWishes,
  at: Surroundings,
): { readonly output: View; readonly live: boolean } {
  const terminal = at.stderrIsTty && at.environment["TERM"] !== "dumb";
  // A CI log is no screen even where the runner fakes a terminal.
  const wanted = progress ?? (!isSet(at.environment["CI"]) && !quiet);
  if (format === "text") {
    const live = wanted && terminal && at.stdoutIsTty;
    return { output: live ? "live" : "plain", live };
  }
  // One object at the end cannot disturb the rows; lines as they happen would, on the same terminal.
  return { output: format, live: wanted && terminal && (format === "json" || !at.stdoutIsTty) };
}

/** Colour: told by flag, else by NO_COLOR and FORCE_COLOR (no-color.org, force-color.org), else on a terminal. */
export function wantsColor(flag: boolean | undefined, isTty: boolean, environment: Surroundings["environment"]): boolean {
  if (flag !== undefined) return flag;
  if (isSet(environment["NO_COLOR"])) return false;
  const forced = environment["FORCE_COLOR"];
  if (forced !== undefined) return forced !== "0" && forced !== "false";
  return isTty && environment["TERM"] !== "dumb";
}

/** Glyphs beyond ASCII: not on the kernel's console, nor where the locale rules them out. */
export function wantsUnicode(environment: Surroundings["environment"]): boolean {
  const locale = [environment["LC_ALL"], environment["LC_CTYPE"], environment["LANG"]].find(isSet);
  return environment["TERM"] !== "linux" && locale !== "C" && locale !== "POSIX";
}

/** Width of headers off a terminal. */
export function headerColumns(
  stdout: { readonly columns?: number; readonly isTTY?: boolean },
  environment: Surroundings["environment"],
): number {
  const told = Number(environment["COLUMNS"]);
  if (Number.isInteger(told) && told >= 20) return told;
  return stdout.isTTY === true && stdout.columns !== undefined ? Math.max(20, stdout.columns - 1) : HEADER_COLUMNS;
}

export type ViewOptions = ViewWishes & {
  readonly color: boolean | undefined;
  readonly verbosity: number;
  readonly diff: boolean;
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  readonly environment: Surroundings["environment"];
};

export type ChosenView = { readonly reports: readonly Report[]; readonly stdout: Palette; readonly stderr: Palette };

/** The reports that a person or a pipe reads. Each is loaded only when it is used. */
export async function createView(options: ViewOptions): Promise<ChosenView> {
  const { stdout, stderr, environment, verbosity, diff, quiet } = options;
  const view = chooseView(options, { stdoutIsTty: stdout.isTTY === true, stderrIsTty: stderr.isTTY === true, environment });
  const palettes = {
    stdout: createPalette(wantsColor(options.color, stdout.isTTY === true, environment)),
    stderr: createPalette(wantsColor(options.color, stderr.isTTY === true, environment)),
  };
  const write: Write = (text) => stdout.write(text);
  const writeError: Write = (text) => stderr.write(text);
  const reports: Report[] = [];
  if (view.live) {
    const { createLiveReport } = await import("./live.ts");
    const results = view.output === "live" ? stdout : stderr;
    const palette = view.output === "live" ? palettes.stdout : palettes.stderr;
    reports.push(createLiveReport({ frame: stderr, results, palette, unicode: wantsUnicode(environment), verbosity, diff }));
  }
  if (view.output === "plain") {
    const { createPlainReport } = await import("./plain.ts");
    const columns = headerColumns(stdout, environment);
    reports.push(createPlainReport({ write, writeError, palette: palettes.stdout, verbosity, diff, columns, quiet }));
  } else if (view.output === "json") {
    const { createJsonReport } = await import("./json.ts");
    reports.push(createJsonReport({ write }));
  } else if (view.output === "jsonl") {
    const { createJsonlReport } = await import("./jsonl.ts");
    reports.push(createJsonlReport({ write }));
  }
  return { reports, ...palettes };
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== "";
}
