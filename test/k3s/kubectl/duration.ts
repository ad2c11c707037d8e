const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** "90s", "5m", "1h30m"; a bare number is seconds. */
export function durationMs(text: string): number {
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  let sum = 0;
  for (const [, number, unit = ""] of text.matchAll(/(\d+)(ms|s|m|h)/g)) sum += Number(number) * (UNITS[unit] ?? 0);
  return sum;
}
