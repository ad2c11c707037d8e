import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { combineReports } from "./combine.ts";
import { createTargetReport, parseReportTarget } from "./targets.ts";

const folder = mkdtempSync(join(tmpdir(), "k3sprov-report-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("parseReportTarget", () => {
  it.each([
    ["json", { name: "json", file: "k3sprov-report.json" }],
    ["junit=out/junit.xml", { name: "junit", file: "out/junit.xml" }],
    ["github", { name: "github", file: "-" }],
    ["jsonl=a=b", { name: "jsonl", file: "a=b" }],
  ])("%s", (text, expected) => {
    expect(parseReportTarget(text)).toEqual(expected);
  });

  it("suggests what was meant", () => {
    expect(() => parseReportTarget("juint")).toThrow('there is no report "juint"; did you mean "junit"?');
  });
});

describe("createTargetReport", () => {
  it("makes folders, and lines are on disk as they happen", async () => {
    const file = join(folder, "a", "b.jsonl");
    const report = createTargetReport({ name: "jsonl", file }, { write: () => undefined });
    report.listener({ at: 1, type: "interrupted", signal: "SIGINT" });
    expect(readFileSync(file, "utf8")).toBe('{"at":1,"type":"interrupted","signal":"SIGINT"}\n');
    await report.finish();
  });

  it("refuses a file that cannot be written before anything runs", () => {
    const file = join(folder, "file", "x");
    writeFileSync(join(folder, "file"), "");
    expect(() => createTargetReport({ name: "json", file }, { write: () => undefined })).toThrow(
      `the json report cannot be written to ${file}: EEXIST: file already exists, mkdir '${join(folder, "file")}'`,
    );
  });
});

describe("combineReports", () => {
  it("lets no report that fails disturb the others, and tells its error at the end", async () => {
    const heard: string[] = [];
    const bad = {
      listener: () => {
        throw new Error("disk full");
      },
      finish: () => undefined,
    };
    const good = {
      listener: () => void heard.push("event"),
      finish: () => void heard.push("finish"),
    };
    const both = combineReports([bad, good]);
    both.listener({ at: 1, type: "interrupted", signal: "SIGINT" });
    both.listener({ at: 2, type: "interrupted", signal: "SIGINT" });
    await expect(both.finish()).rejects.toThrow("disk full");
    expect(heard).toEqual(["event", "event", "finish"]);
  });
});
