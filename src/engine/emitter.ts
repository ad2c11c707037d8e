import type { Redactor } from "../vars/taint.ts";
import type { EngineEvent, EventBody, EventListener } from "./events.ts";
import { toJson } from "./json.ts";

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
    // Masking replaces texts by texts and keeps the shape, which its type cannot say.
    const masked = this.#redactor.redactJson(toJson(event)) as EventBody;
    this.#listener({ ...masked, at: this.elapsedMs } satisfies EngineEvent);
  }
}
