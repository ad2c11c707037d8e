import { formatDiagnostic } from "../excerpt.ts";
import { diffLines } from "./diff-text.ts";
import { markup } from "./markup.ts";
import { count, duration } from "./phrases.ts";
import { createRecorder, type ResultRecord, type RunRecord, type TaskRecord } from "./record.ts";
import type { Report, Write } from "./report.ts";
import { resultText } from "./result-text.ts";

/** One page that needs nothing else: no script, no font, no image from elsewhere, so that it can be mailed and archived. */
export function createHtmlReport(options: { readonly write: Write }): Report {
  const recorder = createRecorder();
  return { listener: recorder.listener, finish: () => options.write(htmlPage(recorder.record())) };
}

const style = `
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1c2024;background:#fff}
table{border-collapse:collapse;width:100%}th,td{padding:.25rem .6rem;text-align:right;border-bottom:1px solid #d9dde2}
th:first-child,td:first-child{text-align:left}pre{overflow-x:auto;background:#f4f5f7;padding:.6rem;border-radius:4px;font-size:13px}
details{border-bottom:1px solid #d9dde2;padding:.2rem 0}summary{cursor:pointer}.where{color:#667}
.ok{color:#1a7f37}.changed,.undetermined{color:#8a5a00}.failed,.unreachable{color:#b42318}.skipped{color:#0969a5}
ins{text-decoration:none;color:#1a7f37}del{text-decoration:none;color:#b42318}
@media(prefers-color-scheme:dark){body{color:#e6e8eb;background:#15181c}pre{background:#1f2328}th,td,details{border-color:#343a42}
.ok,ins{color:#4ac26b}.changed,.undetermined{color:#d4a72c}.failed,.unreachable,del{color:#ff8080}.skipped{color:#6cb6ff}.where{color:#99a}}`;

const countNames = ["ok", "changed", "unreachable", "failed", "skipped", "rescued", "ignored"] as const;

export function htmlPage(record: RunRecord): string {
  const title = `${record.checkMode ? "Check of" : "Run of"} ${record.playbooks.join(", ")}`;
  const facts = [
    record.outcome,
    count(Object.keys(record.hosts).length, "host"),
    duration(record.elapsedMs),
    `k3sprov ${record.version}`,
  ];
  return [
    "<!doctype html>",
    `<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${markup(title)}</title>`,
    `<style>${style}</style></head><body>`,
    `<h1>${markup(title)}</h1><p>${markup(facts.join(" · "))}</p>`,
    hostTable(record),
    "<h2>Tasks</h2>",
    ...record.tasks.map(taskSection),
    ...warnings(record),
    "</body></html>",
    "",
  ].join("\n");
}

function hostTable(record: RunRecord): string {
  const head = ["host", ...countNames, "round trips", "time"].map((name) => `<th>${name}</th>`).join("");
  const rows = Object.entries(record.hosts).map(([host, counts]) => {
    const cost = record.costs[host];
    const cells = countNames.map((name) => `<td${counts[name] > 0 ? ` class="${name}"` : ""}>${counts[name]}</td>`);
    return `<tr><td>${markup(host)}</td>${cells.join("")}<td>${cost?.roundTrips ?? 0}</td><td>${duration(cost?.elapsedMs ?? 0)}</td></tr>`;
  });
  return `<table><thead><tr>${head}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

function taskSection({ task, results }: TaskRecord): string {
  const counts = new Map<string, number>();
  for (const { status } of results) counts.set(status, (counts.get(status) ?? 0) + 1);
  const badges = [...counts].map(([status, number]) => `<span class="${status}">${number} ${status}</span>`).join(" ");
  const isOpen = results.some((one) => one.status === "failed" && !one.ignored);
  return [
    `<details${isOpen ? " open" : ""}><summary>${markup(task.title)} <span class="where">${markup(task.module)}</span> ${badges}</summary>`,
    `<p class="where">${markup(`${task.file}:${task.line}`)}</p>`,
    ...results.map(resultSection),
    "</details>",
  ].join("\n");
}

function resultSection(result: ResultRecord): string {
  const head = `<p><span class="${result.status}">${result.status}${result.ignored ? " (ignored)" : ""}</span> ${markup(result.host)}`;
  const where = result.delegatedTo === undefined ? "" : ` → ${markup(result.delegatedTo)}`;
  const reason = result.reason === undefined ? "" : ` <span class="where">${markup(result.reason)}</span>`;
  const items = (result.items ?? [])
    .map((item) => `<br><span class="${item.status}">${item.status}</span> ${markup(item.label)}`)
    .join("");
  const differences = [...result.differences, ...(result.items ?? []).flatMap((item) => item.differences)];
  const parts = [`${head}${where}${reason}${items}</p>`];
  if (differences.length > 0) parts.push(`<pre>${diffLines(differences).map(diffLine).join("\n")}</pre>`);
  if (result.diagnostic !== undefined) parts.push(`<pre>${markup(formatDiagnostic(result.diagnostic))}</pre>`);
  if (result.status === "failed" || result.status === "unreachable")
    parts.push(`<pre>${markup(resultText(result.result, true))}</pre>`);
  return parts.join("\n");
}

function diffLine(line: string): string {
  if (line.startsWith("+")) return `<ins>${markup(line)}</ins>`;
  return line.startsWith("-") ? `<del>${markup(line)}</del>` : markup(line);
}

function warnings(record: RunRecord): readonly string[] {
  if (record.warnings.length === 0) return [];
  return ["<h2>Warnings</h2>", ...record.warnings.map((one) => `<pre>${markup(formatDiagnostic(one))}</pre>`)];
}
