import { type Output, Unknown } from "../../contract.ts";
import type { UnitState } from "./service-manager.ts";

/** Reads what the probes of OpenRC and of LSB init scripts print: a few lines of "key value" for each service. */
export function decodeScriptServices(
  output: Output,
  items: readonly string[],
  isRunning: (status: number) => boolean | Unknown,
): (UnitState | Unknown)[] {
  const text = output.stdout.toString("utf8");
  const blocks = new Map(
    text.split(/^unit /m).flatMap((block): [string, string][] => {
      const end = block.indexOf("\n");
      return end < 0 ? [] : [[block.slice(0, end), block.slice(end + 1)]];
    }),
  );
  return items.map((unit) => {
    const block = blocks.get(unit);
    if (block === undefined)
      return new Unknown(`cannot tell about the service ${unit}: ${output.stderr.toString("utf8").trim()}`);
    if (/^missing$/m.test(block)) return serviceState(unit, { exists: false, running: false, levels: [], startedAt: null });
    const running = isRunning(Number(/^status (\d+)$/m.exec(block)?.[1] ?? Number.NaN));
    if (running instanceof Unknown) return new Unknown(`cannot tell whether ${unit} is running: ${running.reason}`);
    const levels = [...block.matchAll(/^level (.*)$/gm)].map((match) => match[1] ?? "");
    const since = /^since (\d+) \S+ [\d:]+(\.\d+)?/m.exec(block);
    const startedAt = since === null || !running ? null : Number(since[1]) + Number(since[2] ?? 0);
    return serviceState(unit, { exists: true, running, levels, startedAt });
  });
}

function serviceState(
  unit: string,
  found: {
    readonly exists: boolean;
    readonly running: boolean;
    readonly levels: readonly string[];
    readonly startedAt: number | null;
  },
): UnitState {
  return {
    unit,
    id: unit,
    exists: found.exists,
    masked: false,
    running: found.running,
    description: found.running ? "started" : "stopped",
    enabled: found.levels.length > 0,
    enabledIsCertain: true,
    levels: found.levels,
    startedAt: found.startedAt,
    needsReload: false,
    ephemeral: false,
    error: null,
    status: { runlevels: [...found.levels] },
  };
}
