import { isList } from "../../vars/value.ts";
import { currentTime, formatTime, instantOf, parseTime } from "../datetime.ts";
import { toText } from "../repr.ts";
import type { FilterTable } from "./filter.ts";

/** Filters on dates. */
export const dateFilters: FilterTable = {
  strftime: {
    parameters: ["second?", "utc?"],
    run: (input, call) => {
      const second = call.given("second");
      const isUtc = call.flag("utc", false);
      if (second === undefined) return formatTime(toText(input), currentTime(isUtc).fields, true);
      return formatTime(toText(input), instantOf(second), isUtc);
    },
  },
  to_datetime: {
    parameters: ["format?"],
    run: (input, call) => parseTime(toText(isList(input) ? "" : input), call.text("format", "%Y-%m-%d %H:%M:%S")),
  },
};
