import type { Contender } from "./contenders.ts";

export type Tool = Contender["name"];

/** One run of one tool. Times in milliseconds. */
export type Row = {
  readonly tool: Tool;
  readonly phase: string;
  readonly hosts: number;
  readonly rtt: number;
  readonly round: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly peakMb: number;
  readonly targetCpuMs: number;
  readonly roundTrips?: number;
};

export type Shape = Pick<Row, "hosts" | "rtt" | "phase">;

/** In the order of the page. */
export const TOOLS: readonly Tool[] = ["k3sprov", "ansible", "mitogen", "floor"];
export const PHASES = ["fresh", "converged", "check"] as const;

/** The shapes that were measured, small ones first. */
export function shapesOf(rows: readonly Row[]): readonly Shape[] {
  const keys = new Set(rows.filter((row) => row.tool !== "floor").map(({ hosts, rtt, phase }) => `${hosts}/${rtt}/${phase}`));
  const sizes = sorted(rows.map((row) => row.hosts));
  const delays = sorted(rows.map((row) => row.rtt));
  return sizes
    .flatMap((hosts) => delays.flatMap((rtt) => PHASES.map((phase) => ({ hosts, rtt, phase }))))
    .filter(({ hosts, rtt, phase }) => keys.has(`${hosts}/${rtt}/${phase}`));
}

/** The floor has no phases: it is the same work whatever state the hosts are in. */
export function rowsOf(rows: readonly Row[], shape: Shape, tool: Tool): readonly Row[] {
  return rows.filter(
    (row) =>
      row.tool === tool && row.hosts === shape.hosts && row.rtt === shape.rtt && (tool === "floor" || row.phase === shape.phase),
  );
}

/** NaN when there are no rows. */
export function medianOf(rows: readonly Row[], field: "wallMs" | "cpuMs" | "peakMb" | "targetCpuMs"): number {
  const values = rows.map((row) => row[field]).sort((a, b) => a - b);
  const middle = Math.floor(values.length / 2);
  const upper = values[middle] ?? Number.NaN;
  return values.length % 2 === 1 ? upper : (upper + (values[middle - 1] ?? Number.NaN)) / 2;
}

export function seconds(ms: number): string {
  return Number.isFinite(ms) ? `${(ms / 1000).toFixed(2)} s` : "";
}

function sorted(values: readonly number[]): readonly number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
