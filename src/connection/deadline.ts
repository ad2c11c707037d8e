/** A time limit that stands still while a person is asked. */
export class Deadline {
  readonly expired: Promise<void>;
  #expire: () => void = () => {};
  #remainingMs: number;
  #startedAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(limitMs: number) {
    this.#remainingMs = limitMs;
    this.expired = new Promise((resolve) => {
      this.#expire = resolve;
    });
    this.#resume();
  }

  /** Time that `work` takes does not count. */
  whileAsking = async <T>(work: () => Promise<T>): Promise<T> => {
    this.#remainingMs -= performance.now() - this.#startedAt;
    this.stop();
    try {
      return await work();
    } finally {
      this.#resume();
    }
  };

  stop(): void {
    clearTimeout(this.#timer);
  }

  #resume(): void {
    this.#startedAt = performance.now();
    this.#timer = setTimeout(this.#expire, Math.max(0, this.#remainingMs));
  }
}
