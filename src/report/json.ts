import { createRecorder } from "./record.ts";
import type { Report, Write } from "./report.ts";

/** One JSON object at the end: the run as data. Its fields only ever grow; `format` counts breaking changes. */
export function createJsonReport(options: { readonly write: Write }): Report {
  const recorder = createRecorder();
  return {
    listener: recorder.listener,
    finish: () => {
      const { tasks, slowest, ...rest } = recorder.record();
      const report = {
        format: 1,
        ...rest,
        tasks: tasks.map(({ play, task, results }) => ({ play, ...task, results })),
        slowest: slowest.map(({ task, host, elapsedMs }) => ({ task: task.title, host, elapsedMs })),
      };
      options.write(`${JSON.stringify(report, undefined, 2)}\n`);
    },
  };
}
