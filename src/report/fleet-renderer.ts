import {
  type ListrEventManager,
  type ListrRenderer,
  type ListrRendererFactory,
  type ListrTaskObject,
  ListrTaskState,
  Spinner,
} from "listr2";
import { drawFrame } from "./frame.ts";
import type { HostBoard } from "./host-board.ts";
import type { Palette } from "./palette.ts";
import type { Screen } from "./screen.ts";

export type FleetRendererOptions = {
  readonly board: HostBoard;
  readonly screen: Screen;
  readonly palette: Palette;
  readonly unicode: boolean;
  /** Output that waits to be printed above the rows. */
  readonly takeAbove: () => string;
  /** Milliseconds since the run began. */
  readonly clock: () => number;
};

/** Redraws at most this often: a terminal over a slow link must not become the bottleneck. */
const FRAME_MS = 100;

class AsciiSpinner extends Spinner {
  protected override readonly spinner = ["-", "\\", "|", "/"];
}

type HostTask = ListrTaskObject<unknown, ListrRendererFactory, ListrRendererFactory>;

/**
 * A renderer of listr2 for fleets. listr2's own draws every task, which with 300 hosts is taller than any terminal; this
 * one draws a window of them and never a line that wraps.
 */
export class FleetRenderer implements ListrRenderer {
  // The caller has made sure that there is a terminal; listr2 would look at process.stdout only.
  static nonTTY = true;
  static rendererOptions: FleetRendererOptions;
  static rendererTaskOptions: never;

  readonly #tasks: readonly HostTask[];
  readonly #options: FleetRendererOptions;
  readonly #spinner: Spinner;
  #shown: ReadonlySet<string> = new Set();
  #isSuspended = false;

  constructor(tasks: HostTask[], options: FleetRendererOptions, _events?: ListrEventManager) {
    this.#tasks = tasks;
    this.#options = options;
    this.#spinner = options.unicode ? new Spinner() : new AsciiSpinner();
  }

  render = (): void => {
    this.#options.screen.start();
    this.#draw();
    this.#spinner.start(() => this.#draw(), FRAME_MS);
  };

  end = (): void => {
    this.#spinner.stop();
    this.#options.screen.stop(this.#options.takeAbove());
  };

  suspend(): () => void {
    this.end();
    this.#isSuspended = true;
    return () => {
      this.#isSuspended = false;
      if (this.#tasks.some((task) => task.state === ListrTaskState.STARTED)) this.render();
    };
  }

  #draw(): void {
    if (this.#isSuspended) return;
    const { board, screen, palette, unicode } = this.#options;
    const frame = drawFrame(board, {
      columns: screen.columns,
      rows: screen.rows,
      palette,
      unicode,
      spinner: this.#spinner.fetch(),
      now: this.#options.clock(),
      previous: this.#shown,
    });
    this.#shown = frame.hosts;
    screen.draw(frame.lines, this.#options.takeAbove());
  }
}
