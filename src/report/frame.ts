import { displayWidth, fillTo, truncate } from "./display-width.ts";
import { type HostBoard, type HostPhase, type HostRow, isOut } from "./host-board.ts";
import type { Palette } from "./palette.ts";
import { count, duration } from "./phrases.ts";

export type FrameOptions = {
  /** Size of the terminal. */
  readonly columns: number;
  readonly rows: number;
  readonly palette: Palette;
  readonly spinner: string;
  readonly unicode: boolean;
  /** Milliseconds since the run began. */
  readonly now: number;
  /** Hosts of the frame before this one: they keep their rows while they are busy, so that the eye can follow. */
  readonly previous: ReadonlySet<string>;
};

export type Frame = { readonly lines: readonly string[]; readonly hosts: ReadonlySet<string> };

/** Header, bar, "… and more", and two rows left free for the shell's prompt and what is printed above. */
const OTHER_ROWS = 5;
const MIN_HOST_ROWS = 2;
/** A row of a running task shows how long it has been at it from here on. */
const SLOW_MS = 2000;

/** One picture of the run. No line is wider than the terminal, and there are fewer lines than it has rows. */
export function drawFrame(board: HostBoard, options: FrameOptions): Frame {
  const all = [...board.rows.values()];
  const shown = chooseRows(all, Math.max(MIN_HOST_ROWS, options.rows - OTHER_ROWS), options.previous);
  // A row in the last column makes some terminals wrap.
  const columns = Math.max(10, options.columns - 1);
  const nameColumns = Math.min(
    Math.max(8, ...shown.map((row) => displayWidth(row.name))),
    Math.max(12, Math.floor(columns * 0.3)),
  );
  const lines = [
    headerLine(board, columns, options),
    ...shown.map((row) => hostLine(row, { columns, nameColumns, options })),
    ...restLine(all, shown, columns, options),
    barLine(board, all, columns, options),
  ];
  const visible = lines.slice(-Math.max(1, options.rows - 1));
  return {
    lines: options.unicode ? visible : visible.map((line) => line.replaceAll("…", "~").replaceAll("·", "-")),
    hosts: new Set(shown.map((row) => row.name)),
  };
}

/** Failed hosts first (at most half of the window while others are busy), then busy ones, then the rest, in inventory order. */
export function chooseRows(all: readonly HostRow[], room: number, previous: ReadonlySet<string>): readonly HostRow[] {
  if (all.length <= room) return all;
  const stable = (rows: readonly HostRow[]): readonly HostRow[] => [
    ...rows.filter((row) => previous.has(row.name)),
    ...rows.filter((row) => !previous.has(row.name)),
  ];
  const out = all.filter(isOut);
  const busy = stable(all.filter((row) => row.phase === "running" || row.phase === "connecting"));
  const idle = stable(all.filter((row) => row.phase === "idle"));
  const rest = all.filter((row) => row.phase === "waiting" || row.phase === "done");
  const others = [...busy, ...idle];
  const outRoom = Math.max(Math.floor(room / 2), room - others.length);
  const chosen = new Set([...out.slice(0, outRoom), ...others, ...out.slice(outRoom), ...rest].slice(0, room));
  return [...out.filter((row) => chosen.has(row)), ...all.filter((row) => chosen.has(row) && !isOut(row))];
}

function headerLine(board: HostBoard, columns: number, { palette, now }: FrameOptions): string {
  const mode = board.checkMode ? "  check mode: nothing is changed" : "";
  const interrupted = board.interrupted === undefined ? "" : `  ${board.interrupted}: stopping`;
  const tail = `${mode}${interrupted}  ${duration(now)}`;
  const play = truncate(`PLAY ${board.play === "" ? "…" : `[${board.play}]`}`, Math.max(0, columns - displayWidth(tail)));
  return `${palette.bold(play)}${palette.dim(truncate(tail, columns - displayWidth(play)))}`;
}

type RowPlace = { readonly columns: number; readonly nameColumns: number; readonly options: FrameOptions };

function hostLine(row: HostRow, { columns, nameColumns, options }: RowPlace): string {
  const { palette } = options;
  const counters = counterText(row, columns);
  const elapsed = row.phase === "running" && options.now - row.since >= SLOW_MS ? duration(options.now - row.since) : "";
  const right = [elapsed, counters].filter((part) => part !== "").join("  ");
  const room = columns - 2 - nameColumns - 2 - (right === "" ? 0 : displayWidth(right) + 2);
  const name = fillTo(row.name, nameColumns);
  if (room < 4) return `${symbol(row.phase, options)} ${truncate(name, columns - 2)}`;
  const paint = isOut(row) ? palette.red : row.phase === "running" ? (text: string) => text : palette.dim;
  const text = paint(fillTo(phaseText(row), room));
  const paintedRight = row.changed > 0 ? palette.yellow(right) : palette.dim(right);
  return `${symbol(row.phase, options)} ${name}  ${text}${right === "" ? "" : `  ${paintedRight}`}`;
}

function phaseText(row: HostRow): string {
  switch (row.phase) {
    case "waiting":
      return "waiting";
    case "connecting":
      return `connecting: ${row.text}`;
    case "done":
      return "done";
    default:
      return row.text;
  }
}

function counterText(row: HostRow, columns: number): string {
  // Of a failed host the reason is worth the room.
  if (isOut(row) || row.ok + row.skipped === 0) return "";
  const wide = columns >= 110;
  const parts = [`ok ${String(row.ok).padStart(3)}`, `changed ${String(row.changed).padStart(3)}`];
  if (wide) parts.push(`skipped ${String(row.skipped).padStart(3)}`);
  return parts.join("  ");
}

function symbol(phase: HostPhase, { palette, spinner, unicode }: FrameOptions): string {
  switch (phase) {
    case "waiting":
      return palette.dim(unicode ? "·" : ".");
    case "connecting":
      return palette.dim(spinner);
    case "running":
      return palette.cyan(spinner);
    case "idle":
      return palette.dim(unicode ? "•" : "-");
    case "done":
      return palette.green(unicode ? "✔" : "+");
    case "failed":
    case "unreachable":
      return palette.red(unicode ? "✖" : "x");
  }
}

const restWords: readonly (readonly [string, (row: HostRow) => boolean])[] = [
  ["failed", isOut],
  ["running", (row) => row.phase === "running" || row.phase === "connecting"],
  ["between tasks", (row) => row.phase === "idle"],
  ["waiting", (row) => row.phase === "waiting"],
  ["done", (row) => row.phase === "done"],
];

function restLine(
  all: readonly HostRow[],
  shown: readonly HostRow[],
  columns: number,
  { palette }: FrameOptions,
): readonly string[] {
  const visible = new Set(shown);
  const rest = all.filter((row) => !visible.has(row));
  if (rest.length === 0) return [];
  const parts = restWords.flatMap(([word, is]) => {
    const number = rest.filter(is).length;
    return number === 0 ? [] : [`${number} ${word}`];
  });
  return [palette.dim(truncate(`  … and ${rest.length} more: ${parts.join(", ")}`, columns))];
}

function barLine(board: HostBoard, all: readonly HostRow[], columns: number, { palette, unicode }: FrameOptions): string {
  const failed = all.filter(isOut).length;
  const changed = all.reduce((sum, row) => sum + row.changed, 0);
  const busy = all.filter((row) => row.phase === "running" || row.phase === "connecting").length;
  const share = board.outcome === undefined ? (board.progress ?? 0) : 1;
  const parts = [`${Math.floor(share * 100)} %`, count(all.length, "host"), `${busy} busy`, `${changed} changed`];
  if (failed > 0) parts.push(`${failed} failed`);
  const text = truncate(parts.join(" · "), columns);
  const room = Math.min(40, columns - displayWidth(text) - 2);
  if (room < 5) return text;
  const full = Math.round(share * room);
  const [done, open] = unicode ? ["█", "░"] : ["#", "."];
  const paint = failed > 0 ? palette.red : palette.green;
  return `${paint(done.repeat(full))}${palette.dim(open.repeat(room - full))}  ${text}`;
}
