import { badValue } from "../errors.ts";
import { toText } from "../repr.ts";
import type { Filter } from "./filter.ts";

type Style = { readonly decoration: string; readonly beginning?: string; readonly end?: string };

const styles: Readonly<Record<string, Style>> = {
  plain: { decoration: "# " },
  erlang: { decoration: "% " },
  c: { decoration: "// " },
  cblock: { beginning: "/*", decoration: " * ", end: " */" },
  xml: { beginning: "<!--", decoration: " - ", end: "-->" },
};

/** Makes a comment of a text: `{{ ansible_managed | comment }}`. */
export const commentFilter: Filter = {
  parameters: [
    "style?",
    "newline?",
    "beginning?",
    "prefix?",
    "prefix_count?",
    "decoration?",
    "postfix?",
    "postfix_count?",
    "end?",
  ],
  run: (input, call) => {
    const name = call.text("style", "plain");
    const style = Object.hasOwn(styles, name) ? styles[name] : undefined;
    if (style === undefined) return badValue(`comment: unknown style "${name}"; there are ${Object.keys(styles).join(", ")}`);
    const newline = call.text("newline", "\n");
    const decoration = call.text("decoration", style.decoration);
    const prefix = call.text("prefix", decoration.trimEnd());
    const postfix = call.text("postfix", decoration.trimEnd());
    const beginning = call.text("beginning", style.beginning ?? "");
    const end = call.text("end", style.end ?? "");
    const before = prefix === "" ? "" : (prefix + newline).repeat(call.integer("prefix_count", 1));
    const after = postfix === "" ? "" : (newline + postfix).repeat(call.integer("postfix_count", 1));
    const body = toText(input)
      .split(newline)
      .map((line) => (line === "" ? decoration.trimEnd() : decoration + line))
      .join(newline);
    return [beginning === "" ? "" : beginning + newline, before, body, after, end === "" ? "" : newline + end].join("");
  },
};
