import type { Redactor } from "../vars/taint.ts";
import type { EngineEvent, EventBody, EventListener } from "./events.ts";

/** Masks secrets in every event, gives it its time, and hands it on. */
export class Emitter {
  readonly #listener: EventListener;
  readonly #redactor: Redactor;
  readonly #started = performance.now();

  constructor(listener: EventListener, redactor: Redactor) {
    this.#listener = listener;
    this.#redactor = redactor;
  }

  get elapsedMs(): number {
    return Math.round(performance.now() - this.#started);
  }

  emit(event: EventBody): void {
    const masked: EventBody = this.#redactor.redactJson(event);
    this.#listener({ ...masked, at: this.elapsedMs } satisfies EngineEvent);
  }
}
