import { isList, type Value } from "../../vars/value.ts";
import { badValue } from "../errors.ts";
import { calculate, isInteger, isNumeric, makeFloat, makeInteger, roundHalfEven, toDouble } from "../numbers.ts";
import { formatDouble } from "../percent-format.ts";
import { typeName } from "../repr.ts";
import { toFloat } from "./conversion.ts";
import type { FilterTable } from "./filter.ts";
import { humanReadable, humanToBytes } from "./sizes.ts";

type Numeric = Parameters<typeof toDouble>[0];

/** Filters on numbers and sizes. */
export const numberFilters: FilterTable = {
  abs: {
    parameters: [],
    run: (input) => {
      const value = numeric(input, "abs");
      if (isInteger(value)) return value < 0 ? calculate("-", 0, value) : value;
      return typeof value === "boolean" ? Number(value) : makeFloat(Math.abs(toDouble(value)));
    },
  },
  round: {
    parameters: ["precision?", "method?"],
    run: (input, call) => {
      const digits = call.integer("precision", 0);
      const method = call.text("method", "common");
      const given = numeric(input, "round");
      const value = typeof given === "boolean" ? Number(given) : given;
      const number = toDouble(value);
      // Python's round() of an int stays an int.
      if (method === "common")
        return isInteger(value) ? (digits < 0 ? roundHalfEven(number, digits) : value) : makeFloat(roundHalfEven(number, digits));
      if (method !== "ceil" && method !== "floor") return badValue("method must be common, ceil or floor");
      const unit = 10 ** digits;
      return makeFloat((method === "ceil" ? Math.ceil(number * unit) : Math.floor(number * unit)) / unit);
    },
  },
  log: {
    parameters: ["base?"],
    run: (input, call) => {
      const value = toDouble(numeric(input, "log"));
      const base = call.number("base", Math.E);
      if (value <= 0) return badValue("log needs a number above 0");
      if (base === 10) return makeFloat(Math.log10(value));
      return makeFloat(base === Math.E ? Math.log(value) : Math.log(value) / Math.log(base));
    },
  },
  pow: { parameters: ["y"], run: (input, call) => makeFloat(toDouble(numeric(input, "pow")) ** call.number("y")) },
  root: {
    parameters: ["base?"],
    run: (input, call) => {
      const base = call.number("base", 2);
      const value = toDouble(numeric(input, "root"));
      return makeFloat(base === 2 ? Math.sqrt(value) : value ** (1 / base));
    },
  },
  filesizeformat: {
    parameters: ["binary?"],
    run: (input, call) => {
      const bytes = toDouble(numeric(toFloat(input) ?? input, "filesizeformat"));
      const isBinary = call.flag("binary", false);
      const base = isBinary ? 1024 : 1000;
      if (bytes === 1) return "1 Byte";
      if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
      const letters = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
      const units = isBinary ? letters.map((one) => `${one.toUpperCase()}iB`) : letters.map((one) => `${one}B`);
      let power = 1;
      while (bytes >= base ** (power + 1) && power < units.length) power += 1;
      return `${formatDouble(bytes / base ** power, "f", 1)} ${units[power - 1] ?? ""}`;
    },
  },
  human_readable: {
    parameters: ["isbits?", "unit?"],
    run: (input, call) => {
      const unit = call.given("unit") === undefined ? undefined : call.text("unit");
      return humanReadable(toDouble(numeric(toFloat(input) ?? input, "human_readable")), call.flag("isbits", false), unit);
    },
  },
  human_to_bytes: {
    parameters: ["default_unit?", "isbits?"],
    run: (input, call) => {
      const unit = call.given("default_unit") === undefined ? undefined : call.text("default_unit");
      const number = typeof input === "string" ? input : String(toDouble(numeric(input, "human_to_bytes")));
      return makeInteger(BigInt(humanToBytes(number, unit, call.flag("isbits", false))));
    },
  },
};

function numeric(value: Value, label: string): Numeric {
  if (isNumeric(value)) return value;
  const what = isList(value) ? "a list" : value === null ? "None" : `a ${typeName(value)}`;
  return badValue(
    `${label} needs a number, not ${what}`,
    typeof value === "string" ? 'convert it first: "| int" or "| float"' : undefined,
  );
}
