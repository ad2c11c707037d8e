import { describe, expect, it } from "vitest";
import type { RunFinished } from "../report/summary.ts";
import { nextStep } from "./next-step.ts";

const end: RunFinished = {
  at: 1,
  type: "run-finished",
  hosts: {},
  costs: {},
  slowest: [],
  elapsedMs: 1,
  outcome: "ok",
  changes: {},
};
const changed: RunFinished = { ...end, changes: { h1: ["Write"] } };

type Case = {
  readonly line: string;
  readonly checkMode?: boolean;
  readonly finished?: RunFinished;
  readonly failed?: readonly string[];
  readonly unreachable?: readonly string[];
};

describe("nextStep", () => {
  it.each<[string, Case, string | undefined]>([
    ["nothing changed", { line: "apply -i a site.yaml" }, undefined],
    ["a check found nothing", { line: "check site.yaml", checkMode: true }, undefined],
    [
      "a check found changes",
      { line: "check -i a site.yaml", checkMode: true, finished: changed },
      "k3sprov apply -i a site.yaml",
    ],
    [
      "apply --check",
      { line: "apply -CDb --detailed-exitcode site.yaml", checkMode: true, finished: changed },
      "k3sprov apply -b site.yaml",
    ],
    ["--dry-run", { line: "apply --dry-run site.yaml", checkMode: true, finished: changed }, "k3sprov apply site.yaml"],
    ["an apply changed something", { line: "apply -i a -D site.yaml", finished: changed }, "k3sprov check -i a site.yaml"],
    [
      "hosts failed",
      { line: "apply -i a --limit=all site.yaml", finished: { ...changed, outcome: "failed" }, failed: ["h1", "h2"] },
      "k3sprov apply -l h1,h2 -i a site.yaml",
    ],
    [
      "hosts unreachable",
      {
        line: "apply -i a -t x -u bob --ssh-config none site.yaml",
        finished: { ...end, outcome: "unreachable" },
        unreachable: ["h1"],
      },
      "k3sprov ping h1 -i a -u bob --ssh-config none",
    ],
    ["interrupted", { line: "apply site.yaml", finished: { ...end, outcome: "interrupted" } }, "k3sprov apply site.yaml"],
    [
      "values stay out of logs, words are quoted",
      {
        line: 'check -e password=hunter2 -e @vars.yaml --extra-vars={"a":1} -l web:&db site.yaml',
        checkMode: true,
        finished: changed,
      },
      "k3sprov apply -e password=… -e @vars.yaml … -l 'web:&db' site.yaml",
    ],
  ])("%s", (_, { line, checkMode = false, finished = end, failed = [], unreachable = [] }, expected) => {
    expect(nextStep({ argv: line.split(" "), checkMode }, finished, failed, unreachable)?.command).toBe(expected);
  });
});
