import { ModuleFailure } from "../../contract.ts";
import { pythonRegex, pythonReplacement } from "../python-regex.ts";
import type { Edit } from "./edited-file.ts";
import { type TextEncoding, textEncoding } from "./text-encoding.ts";

/** What `replace` was asked for. */
export type ReplaceWish = {
  readonly path: string;
  readonly regexp: string;
  readonly replacement: string;
  readonly after: string | undefined;
  readonly before: string | undefined;
  readonly encoding: string;
};

export type ReplaceEdit = {
  readonly edit: Edit;
  /** Why nothing is to be done to this file (bytes), where there is more to say than that nothing was found. */
  note(content: Buffer): string;
};

// A replacement may leave something that the expression finds again (three empty lines out of six): then it is done until it does not.
const PASSES = 50;

export function replaceEdit(wish: ReplaceWish): ReplaceEdit {
  const encoding = textEncoding(wish.encoding);
  const expression = pythonRegex("regexp", wish.regexp, { form: "text", multiline: true, global: true });
  const fill = pythonReplacement({ parameter: "replace", text: wish.replacement, shown: wish.replacement }, expression);
  const section = sectionFinder(wish);
  const decode = (bytes: Buffer): string => decoded(bytes, encoding, wish.path);

  const once = (text: string): { readonly text: string; readonly count: number } => {
    const part = section.find(text);
    if (part === undefined) return { text, count: 0 };
    let count = 0;
    const inside = text.slice(part.start, part.end);
    let result = "";
    let from = 0;
    for (const match of inside.matchAll(expression.regex)) {
      count += 1;
      result += inside.slice(from, match.index) + fill(match);
      from = match.index + match[0].length;
    }
    return { text: text.slice(0, part.start) + result + inside.slice(from) + text.slice(part.end), count };
  };

  const edit: Edit = (bytes) => {
    if (bytes === undefined) return undefined;
    const original = decode(Buffer.from(bytes, "latin1"));
    let text = original;
    let count = 0;
    for (let pass = 0; pass < PASSES; pass += 1) {
      const next = once(text);
      if (next.text === text) {
        if (text === original) return undefined;
        return { text: encoding.encode(text).toString("latin1"), message: `${count} replacements made` };
      }
      // What grows a second time would grow for ever.
      if (pass > 0 && next.text.length > text.length) break;
      text = next.text;
      count += next.count;
    }
    throw new ModuleFailure(
      `regexp "${wish.regexp}" finds something again in what replace "${wish.replacement}" makes of ${wish.path}, so that every run would ` +
        "change the file; write an expression that does not match its own result",
    );
  };
  const note = (content: Buffer): string => (section.find(decode(content)) === undefined ? section.missing : "");
  return { edit, note };
}

type Section = {
  find(text: string): { readonly start: number; readonly end: number } | undefined;
  readonly missing: string;
};

/** The part of the text between the first `after` and the first `before` that follows it. */
function sectionFinder({ after, before }: ReplaceWish): Section {
  if (after === undefined && before === undefined) return { find: (text) => ({ start: 0, end: text.length }), missing: "" };
  const pattern = [after ?? "", `(?P<subsection>.*${after !== undefined && before !== undefined ? "?" : ""})`, before ?? ""].join(
    "",
  );
  // Each by itself first, so that the message names the one that is wrong.
  if (after !== undefined) pythonRegex("after", after, { form: "text", dotAll: true });
  if (before !== undefined) pythonRegex("before", before, { form: "text", dotAll: true });
  const name = before === undefined ? "after" : after === undefined ? "before" : "after and before";
  const { source, flags } = pythonRegex(name, pattern, { form: "text", dotAll: true }).regex;
  const regex = new RegExp(source, `d${flags}`);
  return {
    find(text) {
      const found = regex.exec(text)?.indices?.groups?.["subsection"];
      return found === undefined ? undefined : { start: found[0], end: found[1] };
    },
    missing: `Pattern for before/after params did not match the given file: ${pattern}`,
  };
}

function decoded(bytes: Buffer, encoding: TextEncoding, path: string): string {
  const text = encoding.decode(bytes);
  if (text === undefined) {
    throw new ModuleFailure(`${path} is not encoded in ${encoding.name}; say in which encoding it is with "encoding"`);
  }
  return text;
}
