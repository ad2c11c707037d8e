/** One run of one tool. Times in milliseconds. */
export type Row = {
  readonly tool: string;
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

type Shape = { readonly hosts: number; readonly rtt: number; readonly phase: string };

/** Tables of medians and ratios, and a plot of the times. */
export function renderReport(
  rows: readonly Row[],
  machine: Readonly<Record<string, string>>,
): { readonly markdown: string; readonly svg: string } {
  const shapes = unique(
    rows.filter((row) => row.tool !== "floor").map(({ hosts, rtt, phase }) => JSON.stringify({ hosts, rtt, phase })),
  ).map((text): Shape => JSON.parse(text));
  const parts = [
    "# Benchmarks",
    "",
    "`npm run bench` writes this page. The same playbook (`test/bench/playbook.yaml`, 42 tasks) under each tool, on containers with",
    "systemd and sshd, over a relay that adds the round trip; medians of interleaved runs. The floor is one `ssh` per host that carries one",
    "script of 40 trivial checks. Ansible is tuned: pipelining, as many forks as hosts, ControlPersist.",
    "",
    ...Object.entries(machine).map(([name, value]) => `- ${name}: ${value}`),
    "",
    "![Wall-clock times, logarithmic](benchmarks.svg)",
    "",
    "| hosts | round trip | phase | tool | wall | × k3sprov | control CPU | × k3sprov | peak memory | CPU of the hosts | round trips per host | runs |",
    "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ...shapes.flatMap((shape) => linesOf(rows, shape)),
    "",
  ];
  return { markdown: parts.join("\n"), svg: plot(rows, shapes) };
}

function linesOf(rows: readonly Row[], shape: Shape): string[] {
  const own = rowsOf(rows, shape, "k3sprov");
  return toolsOf(rows, shape).map((tool) => {
    const these = rowsOf(rows, shape, tool);
    const wall = medianOf(these, "wallMs");
    const cpu = medianOf(these, "cpuMs");
    const trips = these[0]?.roundTrips;
    const cells = [
      shape.hosts,
      `${shape.rtt} ms`,
      shape.phase,
      tool,
      seconds(wall),
      ratio(wall, medianOf(own, "wallMs")),
      seconds(cpu),
      ratio(cpu, medianOf(own, "cpuMs")),
      `${medianOf(these, "peakMb").toFixed(0)} MB`,
      seconds(medianOf(these, "targetCpuMs")),
      trips ?? "",
      these.length,
    ];
    return `| ${cells.join(" | ")} |`;
  });
}

function toolsOf(rows: readonly Row[], shape: Shape): string[] {
  return unique(rows.map((row) => row.tool)).filter((tool) => rowsOf(rows, shape, tool).length > 0);
}

// The floor has no phases: it is the same work whatever state the hosts are in.
function rowsOf(rows: readonly Row[], shape: Shape, tool: string): Row[] {
  return rows.filter(
    (row) =>
      row.tool === tool && row.hosts === shape.hosts && row.rtt === shape.rtt && (tool === "floor" || row.phase === shape.phase),
  );
}

function medianOf(rows: readonly Row[], field: "wallMs" | "cpuMs" | "peakMb" | "targetCpuMs"): number {
  const sorted = rows.map((row) => row[field]).sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

function plot(rows: readonly Row[], shapes: readonly Shape[]): string {
  const colours: Readonly<Record<string, string>> = {
    k3sprov: "#1f77b4",
    ansible: "#d62728",
    mitogen: "#ff7f0e",
    floor: "#7f7f7f",
  };
  const bars = shapes.flatMap((shape) =>
    toolsOf(rows, shape).map((tool) => ({ shape, tool, wall: medianOf(rowsOf(rows, shape, tool), "wallMs") / 1000 })),
  );
  const longest = Math.max(...bars.map((bar) => bar.wall), 1);
  // A logarithmic scale from 0.1 s: otherwise Ansible's bars leave nothing of the others.
  const width = (value: number): number => (Math.log10(Math.max(value, 0.1) * 10) / Math.log10(longest * 10)) * 520;
  const lines = bars.map(({ shape, tool, wall }, index) => {
    const y = 34 + index * 20;
    return [
      `<text x="224" y="${y + 12}" text-anchor="end">${shape.hosts} hosts, ${shape.rtt} ms, ${shape.phase}, ${tool}</text>`,
      `<rect x="232" y="${y}" width="${width(wall).toFixed(1)}" height="15" fill="${colours[tool] ?? "#999"}"/>`,
      `<text x="${(238 + width(wall)).toFixed(1)}" y="${y + 12}">${seconds(wall * 1000)}</text>`,
    ].join("");
  });
  const height = 50 + bars.length * 20;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="840" height="${height}" font-family="sans-serif" font-size="12"><rect width="840" height="${height}" fill="#fff"/><text x="10" y="20" font-size="14">Wall-clock time, logarithmic</text>${lines.join("")}</svg>\n`;
}

function seconds(ms: number): string {
  return Number.isFinite(ms) ? `${(ms / 1000).toFixed(2)} s` : "";
}

function ratio(value: number, base: number): string {
  return Number.isFinite(value / base) ? (value / base).toFixed(2) : "";
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
