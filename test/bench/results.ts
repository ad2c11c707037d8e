import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { renderPage } from "./page.ts";
import { renderPlot } from "./plot.ts";
import type { Row } from "./rows.ts";

const template = fileURLToPath(new URL("page.md", import.meta.url));

/** What has been measured so far, on the disk after each tool: an interrupted run keeps what it has, and a later one completes it. */
export class Results {
  readonly rows: Row[] = [];
  readonly #out: string;
  readonly #machine: Readonly<Record<string, string>>;

  /** Throws when the file holds measurements of another machine or of other versions: those are not to be mixed, nor thrown away. */
  constructor(out: string, machine: Readonly<Record<string, string>>) {
    this.#out = out;
    this.#machine = machine;
    const file = `${out}.json`;
    if (!existsSync(file)) return;
    const before: { readonly machine: Readonly<Record<string, string>>; readonly rows: readonly Row[] } = JSON.parse(
      readFileSync(file, "utf8"),
    );
    const other = Object.keys({ ...before.machine, ...machine }).filter((name) => before.machine[name] !== machine[name]);
    if (other.length > 0) {
      const differences = other.map((name) => `  ${name}: ${before.machine[name] ?? "-"}; now ${machine[name] ?? "-"}`);
      throw new Error(
        `${file} was measured elsewhere or with other versions:\n${differences.join("\n")}\nRemove it to start over, or give --out another name.`,
      );
    }
    this.rows.push(...before.rows);
  }

  has(wanted: Pick<Row, "tool" | "hosts" | "rtt" | "round" | "phase">): boolean {
    return this.rows.some(
      (row) =>
        row.tool === wanted.tool &&
        row.hosts === wanted.hosts &&
        row.rtt === wanted.rtt &&
        row.round === wanted.round &&
        row.phase === wanted.phase,
    );
  }

  /** Adds rows, in place of those of the same run, and writes all of the page anew. */
  add(rows: readonly Row[]): void {
    const kept = this.rows.filter((row) => !rows.some((one) => sameRun(one, row)));
    this.rows.splice(0, this.rows.length, ...kept, ...rows);
    writeFileSync(`${this.#out}.json`, `${JSON.stringify({ machine: this.#machine, rows: this.rows }, null, 1)}\n`);
    this.writePage();
  }

  writePage(): void {
    writeFileSync(`${this.#out}.md`, renderPage(readFileSync(template, "utf8"), this.rows, this.#machine));
    writeFileSync(`${this.#out}.svg`, renderPlot(this.rows));
  }
}

function sameRun(a: Row, b: Row): boolean {
  return a.tool === b.tool && a.hosts === b.hosts && a.rtt === b.rtt && a.round === b.round && a.phase === b.phase;
}
