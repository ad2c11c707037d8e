import type { Value } from "../../vars/value.ts";
import type { Call } from "../call.ts";
import { badValue } from "../errors.ts";
import { parseIp } from "../ip-address.ts";
import { pythonRegex } from "../python-regex.ts";
import { toText, typeName } from "../repr.ts";
import type { TestTable } from "./test.ts";

/** Tests of text. */
export const textTests: TestTable = {
  lower: { parameters: [], run: (input) => /\p{Ll}/u.test(toText(input)) && toText(input) === toText(input).toLowerCase() },
  upper: { parameters: [], run: (input) => /\p{Lu}/u.test(toText(input)) && toText(input) === toText(input).toUpperCase() },
  match: {
    parameters: ["pattern", "ignorecase?", "multiline?"],
    run: (input, call) => firstMatch(input, call)?.index === 0,
  },
  search: { parameters: ["pattern", "ignorecase?", "multiline?"], run: (input, call) => firstMatch(input, call) !== undefined },
  regex: {
    parameters: ["pattern", "ignorecase?", "multiline?", "match_type?"],
    run: (input, call) => {
      const type = call.text("match_type", "search");
      const match = firstMatch(input, call);
      if (type === "search") return match !== undefined;
      if (type === "match") return match?.index === 0;
      if (type === "fullmatch") return match?.index === 0 && match[0].length === needText(input, call).length;
      return badValue(`regex: match_type must be search, match or fullmatch, not "${type}"`);
    },
  },
  uri: { parameters: ["schemes?"], run: (input) => typeof input === "string" && /^[a-zA-Z][\w+.-]*:\S+$/.test(input) },
  url: { parameters: ["schemes?"], run: (input) => typeof input === "string" && /^[a-zA-Z][\w+.-]*:\/\/\S+$/.test(input) },
  urn: { parameters: [], run: (input) => typeof input === "string" && /^urn:\S+$/i.test(input) },
  ip: { parameters: [], run: (input) => isIp(input) },
  ip_address: { parameters: [], run: (input) => isIp(input) },
  ipv4: { parameters: [], run: (input) => typeof input === "string" && parseIp(input)?.version === 4 },
  ipv6: { parameters: [], run: (input) => typeof input === "string" && parseIp(input)?.version === 6 },
  ipv4_address: { parameters: [], run: (input) => isIp(input) && typeof input === "string" && parseIp(input)?.version === 4 },
  ipv6_address: { parameters: [], run: (input) => isIp(input) && typeof input === "string" && parseIp(input)?.version === 6 },
};

function isIp(value: Value): boolean {
  return typeof value === "string" && parseIp(value)?.hasPrefix === false;
}

function needText(input: Value, call: Call): string {
  if (typeof input === "string") return input;
  if (typeof input === "number" || typeof input === "bigint") return toText(input);
  return badValue(`${call.label} needs a string, not ${typeName(input)}`);
}

function firstMatch(input: Value, call: Call): RegExpExecArray | undefined {
  const options = { ignoreCase: call.flag("ignorecase", false), multiline: call.flag("multiline", false) };
  const text = needText(input, call);
  const regex = pythonRegex(call.text("pattern"), options);
  return regex.exec(text) ?? undefined;
}
