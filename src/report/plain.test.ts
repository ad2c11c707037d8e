import { describe, expect, it } from "vitest";
import { finished, item, task } from "../../test/report/make-event.ts";
import type { EngineEvent } from "../engine/events.ts";
import { createPalette } from "./palette.ts";
import { createPlainReport, type PlainOptions } from "./plain.ts";

function print(
  events: readonly EngineEvent[],
  rest: Partial<PlainOptions> = {},
): { readonly out: string; readonly error: string } {
  const told = { out: "", error: "" };
  const report = createPlainReport({
    write: (text) => {
      told.out += text;
    },
    writeError: (text) => {
      told.error += text;
    },
    palette: createPalette(false),
    verbosity: 0,
    diff: false,
    columns: 80,
    quiet: false,
    ...rest,
  });
  for (const event of events) report.listener(event);
  void report.finish();
  return told;
}

const started: EngineEvent = { at: 0, type: "play-started", play: "One", hosts: ["h1", "h2"], strategy: "linear" };
const counts = { ok: 0, changed: 0, unreachable: 0, failed: 0, skipped: 0, rescued: 0, ignored: 0 };
const write = task("proxy : Write");
const loop = task("loop");
const debug = task("debug", { module: "debug" });

describe("the plain report", () => {
  it("prints a play as Ansible does, to the letter", () => {
    const restart = task("restart", { handler: true });
    const { out } = print([
      started,
      { at: 1, type: "task-started", task: write },
      finished(write, "h1", "changed"),
      finished(write, "h2", "ok", { delegatedTo: "h1" }),
      { at: 2, type: "task-started", task: loop },
      item(loop, "h1", "changed", "a"),
      item(loop, "h1", "ok", "b"),
      item(loop, "h1", "skipped", "c"),
      finished(loop, "h1", "changed", { loop: true }),
      item(loop, "h2", "skipped", "a"),
      finished(loop, "h2", "skipped", { loop: true }),
      { at: 3, type: "task-started", task: debug },
      finished(debug, "h1", "ok", { result: { changed: false, failed: false, msg: ["x", 1] } }),
      finished(debug, "h2", "skipped"),
      { at: 4, type: "task-retrying", task: loop, host: "h1", attemptsLeft: 3, result: {} },
      { at: 5, type: "task-started", task: restart },
      finished(restart, "h1", "changed"),
      {
        at: 9,
        type: "run-finished",
        hosts: { h2: { ...counts, ok: 3, skipped: 12 }, h1: { ...counts, ok: 3, changed: 2 } },
        costs: {},
        slowest: [],
        elapsedMs: 9,
        outcome: "ok",
        changes: {},
      },
    ]);
    expect(out).toBe(`
PLAY [One] *********************************************************************

TASK [proxy : Write] ***********************************************************
changed: [h1]
ok: [h2 -> h1]

TASK [loop] ********************************************************************
changed: [h1] => (item=a)
ok: [h1] => (item=b)
skipping: [h1] => (item=c)${" "}
skipping: [h2] => (item=a)${" "}
skipping: [h2]

TASK [debug] *******************************************************************
ok: [h1] => {
    "msg": [
        "x",
        1
    ]
}
skipping: [h2]
FAILED - RETRYING: [h1]: loop (3 retries left).

RUNNING HANDLER [restart] ******************************************************
changed: [h1]

PLAY RECAP *********************************************************************
h1                         : ok=3    changed=2    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0${"   "}
h2                         : ok=3    changed=0    unreachable=0    failed=0    skipped=12   rescued=0    ignored=0${"   "}

`);
  });

  it("tells failures on the line where scripts look for them, and where they come from on standard error", () => {
    const { out, error } = print([
      started,
      finished(write, "h1", "failed", {
        result: { changed: true, failed: true, rc: 1, msg: "non-zero return code", stderr: "no\u001b[2J" },
        diagnostic: {
          severity: "error",
          code: "task-failed",
          message: "non-zero return code",
          position: { file: "site.yaml", line: 7, column: 3 },
          help: "look at stderr",
        },
      }),
      finished(write, "h2", "failed", { ignored: true, result: { changed: false, failed: true, msg: "no" } }),
      item(loop, "h2", "failed", "b", {
        result: { changed: false, failed: true, msg: "bad item", item: "b", ansible_loop_var: "item" },
      }),
      finished(loop, "h2", "failed", { loop: true, ignored: true }),
      { at: 7, type: "no-hosts-left", play: "One" },
    ]);
    expect(out).toBe(`
PLAY [One] *********************************************************************

TASK [proxy : Write] ***********************************************************
fatal: [h1]: FAILED! => {"changed": true, "msg": "non-zero return code", "rc": 1, "stderr": "no\\u001b[2J"}
fatal: [h2]: FAILED! => {"changed": false, "msg": "no"}
...ignoring

TASK [loop] ********************************************************************
failed: [h2] (item=b) => {"ansible_loop_var": "item", "changed": false, "item": "b", "msg": "bad item"}
...ignoring

NO MORE HOSTS LEFT *************************************************************
`);
    expect(error).toBe("error: [h1] non-zero return code\n  site.yaml:7:3\n  help: look at stderr\n");
  });

  it("tells an unreachable host once", () => {
    const { out, error } = print([
      finished(write, "h1", "unreachable", { result: { changed: false, unreachable: true, msg: "refused", failed: false } }),
      { at: 2, type: "host-unreachable", host: "h1", message: "refused", code: "refused", help: "is sshd running?" },
      { at: 2, type: "host-unreachable", host: "h3", message: "timed out", code: "timeout" },
    ]);
    expect(out.split("\n").slice(2)).toEqual([
      'fatal: [h1]: UNREACHABLE! => {"changed": false, "failed": false, "msg": "refused", "unreachable": true}',
      'fatal: [h3]: UNREACHABLE! => {"changed": false, "msg": "timed out", "unreachable": true}',
      "",
    ]);
    expect(error).toBe("h1: help: is sshd running?\n");
  });

  it("repeats the header when hosts run ahead, and joins includes", () => {
    const include = task("include_tasks");
    const { out } = print([
      { at: 1, type: "task-started", task: write },
      finished(write, "h1", "ok"),
      { at: 1, type: "task-started", task: loop },
      finished(loop, "h1", "ok"),
      finished(write, "h2", "ok"),
      { at: 2, type: "included", task: include, file: "/p/inc.yml", hosts: ["h1"] },
      { at: 2, type: "included", task: include, file: "/p/inc.yml", hosts: ["h2"] },
      finished(loop, "h2", "ok"),
    ]);
    expect(out.split("\n").filter((line) => line !== "")).toEqual([
      "TASK [proxy : Write] ***********************************************************",
      "ok: [h1]",
      "TASK [loop] ********************************************************************",
      "ok: [h1]",
      "TASK [proxy : Write] ***********************************************************",
      "ok: [h2]",
      "TASK [include_tasks] ***********************************************************",
      "included: /p/inc.yml for h1, h2",
      "TASK [loop] ********************************************************************",
      "ok: [h2]",
    ]);
  });

  it.each([
    [0, "ok: [h1]"],
    [1, 'ok: [h1] => {"a": [1, 2], "changed": false}'],
    [3, 'ok: [h1] => {\n    "a": [\n        1,\n        2\n    ],\n    "changed": false,\n    "invocation": {}\n}'],
  ])("shows results at verbosity %i", (verbosity, expected) => {
    const { out } = print(
      [finished(write, "h1", "ok", { result: { changed: false, failed: false, invocation: {}, a: [1, 2] } })],
      { verbosity },
    );
    expect(out.endsWith(`${expected}\n`)).toBe(true);
    expect(out.includes("task path: site.yaml:7\n")).toBe(verbosity === 3);
  });

  it("shows differences above the line of the host", () => {
    const differences = [{ kind: "field", subject: "/x", name: "mode", before: "0644", after: "0600" }] as const;
    const { out } = print([finished(write, "h1", "changed", { differences })], { diff: true });
    expect(out.split("\n").slice(2).join("\n")).toBe(
      "--- before: /x\n+++ after: /x\n- mode: 0644\n+ mode: 0600\n\nchanged: [h1]\n",
    );
  });

  it("says what check mode cannot know", () => {
    const { out } = print([finished(write, "h1", "undetermined", { reason: "the result of a command that has not run" })]);
    expect(out.endsWith("may change: [h1] => the result of a command that has not run\n")).toBe(true);
  });

  it("keeps a loop under no_log to one line", () => {
    const result = { censored: "hidden", changed: true };
    const { out } = print([finished(loop, "h1", "changed", { loop: true, noLog: true, result })]);
    expect(out.endsWith("changed: [h1]\n")).toBe(true);
  });

  it("when quiet shows only what changed, failed or was printed", () => {
    const { out } = print(
      [
        { at: 1, type: "task-started", task: write },
        finished(write, "h1", "ok"),
        finished(write, "h2", "skipped"),
        finished(loop, "h1", "changed"),
        finished(debug, "h1", "ok", { result: { changed: false, msg: "hello" } }),
      ],
      { quiet: true },
    );
    expect(out).toBe(`
TASK [loop] ********************************************************************
changed: [h1]

TASK [debug] *******************************************************************
ok: [h1] => {
    "msg": "hello"
}
`);
  });
});
