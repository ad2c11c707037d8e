import type { Value } from "../vars/value.ts";
import type { ArgumentRule } from "./model.ts";

/** What a rule needs to know of the options of its level. */
export type Level = {
  /** In front of names in messages: `registries[0].`, or nothing. */
  readonly prefix: string;
  /** Somebody has given it a value. */
  isGiven(name: string): boolean;
  /** It has a value: a given one, or its default. */
  isSet(name: string): boolean;
  /** Its value is this one. */
  hasValue(name: string, value: Value): boolean;
  /** What it is depends on facts or results that are not there yet. */
  isUnknown(name: string): boolean;
};

/** What is wrong by one rule, and the option that is to blame for it, where that has a value. */
export function brokenRule(
  rule: ArgumentRule,
  level: Level,
): { readonly message: string; readonly name: string | undefined } | undefined {
  const concerned = "name" in rule ? [rule.name, ...rule.names] : rule.names;
  if (concerned.some((name) => level.isUnknown(name))) return undefined;
  const set = rule.names.filter((name) => level.isSet(name));
  const missing = rule.names.filter((name) => !level.isSet(name));
  const list = (names: readonly string[], word: string): string => enumerate(names, level.prefix, word);
  const are = (names: readonly string[]): string => (names.length > 1 ? "are" : "is");
  switch (rule.kind) {
    case "mutually_exclusive": {
      // As in Ansible, a default excludes nothing.
      const given = rule.names.filter((name) => level.isGiven(name));
      if (given.length < 2) return undefined;
      return { message: `${list(given, "and")} exclude each other; give one of them`, name: given[0] };
    }
    case "required_together":
      if (set.length === 0 || missing.length === 0) return undefined;
      return {
        message: `${list(rule.names, "and")} must be given together, but ${list(missing, "and")} ${are(missing)} not set`,
        name: set[0],
      };
    case "required_one_of":
      if (set.length > 0) return undefined;
      return { message: `one of ${list(rule.names, "and")} is required, but none is set`, name: undefined };
    case "required_if":
      if (!level.hasValue(rule.name, rule.value) || (rule.isAny ? set.length > 0 : missing.length === 0)) return undefined;
      return {
        message: `${list([rule.name], "")} is ${String(rule.value)}, so ${
          rule.isAny ? `one of ${list(rule.names, "and")} is` : `${list(missing, "and")} ${are(missing)}`
        } required, but not set`,
        name: rule.name,
      };
    case "required_by":
      if (!level.isSet(rule.name) || missing.length === 0) return undefined;
      return {
        message: `${list([rule.name], "")} is set, so ${list(missing, "and")} ${are(missing)} required, but not set`,
        name: rule.name,
      };
    default:
      return rule satisfies never;
  }
}

/** `"a", "b" and "c"`. */
function enumerate(names: readonly string[], prefix: string, word: string): string {
  const quoted = names.map((name) => `"${prefix}${name}"`);
  const last = quoted.at(-1) ?? "";
  return quoted.length < 2 ? last : `${quoted.slice(0, -1).join(", ")} ${word} ${last}`;
}
