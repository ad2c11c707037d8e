import { z } from "zod";
import type { RunReport } from "./cli.ts";

const shape = z.object({
  tasks: z.array(
    z.object({
      results: z.array(z.object({ status: z.string(), result: z.looseObject({ msg: z.unknown().optional() }) })),
    }),
  ),
});

/** Messages of all results, with what an assert asserted, one a line. */
export function messagesOf(report: RunReport): string {
  const { tasks } = shape.parse(JSON.parse(report.stdout));
  const said = tasks.flatMap((task) => task.results.map(({ result }) => [result.msg, result["assertion"]]));
  return said.map((parts) => parts.filter((one) => one !== undefined && one !== null).join(" ")).join("\n");
}

/** The message of the first task that failed. */
export const failureOf = (report: RunReport): string | undefined => failuresOf(report)[0];

/** The messages of results that made their task fail. */
export function failuresOf(report: RunReport): readonly string[] {
  const { tasks } = shape.parse(JSON.parse(report.stdout));
  return tasks.flatMap(({ results }) =>
    results.filter(({ status }) => status === "failed").map(({ result }) => String(result.msg)),
  );
}
