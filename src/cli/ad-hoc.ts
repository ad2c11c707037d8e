import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LoaderOptions, loadPlaybook } from "../playbook/load.ts";
import type { Playbook } from "../playbook/model.ts";
import { createAdHocReport } from "../report/ad-hoc.ts";
import { wantsColor } from "../report/choose.ts";
import { createPalette } from "../report/palette.ts";
import type { Invocation } from "./invocation.ts";
import { runRequest } from "./run.ts";

export type AdHoc = {
  /** Hosts; `--limit` narrows them. */
  readonly pattern: string;
  readonly module: string;
  /** YAML flow text of the parameters. */
  readonly parameters: string;
  readonly checkMode: boolean;
  /** The task itself runs although the run is in check mode, for tasks that change nothing: such a run takes no lock. */
  readonly runsAnyway?: true;
  /** Fields of the result that are shown. */
  readonly show: "result" | "output";
};

/** Runs one task on hosts, through the same loader and engine as a playbook, and prints an answer for each host. */
export function runAdHoc(invocation: Invocation, adHoc: AdHoc): Promise<number> {
  const { settings, process: at } = invocation;
  return runRequest(invocation, {
    checkMode: adHoc.checkMode,
    diff: settings.diff,
    loadPlaybooks: ({ loader }) => [adHocPlaybook(adHoc, loader)],
    view: async () => [
      createAdHocReport({
        write: (text) => at.stdout.write(text),
        writeError: (text) => at.stderr.write(text),
        palette: createPalette(wantsColor(settings.color, at.stdout.isTTY === true, at.environment)),
        verbosity: settings.verbose,
        show: adHoc.show,
      }),
    ],
  });
}

/** One play with one task. */
export function adHocPlaybook(adHoc: AdHoc, loader: LoaderOptions): Playbook {
  const text = [
    `- name: ${JSON.stringify(adHoc.module)}`,
    // A pattern is text, whatever is in it.
    `  hosts: !unsafe ${JSON.stringify(adHoc.pattern)}`,
    "  gather_facts: false",
    "  strategy: free",
    "  tasks:",
    `    - ${adHoc.module}: ${adHoc.parameters}`,
    ...(adHoc.runsAnyway === true ? ["      check_mode: false"] : []),
    "",
  ].join("\n");
  return playbookOf(text, loader);
}

/** A playbook from its text. The loader reads files, so it gets one, in a folder that nobody else can read, for as long as it reads. */
export function playbookOf(text: string, loader: LoaderOptions): Playbook {
  const folder = mkdtempSync(join(tmpdir(), "k3sprov-"));
  try {
    const file = join(folder, "command-line.yaml");
    writeFileSync(file, text, { mode: 0o600 });
    return loadPlaybook(file, loader);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
