import type { EventListener } from "../engine/events.ts";

/** Writes text as it stands; ends no line by itself. */
export type Write = (text: string) => void;

/** One way to tell what happened in a run: it is handed every event, then told that there are no more. */
export type Report = {
  readonly listener: EventListener;
  /** Writes what is only known at the end. Also called after an interruption, then without a `run-finished` before it. */
  finish(): Promise<void> | void;
  /** Takes the screen back from a live view, for a question to the user; the answer puts it up again. */
  suspend?(): () => void;
};
