import pLimit, { type LimitFunction } from "p-limit";

/** Keeps at most `forks` hosts busy at a time, and at most `throttle` of them within one task. */
export function hostLimit(forks: number) {
  const all = pLimit(Math.max(1, forks));
  const throttled = new Map<number, LimitFunction>();
  return <T>(task: { readonly id: number; readonly throttle: number | undefined }, work: () => Promise<T>): Promise<T> => {
    if (task.throttle === undefined || task.throttle < 1) return all(work);
    const own = throttled.get(task.id) ?? pLimit(Math.floor(task.throttle));
    throttled.set(task.id, own);
    return own(() => all(work));
  };
}
