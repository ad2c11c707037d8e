import { medianOf, type Row, rowsOf, type Shape, seconds, shapesOf, TOOLS } from "./rows.ts";

type Target = {
  readonly what: string;
  readonly wanted: string;
  readonly value: number;
  readonly isMet: boolean;
  readonly show: (value: number) => string;
};

/** The page: what was written by hand, with the measurements in the places of `{{ machine }}`, `{{ targets }}` and `{{ table }}`. */
export function renderPage(template: string, rows: readonly Row[], machine: Readonly<Record<string, string>>): string {
  const parts: Readonly<Record<string, string>> = {
    machine: Object.entries(machine)
      .map(([name, value]) => `- ${name}: ${value}`)
      .join("\n"),
    targets: targetTable(rows),
    table: table(rows),
  };
  return template.replaceAll(/\{\{ (\w+) \}\}/g, (_, name: string) => {
    const part = parts[name];
    if (part === undefined)
      throw new Error(`the template asks for "${name}", but there are only: ${Object.keys(parts).join(", ")}`);
    return part;
  });
}

function table(rows: readonly Row[]): string {
  return [
    "| hosts | round trip | phase | tool | wall | × k3sprov | control CPU | × k3sprov | peak memory | CPU of the hosts | round trips per host | runs |",
    "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ...shapesOf(rows).flatMap((shape) => linesOf(rows, shape)),
  ].join("\n");
}

function linesOf(rows: readonly Row[], shape: Shape): string[] {
  const own = rowsOf(rows, shape, "k3sprov");
  return TOOLS.flatMap((tool) => {
    const these = rowsOf(rows, shape, tool);
    if (these.length === 0) return [];
    const wall = medianOf(these, "wallMs");
    const cpu = medianOf(these, "cpuMs");
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
      these[0]?.roundTrips ?? "",
      these.length,
    ];
    return [`| ${cells.join(" | ")} |`];
  });
}

/** What the project promises of ten hosts that are 50 ms away, beside what was measured. */
function targetTable(rows: readonly Row[]): string {
  const lines = targets(rows).map(({ what, wanted, value, isMet, show }) => {
    const known = Number.isFinite(value);
    return `| ${what} | ${wanted} | ${known ? show(value) : "not measured"} | ${known ? (isMet ? "yes" : "**no**") : ""} |`;
  });
  return ["| 10 hosts, 50 ms | target | measured | met |", "|---|---|---|---|", ...lines].join("\n");
}

function targets(rows: readonly Row[]): readonly Target[] {
  const at = (phase: string): Shape => ({ hosts: 10, rtt: 50, phase });
  const of = (tool: Row["tool"], field: Parameters<typeof medianOf>[1], phase = "converged"): number =>
    medianOf(rowsOf(rows, at(phase), tool), field);
  const own = of("k3sprov", "wallMs");
  const most = Math.max(...["fresh", "converged", "check"].map((phase) => of("k3sprov", "peakMb", phase)));
  const trips = rowsOf(rows, at("converged"), "k3sprov")[0]?.roundTrips ?? Number.NaN;
  const times = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} ×`;
  const atMost = (what: string, limit: number, value: number, unit: Target["show"]): Target => ({
    what,
    wanted: `at most ${unit(limit)}`,
    value,
    isMet: value <= limit,
    show: unit,
  });
  const atLeast = (what: string, limit: number, value: number): Target => ({
    what,
    wanted: `at least ${limit} ×`,
    value,
    isMet: value >= limit,
    show: times,
  });
  return [
    atMost("converged, wall, as a multiple of the floor", 1.6, own / of("floor", "wallMs"), times),
    atLeast("converged, faster than tuned Ansible", 50, of("ansible", "wallMs") / own),
    atLeast("converged, faster than mitogen", 15, of("mitogen", "wallMs") / own),
    atLeast("converged, less CPU on the control node than Ansible", 30, of("ansible", "cpuMs") / of("k3sprov", "cpuMs")),
    atMost("converged, round trips per host", 6, trips, String),
    atMost("peak memory of all phases", 150, most, (value) => `${value.toFixed(0)} MB`),
    atLeast("fresh, faster than tuned Ansible", 5, of("ansible", "wallMs", "fresh") / of("k3sprov", "wallMs", "fresh")),
  ];
}

function ratio(value: number, base: number): string {
  return Number.isFinite(value / base) ? (value / base).toFixed(2) : "";
}
