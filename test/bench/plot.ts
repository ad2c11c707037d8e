import { medianOf, type Row, rowsOf, seconds, shapesOf, TOOLS, type Tool } from "./rows.ts";

const COLOURS: Readonly<Record<Tool, string>> = { k3sprov: "#1f77b4", ansible: "#d62728", mitogen: "#ff7f0e", floor: "#7f7f7f" };

/** Bars of the medians as SVG. */
export function renderPlot(rows: readonly Row[]): string {
  const bars = shapesOf(rows).flatMap((shape) =>
    TOOLS.map((tool) => ({ shape, tool, wall: medianOf(rowsOf(rows, shape, tool), "wallMs") / 1000 })).filter((bar) =>
      Number.isFinite(bar.wall),
    ),
  );
  const longest = Math.max(...bars.map((bar) => bar.wall), 1);
  // A logarithmic scale from 0.1 s: otherwise Ansible's bars leave nothing of the others.
  const width = (value: number): number => (Math.log10(Math.max(value, 0.1) * 10) / Math.log10(longest * 10)) * 520;
  const lines = bars.map(({ shape, tool, wall }, index) => {
    const y = 34 + index * 20;
    const label = `${shape.hosts} ${shape.hosts === 1 ? "host" : "hosts"}, ${shape.rtt} ms, ${shape.phase}, ${tool}`;
    return [
      `<text x="224" y="${y + 12}" text-anchor="end">${label}</text>`,
      `<rect x="232" y="${y}" width="${width(wall).toFixed(1)}" height="15" fill="${COLOURS[tool]}"/>`,
      `<text x="${(238 + width(wall)).toFixed(1)}" y="${y + 12}">${seconds(wall * 1000)}</text>`,
    ].join("");
  });
  const height = 50 + bars.length * 20;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="840" height="${height}" font-family="sans-serif" font-size="12"><rect width="840" height="${height}" fill="#fff"/><text x="10" y="20" font-size="14">Wall-clock time, logarithmic</text>${lines.join("\n")}</svg>\n`;
}
