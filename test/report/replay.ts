// Plays an event stream into the reports of a terminal, at the speed in which it was recorded:
//   npx tsx test/report/replay.ts [--hosts 300] [--tasks 12] [--fail 3] [--ms 600] [--check] [--view live|plain] [FILE.jsonl]
// Without a file (what `k3sprov apply --format jsonl` has printed) it makes up a fleet.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { EngineEvent } from "../../src/engine/events.ts";
import { createView } from "../../src/report/choose.ts";
import { combineReports } from "../../src/report/combine.ts";
import { createSummaryReport } from "../../src/report/summary.ts";
import { fleetEvents } from "./fleet-events.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    hosts: { type: "string", default: "3" },
    tasks: { type: "string", default: "12" },
    fail: { type: "string", default: "0" },
    ms: { type: "string", default: "600" },
    check: { type: "boolean", default: false },
    view: { type: "string", default: "live" },
  },
});
const [file] = positionals;
const events = file === undefined ? madeUp() : recorded(file);

const view = await createView({
  format: "text",
  progress: values.view === "live",
  quiet: false,
  color: undefined,
  verbosity: 0,
  diff: false,
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
});
const summary = createSummaryReport({
  write: (text) => process.stderr.write(text),
  palette: view.stderr,
  next: () => ({ command: "k3sprov apply site.yaml", why: "an example" }),
});
const report = combineReports([...view.reports, summary]);
const began = performance.now();
const cpu = process.cpuUsage();
for (const event of events) {
  const ahead = event.at - (performance.now() - began);
  if (ahead > 5) await sleep(ahead);
  report.listener(event);
}
await report.finish();
const { user, system } = process.cpuUsage(cpu);
process.stderr.write(`(replayed ${events.length} events, ${Math.round((user + system) / 1000)} ms of processor time)\n`);

function madeUp(): readonly EngineEvent[] {
  const hosts = Number(values.hosts);
  const failing = Array.from({ length: Number(values.fail) }, (_, index) => 2 + index * 3).filter((number) => number <= hosts);
  const unreachable = hosts > 10 ? [7] : [];
  return fleetEvents({
    hosts,
    tasks: Number(values.tasks),
    failing,
    unreachable,
    msPerTask: Number(values.ms),
    checkMode: values.check,
  });
}

function recorded(path: string): readonly EngineEvent[] {
  const lines = readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "");
  // The file is what our own jsonl report has written.
  return lines.map((line) => JSON.parse(line) as EngineEvent);
}
