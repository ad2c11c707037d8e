import { ConnectionError, type ConnectionErrorCode } from "../connection/errors.ts";
import { type HostAccess, HostUnreachable, ModuleFailure } from "../modules/contract.ts";
import { type ModuleRun, section } from "./state-task.ts";
import { sleep } from "./task-runner.ts";

/** What no second attempt mends: somebody has to do something first. */
const FINAL: ReadonlySet<ConnectionErrorCode> = new Set([
  "key-unreadable",
  "passphrase",
  "host-key-unknown",
  "host-key-changed",
  "host-key-revoked",
  "become-password-required",
  "become-password-wrong",
  "become-not-allowed",
  "become-missing",
  "become-user-unknown",
  "output-limit",
]);

/** The host of a task, for an action that takes it through several steps within the task's time. */
export function hostAccess(run: ModuleRun): HostAccess {
  const { session, become } = run;
  const end = performance.now() + run.timeoutMs;
  const tooLate = (): ModuleFailure =>
    new ModuleFailure(`not done after ${run.timeoutMs / 1000} s, the task's time limit`, { timedout: true });
  const left = (): number => {
    const ms = end - performance.now();
    if (ms <= 0) throw tooLate();
    return ms;
  };
  const atMost = (ms: number | undefined): number => Math.ceil(Math.min(left(), ms ?? Number.POSITIVE_INFINITY));
  return {
    isControlNode: session.isControlNode,
    // What such an action alters, it alters by starting the host anew, and with the new connection come new traits.
    run: (work, limits) =>
      translated(() =>
        session.act({ section: section(work, run), become, timeoutMs: atMost(limits?.timeoutMs), altersTraits: false }, []),
      ),
    disconnect: () => session.disconnect(),
    reconnect: (limits) => translated(() => session.reconnect(become, atMost(limits.timeoutMs))),
    async sleep(ms) {
      const isTooLong = ms >= left();
      await sleep(atMost(ms), session.signal);
      if (session.signal.aborted) throw new ConnectionError("aborted", `${session.connection.target}: interrupted`);
      // A timer may fire a little before its time, and then something would seem to be left.
      if (isTooLong) throw tooLate();
      left();
    },
  };
}

/** Modules know nothing of connections; an interrupt is not theirs to handle. */
async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ConnectionError) || error.code === "aborted") throw error;
    throw new HostUnreachable(error.message, error.code, FINAL.has(error.code), error);
  }
}
