import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, release, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { localContext, runScript } from "../../../test/local-shell.ts";
import type { JsonObject } from "../contract.ts";
import { factsScript } from "../facts/script.ts";
import { parseParameters } from "../parameters.ts";
import { setup } from "./setup.ts";

const folder = mkdtempSync(join(tmpdir(), "k3sprov facts-"));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, "site.fact"), '{"rack": 7}');
writeFileSync(join(folder, "made.fact"), "#!/bin/sh\necho '[a]'; echo 'b=c'\n", { mode: 0o755 });

function gather(raw: JsonObject, shell: readonly string[] = ["/bin/sh"]): JsonObject {
  const context = localContext();
  const { value, problems } = parseParameters(setup.parameters, "setup", { fact_path: folder, ...raw });
  expect(problems).toEqual([]);
  const output = runScript({ script: factsScript(value.fact_path) }, { HOME: "/root" }, shell);
  const state = { raw: output.stdout.toString("utf8") };
  expect(setup.plan(state, value, context)).toBeUndefined();
  const { ansible_facts: facts } = setup.result?.(state, value, context) ?? {};
  // setup's own result: a mapping of facts.
  return facts as JsonObject;
}

describe("setup, on this machine", () => {
  it.each([[["/bin/sh"]], [["bash", "--posix"]], [["busybox", "sh"]]])("with %s", (shell) => {
    const facts = gather({}, shell);
    expect(facts).toMatchObject({
      ansible_system: "Linux",
      ansible_kernel: release(),
      ansible_nodename: hostname(),
      ansible_user_uid: process.getuid?.(),
      ansible_local: { site: { rack: 7 }, made: { a: { b: "c" } } },
      module_setup: true,
    });
    expect(facts["ansible_memtotal_mb"]).toBeGreaterThan(100);
    expect(facts["ansible_processor_nproc"]).toBeGreaterThan(0);
    expect(Math.abs(Number((facts["ansible_date_time"] as JsonObject)["epoch"]) - Date.now() / 1000)).toBeLessThan(60);
  });

  it.each([
    [["!all"], true, false, false],
    [["!all", "!min"], false, false, false],
    [["network"], true, true, false],
    [["!hardware"], true, true, false],
    [["all"], true, true, true],
    [["!all", "!min", "hardware"], false, false, true],
  ])("gathers %j", (gather_subset, min, network, hardware) => {
    const facts = gather({ gather_subset });
    const has = (name: string): boolean => name in facts;
    expect([has("ansible_distribution"), has("ansible_interfaces"), has("ansible_memtotal_mb")]).toEqual([
      min,
      network,
      hardware,
    ]);
  });

  it("keeps only what is asked for", () => {
    expect(Object.keys(gather({ filter: ["ansible_distribution*", "kernel"] })).sort()).toEqual([
      "ansible_distribution",
      "ansible_distribution_file_parsed",
      "ansible_distribution_file_path",
      "ansible_distribution_file_variety",
      "ansible_distribution_major_version",
      "ansible_distribution_minor_version",
      "ansible_distribution_release",
      "ansible_distribution_version",
      "ansible_kernel",
    ]);
  });
});
