import { dirname } from "node:path";
import { DiagnosticError } from "../diagnostic.ts";
import { findIn, searchPath } from "../playbook/search-path.ts";
import type { Value, ValueMap } from "../vars/value.ts";
import { loadVarsFileSync } from "../vault/vars-file.ts";
import type { PlayContext, RunContext } from "./context.ts";
import { type Evaluator, NotYetKnown } from "./evaluator.ts";
import type { HostState } from "./host-state.ts";

/** Reads `vars_files` for each host of a batch: names may depend on the host. Of a list inside the list the first that exists counts. */
export function loadPlayFiles(run: RunContext, context: PlayContext, hosts: readonly HostState[] = context.hosts): void {
  const { varsFiles } = context.play;
  if (varsFiles === undefined || varsFiles === null) return;
  const entries: readonly Value[] = Array.isArray(varsFiles) ? varsFiles : [varsFiles];
  for (const host of hosts) {
    const files: ValueMap[] = [];
    for (const entry of entries) {
      // Later files may be named by what earlier ones say.
      run.store.setPlayFiles(context.play, host.name, files);
      const found = load(entry, run, context, run.evaluator(context, host.name, context.play));
      if (found !== undefined) files.push(found);
    }
    run.store.setPlayFiles(context.play, host.name, files);
  }
}

function load(entry: Value, run: RunContext, context: PlayContext, evaluator: Evaluator): ValueMap | undefined {
  const { play } = context;
  const folders = searchPath(play, dirname(play.file), "vars");
  const candidates: readonly Value[] = Array.isArray(entry) ? entry : [entry];
  const names: string[] = [];
  for (const candidate of candidates) {
    const name = nameOf(candidate, evaluator);
    if (name === undefined) return undefined;
    names.push(name);
    const path = findIn(folders, name);
    if (path !== undefined) return loadVarsFileSync(path, run.options.vault);
  }
  throw new DiagnosticError([
    {
      severity: "error",
      code: "vars-file-missing",
      message: `vars_files: there is no file ${names.map((name) => `"${name}"`).join(" or ")}`,
      position: play.position,
      help: `looked in ${folders.join(", ")}`,
    },
  ]);
}

// A name made of facts cannot be known before they are gathered: as in Ansible, such a file is left out until then.
function nameOf(candidate: Value, evaluator: Evaluator): string | undefined {
  try {
    return evaluator.text(candidate);
  } catch (error) {
    if (error instanceof NotYetKnown || error instanceof DiagnosticError) return undefined;
    throw error;
  }
}
