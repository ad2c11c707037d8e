import type { EngineEvent } from "../engine/events.ts";
import type { Palette } from "./palette.ts";
import type { Report, Write } from "./report.ts";
import { resultText, shownResult } from "./result-text.ts";
import { oneLine, terminalSafe } from "./terminal-safe.ts";

export type AdHocOptions = {
  readonly write: Write;
  readonly writeError: Write;
  readonly palette: Palette;
  readonly verbosity: number;
  /** `output`: what the command printed; `result`: all fields of the result. */
  readonly show: "result" | "output";
};

type Finished = Extract<EngineEvent, { type: "task-finished" }>;

/** One answer for each host, in the shape that `ansible PATTERN -m …` prints. */
export function createAdHocReport({ write, writeError, palette, verbosity, show }: AdHocOptions): Report {
  const answered = new Set<string>();
  const finished = (event: Finished): void => {
    answered.add(event.host);
    const host = oneLine(event.host);
    const head = `${host} | ${word(event.status)}`;
    const paint =
      event.status === "failed" || event.status === "unreachable"
        ? palette.red
        : event.status === "ok"
          ? palette.green
          : palette.yellow;
    const { rc, stdout, stderr } = event.result;
    if (show === "output" && typeof rc === "number") {
      const output = [stdout, stderr]
        .filter((one): one is string => typeof one === "string" && one !== "")
        .map((one) => `${terminalSafe(one)}\n`);
      write(`${paint(`${host} | ${word(event.status).replace("!", "")} | rc=${rc} >>`)}\n${output.join("")}`);
    } else if (event.status === "undetermined" || event.status === "skipped") {
      write(`${paint(`${head} => ${oneLine(event.reason ?? "")}`)}\n`);
    } else write(`${paint(`${head} => ${resultText(shownResult(event, verbosity), true)}`)}\n`);
  };
  return {
    listener: (event) => {
      switch (event.type) {
        case "task-finished":
          finished(event);
          return;
        case "host-unreachable":
          if (!answered.has(event.host)) {
            const result = { changed: false, msg: event.message, unreachable: true };
            write(`${palette.red(`${oneLine(event.host)} | UNREACHABLE! => ${resultText(result, true)}`)}\n`);
          }
          if (event.help !== undefined) writeError(`${oneLine(event.host)}: help: ${terminalSafe(event.help)}\n`);
          return;
        case "play-empty":
          writeError(`no host matches "${oneLine(event.pattern)}"\n`);
          return;
        case "host-notice":
          writeError(`[${oneLine(event.host)}] ${terminalSafe(event.message)}\n`);
          return;
        case "warning":
          writeError(`${palette.magenta(`warning: ${terminalSafe(event.diagnostic.message)}`)}\n`);
          return;
        default:
          return;
      }
    },
    finish: () => undefined,
  };
}

function word(status: Finished["status"]): string {
  switch (status) {
    case "ok":
      return "SUCCESS";
    case "changed":
      return "CHANGED";
    case "failed":
      return "FAILED!";
    case "unreachable":
      return "UNREACHABLE!";
    case "skipped":
      return "SKIPPED";
    case "undetermined":
      return "MAY CHANGE";
  }
}
