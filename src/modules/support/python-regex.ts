import { expandTemplate, type MatchGroups, type RegexForm, translateRegex } from "../../python-regex.ts";
import { ModuleFailure } from "../contract.ts";

/** Bytes as text of one character each, the form that `pythonRegex` is matched against unless told otherwise. */
export const asBytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
export const fromBytes = (bytes: string): string => Buffer.from(bytes, "latin1").toString("utf8");

/** A regular expression of Python's, compiled; `isMultiline` where `(?m)` was given. */
export type PythonRegex = { readonly regex: RegExp; readonly isMultiline: boolean };

export type PythonRegexOptions = {
  readonly form?: RegexForm;
  readonly multiline?: boolean;
  readonly dotAll?: boolean;
  readonly global?: boolean;
};

/** Compiles a pattern of Python's `re`. Throws ModuleFailure, in which it is called by the parameter it came from. */
export function pythonRegex(parameter: string, pattern: string, options: PythonRegexOptions = {}): PythonRegex {
  const { form = "bytes", global = false, ...settings } = options;
  const text = form === "bytes" ? asBytes(pattern) : pattern;
  const { source, flags, isMultiline } = translateRegex(text, { ...settings, form }, (why) => {
    throw new ModuleFailure(`${parameter} "${pattern}" is not a regular expression that can be used: ${why}`);
  });
  return { regex: new RegExp(source, global ? `g${flags}` : flags), isMultiline };
}

/** `text` in the form that is matched, `shown` as the task has it. */
export type Replacement = { readonly parameter: string; readonly text: string; readonly shown: string };

/**
 * Makes the function that fills a match into a replacement. Throws ModuleFailure at once where the replacement names groups that the
 * expression lacks, and not only when something is found.
 */
export function pythonReplacement(replacement: Replacement, { regex }: PythonRegex): (match: RegExpExecArray) => string {
  const refuse = (why: string): never => {
    throw new ModuleFailure(`${replacement.parameter} "${replacement.shown}" cannot be filled from a match: ${why}`);
  };
  const empty = new RegExp(`${regex.source}|`, regex.flags.replace("g", "")).exec("");
  if (empty !== null) expandTemplate(replacement.text, groupsOf(empty), refuse);
  return (match) => expandTemplate(replacement.text, groupsOf(match), refuse);
}

const groupsOf = (match: RegExpExecArray): MatchGroups => ({ numbered: match, named: match.groups ?? {} });
