import type { Report, Write } from "./report.ts";

/** Every event as one line of JSON, written as it happens: for tools that watch a run. */
export function createJsonlReport(options: { readonly write: Write }): Report {
  return {
    listener: (event) => options.write(`${JSON.stringify(event)}\n`),
    finish: () => undefined,
  };
}
