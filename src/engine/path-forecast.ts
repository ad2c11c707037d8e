import type { PathForecast } from "../modules/contract.ts";
import { parentOf } from "../modules/support/files/host-path.ts";

/** Check mode: what paths there would be after the tasks so far, the later ones counting. */
export class Forecast implements PathForecast {
  readonly #paths = new Map<string, boolean>();
  /** What goes with a directory goes for good, even when the directory comes back. */
  readonly #removed = new Set<string>();

  note(path: string, exists: boolean): void {
    if (!exists) {
      this.#removed.add(path);
      for (const one of this.#paths.keys()) if (one.startsWith(`${path}/`)) this.#paths.delete(one);
    }
    this.#paths.set(path, exists);
  }

  exists(path: string): boolean | undefined {
    const own = this.#paths.get(path);
    if (own !== undefined) return own;
    for (let above = parentOf(path); above !== "/"; above = parentOf(above)) if (this.#removed.has(above)) return false;
    return undefined;
  }

  *present(): Iterable<string> {
    for (const [path, exists] of this.#paths) if (exists) yield path;
  }
}
