import { describe, expect, it } from "vitest";
import { finished, item, task } from "../../test/report/make-event.ts";
import type { EngineEvent } from "../engine/events.ts";
import { createGithubReport } from "./github.ts";
import { createHtmlReport } from "./html.ts";
import { createJsonReport } from "./json.ts";
import { createJsonlReport } from "./jsonl.ts";
import { createJunitReport } from "./junit.ts";
import type { Report, Write } from "./report.ts";

const write = task("Write <it>");
const loop = task("loop", { line: 9 });
const counts = { ok: 1, changed: 1, unreachable: 0, failed: 0, skipped: 0, rescued: 0, ignored: 0 };
const events: readonly EngineEvent[] = [
  {
    at: 0,
    type: "run-started",
    playbooks: ["site.yaml"],
    checkMode: true,
    diff: true,
    hosts: ["h1", "h2", "h3"],
    version: "0.1.0",
  },
  { at: 0, type: "play-started", play: "One", hosts: ["h1", "h2", "h3"], strategy: "linear" },
  finished(write, "h1", "changed", {
    differences: [{ kind: "field", subject: "/x", name: "mode", before: "0644", after: "0600" }],
  }),
  finished(write, "h2", "failed", {
    result: { changed: false, failed: true, msg: "100% <bad>\nreally" },
    diagnostic: {
      severity: "error",
      code: "x",
      message: "100% <bad>\nreally",
      position: { file: "a,b.yaml", line: 3, column: 1 },
    },
  }),
  { at: 3, type: "host-unreachable", host: "h3", message: "refused", code: "refused" },
  item(loop, "h1", "ok", "a"),
  finished(loop, "h1", "skipped", { loop: true, reason: '"x" is false' }),
  { at: 4, type: "warning", diagnostic: { severity: "warning", code: "w", message: "look out" } },
  {
    at: 5,
    type: "run-finished",
    hosts: { h1: counts, h2: { ...counts, failed: 1 } },
    costs: { h1: { roundTrips: 3, bytesSent: 1, bytesReceived: 2, connects: 1, elapsedMs: 5 } },
    slowest: [{ task: write, host: "h1", elapsedMs: 5 }],
    elapsedMs: 5,
    outcome: "failed",
    changes: { h1: ["Write <it>"] },
  },
];

async function written(create: (options: { readonly write: Write }) => Report, feed = events): Promise<string> {
  let text = "";
  const report = create({
    write: (more) => {
      text += more;
    },
  });
  for (const event of feed) report.listener(event);
  await report.finish();
  return text;
}

describe("jsonl", () => {
  it("writes each event as a line", async () => {
    const lines = (await written(createJsonlReport)).trimEnd().split("\n");
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual(events);
  });
});

describe("json", () => {
  it("writes one object with everything", async () => {
    const report: unknown = JSON.parse(await written(createJsonReport));
    expect(report).toMatchObject({
      format: 1,
      version: "0.1.0",
      playbooks: ["site.yaml"],
      checkMode: true,
      outcome: "failed",
      hosts: { h1: counts },
      costs: { h1: { roundTrips: 3 } },
      changes: { h1: ["Write <it>"] },
      slowest: [{ task: "Write <it>", host: "h1", elapsedMs: 5 }],
      unreachable: [{ host: "h3", message: "refused", code: "refused" }],
      tasks: [
        {
          play: "One",
          title: "Write <it>",
          results: [
            { host: "h1", status: "changed", differences: [{ name: "mode" }] },
            { host: "h2", status: "failed" },
          ],
        },
        { title: "loop", results: [{ host: "h1", status: "skipped", items: [{ label: "a", status: "ok" }] }] },
      ],
    });
  });

  it("says so when the run had no end", async () => {
    expect(JSON.parse(await written(createJsonReport, events.slice(0, 3)))).toMatchObject({ outcome: "aborted" });
  });
});

describe("junit", () => {
  it("writes a suite for each host", async () => {
    expect(await written(createJunitReport)).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="k3sprov" tests="3" failures="1" time="0.005">
  <testsuite name="h1" tests="2" failures="0" errors="0" skipped="1" time="0.010">
    <testcase name="Write &lt;it&gt;" classname="One" file="site.yaml" line="7" time="0.005"><system-out>changed</system-out></testcase>
    <testcase name="loop" classname="One" file="site.yaml" line="9" time="0.005"><skipped message="&quot;x&quot; is false"/></testcase>
  </testsuite>
  <testsuite name="h2" tests="1" failures="1" errors="0" skipped="0" time="0.005">
    <testcase name="Write &lt;it&gt;" classname="One" file="site.yaml" line="7" time="0.005"><failure message="100% &lt;bad&gt;
really" type="failed">error: 100% &lt;bad&gt;
really
  a,b.yaml:3:1
{
    &quot;changed&quot;: false,
    &quot;failed&quot;: true,
    &quot;msg&quot;: &quot;100% &lt;bad&gt;\\nreally&quot;
}</failure></testcase>
  </testsuite>
  <testsuite name="h3" tests="1" failures="0" errors="1" skipped="0" time="0.000">
    <testcase name="connect" classname="connection"><error message="refused" type="unreachable"/></testcase>
  </testsuite>
</testsuites>
`);
  });
});

describe("github", () => {
  it("writes annotations on the lines of the playbook, and a table for the job's page", async () => {
    let summary = "";
    const text = await written(({ write: one }) =>
      createGithubReport({
        write: one,
        writeSummary: (more) => {
          summary += more;
        },
      }),
    );
    expect(text).toBe(
      "::error file=a%2Cb.yaml,line=3,title=Write <it>::h2: 100%25 <bad>%0Areally\n" +
        "::error title=h3 is unreachable::refused\n::warning::look out\n",
    );
    expect(summary).toBe(`### k3sprov: failed, 2 hosts, 5 ms

| host | ok | changed | unreachable | failed | skipped | rescued | ignored |
|---|---:|---:|---:|---:|---:|---:|---:|
| h1 | 1 | 1 | 0 | 0 | 0 | 0 | 0 |
| h2 | 1 | 1 | 0 | 1 | 0 | 0 | 0 |

`);
  });
});

describe("html", () => {
  it("writes a page that loads nothing and lets nothing through unescaped", async () => {
    const page = await written(createHtmlReport);
    expect(page.startsWith("<!doctype html>")).toBe(true);
    expect(page).toContain("<ins>+ mode: 0600</ins>");
    expect(page).toContain("100% &lt;bad&gt;");
    expect(page).not.toContain("<bad>");
    expect(page).not.toContain("Write <it>");
    expect(page).not.toMatch(/<script|<link|src=|url\(|https?:/);
  });
});
