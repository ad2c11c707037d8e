import { isList, type Value } from "../../vars/value.ts";
import { badValue } from "../errors.ts";
import { toText } from "../repr.ts";
import type { Filter, FilterTable } from "./filter.ts";

const hardware: Filter = {
  parameters: ["query?", "alias?"],
  run: (input, call) => {
    const format = call.text("query", "");
    return isList(input) ? input.map((one) => convert(one, format)).filter((one) => one !== false) : convert(input, format);
  },
};

/** MAC addresses (EUI-48), after `ansible.utils`: what is none becomes `False`, or an error where another form was asked for. */
export const hardwareFilters: FilterTable = { hwaddr: hardware, macaddr: hardware };

// Six bytes as 1a:2b:…, 1a-2b-…, 1a2b.3c4d.5e6f, 1a2b3c:4d5e6f, 1a2b3c-4d5e6f or without marks.
const forms = [
  /^[\da-f]{1,2}(?::[\da-f]{1,2}){5}$/i,
  /^[\da-f]{1,2}(?:-[\da-f]{1,2}){5}$/i,
  /^[\da-f]{4}(?:\.[\da-f]{4}){2}$/i,
  /^[\da-f]{6}[:-]?[\da-f]{6}$/i,
];

function convert(input: Value, format: string): Value {
  const text = typeof input === "string" ? input.trim() : "";
  if (!forms.some((form) => form.test(text))) {
    return format === "" || format === "bool" ? false : badValue(`"${toText(input)}" is not a hardware address`);
  }
  const parts = text.toLowerCase().split(/[:.-]/);
  const digits = parts.map((part) => (parts.length === 6 ? part.padStart(2, "0") : part)).join("");
  const bytes = digits.match(/../g) ?? [];
  switch (format) {
    case "":
      return input;
    case "bool":
      return true;
    case "int":
      return Number.parseInt(digits, 16);
    case "bare":
      return digits.toUpperCase();
    case "cisco":
      return (digits.match(/.{4}/g) ?? []).join(".");
    case "eui48":
    case "win":
      return bytes.join("-").toUpperCase();
    case "linux":
      return bytes.join(":");
    case "unix":
      return bytes.map((byte) => byte.replace(/^0/, "")).join(":");
    case "pgsql":
    case "postgresql":
    case "psql":
      return `${digits.slice(0, 6)}:${digits.slice(6)}`;
    default:
      return badValue(`hwaddr: unknown format "${format}"`);
  }
}
