import { appendFileSync, closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { refuse } from "../diagnostic.ts";
import { didYouMean } from "../suggest.ts";
import { createGithubReport } from "./github.ts";
import { createHtmlReport } from "./html.ts";
import { createJsonReport } from "./json.ts";
import { createJsonlReport } from "./jsonl.ts";
import { createJunitReport } from "./junit.ts";
import type { Report, Write } from "./report.ts";

export const reportNames = ["json", "jsonl", "junit", "html", "github"] as const;
export type ReportName = (typeof reportNames)[number];
export type ReportTarget = { readonly name: ReportName; readonly file: string };

/** Where a report goes when `--report NAME` names no file; `-` is standard output. */
const defaultFiles: Readonly<Record<ReportName, string>> = {
  json: "k3sprov-report.json",
  jsonl: "k3sprov-report.jsonl",
  junit: "k3sprov-junit.xml",
  html: "k3sprov-report.html",
  // GitHub's runner looks for its commands in what the step prints.
  github: "-",
};

/** Reads `NAME` or `NAME=FILE`. Throws DiagnosticError for an unknown name. */
export function parseReportTarget(text: string): ReportTarget {
  const [wanted = "", ...rest] = text.split("=");
  const name = reportNames.find((one) => one === wanted);
  if (name === undefined) {
    refuse("unknown-report", `there is no report "${wanted}"${didYouMean(wanted, reportNames)}`, {
      help: `--report takes ${reportNames.join(", ")}, each with =FILE if you like`,
    });
  }
  const file = rest.join("=");
  return { name, file: file === "" ? defaultFiles[name] : file };
}

export type TargetStreams = {
  /** Standard output, or standard error where standard output carries something else. */
  readonly write: Write;
  /** $GITHUB_STEP_SUMMARY */
  readonly githubSummaryFile?: string;
};

/** A report that writes to its file. Opens the file now, so that a wrong path is refused before any host is touched. */
export function createTargetReport(target: ReportTarget, streams: TargetStreams): Report {
  if (target.file === "-") return createNamed(target.name, streams.write, streams.githubSummaryFile);
  const file = open(target);
  const report = createNamed(target.name, (text) => writeAll(file, text), streams.githubSummaryFile);
  return {
    listener: report.listener,
    finish: async () => {
      await report.finish();
      closeSync(file);
    },
  };
}

function createNamed(name: ReportName, write: Write, summaryFile: string | undefined): Report {
  switch (name) {
    case "json":
      return createJsonReport({ write });
    case "jsonl":
      return createJsonlReport({ write });
    case "junit":
      return createJunitReport({ write });
    case "html":
      return createHtmlReport({ write });
    case "github":
      if (summaryFile === undefined || summaryFile === "") return createGithubReport({ write });
      return createGithubReport({ write, writeSummary: (text) => appendFileSync(summaryFile, text) });
  }
}

function open({ name, file }: ReportTarget): number {
  try {
    mkdirSync(dirname(file), { recursive: true });
    return openSync(file, "w", 0o600);
  } catch (error) {
    return refuse(
      "report-file",
      `the ${name} report cannot be written to ${file}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Synchronous, so that the lines up to a crash are on disk. */
function writeAll(file: number, text: string): void {
  const data = Buffer.from(text);
  for (let offset = 0; offset < data.length; ) offset += writeSync(file, data, offset);
}
