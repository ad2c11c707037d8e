import type { JsonObject } from "../contract.ts";
import type { RawFacts } from "./raw.ts";

/** date_time: the host's clock and time zone. */
export function timeFacts(raw: RawFacts): JsonObject {
  const fields = (raw.section("date")[0] ?? "").split(" ");
  if (fields.length < 13) return {};
  const [
    year = "",
    month = "",
    day = "",
    hour = "",
    minute = "",
    second = "",
    epoch = "",
    nanos = "",
    weekday = "",
    number = "",
    week = "",
    tz = "",
    offset = "",
  ] = fields;
  // busybox without nanoseconds leaves the place empty or prints the letter.
  const micro = /^\d+$/.test(nanos) ? nanos.slice(0, 6).padEnd(6, "0") : "000000";
  const utc = new Date(Number(epoch) * 1000).toISOString().slice(0, 19);
  const basic = `${year}${month}${day}T${hour}${minute}${second}`;
  return {
    date_time: {
      year,
      month,
      day,
      hour,
      minute,
      second,
      weekday,
      weekday_number: number,
      weeknumber: week,
      epoch,
      epoch_int: epoch,
      date: `${year}-${month}-${day}`,
      time: `${hour}:${minute}:${second}`,
      iso8601: `${utc}Z`,
      iso8601_micro: `${utc}.${micro}Z`,
      iso8601_basic: `${basic}${micro}`,
      iso8601_basic_short: basic,
      tz,
      tz_dst: tz,
      tz_offset: offset,
    },
  };
}
