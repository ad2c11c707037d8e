import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { renderPage } from "./page.ts";
import { renderPlot } from "./plot.ts";
import type { Row } from "./rows.ts";

const template = fileURLToPath(new URL("page.md", import.meta.url));

/** What has been measured so far, on the disk after each command: an interrupted run keeps what it has, and a later one completes it. */
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

  has(run: Run): boolean {
    return this.rows.some((row) => sameRun(row, run));
  }

  /** Adds a row, in place of one of the same run, and writes all of the page anew. */
  add(row: Row): void {
    const kept = this.rows.filter((one) => !sameRun(one, row));
    this.rows.splice(0, this.rows.length, ...kept, row);
    writeFileSync(`${this.#out}.json`, `${JSON.stringify({ machine: this.#machine, rows: this.rows }, null, 1)}\n`);
    this.writePage();
  }

  writePage(): void {
    writeFileSync(`${this.#out}.md`, renderPage(readFileSync(template, "utf8"), this.rows, this.#machine));
    writeFileSync(`${this.#out}.svg`, renderPlot(this.rows));
  }
}

type Run = Pick<Row, "tool" | "hosts" | "rtt" | "round" | "phase">;

function sameRun(a: Run, b: Run): boolean {
  return a.tool === b.tool && a.hosts === b.hosts && a.rtt === b.rtt && a.round === b.round && a.phase === b.phase;
}
