import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const script = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), "scripts", "count-tests.mjs");
const folder = mkdtempSync(join(tmpdir(), "k3sprov-count-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type File = { readonly status: "passed" | "failed"; readonly failedTests?: number };

function reportOf(passed: number, failed: number, skipped: number, files: readonly File[]): string {
  const file = join(folder, `${passed}-${failed}-${skipped}-${files.length}.json`);
  const testResults = files.map(({ status, failedTests = 0 }, index) => ({
    name: `file${index}.test.ts`,
    status,
    message: status === "failed" ? "Error: it does not load\nmore" : "",
    assertionResults: Array.from({ length: failedTests }, () => ({ status: "failed" })),
  }));
  writeFileSync(file, JSON.stringify({ numPassedTests: passed, numFailedTests: failed, numPendingTests: skipped, testResults }));
  return file;
}

function count(...args: readonly string[]): { readonly rc: number | null; readonly lines: readonly string[] } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
  expect(stderr).toBe("");
  return { rc: status, lines: stdout.trimEnd().split("\n") };
}

describe("the count of all suites", () => {
  const good = reportOf(10, 0, 2, [{ status: "passed" }]);

  it("adds up what passed", () => {
    expect(count("--checks", "", `unit=0=${good}`, `hosts=0=${good}`)).toEqual({
      rc: 0,
      lines: [
        "unit: 10 passed, 0 failed, 2 skipped",
        "hosts: 10 passed, 0 failed, 2 skipped",
        "4 skipped",
        "20 passed, 0 failed",
      ],
    });
  });

  it("counts failed tests once, and a file that does not load as one", () => {
    const bad = reportOf(5, 2, 0, [{ status: "failed", failedTests: 2 }, { status: "failed" }]);
    expect(count(`unit=1=${bad}`)).toEqual({
      rc: 1,
      lines: [
        "failed: unit: file1.test.ts: Error: it does not load",
        "unit: 5 passed, 3 failed, 0 skipped",
        "5 passed, 3 failed",
      ],
    });
  });

  it("counts each failed check", () => {
    expect(count("--checks", ",types,lint", `unit=0=${good}`)).toMatchObject({
      rc: 1,
      lines: expect.arrayContaining(["10 passed, 2 failed"]),
    });
  });

  it("does not take a suite for good that failed without a failed test", () => {
    expect(count(`unit=1=${good}`).lines.at(-1)).toBe("10 passed, 1 failed");
  });

  it("counts a suite without a report as failed", () => {
    expect(count(`unit=0=${good}`, `hosts=1=${join(folder, "none.json")}`)).toMatchObject({
      rc: 1,
      lines: expect.arrayContaining(["10 passed, 1 failed"]),
    });
  });

  it("does not take nothing at all for success", () => {
    expect(count(`unit=0=${reportOf(0, 0, 0, [])}`)).toMatchObject({
      rc: 1,
      lines: expect.arrayContaining(["0 passed, 0 failed"]),
    });
  });
});
