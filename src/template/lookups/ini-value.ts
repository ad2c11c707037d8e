import { pythonRegex } from "../python-regex.ts";

type Wanted = {
  readonly key: string;
  /** Undefined: a properties file, which has no sections. */
  readonly section: string | undefined;
  readonly isPattern: boolean;
  readonly isCaseSensitive: boolean;
};

/** The values of a key of an INI text, those of `[DEFAULT]` serving every section. A pattern may find several. */
export function readIniValue(text: string, wanted: Wanted): readonly string[] {
  const defaults = new Map<string, string>();
  const values = new Map<string, string>();
  let section = "";
  let key: string | undefined;
  const fold = (name: string): string => (wanted.isCaseSensitive ? name : name.toLowerCase());
  for (const line of text.split(/\r?\n/)) {
    const target = section === "DEFAULT" ? defaults : values;
    const isOurs = wanted.section === undefined || section === wanted.section || section === "DEFAULT";
    if (/^\s*(?:[#;]|$)/.test(line)) continue;
    const header = /^\[([^\]]+)\]/.exec(line)?.[1];
    if (header !== undefined) {
      section = header;
      key = undefined;
    } else if (/^\s/.test(line) && key !== undefined) {
      if (isOurs) target.set(key, `${target.get(key) ?? ""}\n${line.trim()}`);
    } else {
      const [, name = "", value = ""] = /^\s*([^=:]+?)\s*(?:[=:]\s*(.*?))?\s*$/.exec(line) ?? [];
      key = fold(name);
      if (isOurs) target.set(key, value);
    }
  }
  const all = new Map([...defaults, ...values]);
  if (!wanted.isPattern) {
    const value = all.get(fold(wanted.key));
    return value === undefined ? [] : [value];
  }
  const pattern = pythonRegex(wanted.key, { ignoreCase: !wanted.isCaseSensitive });
  return [...all]
    .filter(([name]) => {
      pattern.lastIndex = 0;
      return pattern.exec(name)?.index === 0;
    })
    .map(([, value]) => value);
}
