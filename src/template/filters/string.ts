import { isList, type Value } from "../../vars/value.ts";
import { characters, textLength } from "../characters.ts";
import { badValue } from "../errors.ts";
import { toIndex } from "../numbers.ts";
import { makeTuple } from "../objects.ts";
import { percentFormat } from "../percent-format.ts";
import { capitalize, center, replaceText, splitLines, splitText, stripCharacters } from "../python-methods-str.ts";
import { toText } from "../repr.ts";
import { wrapText } from "../text-wrap.ts";
import { commentFilter } from "./comment.ts";
import type { FilterTable } from "./filter.ts";

/** Filters on text. */
export const stringFilters: FilterTable = {
  upper: { parameters: [], run: (input) => toText(input).toUpperCase() },
  lower: { parameters: [], run: (input) => toText(input).toLowerCase() },
  capitalize: { parameters: [], run: (input) => capitalize(toText(input)) },
  title: { parameters: [], run: (input) => toText(input).replace(/[^-\s({[<]+/g, capitalize) },
  trim: {
    parameters: ["chars?"],
    run: (input, call) =>
      call.given("chars") === undefined ? toText(input).trim() : stripCharacters(toText(input), call.text("chars")),
  },
  replace: {
    parameters: ["old", "new", "count?"],
    run: (input, call) => replaceText(toText(input), call.text("old"), call.text("new"), call.integer("count", -1)),
  },
  center: { parameters: ["width?"], run: (input, call) => center(toText(input), call.integer("width", 80)) },
  split: {
    parameters: ["sep?", "maxsplit?"],
    run: (input, call) =>
      splitText(
        toText(input),
        call.given("sep") === undefined ? undefined : call.text("sep"),
        call.integer("maxsplit", -1),
        false,
      ),
  },
  format: {
    parameters: ["*", "**"],
    run: (input, call) => {
      if (call.rest.length > 0 && call.keywords.size > 0)
        return badValue("can't handle positional and keyword arguments at the same time");
      return percentFormat(toText(input), call.keywords.size > 0 ? new Map(call.keywords) : makeTuple(call.rest));
    },
  },
  indent: {
    parameters: ["width?", "first?", "blank?"],
    run: (input, call) => indent(toText(input), call.optional("width"), call.flag("first", false), call.flag("blank", false)),
  },
  wordwrap: {
    parameters: ["width?", "break_long_words?", "wrapstring?", "break_on_hyphens?"],
    run: (input, call) => {
      const width = call.integer("width", 79);
      const options = {
        breakLongWords: call.flag("break_long_words", true),
        breakOnHyphens: call.flag("break_on_hyphens", true),
      };
      const joint = call.text("wrapstring", "\n");
      return splitLines(toText(input))
        .map((line) => wrapText(line, width, options).join(joint))
        .join(joint);
    },
  },
  wordcount: { parameters: [], run: (input) => toText(input).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0 },
  truncate: {
    parameters: ["length?", "killwords?", "end?", "leeway?"],
    run: (input, call) => {
      const text = toText(input);
      const length = call.integer("length", 255);
      const end = call.text("end", "...");
      if (textLength(text) <= length + call.integer("leeway", 5)) return text;
      const start = characters(text)
        .slice(0, length - textLength(end))
        .join("");
      if (call.flag("killwords", false)) return start + end;
      const blank = start.lastIndexOf(" ");
      return (blank < 0 ? start : start.slice(0, blank)) + end;
    },
  },
  comment: commentFilter,
};

function indent(text: string, width: Value | undefined, first: boolean, blank: boolean): string {
  const margin =
    typeof width === "string" ? width : " ".repeat(toIndex(width ?? 4) ?? badValue("indent needs a width or a string"));
  const lines = splitLines(`${text}\n`);
  const [head = "", ...rest] = lines;
  const tail = rest.map((line) => (line !== "" || blank ? margin + line : line));
  return (first ? margin : "") + [head, ...tail].join("\n");
}

/** A list of texts, or one text as the only member. */
export function textsOf(value: Value): readonly string[] {
  return isList(value) ? value.map(toText) : [toText(value)];
}
