import { Listr } from "listr2";
import type { EngineEvent } from "../engine/events.ts";
import { failureText } from "./failure-text.ts";
import { FleetRenderer, type FleetRendererOptions } from "./fleet-renderer.ts";
import { createHostBoard } from "./host-board.ts";
import type { Palette } from "./palette.ts";
import { createPlainReport, type PlainOptions } from "./plain.ts";
import { recapTable } from "./recap-table.ts";
import type { Report, Write } from "./report.ts";
import { createScreen, type Terminal } from "./screen.ts";

export type LiveOptions = {
  /** Where the rows are drawn: standard error, when it is a terminal. */
  readonly frame: Terminal;
  /** Where results go: what debug prints, failures, the recap. */
  readonly results: Terminal;
  readonly palette: Palette;
  readonly unicode: boolean;
  readonly verbosity: number;
  readonly diff: boolean;
};

type Finished = Extract<EngineEvent, { type: "task-finished" | "item-finished" }>;

/** Rows of hosts that change in place while the run goes on; at the end the failures in full and the recap. */
export function createLiveReport(options: LiveOptions): Report {
  const { palette, unicode } = options;
  const board = createHostBoard();
  const screen = createScreen(options.frame, options.results);
  let failures: readonly Finished[] = [];
  let above = "";
  let view: FleetView | undefined;
  let ending: Extract<EngineEvent, { type: "run-finished" }> | undefined;
  let began = performance.now();

  const plain = (write: Write): Report => createPlainReport(plainOptions(options, screen.columns, write));
  const asked = plain((text) => {
    above += text;
  });
  const takeAbove = (): string => {
    const text = above;
    above = "";
    return text;
  };

  return {
    listener: (event) => {
      board.listener(event);
      if (event.type === "run-started") {
        began = performance.now() - event.at;
        const clock = (): number => performance.now() - began;
        view = startView(event.hosts, { board, screen, palette, unicode, takeAbove, clock });
      }
      // What a rescue section has taken care of is no failure at the end.
      if (event.type === "rescued") failures = failures.filter((one) => one.task.id !== event.task.id || one.host !== event.host);
      if (isFailure(event)) failures = [...failures, event];
      else if (isAsked(event, options)) asked.listener(event);
      if (event.type === "run-finished") ending = event;
    },
    finish: async () => {
      await asked.finish();
      await view?.stop();
      const { results } = options;
      if (above !== "") results.write(takeAbove());
      if (failures.length > 0) results.write(`\n${failureText(failures, palette, unicode)}`);
      if (ending !== undefined) results.write(`\n${recapTable(ending.hosts, screen.columns - 1, palette).join("\n")}\n\n`);
    },
    suspend: () => view?.suspend() ?? (() => undefined),
  };
}

type FleetView = { stop(): Promise<void>; suspend(): () => void };

/** One listr2 task for each host; all end when the run does. */
function startView(hosts: readonly string[], rendererOptions: FleetRendererOptions): FleetView {
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let renderer: FleetRenderer | undefined;
  class ThisRenderer extends FleetRenderer {
    constructor(...args: ConstructorParameters<typeof FleetRenderer>) {
      super(...args);
      renderer = this;
    }
  }
  const listr = new Listr(
    hosts.map((host) => ({ title: host, task: () => finished })),
    { concurrent: true, exitOnError: false, registerSignalListeners: false, renderer: ThisRenderer, rendererOptions },
  );
  const running = listr.run();
  return {
    stop: async () => {
      finish();
      await running;
    },
    suspend: () => renderer?.suspend() ?? (() => undefined),
  };
}

function plainOptions(options: LiveOptions, columns: number, write: Write): PlainOptions {
  const { palette, verbosity, diff } = options;
  return { write, writeError: write, palette, verbosity, diff, columns: columns - 1, quiet: false };
}

/** Told in full at the end, where nothing scrolls it away. The items of a loop tell it better than the loop. */
function isFailure(event: EngineEvent): event is Finished {
  if (event.type !== "task-finished" && event.type !== "item-finished") return false;
  if (event.status === "failed") return !event.ignored && !(event.type === "task-finished" && event.loop && !event.noLog);
  return event.status === "unreachable" && !event.ignored;
}

/** What the user has asked to read while the rows change: debug's output, diffs, with -v every result. */
function isAsked(event: EngineEvent, { verbosity, diff }: LiveOptions): boolean {
  switch (event.type) {
    case "task-finished":
      return (
        verbosity > 0 || (event.task.prints === true && event.status !== "skipped") || (diff && event.differences.length > 0)
      );
    case "item-finished":
      return verbosity > 0 || event.task.module === "debug" || (diff && event.differences.length > 0);
    case "warning":
    case "host-notice":
    case "interrupted":
    case "play-empty":
      return true;
    case "host-connecting":
    case "host-connected":
    case "handler-notified":
    case "included":
      return verbosity > 0;
    default:
      return false;
  }
}
