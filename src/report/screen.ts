import { ProcessOutput } from "listr2";
import { displayWidth } from "./display-width.ts";

/** A terminal, as far as the live view needs one: process.stdout, process.stderr, or a fake in tests. */
export type Terminal = NodeJS.WriteStream;

/** A block of lines at the bottom of a terminal that is redrawn in place, with ordinary output scrolling above it. */
export type Screen = {
  readonly columns: number;
  readonly rows: number;
  start(): void;
  /** Replaces the block. `above` is printed first and stays. */
  draw(lines: readonly string[], above?: string): void;
  /** Takes the block away and gives the terminal back; `start` may be called again. */
  stop(above?: string): void;
};

const escapeSequence = /\u001b\[[0-9;]*m/g;
// Synchronized output (mode 2026): terminals that know it show the whole picture at once; others ignore it.
const BEGIN = "\u001b[?2026h";
const END = "\u001b[?2026l";
const ERASE_LINE_END = "\u001b[K";
const ERASE_BELOW = "\u001b[J";
const SHOW_CURSOR = "\u001b[?25h";

/** `frame` gets the block; what others write to it or to `results` meanwhile is held back and shown at the end. */
export function createScreen(frame: Terminal, results: Terminal): Screen {
  const output = new ProcessOutput(frame, results);
  let widths: readonly number[] = [];
  let isStarted = false;

  // A process that exits at once (second Ctrl-C, a bug) must not leave the shell without a cursor.
  const restore = (): void => {
    output.toStdout(SHOW_CURSOR, false);
  };
  // The terminal may have been made narrower since: what was one row then takes several now.
  const goHome = (columns: number): string => {
    const rows = widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    return rows === 0 ? "" : `\r\u001b[${rows}A`;
  };
  const size = (): number => Math.max(10, frame.columns ?? 80);

  return {
    get columns() {
      return size();
    },
    get rows() {
      return Math.max(4, frame.rows ?? 24);
    },
    start: () => {
      if (isStarted) return;
      isStarted = true;
      output.hijack();
      process.once("exit", restore);
    },
    draw: (lines, above = "") => {
      const printed = above === "" ? "" : `${ERASE_BELOW}${above}`;
      const block = lines.map((line) => `${line}${ERASE_LINE_END}\n`).join("");
      output.toStdout(`${BEGIN}${goHome(size())}${printed}${block}${ERASE_BELOW}${END}`, false);
      widths = lines.map((line) => displayWidth(line.replace(escapeSequence, "")));
    },
    stop: (above = "") => {
      if (!isStarted) return;
      isStarted = false;
      output.toStdout(`${goHome(size())}${ERASE_BELOW}${above}`, false);
      widths = [];
      output.release();
      process.off("exit", restore);
    },
  };
}
