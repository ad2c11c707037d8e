import type { Call } from "../call.ts";
import { compileRegex, type RegexFlags } from "../filters/regex.ts";
import { toText } from "../repr.ts";
import type { Test, TestTable } from "./test.ts";

const parameters = ["pattern", "ignorecase?", "multiline?"];
const flags = (call: Call): RegexFlags => ({
  ignoreCase: call.flag("ignorecase", false),
  multiline: call.flag("multiline", false),
});

const search: Test = { parameters, run: (input, call) => compileRegex(call.text("pattern"), flags(call)).test(toText(input)) };
const match: Test = {
  parameters,
  run: (input, call) =>
    compileRegex(call.text("pattern"), flags(call)).exec(toText(input))?.index === 0 || startsWithMatch(input, call),
};

// A search may find an earlier alternative further on although the pattern also matches at the start.
function startsWithMatch(input: Parameters<Test["run"]>[0], call: Call): boolean {
  return compileRegex(call.text("pattern"), { ...flags(call), sticky: true }).test(toText(input));
}

const schemes = /^([a-zA-Z][a-zA-Z0-9+.-]*):(.+)$/s;

/** Tests of texts: regular expressions as Python has them, and the forms of addresses. */
export const textTests: TestTable = {
  match,
  search,
  regex: {
    parameters: ["pattern", "ignorecase?", "multiline?", "match_type?"],
    run: (input, call) => (call.text("match_type", "search") === "match" ? match : search).run(input, call),
  },
  uri: { parameters: ["schemes?"], run: (input) => schemes.test(toText(input)) },
  url: { parameters: ["schemes?"], run: (input) => /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/\s]+/.test(toText(input)) },
  urn: { parameters: [], run: (input) => /^urn:[^:\s]+:.+/i.test(toText(input)) },
};
