import { expandTemplate, translateRegex } from "../python-regex.ts";
import { badValue } from "./errors.ts";

export type RegexOptions = { readonly ignoreCase?: boolean; readonly multiline?: boolean };

const cache = new Map<string, RegExp>();

/** A JavaScript expression (global, Unicode) that matches what Python's `re` would. Throws TemplateFault for what it cannot express. */
export function pythonRegex(source: string, options: RegexOptions = {}): RegExp {
  const key = `${options.ignoreCase === true ? "i" : ""}${options.multiline === true ? "m" : ""}/${source}`;
  let regex = cache.get(key);
  if (regex === undefined) {
    const translated = translateRegex(source, { ...options, form: "text" }, (why) =>
      badValue(`"${source}" is not a regular expression: ${why}`),
    );
    regex = new RegExp(translated.source, `g${translated.flags}`);
    cache.set(key, regex);
  }
  regex.lastIndex = 0;
  return regex;
}

/** Python's replacement templates: `\1`, `\g<1>`, `\g<name>`, and the usual escapes. */
export function expandReplacement(
  template: string,
  groups: readonly (string | undefined)[],
  named: Readonly<Record<string, string | undefined>>,
): string {
  return expandTemplate(template, { numbered: groups, named }, (why) => badValue(`the replacement "${template}": ${why}`));
}
