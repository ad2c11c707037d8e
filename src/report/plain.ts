import type { EngineEvent, TaskRef } from "../engine/events.ts";
import { formatDiagnostic } from "../excerpt.ts";
import { diffText } from "./diff-text.ts";
import type { Palette } from "./palette.ts";
import { header, recapLines } from "./recap.ts";
import type { Report, Write } from "./report.ts";
import { resultText, shownResult } from "./result-text.ts";
import { oneLine, terminalSafe } from "./terminal-safe.ts";

export type PlainOptions = {
  /** Play output: the result, as in Ansible. */
  readonly write: Write;
  /** Diagnostics, warnings, notices. */
  readonly writeError: Write;
  readonly palette: Palette;
  readonly verbosity: number;
  readonly diff: boolean;
  readonly columns: number;
  /** Show only what changed, failed or was printed by debug. */
  readonly quiet: boolean;
};

type Finished = Extract<EngineEvent, { type: "task-finished" }>;
type Item = Extract<EngineEvent, { type: "item-finished" }>;

const MAX_PLACES = 3;

/** Lines in the shape of Ansible's default output, which scripts search; one complete line per event, nothing moves. */
export function createPlainReport(options: PlainOptions): Report {
  const { write, writeError, palette, verbosity, columns } = options;
  let play = "";
  let shownTask: TaskRef | undefined;
  const explained = new Map<string, number>();
  const unreachable = new Set<string>();
  // Hosts reach a dynamic include one by one; Ansible tells of them in one line.
  let included: { readonly task: TaskRef; readonly file: string; readonly hosts: string[] }[] = [];

  const line = (text: string): void => write(`${text}\n`);
  const playHeader = (): void => {
    shownTask = undefined;
    line(`\n${header(play === "" ? "PLAY" : `PLAY [${play}]`, columns)}`);
  };
  const taskHeader = (task: TaskRef): void => {
    if (shownTask?.id === task.id) return;
    shownTask = task;
    line(`\n${header(`${task.handler ? "RUNNING HANDLER" : "TASK"} [${task.title}]`, columns)}`);
    if (verbosity >= 3) line(palette.dim(`task path: ${task.file}:${task.line}`));
  };
  const flushIncluded = (): void => {
    const waiting = included;
    included = [];
    for (const one of waiting) {
      if (options.quiet) continue;
      taskHeader(one.task);
      line(palette.cyan(`included: ${oneLine(one.file)} for ${one.hosts.map(oneLine).join(", ")}`));
    }
  };

  function finished(event: Finished): void {
    // The items of a loop have been told one by one; a loop under no_log hides them, so Ansible prints the whole.
    const itemsTold = event.loop && !event.noLog && event.status !== "skipped" && event.status !== "unreachable";
    if (event.status === "unreachable") unreachable.add(event.host);
    if (isQuiet(event)) return;
    taskHeader(event.task);
    writeDiff(event);
    if (!itemsTold) line(paintStatus(event)(taskLine(event)));
    if (event.status === "failed" && !event.ignored) explain(event);
    if (event.ignored) line(palette.cyan("...ignoring"));
  }

  function item(event: Item): void {
    if (isQuiet(event)) return;
    taskHeader(event.task);
    writeDiff(event);
    const label = `(item=${oneLine(event.label)})`;
    const host = hostLabel(event);
    if (event.status === "failed" || event.status === "unreachable") {
      line(paintStatus(event)(`failed: [${host}] ${label} => ${resultOf(event)}`));
      return;
    }
    // The blank after a skipped item is Ansible's.
    const blank = event.status === "skipped" ? " " : "";
    const suffix = isShown(event) ? ` => ${resultOf(event)}` : "";
    line(paintStatus(event)(`${word(event.status)}: [${host}] => ${label}${blank}${suffix}`));
  }

  function isQuiet(event: Finished | Item): boolean {
    return options.quiet && (event.status === "ok" || event.status === "skipped") && !isPrinter(event);
  }

  function writeDiff(event: Finished | Item): void {
    if (!options.diff || event.differences.length === 0) return;
    write(`${diffText(event.differences, palette)}\n`);
  }

  function taskLine(event: Finished): string {
    const host = hostLabel(event);
    switch (event.status) {
      case "failed":
        return `fatal: [${host}]: FAILED! => ${resultOf(event)}`;
      case "unreachable":
        return `fatal: [${host}]: UNREACHABLE! => ${resultText(event.result, verbosity >= 3)}`;
      case "undetermined":
        return `may change: [${host}] => ${oneLine(event.reason ?? "known only after apply")}`;
      default:
        return `${word(event.status)}: [${host}]${isShown(event) ? ` => ${resultOf(event)}` : ""}`;
    }
  }

  function resultOf(event: Finished | Item): string {
    return resultText(shownResult(event, verbosity), isPrinter(event) || verbosity >= 3);
  }

  function isShown(event: Finished | Item): boolean {
    return verbosity >= 1 || (isPrinter(event) && event.status !== "skipped");
  }

  function paintStatus(event: Finished | Item): (text: string) => string {
    switch (event.status) {
      case "ok":
        return palette.green;
      case "changed":
      case "undetermined":
        return palette.yellow;
      case "skipped":
        return palette.cyan;
      case "failed":
      case "unreachable":
        return palette.red;
    }
  }

  /** Where and why a task failed, for the first few hosts it fails on: 300 equal excerpts help nobody. */
  function explain(event: Finished): void {
    const { diagnostic } = event;
    if (diagnostic === undefined || (diagnostic.position === undefined && diagnostic.help === undefined)) return;
    const key = `${event.task.id}\n${diagnostic.message}`;
    const before = explained.get(key) ?? 0;
    explained.set(key, before + 1);
    if (before >= MAX_PLACES) return;
    const text = formatDiagnostic({ ...diagnostic, message: `[${event.host}] ${diagnostic.message}` });
    writeError(`${palette.red(terminalSafe(text))}\n`);
  }

  function connection(event: Extract<EngineEvent, { type: "host-unreachable" }>): void {
    if (!unreachable.has(event.host)) {
      const result = { changed: false, msg: event.message, unreachable: true };
      line(palette.red(`fatal: [${oneLine(event.host)}]: UNREACHABLE! => ${resultText(result, verbosity >= 3)}`));
    }
    unreachable.delete(event.host);
    if (event.help !== undefined) writeError(`${oneLine(event.host)}: help: ${terminalSafe(event.help)}\n`);
  }

  function listener(event: EngineEvent): void {
    if (event.type === "included") {
      const same = included.find((one) => one.task.id === event.task.id && one.file === event.file);
      if (same === undefined) included.push({ task: event.task, file: event.file, hosts: [...event.hosts] });
      else same.hosts.push(...event.hosts);
      return;
    }
    flushIncluded();
    switch (event.type) {
      case "play-started":
        play = event.play;
        playHeader();
        return;
      case "play-empty":
        play = event.play;
        playHeader();
        line(palette.cyan("skipping: no hosts matched"));
        return;
      case "batch-started":
        if (event.batch > 1) playHeader();
        return;
      case "task-started":
        if (!options.quiet) taskHeader(event.task);
        return;
      case "task-finished":
        finished(event);
        return;
      case "item-finished":
        item(event);
        return;
      case "task-retrying": {
        const retries = `FAILED - RETRYING: [${oneLine(event.host)}]: ${oneLine(event.task.title)} (${event.attemptsLeft} retries left).`;
        line(palette.yellow(verbosity >= 3 ? `${retries}Result was: ${resultText(event.result, true)}` : retries));
        return;
      }
      case "host-unreachable":
        connection(event);
        return;
      case "no-hosts-left":
        line(`\n${header("NO MORE HOSTS LEFT", columns)}`);
        return;
      case "handler-notified":
        if (verbosity >= 2) line(palette.dim(`NOTIFIED HANDLER ${oneLine(event.handler)} for ${oneLine(event.host)}`));
        return;
      case "host-notice":
        writeError(`[${oneLine(event.host)}] ${terminalSafe(event.message)}\n`);
        return;
      case "host-connecting":
        if (verbosity >= 3) writeError(palette.dim(`<${oneLine(event.host)}> connecting: ${oneLine(event.target)}`).concat("\n"));
        return;
      case "host-connected":
        if (verbosity >= 3)
          writeError(palette.dim(`<${oneLine(event.host)}> connected after ${event.elapsedMs} ms`).concat("\n"));
        return;
      case "warning": {
        const message = event.host === undefined ? event.diagnostic.message : `[${event.host}] ${event.diagnostic.message}`;
        writeError(`${palette.magenta(terminalSafe(formatDiagnostic({ ...event.diagnostic, message })))}\n`);
        return;
      }
      case "interrupted":
        writeError(`${event.signal}: the steps under way are finished, then the run stops; once more stops it at once\n`);
        return;
      case "run-finished":
        line(`\n${header("PLAY RECAP", columns)}`);
        for (const one of recapLines(event.hosts, palette)) line(one);
        line("");
        return;
      case "run-started":
      case "task-host-started":
      case "rescued":
        return;
    }
  }

  return { listener, finish: flushIncluded };
}

/** What exists to print is shown without -v, over several lines. */
function isPrinter(event: Finished | Item): boolean {
  return event.task.prints === true;
}

function hostLabel(event: Finished | Item): string {
  const host = oneLine(event.host);
  return event.delegatedTo === undefined ? host : `${host} -> ${oneLine(event.delegatedTo)}`;
}

function word(status: Finished["status"]): string {
  switch (status) {
    case "skipped":
      return "skipping";
    case "undetermined":
      return "may change";
    default:
      return status;
  }
}
