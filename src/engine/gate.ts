/** Place of a task in the play: indices from the outside in. Later tasks compare greater. */
export type Order = readonly number[];

export function compareOrders(a: Order, b: Order): number {
  for (let i = 0; i < Math.max(a.length, b.length); i += 1) {
    const difference = (a[i] ?? -1) - (b[i] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Where hosts wait for one another before each task. */
export interface Gate {
  /** Resolves when the host may run the task at `order`. */
  arrive(host: string, order: Order): Promise<void>;
  /** The host has no more tasks: nobody waits for it. */
  leave(host: string): void;
}

/** Strategy `free`: nobody waits. */
export const openGate: Gate = { arrive: () => Promise.resolve(), leave: () => {} };

/**
 * Strategy `linear`: when every host has come to a task, those at the earliest one go on. Hosts that skip tasks (tags, an
 * include on one host only, a rescue section) simply arrive at a later place and wait there.
 */
export class LinearGate implements Gate {
  readonly #active: Set<string>;
  readonly #waiting = new Map<string, { readonly order: Order; readonly go: () => void }>();

  constructor(hosts: readonly string[]) {
    this.#active = new Set(hosts);
  }

  arrive(host: string, order: Order): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.set(host, { order, go: resolve });
      this.#release();
    });
  }

  leave(host: string): void {
    this.#active.delete(host);
    this.#release();
  }

  #release(): void {
    if (this.#waiting.size === 0 || this.#waiting.size < this.#active.size) return;
    const earliest = [...this.#waiting.values()].map((one) => one.order).sort(compareOrders)[0] ?? [];
    const going: (() => void)[] = [];
    for (const host of this.#active) {
      const waiting = this.#waiting.get(host);
      if (waiting === undefined || compareOrders(waiting.order, earliest) !== 0) continue;
      this.#waiting.delete(host);
      going.push(waiting.go);
    }
    // In the play's order of hosts, since the first of them carries out `run_once`; and not before the last to arrive waits too,
    // or it would be the last to go on.
    queueMicrotask(() => {
      for (const go of going) go();
    });
  }
}
