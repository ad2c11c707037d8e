import { hostname, userInfo } from "node:os";
import { DiagnosticError, refuse } from "../diagnostic.ts";
import type { EngineEvent } from "../engine/events.ts";
import type { ConnectionDefaults, RunOptions } from "../engine/run.ts";
import { runPlaybooks } from "../engine/run.ts";
import type { Inventory } from "../inventory/model.ts";
import type { Playbook } from "../playbook/model.ts";
import { createView } from "../report/choose.ts";
import { combineReports } from "../report/combine.ts";
import type { Report } from "../report/report.ts";
import { createSummaryReport } from "../report/summary.ts";
import { createTargetReport, parseReportTarget } from "../report/targets.ts";
import { exitCodeOf } from "./exit-codes.ts";
import type { Invocation } from "./invocation.ts";
import { nextStep } from "./next-step.ts";
import { createPrompter, type Prompter } from "./prompt.ts";
import { stopCode, watchSignals } from "./signals.ts";
import { type Basics, loadBasics, loadHosts, passwordFrom } from "./sources.ts";
import { withTaskCounts } from "./task-counts.ts";
import { askPromptedVars } from "./vars-prompt.ts";
import { version } from "./version.ts";

/** What a command adds to what the flags say. */
export type RunRequest = {
  /** `hosts` gives the inventory, for those whose plays follow from it. */
  readonly loadPlaybooks: (basics: Basics, hosts: () => Promise<Inventory>) => readonly Playbook[] | Promise<readonly Playbook[]>;
  readonly checkMode: boolean;
  readonly diff: boolean;
  /** Called with everything loaded, before any host is contacted; an exit status ends the command there. */
  readonly before?: (playbooks: readonly Playbook[], inventory: Inventory) => number | undefined;
  /** Instead of the view that playbooks have: what ad-hoc commands print. */
  readonly view?: () => Promise<readonly Report[]>;
};

/** Loads everything, runs it, reports, and answers the exit status. */
export async function runRequest(invocation: Invocation, request: RunRequest): Promise<number> {
  const { settings, process: at } = invocation;
  const prompter = createPrompter(at.stdin);
  const signals = watchSignals();
  try {
    const basics = await loadBasics(invocation, prompter);
    let loading: Promise<Inventory> | undefined;
    const hosts = (): Promise<Inventory> => {
      loading ??= loadHosts(invocation, basics.vault, signals.signal);
      return loading;
    };
    const playbooks = await request.loadPlaybooks(basics, hosts);
    const inventory = await hosts();
    const early = request.before?.(playbooks, inventory);
    if (early !== undefined) return early;
    const promptedVars = await askPromptedVars(playbooks, basics, prompter, invocation.warn);
    const connection = await connectionDefaults(invocation, basics, prompter);
    if (signals.received() !== undefined) return stopCode(signals.received() ?? "SIGINT");
    const reports = await createReports(invocation, request);
    const report = combineReports(reports.all);
    prompter.around = () => report.suspend?.() ?? (() => undefined);
    const counted = withTaskCounts(playbooks, settings);
    const seen = { started: false, changes: 0 };
    const listener = (event: EngineEvent): void => {
      if (event.type === "run-started") seen.started = true;
      if (event.type === "run-finished") seen.changes = Object.values(event.changes).flat().length;
      report.listener(counted(event));
    };
    const { limits } = runLimits(invocation);
    const options: RunOptions = {
      playbooks,
      inventory,
      ...(settings.limit === undefined ? {} : { limit: settings.limit }),
      tags: settings.tags,
      skipTags: settings["skip-tags"],
      extraVars: basics.extraVars,
      promptedVars,
      forks: settings.forks,
      checkMode: request.checkMode,
      diff: request.diff,
      verbosity: settings.verbose,
      ...(settings["start-at-task"] === undefined ? {} : { startAtTask: settings["start-at-task"] }),
      connection,
      vault: basics.vault,
      redactor: basics.redactor,
      loader: basics.loader,
      listener,
      signal: signals.signal,
      version: version(),
      limits,
    };
    try {
      const outcome = await runPlaybooks(options);
      await report.finish();
      const signal = signals.received();
      const end = {
        outcome,
        checkMode: request.checkMode,
        detailedExitcode: settings["detailed-exitcode"],
        changes: seen.changes,
      };
      return exitCodeOf(signal === undefined ? end : { ...end, signal });
    } catch (error) {
      // Refused before a host was touched: those that read a report shall find the reasons in it.
      if (error instanceof DiagnosticError && !seen.started) {
        for (const diagnostic of error.diagnostics)
          for (const one of reports.machines) one.listener({ at: 0, type: "warning", diagnostic });
        for (const one of reports.machines) await one.finish();
      } else await report.finish();
      throw error;
    }
  } finally {
    signals.release();
  }
}

async function createReports(
  { settings, process: at, command }: Invocation,
  request: RunRequest,
): Promise<{ readonly all: readonly Report[]; readonly machines: readonly Report[] }> {
  const targets = settings.report.map(parseReportTarget);
  const { format, progress, color, quiet, verbose } = settings;
  const { stdout, stderr, environment } = at;
  const view = await createView({
    format,
    progress,
    quiet,
    color,
    verbosity: verbose,
    diff: request.diff,
    stdout,
    stderr,
    environment,
  });
  const isText = format === "text";
  const own = request.view !== undefined && isText ? await request.view() : view.reports;
  if (!isText && targets.some((target) => target.file === "-" && target.name !== "github")) {
    refuse("report-file", `--format ${format} and a report that goes to "-" would both fill standard output`, {
      help: "give the report a file: --report NAME=FILE",
    });
  }
  const summaryFile = environment["GITHUB_STEP_SUMMARY"];
  const made = targets.map((target) =>
    createTargetReport(target, {
      write: (text) => (target.name === "github" ? stderr : stdout).write(text),
      ...(summaryFile === undefined ? {} : { githubSummaryFile: summaryFile }),
    }),
  );
  const summary = createSummaryReport({
    write: (text) => stderr.write(text),
    palette: view.stderr,
    next: (...end) => nextStep({ argv: at.argv, checkMode: request.checkMode }, ...end),
  });
  const wantsSummary = !quiet && (command === "apply" || command === "check");
  return { all: [...own, ...(wantsSummary ? [summary] : []), ...made], machines: [...(isText ? [] : view.reports), ...made] };
}

function runLimits({ settings }: Invocation): { readonly limits: NonNullable<RunOptions["limits"]> } {
  const task = settings["task-timeout"];
  const run = settings["run-timeout"];
  return {
    limits: {
      ...(task === undefined || task === 0 ? {} : { taskMs: task * 1000 }),
      ...(run === undefined ? {} : { runMs: run * 1000 }),
    },
  };
}

/** Asks for the passwords that -k and -K want, before anything else happens. */
async function connectionDefaults(
  { settings, process: at }: Invocation,
  { redactor }: Basics,
  prompter: Prompter,
): Promise<ConnectionDefaults> {
  const password = settings["ask-pass"]
    ? await askPassword("SSH password: ", prompter)
    : passwordFrom(settings["connection-password-file"], at.cwd, redactor);
  if (password !== undefined) redactor.add(password);
  let becomePassword = passwordFrom(settings["become-password-file"], at.cwd, redactor);
  if (settings["ask-become-pass"]) {
    const question = password === undefined ? "BECOME password: " : "BECOME password [defaults to the SSH password]: ";
    becomePassword = (await askPassword(question, prompter)) || password;
  }
  if (becomePassword !== undefined) redactor.add(becomePassword);
  return {
    ...(settings.connection === undefined ? {} : { kind: settings.connection }),
    ...(settings.user === undefined ? {} : { user: settings.user }),
    ...(password === undefined ? {} : { password }),
    ...(settings["private-key"] === undefined ? {} : { privateKeyFile: settings["private-key"] }),
    become: settings.become,
    ...(settings["become-user"] === undefined ? {} : { becomeUser: settings["become-user"] }),
    ...(settings["become-method"] === undefined ? {} : { becomeMethod: settings["become-method"] }),
    ...(becomePassword === undefined ? {} : { becomePassword }),
    connectTimeoutMs: settings.timeout * 1000,
    ...(settings["host-key-checking"] === undefined ? {} : { hostKeyChecking: settings["host-key-checking"] }),
    ...(settings["ssh-config"] === undefined ? {} : { sshConfigFile: settings["ssh-config"] }),
    lockWaitMs: settings["lock-timeout"] * 1000,
    lockOwner: `${userName()}@${hostname()} (process ${process.pid})`,
    prompt: (question) => prompter.hidden(question),
  };
}

async function askPassword(question: string, prompter: Prompter): Promise<string> {
  const answer = await prompter.hidden(question);
  if (answer !== undefined) return answer;
  return refuse("no-password", `no answer to "${question.trim()}"`, {
    help: "where nobody can be asked, use --become-password-file or --connection-password-file",
  });
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A uid without an entry in passwd, as in some containers.
    return String(process.getuid?.() ?? "unknown");
  }
}
