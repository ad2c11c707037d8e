import type { EngineEvent, HostCounts } from "../engine/events.ts";
import { count, duration } from "./phrases.ts";
import type { Report, Write } from "./report.ts";

export type GithubOptions = {
  /** Workflow commands; GitHub's runner reads both standard streams. */
  readonly write: Write;
  /** Markdown for the page of the job ($GITHUB_STEP_SUMMARY). */
  readonly writeSummary?: Write;
};

/** Failures and warnings as annotations of GitHub Actions, on the line of the playbook they come from. */
export function createGithubReport(options: GithubOptions): Report {
  return {
    listener: (event) => {
      const command = annotation(event);
      if (command !== undefined) options.write(`${command}\n`);
      if (event.type === "run-finished") options.writeSummary?.(markdown(event));
    },
    finish: () => undefined,
  };
}

function annotation(event: EngineEvent): string | undefined {
  switch (event.type) {
    case "task-finished": {
      if (event.status !== "failed" || event.ignored) return undefined;
      const position = event.diagnostic?.position ?? { file: event.task.file, line: event.task.line, column: 1 };
      const message = `${event.host}: ${String(event.diagnostic?.message ?? event.result["msg"] ?? "failed")}`;
      return command("error", { file: position.file, line: String(position.line), title: event.task.title }, message);
    }
    case "host-unreachable":
      return command("error", { title: `${event.host} is unreachable` }, event.message);
    case "warning": {
      const { position, message } = event.diagnostic;
      return command("warning", position === undefined ? {} : { file: position.file, line: String(position.line) }, message);
    }
    default:
      return undefined;
  }
}

function command(name: string, properties: Readonly<Record<string, string>>, message: string): string {
  const list = Object.entries(properties).map(([key, value]) => `${key}=${escapeProperty(value)}`);
  return `::${name}${list.length > 0 ? ` ${list.join(",")}` : ""}::${escapeData(message)}`;
}

// The two escapes of the runner's own toolkit: data, and properties, where colon and comma separate.
function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}
function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

const columns = [
  "ok",
  "changed",
  "unreachable",
  "failed",
  "skipped",
  "rescued",
  "ignored",
] as const satisfies readonly (keyof HostCounts)[];

function markdown(event: Extract<EngineEvent, { type: "run-finished" }>): string {
  const rows = Object.entries(event.hosts).map(
    ([host, counts]) => `| ${host.replaceAll("|", "\\|")} | ${columns.map((name) => counts[name]).join(" | ")} |`,
  );
  return [
    `### k3sprov: ${event.outcome}, ${count(rows.length, "host")}, ${duration(event.elapsedMs)}`,
    "",
    `| host | ${columns.join(" | ")} |`,
    `|---|${columns.map(() => "---:").join("|")}|`,
    ...rows,
    "",
    "",
  ].join("\n");
}
