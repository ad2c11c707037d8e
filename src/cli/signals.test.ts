import { afterEach, describe, expect, it } from "vitest";
import { type Signals, watchSignals } from "./signals.ts";

let watched: Signals | undefined;
afterEach(() => watched?.release());

describe("watchSignals", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s asks to stop, the second time the process ends with %i", (signal, code) => {
    const ended: number[] = [];
    watched = watchSignals((status) => ended.push(status));
    expect(watched.received()).toBeUndefined();
    process.emit(signal);
    expect({
      aborted: watched.signal.aborted,
      reason: watched.signal.reason as unknown,
      received: watched.received(),
      ended,
    }).toEqual({
      aborted: true,
      reason: signal,
      received: signal,
      ended: [],
    });
    process.emit(signal);
    expect(ended).toEqual([code]);
  });

  it("leaves no listener behind", () => {
    const before = process.listenerCount("SIGINT");
    watched = watchSignals(() => undefined);
    watched.release();
    expect(process.listenerCount("SIGINT")).toBe(before);
  });
});
