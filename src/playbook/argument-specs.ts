import type { Position } from "../diagnostic.ts";
import { didYouMean } from "../suggest.ts";
import { toPlain } from "../vars/plain.ts";
import { brokenRule } from "./argument-rules.ts";
import { convert, isRecord, type OptionType, typeTitles } from "./argument-types.ts";
import type { ArgumentOption, ArgumentSpec } from "./model.ts";

/** What is wrong with the variables of a role. */
export type ArgumentProblem = {
  readonly message: string;
  /** The variable to blame, where one has been given. */
  readonly name: string | undefined;
  /** The rule of the specification that is broken, where it is one. */
  readonly rule: Position | undefined;
};

/** For a variable that depends on what is not known yet: nothing is said about it, nor by the rules it takes part in. */
export const UNKNOWN = Symbol("a value that is not known yet");

/**
 * What is wrong with the variables of a role, by its specification; empty when they are right. `get` gives the rendered value of a
 * variable as plain data, undefined, or UNKNOWN. As in Ansible, null is the same as not given, and a default counts as given.
 */
export function validateArguments(spec: ArgumentSpec, get: (name: string) => unknown): ArgumentProblem[] {
  const values = valuesOf(spec.options, get);
  const problems = [...spec.options].flatMap(([name, option]) => {
    const value = values.get(name);
    const isGiven = isPresent(value);
    return checkOption(name, option, value).map((message) => ({ message, name: isGiven ? name : undefined, rule: undefined }));
  });
  return [...problems, ...rulesProblems("", spec, values)];
}

/** The same for one option, whose name in messages is `path`. */
export function checkOption(path: string, option: ArgumentOption, value: unknown): string[] {
  if (value === UNKNOWN) return [];
  if (value === undefined || value === null) {
    if (option.applyDefaults && option.options !== undefined && option.default === undefined) {
      return suboptionProblems(path, option, {});
    }
    return option.required && option.default === undefined ? [`"${path}" is required, but not set${why(option)}`] : [];
  }
  const converted = convert(value, option.type);
  if (converted === undefined) return [`"${path}" is ${shown(value, option)}, but must be ${typeTitles[option.type]}`];
  const { result } = converted;
  const problems = option.elements === undefined ? choiceProblems(path, option, result) : elementProblems(path, option, result);
  return [...problems, ...suboptionProblems(path, option, result)];
}

/** What is to be said to who uses options that will go, or names of them. */
export function deprecatedArguments(spec: ArgumentSpec, get: (name: string) => unknown): { name: string; message: string }[] {
  const isGiven = (name: string): boolean => isPresent(get(name));
  return [...spec.options].flatMap(([name, option]) => {
    const old = [...option.aliases].filter(([alias, why]) => why !== "" && isGiven(alias));
    const used = option.deprecation !== undefined && [name, ...option.aliases.keys()].some(isGiven);
    return [
      ...(used ? [{ name, message: `"${name}" is deprecated: ${option.deprecation}` }] : []),
      ...old.map(([alias, why]) => ({ name: alias, message: `"${alias}" is a deprecated name of "${name}": ${why}` })),
    ];
  });
}

/** Values of options that are marked `no_log`, at any depth. */
export function secretArguments(spec: Level, get: (name: string) => unknown): unknown[] {
  const values = valuesOf(spec.options ?? new Map(), get);
  return [...(spec.options ?? [])].flatMap(([name, option]): unknown[] => {
    const value = values.get(name);
    if (!isPresent(value) || value === UNKNOWN) return [];
    if (option.noLog) return [value];
    return (Array.isArray(value) ? value : [value]).flatMap((one: unknown) =>
      isRecord(one) ? secretArguments(option, (key) => one[key]) : [],
    );
  });
}

type Level = Pick<ArgumentOption, "options" | "rules">;

/** The value of each option, under whichever of its names it was given. */
function valuesOf(options: ReadonlyMap<string, ArgumentOption>, get: (name: string) => unknown): ReadonlyMap<string, unknown> {
  return new Map(
    [...options].map(([name, option]) => {
      const found = [name, ...option.aliases.keys()].map(get).find(isPresent);
      return [name, found];
    }),
  );
}

function rulesProblems(prefix: string, level: Level, values: ReadonlyMap<string, unknown>): ArgumentProblem[] {
  const options = level.options ?? new Map<string, ArgumentOption>();
  const real = (name: string): string => [...options].find(([, option]) => option.aliases.has(name))?.[0] ?? name;
  const isGiven = (name: string): boolean => isPresent(values.get(real(name)));
  return level.rules.flatMap((rule) => {
    const broken = brokenRule(rule, {
      prefix,
      isGiven,
      isSet: (name) => isGiven(name) || options.get(real(name))?.default !== undefined,
      hasValue(name, wanted) {
        const option = options.get(real(name));
        if (option === undefined) return false;
        const value = isGiven(name) ? values.get(real(name)) : toPlain(option.default ?? null);
        return isSame(toPlain(wanted), convert(value, option.type)?.result ?? value, option.type);
      },
      isUnknown: (name) => values.get(real(name)) === UNKNOWN,
    });
    return broken === undefined ? [] : [{ ...broken, rule: rule.position }];
  });
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function why(option: ArgumentOption): string {
  return option.description === "" ? "" : ` (${option.description.replace(/\.$/, "")})`;
}

function choiceProblems(path: string, option: ArgumentOption, value: unknown): string[] {
  if (option.choices === undefined) return [];
  const choices = option.choices.map((one) => toPlain(one));
  const given = Array.isArray(value) ? value : [value];
  return given
    .filter((one) => !choices.some((choice) => isSame(choice, one, option.elements ?? option.type)))
    .map((one) => `"${path}" is ${shown(one, option)}, but must be one of ${choices.map(String).join(", ")}`);
}

function isSame(choice: unknown, value: unknown, type: OptionType): boolean {
  if (choice === value) return true;
  return type === "str" && (typeof choice !== "object" || choice === null) && convert(choice, "str")?.result === value;
}

function elementProblems(path: string, option: ArgumentOption, value: unknown): string[] {
  const { elements } = option;
  if (!Array.isArray(value) || elements === undefined) return choiceProblems(path, option, value);
  return value.flatMap((one: unknown, index) => {
    const at = `${path}[${index}]`;
    const converted = convert(one, elements);
    if (converted === undefined) return [`"${at}" is ${shown(one, option)}, but must be ${typeTitles[elements]}`];
    return choiceProblems(at, option, converted.result);
  });
}

function suboptionProblems(path: string, option: ArgumentOption, value: unknown): string[] {
  if (option.options === undefined) return [];
  if (option.type === "list" && Array.isArray(value)) {
    return value.flatMap((one: unknown, index) => membersProblems(`${path}[${index}]`, option, one));
  }
  return membersProblems(path, option, value);
}

function membersProblems(path: string, option: ArgumentOption, value: unknown): string[] {
  const options = option.options ?? new Map<string, ArgumentOption>();
  if (!isRecord(value)) return [];
  const known = [...options].flatMap(([name, one]) => [name, ...one.aliases.keys()]);
  const unknown = Object.keys(value)
    .filter((name) => !known.includes(name))
    .map((name) => `"${path}" has no option "${name}"${didYouMean(name, known)}`);
  const values = valuesOf(options, (name) => value[name]);
  return [
    ...unknown,
    ...[...options].flatMap(([name, one]) => checkOption(`${path}.${name}`, one, values.get(name))),
    ...rulesProblems(`${path}.`, option, values).map((problem) => problem.message),
  ];
}

function shown(value: unknown, option: ArgumentOption): string {
  if (option.noLog) return "a value that is not shown";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
