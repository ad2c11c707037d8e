import { badValue } from "../errors.ts";
import { isNumeric, makeFloat, toDouble } from "../numbers.ts";
import { toText } from "../repr.ts";
import type { FilterTable } from "./filter.ts";

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = "January February March April May June July August September October November December".split(" ");
const DAY_MS = 86_400_000;

export const dateFilters: FilterTable = {
  strftime: {
    parameters: ["second?", "utc?"],
    run: (input, call) => {
      const given = call.given("second");
      const seconds = given === undefined ? Date.now() / 1000 : isNumeric(given) ? toDouble(given) : Number(toText(given));
      if (!Number.isFinite(seconds)) return badValue("strftime needs a number of seconds since 1970");
      return formatTime(toText(input), new Date(seconds * 1000), call.flag("utc", false));
    },
  },
  /** Python has an object for moments; here it is the number of seconds since 1970, of which differences can be taken as well. */
  to_datetime: {
    parameters: ["format?"],
    run: (input, call) => makeFloat(parseTime(toText(input), call.text("format", "%Y-%m-%d %H:%M:%S"))),
  },
};

/** strftime(3) in the C locale; `utc` or the control node's own time zone. */
export function formatTime(format: string, date: Date, utc: boolean): string {
  // A date whose UTC parts are the wanted ones, whatever the zone.
  const offsetMinutes = utc ? 0 : -date.getTimezoneOffset();
  const shifted = new Date(date.getTime() + offsetMinutes * 60_000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const yearDay = Math.floor(
    (Date.UTC(shifted.getUTCFullYear(), shifted.getUTCMonth(), shifted.getUTCDate()) - Date.UTC(shifted.getUTCFullYear(), 0, 1)) /
      DAY_MS,
  );
  const weekday = shifted.getUTCDay();
  const hour12 = shifted.getUTCHours() % 12 || 12;
  const fields: Readonly<Record<string, () => string>> = {
    a: () => (DAYS[weekday] ?? "").slice(0, 3),
    A: () => DAYS[weekday] ?? "",
    b: () => (MONTHS[shifted.getUTCMonth()] ?? "").slice(0, 3),
    h: () => (MONTHS[shifted.getUTCMonth()] ?? "").slice(0, 3),
    B: () => MONTHS[shifted.getUTCMonth()] ?? "",
    c: () => formatTime("%a %b %e %H:%M:%S %Y", date, utc),
    d: () => two(shifted.getUTCDate()),
    D: () => formatTime("%m/%d/%y", date, utc),
    e: () => String(shifted.getUTCDate()).padStart(2, " "),
    f: () => `${String(shifted.getUTCMilliseconds()).padStart(3, "0")}000`,
    F: () => formatTime("%Y-%m-%d", date, utc),
    H: () => two(shifted.getUTCHours()),
    I: () => two(hour12),
    j: () => String(yearDay + 1).padStart(3, "0"),
    m: () => two(shifted.getUTCMonth() + 1),
    M: () => two(shifted.getUTCMinutes()),
    n: () => "\n",
    p: () => (shifted.getUTCHours() < 12 ? "AM" : "PM"),
    R: () => formatTime("%H:%M", date, utc),
    s: () => String(Math.floor(date.getTime() / 1000)),
    S: () => two(shifted.getUTCSeconds()),
    t: () => "\t",
    T: () => formatTime("%H:%M:%S", date, utc),
    u: () => String(weekday === 0 ? 7 : weekday),
    U: () => two(Math.floor((yearDay + 7 - weekday) / 7)),
    V: () => two(isoWeek(shifted)[1]),
    G: () => String(isoWeek(shifted)[0]),
    w: () => String(weekday),
    W: () => two(Math.floor((yearDay + 7 - ((weekday + 6) % 7)) / 7)),
    x: () => formatTime("%m/%d/%y", date, utc),
    X: () => formatTime("%H:%M:%S", date, utc),
    y: () => two(shifted.getUTCFullYear() % 100),
    Y: () => String(shifted.getUTCFullYear()),
    z: () =>
      `${offsetMinutes < 0 ? "-" : "+"}${two(Math.floor(Math.abs(offsetMinutes) / 60))}${two(Math.abs(offsetMinutes) % 60)}`,
    Z: () => (utc ? "UTC" : zoneName(date)),
    "%": () => "%",
  };
  return format.replace(/%(.)/g, (whole, letter: string) => fields[letter]?.() ?? whole);
}

function isoWeek(date: Date): readonly [year: number, week: number] {
  // The week belongs to the year of its Thursday (ISO 8601).
  const thursday = new Date(date.getTime() + (3 - ((date.getUTCDay() + 6) % 7)) * DAY_MS);
  const year = thursday.getUTCFullYear();
  return [year, 1 + Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * DAY_MS))];
}

function zoneName(date: Date): string {
  const parts = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" }).formatToParts(date);
  return parts.find((part) => part.type === "timeZoneName")?.value ?? "";
}

const FORMS: Readonly<Record<string, string>> = {
  Y: "(?<Y>\\d{4})",
  m: "(?<m>\\d{1,2})",
  d: "(?<d>\\d{1,2})",
  H: "(?<H>\\d{1,2})",
  M: "(?<M>\\d{1,2})",
  S: "(?<S>\\d{1,2})",
  f: "(?<f>\\d{1,6})",
  y: "(?<y>\\d{2})",
  z: "(?<z>Z|[+-]\\d{2}:?\\d{2})",
  b: "(?<b>[A-Za-z]{3})",
  B: "(?<B>[A-Za-z]+)",
  "%": "%",
};

/** Seconds since 1970 of a text in the given format; without a zone it is taken as UTC. */
function parseTime(text: string, format: string): number {
  const source = format
    .replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
    .replace(/%(.)/g, (_, letter: string) => FORMS[letter] ?? badValue(`to_datetime does not read %${letter}`));
  const found = new RegExp(`^${source}$`).exec(text)?.groups;
  if (found === undefined) return badValue(`"${text}" is no time of the form "${format}"`);
  const number = (name: string, fallback: number): number => (found[name] === undefined ? fallback : Number(found[name]));
  const named = found["b"] ?? found["B"];
  const month =
    named === undefined ? number("m", 1) - 1 : MONTHS.findIndex((one) => one.toLowerCase().startsWith(named.toLowerCase()));
  const year = found["y"] === undefined ? number("Y", 1900) : number("y", 0) + (number("y", 0) < 69 ? 2000 : 1900);
  const zone = /^([+-])(\d{2}):?(\d{2})$/.exec(found["z"] ?? "");
  const offset = zone === null ? 0 : (zone[1] === "-" ? -1 : 1) * (Number(zone[2]) * 60 + Number(zone[3])) * 60;
  const seconds = Date.UTC(year, month, number("d", 1), number("H", 0), number("M", 0), number("S", 0)) / 1000;
  return seconds - offset + Number(`0.${found["f"] ?? "0"}`);
}
