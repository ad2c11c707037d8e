import { Float, type Value } from "../vars/value.ts";
import { badValue } from "./errors.ts";
import { makeFloat } from "./numbers.ts";
import { NativeFunction, TemplateObject } from "./objects.ts";
import { toText } from "./repr.ts";

const weekdays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

/** Python's naive `datetime`: fields without a time zone, kept as if they were UTC. */
export class DateTime extends TemplateObject {
  readonly label = "datetime";
  readonly fields: Date;
  constructor(fields: Date) {
    super();
    this.fields = fields;
  }
  override get(key: string): Value | undefined {
    const { fields } = this;
    switch (key) {
      case "year":
        return fields.getUTCFullYear();
      case "month":
        return fields.getUTCMonth() + 1;
      case "day":
        return fields.getUTCDate();
      case "hour":
        return fields.getUTCHours();
      case "minute":
        return fields.getUTCMinutes();
      case "second":
        return fields.getUTCSeconds();
      case "microsecond":
        return fields.getUTCMilliseconds() * 1000;
      case "strftime":
        return new NativeFunction(key, ({ positional }) => formatTime(toText(positional[0] ?? "%c"), fields, true));
      case "isoformat":
        return new NativeFunction(key, () => this.text("T"));
      case "timestamp":
        return new NativeFunction(key, () => makeFloat(localTime(fields) / 1000));
      case "weekday":
        return new NativeFunction(key, () => (fields.getUTCDay() + 6) % 7);
      default:
        return undefined;
    }
  }
  override shown(): string {
    return this.text(" ");
  }
  text(separator: string): string {
    const fraction = this.fields.getUTCMilliseconds();
    return (
      formatTime(`%Y-%m-%d${separator}%H:%M:%S`, this.fields, true) +
      (fraction === 0 ? "" : `.${String(fraction).padStart(3, "0")}000`)
    );
  }
}

/** The difference of two datetimes. */
export class TimeDelta extends TemplateObject {
  readonly label = "timedelta";
  readonly ms: number;
  constructor(ms: number) {
    super();
    this.ms = ms;
  }
  override get(key: string): Value | undefined {
    const days = Math.floor(this.ms / 86_400_000);
    if (key === "days") return days;
    if (key === "seconds") return Math.floor((this.ms - days * 86_400_000) / 1000);
    if (key === "microseconds") return (((this.ms % 1000) + 1000) % 1000) * 1000;
    if (key === "total_seconds") return new NativeFunction(key, () => makeFloat(this.ms / 1000));
    return undefined;
  }
  override shown(): string {
    const days = Math.floor(this.ms / 86_400_000);
    const rest = this.ms - days * 86_400_000;
    const clock = `${Math.floor(rest / 3_600_000)}${formatTime(":%M:%S", new Date(rest), true)}`;
    return days === 0 ? clock : `${days} day${Math.abs(days) === 1 ? "" : "s"}, ${clock}`;
  }
}

/** C's strftime in the C locale. `utc`: the fields of `time` are read as UTC, else in the control node's zone. */
export function formatTime(format: string, time: Date, utc: boolean): string {
  const shifted = utc ? time : new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const hours = shifted.getUTCHours();
  const year = shifted.getUTCFullYear();
  const dayOfYear = Math.floor((Date.UTC(year, shifted.getUTCMonth(), shifted.getUTCDate()) - Date.UTC(year, 0, 1)) / 86_400_000);
  const weekday = shifted.getUTCDay();
  const one = (directive: string): string => {
    switch (directive) {
      case "Y":
        return String(year);
      case "y":
        return two(year % 100);
      case "C":
        return two(Math.floor(year / 100));
      case "m":
        return two(shifted.getUTCMonth() + 1);
      case "d":
        return two(shifted.getUTCDate());
      case "e":
        return String(shifted.getUTCDate()).padStart(2);
      case "H":
        return two(hours);
      case "I":
        return two(hours % 12 || 12);
      case "M":
        return two(shifted.getUTCMinutes());
      case "S":
        return two(shifted.getUTCSeconds());
      case "f":
        return `${String(shifted.getUTCMilliseconds()).padStart(3, "0")}000`;
      case "p":
        return hours < 12 ? "AM" : "PM";
      case "A":
        return weekdays[weekday] ?? "";
      case "a":
        return (weekdays[weekday] ?? "").slice(0, 3);
      case "B":
        return months[shifted.getUTCMonth()] ?? "";
      case "b":
      case "h":
        return (months[shifted.getUTCMonth()] ?? "").slice(0, 3);
      case "j":
        return String(dayOfYear + 1).padStart(3, "0");
      case "w":
        return String(weekday);
      case "u":
        return String(weekday || 7);
      case "U":
        return two(Math.floor((dayOfYear + 7 - weekday) / 7));
      case "W":
        return two(Math.floor((dayOfYear + 7 - ((weekday + 6) % 7)) / 7));
      case "G":
      case "V":
        return isoWeek(shifted)[directive];
      case "s":
        return String(Math.floor((utc ? localTime(time) : time.getTime()) / 1000));
      case "z":
        return utc ? "+0000" : zone(time);
      case "Z":
        return utc
          ? "UTC"
          : (new Intl.DateTimeFormat("en", { timeZoneName: "short" })
              .formatToParts(time)
              .find((part) => part.type === "timeZoneName")?.value ?? "");
      case "c":
        return formatTime("%a %b %e %H:%M:%S %Y", shifted, true);
      case "x":
      case "D":
        return formatTime("%m/%d/%y", shifted, true);
      case "X":
      case "T":
        return formatTime("%H:%M:%S", shifted, true);
      case "R":
        return formatTime("%H:%M", shifted, true);
      case "F":
        return formatTime("%Y-%m-%d", shifted, true);
      case "n":
        return "\n";
      case "t":
        return "\t";
      case "%":
        return "%";
      default:
        return badValue(`strftime: unknown directive "%${directive}"`);
    }
  };
  return format.replace(/%-?([\s\S])/g, (all: string, directive: string) => {
    const text = one(directive);
    return all.startsWith("%-") ? text.replace(/^[0 ]+(?=.)/, "") : text;
  });
}

function isoWeek(time: Date): { readonly G: string; readonly V: string } {
  const thursday = new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate() + 4 - (time.getUTCDay() || 7)));
  const year = thursday.getUTCFullYear();
  const week = Math.ceil(((thursday.getTime() - Date.UTC(year, 0, 1)) / 86_400_000 + 1) / 7);
  return { G: String(year), V: String(week).padStart(2, "0") };
}

function zone(time: Date): string {
  const minutes = -time.getTimezoneOffset();
  const absolute = Math.abs(minutes);
  const text = String(Math.floor(absolute / 60) * 100 + (absolute % 60)).padStart(4, "0");
  return (minutes < 0 ? "-" : "+") + text;
}

// The instant at which a clock of the control node shows these fields.
function localTime(fields: Date): number {
  return new Date(
    fields.getUTCFullYear(),
    fields.getUTCMonth(),
    fields.getUTCDate(),
    fields.getUTCHours(),
    fields.getUTCMinutes(),
    fields.getUTCSeconds(),
    fields.getUTCMilliseconds(),
  ).getTime();
}

const directives: Readonly<Record<string, string>> = {
  Y: "(?<Y>\\d{4})",
  y: "(?<y>\\d{2})",
  m: "(?<m>\\d{1,2})",
  d: "(?<d>\\d{1,2})",
  H: "(?<H>\\d{1,2})",
  I: "(?<I>\\d{1,2})",
  M: "(?<M>\\d{1,2})",
  S: "(?<S>\\d{1,2})",
  f: "(?<f>\\d{1,6})",
  p: "(?<p>[AaPp][Mm])",
  b: "(?<b>[A-Za-z]{3})",
  B: "(?<B>[A-Za-z]+)",
  a: "[A-Za-z]{3}",
  A: "[A-Za-z]+",
  z: "(?<z>Z|[-+]\\d{2}:?\\d{2})",
  Z: "[A-Z]+",
  j: "(?<j>\\d{1,3})",
  "%": "%",
};

/**
 * Python's strptime, in the C locale. The result has no time zone, so an offset other than zero is refused rather than
 * dropped; of microseconds the milliseconds remain.
 */
export function parseTime(text: string, format: string): DateTime {
  const seen = new Set<string>();
  const source = format
    .replace(/%([\s\S])|\s+|[.*+?^${}()|[\]\\/]/g, (all: string, directive?: string) => {
      if (directive !== undefined) {
        const pattern = directives[directive] ?? badValue(`to_datetime: unknown directive "%${directive}"`);
        if (directive !== "%" && seen.has(directive)) return badValue(`to_datetime: "%${directive}" is in the format twice`);
        seen.add(directive);
        return pattern;
      }
      return /^\s/.test(all) ? "\\s+" : `\\${all}`;
    })
    .replace(/^/, "^");
  const match = new RegExp(`${source}$`).exec(text);
  if (match === null) return badValue(`time data '${text}' does not match format '${format}'`);
  const part = match.groups ?? {};
  const number = (name: string): number | undefined => (part[name] === undefined ? undefined : Number(part[name]));
  const short = number("y");
  const year = number("Y") ?? (short === undefined ? 1900 : short < 69 ? 2000 + short : 1900 + short);
  const named = part["b"] ?? part["B"]?.slice(0, 3);
  const month =
    named === undefined
      ? (number("m") ?? 1)
      : months.findIndex((one) => one.slice(0, 3).toLowerCase() === named.toLowerCase()) + 1;
  const twelve = number("I");
  const hour = twelve === undefined ? (number("H") ?? 0) : (twelve % 12) + (part["p"]?.toLowerCase() === "pm" ? 12 : 0);
  const day = number("j") ?? number("d") ?? 1;
  const ms = Math.floor(Number((part["f"] ?? "0").padEnd(6, "0")) / 1000);
  const time = new Date(
    Date.UTC(year, part["j"] === undefined ? month - 1 : 0, day, hour, number("M") ?? 0, number("S") ?? 0, ms),
  );
  const isDay =
    part["j"] === undefined ? time.getUTCMonth() === month - 1 && time.getUTCDate() === day : time.getUTCFullYear() === year;
  const isTime = hour < 24 && (number("M") ?? 0) < 60 && (number("S") ?? 0) < 60;
  if (!isDay || day < 1 || !isTime || (twelve !== undefined && (twelve < 1 || twelve > 12)))
    return badValue(`'${text}' is not a date`);
  if (/[1-9]/.test(part["z"] ?? "")) return badValue(`to_datetime keeps no time zone, but '${text}' is at ${part["z"]}`);
  return new DateTime(time);
}

/** `now()`: the control node's clock, its fields in its own zone or UTC. */
export function currentTime(utc: boolean): DateTime {
  const now = new Date();
  return new DateTime(utc ? now : new Date(now.getTime() - now.getTimezoneOffset() * 60_000));
}

/** Seconds since the epoch out of a number, for strftime. */
export function instantOf(seconds: Value): Date {
  const value = seconds instanceof Float ? seconds.value : Number(seconds);
  return Number.isFinite(value) ? new Date(value * 1000) : badValue("strftime needs seconds since the epoch");
}
