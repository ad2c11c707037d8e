import { type HostAccess, HostUnreachable, ModuleFailure } from "../../contract.ts";

export type Awaiting = {
  /** When to give up, on the clock of `performance.now`. */
  readonly until: number;
  /** For one attempt to connect. */
  readonly attemptMs: number;
  /** Between attempts. */
  readonly sleepMs: number;
};

/**
 * Connects anew until the host lets us in and `isReady` says yes, which is asked over each new connection. Undefined, or what the last
 * attempt came to when the time is up. Throws ModuleFailure for what no waiting mends.
 */
export async function awaitHost(
  host: HostAccess,
  { until, attemptMs, sleepMs }: Awaiting,
  isReady: () => Promise<true | string>,
): Promise<string | undefined> {
  let last: string | undefined;
  for (;;) {
    const left = until - performance.now();
    if (left <= 0) return last ?? "the time is up";
    try {
      await host.reconnect({ timeoutMs: Math.min(attemptMs, left) });
      const answer = await isReady();
      if (answer === true) return undefined;
      last = answer;
    } catch (error) {
      if (!(error instanceof HostUnreachable)) throw error;
      if (error.isFinal) throw new ModuleFailure(error.message);
      // That the time was up before it came to anything tells less of the host than the attempt before.
      if (last === undefined || performance.now() < until) last = error.message;
    }
    await host.sleep(Math.min(sleepMs, Math.max(0, until - performance.now())));
  }
}
