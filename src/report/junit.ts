import { formatDiagnostic } from "../excerpt.ts";
import { markup } from "./markup.ts";
import { createRecorder, type ResultRecord, type RunRecord, type TaskRecord } from "./record.ts";
import type { Report, Write } from "./report.ts";
import { resultText } from "./result-text.ts";

type Case = { readonly task: TaskRecord; readonly result: ResultRecord };

/** JUnit's XML as CI systems read it: a suite for each host, a case for each task. */
export function createJunitReport(options: { readonly write: Write }): Report {
  const recorder = createRecorder();
  return { listener: recorder.listener, finish: () => options.write(junitXml(recorder.record())) };
}

export function junitXml(record: RunRecord): string {
  const suites = new Map<string, Case[]>();
  for (const task of record.tasks) {
    for (const result of task.results) suites.set(result.host, [...(suites.get(result.host) ?? []), { task, result }]);
  }
  for (const { host } of record.unreachable) if (!suites.has(host)) suites.set(host, []);
  const lost = new Map(record.unreachable.map((one) => [one.host, one.message]));
  const all = [...suites.values()].flat();
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="k3sprov" tests="${all.length}" failures="${all.filter(isFailure).length}" time="${seconds(record.elapsedMs)}">`,
    ...[...suites].flatMap(([host, cases]) => suite(host, cases, lost.get(host))),
    "</testsuites>",
    "",
  ].join("\n");
}

function suite(host: string, cases: readonly Case[], lost: string | undefined): readonly string[] {
  const time = cases.reduce((sum, one) => sum + one.result.elapsedMs, 0);
  const skipped = cases.filter(({ result }) => result.status === "skipped").length;
  // Unreachable while a task ran: the task's own case tells it. Before any task: a case of its own.
  const isTold = lost === undefined || cases.some(({ result }) => result.status === "unreachable");
  const tests = cases.length + (isTold ? 0 : 1);
  const counts = `tests="${tests}" failures="${cases.filter(isFailure).length}" errors="${isTold ? 0 : 1}" skipped="${skipped}"`;
  const connect = `    <testcase name="connect" classname="connection"><error message="${markup(lost ?? "")}" type="unreachable"/></testcase>`;
  return [
    `  <testsuite name="${markup(host)}" ${counts} time="${seconds(time)}">`,
    ...cases.map(testCase),
    ...(isTold ? [] : [connect]),
    "  </testsuite>",
  ];
}

function testCase({ task, result }: Case): string {
  const { title, file, line } = task.task;
  const place = `file="${markup(file)}" line="${line}"`;
  const open = `    <testcase name="${markup(title)}" classname="${markup(task.play)}" ${place} time="${seconds(result.elapsedMs)}"`;
  if (isFailure({ task, result })) {
    const message = String(result.result["msg"] ?? result.reason ?? result.status);
    const detail = result.diagnostic === undefined ? "" : `${formatDiagnostic(result.diagnostic)}\n`;
    const body = markup(detail + resultText(result.result, true));
    return `${open}><failure message="${markup(message)}" type="${result.status}">${body}</failure></testcase>`;
  }
  if (result.status === "skipped") return `${open}><skipped message="${markup(result.reason ?? "skipped")}"/></testcase>`;
  return `${open}><system-out>${result.status}</system-out></testcase>`;
}

function isFailure({ result }: Case): boolean {
  return (result.status === "failed" || result.status === "unreachable") && !result.ignored;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
