import { type Diagnostic, DiagnosticError, Diagnostics } from "../../diagnostic.ts";
import { refuseEarly } from "../../engine/run.ts";
import { count } from "../../report/phrases.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Invocation } from "../invocation.ts";
import { listPlaybooks } from "../listing.ts";
import { createPrompter } from "../prompt.ts";
import { loadBasics, loadHosts, loadPlaybooks } from "../sources.ts";
import { version } from "../version.ts";

/** `k3sprov lint PLAYBOOK…`: every problem of every playbook, with an inventory also what roles refuse by its variables; no host contacted. */
export async function run(invocation: Invocation): Promise<number> {
  const { args, settings, process: at } = invocation;
  const isText = settings.format === "text";
  const found = new Diagnostics();
  const warn = (warning: Diagnostic): void => {
    found.add([warning]);
    if (isText) invocation.warn(warning);
  };
  const own = { ...invocation, warn };
  const basics = await loadBasics(own, createPrompter(at.stdin));
  try {
    const playbooks = loadPlaybooks(args, at.cwd, basics.loader);
    if (settings.inventory.length > 0 || settings["list-hosts"]) {
      const inventory = await loadHosts(own, basics.vault);
      const listed = listPlaybooks(playbooks, inventory, settings, (text) => at.stdout.write(text));
      if (listed !== undefined) return listed;
      refuseEarly({
        playbooks,
        inventory,
        tags: [],
        skipTags: [],
        extraVars: basics.extraVars,
        forks: settings.forks,
        checkMode: true,
        diff: false,
        verbosity: 0,
        // Nothing is connected to.
        connection: { become: false, connectTimeoutMs: 0, lockWaitMs: 0, lockOwner: "lint" },
        vault: basics.vault,
        redactor: basics.redactor,
        loader: basics.loader,
        listener: () => undefined,
        signal: new AbortController().signal,
        version: version(),
      });
    }
  } catch (error) {
    if (!(error instanceof DiagnosticError)) throw error;
    if (isText) throw error;
    found.add(error.diagnostics);
  }
  if (isText) {
    const warnings = found.warnings.length === 0 ? "" : `, ${count(found.warnings.length, "warning")}`;
    if (!settings.quiet) at.stdout.write(`${count(args.length, "playbook")}: no errors${warnings}\n`);
  } else if (settings.format === "json") at.stdout.write(`${JSON.stringify(found.all, undefined, 2)}\n`);
  else for (const one of found.all) at.stdout.write(`${JSON.stringify(one)}\n`);
  return found.errors.length > 0 ? exitCodes.refused.code : exitCodes.ok.code;
}
