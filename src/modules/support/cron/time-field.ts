const MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split(" ");
const DAYS = "sun mon tue wed thu fri sat".split(" ");

/** The time fields of a crontab: the least and the greatest number, and the names that the numbers have. */
const FIELDS = {
  minute: { least: 0, most: 59, names: [] },
  hour: { least: 0, most: 23, names: [] },
  day: { least: 1, most: 31, names: [] },
  month: { least: 1, most: 12, names: MONTHS },
  weekday: { least: 0, most: 7, names: DAYS },
} as const satisfies Readonly<
  Record<string, { readonly least: number; readonly most: number; readonly names: readonly string[] }>
>;

export type TimeField = keyof typeof FIELDS;
export const TIME_FIELDS: readonly TimeField[] = ["minute", "hour", "day", "month", "weekday"];

/** Why a text cannot be that field, or undefined. `~`, a random number of a range, is cronie's. */
export function timeFieldProblem(field: TimeField, text: string): string | undefined {
  const { least, most } = FIELDS[field];
  const names: readonly string[] = FIELDS[field].names;
  const numberOf = (word: string): number => {
    const index = names.indexOf(word.toLowerCase());
    if (index >= 0) return index + least;
    return /^\d{1,2}$/.test(word) ? Number(word) : Number.NaN;
  };
  const isWithin = (number: number): boolean => number >= least && number <= most;
  const isEntry = (entry: string): boolean => {
    const [, range = "", step] = /^([^/]*)(?:\/(\d{1,2}))?$/.exec(entry) ?? [];
    if (step !== undefined && Number(step) === 0) return false;
    if (range === "*") return true;
    const [first = Number.NaN, last = first, ...more] = range.split(/[-~]/).map(numberOf);
    return more.length === 0 && isWithin(first) && isWithin(last) && first <= last;
  };
  if (text.split(",").every(isEntry)) return undefined;
  const named = names.length === 0 ? "" : ` or a name (${names[0]})`;
  return `"${field}" is "${text}", but must be * or a number from ${least} to ${most}${named}, a range (1-5), a list (1,3) or a step (*/2) of them`;
}
