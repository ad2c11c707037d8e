import { exitCodes } from "./exit-codes.ts";

export type StopSignal = "SIGINT" | "SIGTERM";

export type Signals = {
  /** Aborted by the first signal; its reason is the signal's name. */
  readonly signal: AbortSignal;
  /** The signal that came, if one did. */
  readonly received: () => StopSignal | undefined;
  readonly release: () => void;
};

/** The first SIGINT or SIGTERM asks the run to stop in good order; the second ends the process at once. */
export function watchSignals(exit: (code: number) => void = (code) => process.exit(code)): Signals {
  const controller = new AbortController();
  let received: StopSignal | undefined;
  const listen = (signal: StopSignal) => (): void => {
    if (received !== undefined) {
      exit(stopCode(received));
      return;
    }
    received = signal;
    controller.abort(signal);
  };
  const onInterrupt = listen("SIGINT");
  const onTerminate = listen("SIGTERM");
  process.on("SIGINT", onInterrupt);
  process.on("SIGTERM", onTerminate);
  return {
    signal: controller.signal,
    received: () => received,
    release: () => {
      process.off("SIGINT", onInterrupt);
      process.off("SIGTERM", onTerminate);
    },
  };
}

export function stopCode(signal: StopSignal): number {
  return signal === "SIGTERM" ? exitCodes.terminated.code : exitCodes.interrupted.code;
}
