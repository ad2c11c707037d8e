import { z } from "zod";
import { didYouMean } from "../suggest.ts";
import { ModuleFailure } from "./contract.ts";

/** One parameter of a module: its type, and what documentation and checking need to know. */
export type Parameter<T = unknown> = {
  readonly type: z.ZodType<T>;
  /** As the documentation names it: str, int, bool, list of str, path, mode, dict, raw, float. */
  readonly typeName: string;
  readonly description: string;
  readonly aliases?: readonly string[];
  readonly required?: boolean;
  readonly default?: T;
  readonly choices?: readonly string[];
  /** Never shown in output, and its value is masked wherever it turns up. */
  readonly secret?: boolean;
};

/** Relations between parameters, as Ansible's argument specification has them. */
export type Constraints = {
  readonly mutuallyExclusive?: readonly (readonly string[])[];
  readonly requiredOneOf?: readonly (readonly string[])[];
  readonly requiredTogether?: readonly (readonly string[])[];
  /** [parameter, value, names]: when the parameter has the value, all names are required. */
  readonly requiredIf?: readonly (readonly [string, unknown, readonly string[]])[];
  /** Names that are not declared are allowed and come through as they are: set_fact, add_host. */
  readonly openNames?: true;
};

/** The parameters of a module. */
export type ParameterSet<P> = {
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly constraints: Constraints;
  /** What no constraint can say; throws ModuleFailure. Called when all values are known, as a rule before a host is touched. */
  check?(given: P): void;
  /** Carries the type of the parsed parameters; never read. */
  readonly typeOf?: P;
};

/** The parsed parameters of a set: `ParametersOf<typeof params>`. */
export type ParametersOf<S> = S extends ParameterSet<infer P> ? P : never;

type Parsed<S extends Readonly<Record<string, Parameter>>> = {
  readonly [N in keyof S]: S[N] extends { readonly required: true } | { readonly default: NonNullable<unknown> | null }
    ? TypeOf<S[N]>
    : TypeOf<S[N]> | undefined;
};
type TypeOf<X> = X extends Parameter<infer T> ? T : never;

/** What is wrong with one parameter. `path` starts with its name as the user wrote it; an empty one means the whole. */
export type ParameterProblem = { readonly path: readonly (string | number)[]; readonly message: string };

/** Declares parameters: `parameters({ path: { ...path(), required: true, description: "…" } })`. */
export function parameters<const S extends Readonly<Record<string, Parameter>>>(
  set: S,
  constraints: Constraints = {},
  check?: (given: Parsed<S>) => void,
): ParameterSet<Parsed<S>> {
  return { parameters: set, constraints, ...(check === undefined ? {} : { check }) };
}

/** Real name of a parameter or alias; undefined when there is none. */
export function realName(set: ParameterSet<unknown>, name: string): string | undefined {
  if (Object.hasOwn(set.parameters, name)) return name;
  return Object.keys(set.parameters).find((key) => set.parameters[key]?.aliases?.includes(name));
}

/** The problem of a name that is not among the parameters. */
export function unknownParameter(set: ParameterSet<unknown>, module: string, name: string): string {
  const known = Object.entries(set.parameters).flatMap(([key, one]) => [key, ...(one.aliases ?? [])]);
  return `${module} has no parameter "${name}"${didYouMean(name, known)}`;
}

/**
 * Checks and converts raw parameters (plain data). `unknownYet` names those whose value is a template that cannot be rendered
 * yet: their presence counts, their value is not looked at. `mayBeOmitted`: those of them that may turn out not to be given. `value` is meaningful only when there is no problem.
 */
export function parseParameters<P>(
  set: ParameterSet<P>,
  module: string,
  raw: Readonly<Record<string, unknown>>,
  unknownYet: ReadonlySet<string> = new Set(),
  mayBeOmitted: ReadonlySet<string> = new Set(),
): { readonly value: P; readonly problems: readonly ParameterProblem[] } {
  const problems: ParameterProblem[] = [];
  const value: Record<string, unknown> = {};
  const written = new Map<string, string>();
  for (const [name, given] of Object.entries(raw)) {
    const real = realName(set, name);
    const parameter = real === undefined ? undefined : set.parameters[real];
    if (real === undefined || parameter === undefined) {
      if (set.constraints.openNames === true) {
        value[name] = given;
        continue;
      }
      problems.push({ path: [name], message: unknownParameter(set, module, name) });
      continue;
    }
    const other = written.get(real);
    if (other !== undefined) {
      problems.push({ path: [name], message: `${module}: "${name}" and "${other}" are the same parameter; give one of them` });
      continue;
    }
    // Ansible treats an explicit null as "not given".
    if (given === null && !parameter.type.safeParse(null).success) continue;
    written.set(real, name);
    if (unknownYet.has(name)) continue;
    const parsed = parameter.type.safeParse(given);
    if (parsed.success) value[real] = parsed.data;
    else {
      for (const issue of parsed.error.issues) {
        const path = [name, ...issue.path.filter((step) => typeof step !== "symbol")];
        problems.push({ path, message: `${module}: "${path.join(".")}" ${issue.message}` });
      }
    }
  }
  for (const [name, parameter] of Object.entries(set.parameters)) {
    if (written.has(name)) continue;
    if (parameter.required === true) problems.push({ path: [], message: `${module} needs the parameter "${name}"` });
    else if (parameter.default !== undefined) value[name] = parameter.default;
  }
  const has = (name: string): boolean => written.has(name);
  const hasForSure = (name: string): boolean => !mayBeOmitted.has(written.get(name) ?? name) && has(name);
  problems.push(...brokenConstraints(set.constraints, module, has, hasForSure, value).map((message) => ({ path: [], message })));
  // The one cast that ties the parsed record to the type that `parameters` computed from the same declarations.
  const parsed = value as P;
  if (problems.length === 0 && unknownYet.size === 0) problems.push(...checkProblems(set, module, parsed));
  return { value: parsed, problems };
}

function checkProblems<P>(set: ParameterSet<P>, module: string, value: P): ParameterProblem[] {
  try {
    set.check?.(value);
    return [];
  } catch (error) {
    if (!(error instanceof ModuleFailure)) throw error;
    const message = error.message.startsWith(`${module}: `) ? error.message : `${module}: ${error.message}`;
    return [{ path: [], message }];
  }
}

function brokenConstraints(
  constraints: Constraints,
  module: string,
  has: (name: string) => boolean,
  hasForSure: (name: string) => boolean,
  value: Readonly<Record<string, unknown>>,
): string[] {
  const broken: string[] = [];
  for (const names of constraints.mutuallyExclusive ?? []) {
    const given = names.filter(hasForSure);
    if (given.length > 1) broken.push(`${module}: ${list(given, "and")} exclude each other; give one of them`);
  }
  for (const names of constraints.requiredOneOf ?? []) {
    if (!names.some(has)) broken.push(`${module} needs one of ${list(names, "or")}`);
  }
  for (const names of constraints.requiredTogether ?? []) {
    const missing = names.filter((name) => !has(name));
    if (missing.length > 0 && names.some(hasForSure)) {
      broken.push(`${module}: ${list(names.filter(has), "and")} needs ${list(missing, "and")} as well`);
    }
  }
  for (const [name, wanted, names] of constraints.requiredIf ?? []) {
    if (value[name] !== wanted) continue;
    const missing = names.filter((one) => !has(one));
    if (missing.length > 0) broken.push(`${module}: with ${name}: ${String(wanted)} it needs ${list(missing, "and")}`);
  }
  return broken;
}

function list(names: readonly string[], conjunction: "and" | "or"): string {
  const quoted = names.map((name) => `"${name}"`);
  const last = quoted.at(-1) ?? "";
  return quoted.length < 2 ? last : `${quoted.slice(0, -1).join(", ")} ${conjunction} ${last}`;
}

// ---- Types, with the conversions that Ansible makes --------------------------------------------------------------

const shown = (value: unknown): string => (typeof value === "string" && value.length > 2 ? `"${value}"` : JSON.stringify(value));

function converted<T>(
  convert: (value: unknown) => T | undefined,
  expected: string,
  advice: (value: unknown) => string = () => "",
): z.ZodType<T> {
  return z.unknown().transform((value, context) => {
    const result = convert(value);
    if (result !== undefined) return result;
    context.addIssue({ code: "custom", message: `is ${shown(value)}, but must be ${expected}${advice(value)}` });
    return z.NEVER;
  });
}

function toText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (typeof value === "boolean") return value ? "True" : "False";
  return undefined;
}

const TRUE = new Set(["yes", "on", "true", "1", "y", "t"]);
const FALSE = new Set(["no", "off", "false", "0", "n", "f"]);
export function toBoolean(value: unknown): boolean | undefined {
  if (typeof value === "boolean") return value;
  if (value === 1) return true;
  if (value === 0) return false;
  if (typeof value !== "string") return undefined;
  const text = value.toLowerCase();
  return TRUE.has(text) ? true : FALSE.has(text) ? false : undefined;
}

type Type<T> = { readonly type: z.ZodType<T>; readonly typeName: string };

export const str = (): Type<string> => ({ type: converted(toText, "a string"), typeName: "str" });

export const bool = (): Type<boolean> => ({ type: converted(toBoolean, "a boolean (true or false)"), typeName: "bool" });

export const int = (): Type<number> => ({
  type: converted((value) => {
    if (typeof value === "number") return Number.isSafeInteger(value) ? value : undefined;
    return typeof value === "string" && /^\s*[+-]?\d+\s*$/.test(value) ? Number(value) : undefined;
  }, "a whole number"),
  typeName: "int",
});

export const float = (): Type<number> => ({
  type: converted((value) => {
    if (typeof value === "number") return value;
    return typeof value === "string" && value.trim() !== "" && Number.isFinite(Number(value)) ? Number(value) : undefined;
  }, "a number"),
  typeName: "float",
});

/** A path on the host. "~" is expanded there; the module says how. */
export const path = (): Type<string> => ({
  type: converted((value) => (typeof value === "string" && value !== "" && !value.includes("\0") ? value : undefined), "a path"),
  typeName: "path",
});

export function choice<const C extends readonly string[]>(...choices: C): Type<C[number]> & { readonly choices: C } {
  const find = (value: unknown): C[number] | undefined => {
    const text = typeof value === "boolean" ? (value ? ["yes", "true", "on"] : ["no", "false", "off"]) : [toText(value)];
    return choices.find((one) => text.includes(one));
  };
  const nearest = (value: unknown): string => (typeof value === "string" && value.length > 2 ? didYouMean(value, choices) : "");
  const all = choices.map((one) => (/[\r\n]/.test(one) ? JSON.stringify(one) : one)).join(", ");
  return { type: converted(find, `one of ${all}`, nearest), typeName: "str", choices };
}

/** A list; a string is cut at commas, a single other value becomes a list of one, as in Ansible. */
export function listOf<T>(of: Type<T>): Type<readonly T[]> {
  const items = z.array(of.type);
  return {
    type: z.preprocess((value) => {
      if (Array.isArray(value)) return value;
      if (typeof value === "string") return value === "" ? [] : value.split(",").map((one) => one.trim());
      return [value];
    }, items),
    typeName: `list of ${of.typeName}`,
  };
}

export const dict = (): Type<Readonly<Record<string, unknown>>> => ({
  type: converted((value) => (isRecord(value) ? value : undefined), "a mapping"),
  typeName: "dict",
});

/** Anything at all, as it stands. */
export const raw = (): Type<unknown> => ({ type: z.unknown(), typeName: "raw" });

/**
 * A file mode: octal ("0644", or 0644, which YAML 1.1 reads as octal: the number 420) or symbolic ("u=rwx,go=rX").
 * `644` is refused: it is the decimal number, mode 01204. Gives "0644" or the symbolic text.
 */
export const mode = (): Type<string> => ({
  type: z.unknown().transform((value, context) => {
    const parsed = parseMode(value);
    if ("mode" in parsed) return parsed.mode;
    context.addIssue({ code: "custom", message: parsed.problem });
    return z.NEVER;
  }),
  typeName: "mode",
});

/** Why a mode written as a decimal number is refused, and what to write. */
export function decimalMode(value: number): string {
  if (!/^[0-7]{3,4}$/.test(String(value))) return `is ${value}, which is no file mode; write it quoted, like "0644"`;
  return `is the decimal number ${value} (octal 0${value.toString(8)}); write "0${value}"`;
}

const SYMBOLIC = /^[ugoa]*([-+=]([rwxXst]*|[ugo]))+(,[ugoa]*([-+=]([rwxXst]*|[ugo]))+)*$/;

function parseMode(value: unknown): { readonly mode: string } | { readonly problem: string } {
  if (typeof value === "number") {
    // YAML 1.1 has turned 0644 into 420 already. Written without the zero, 644 is octal 01204: no owner could read the file.
    // The loader, which sees the source text, refuses the rest (400, 440, …).
    if (!Number.isInteger(value) || value < 0 || value > 0o7777) return { problem: decimalMode(value) };
    if (/^[0-7]{3,4}$/.test(String(value)) && (value & 0o400) === 0) return { problem: decimalMode(value) };
    return { mode: value.toString(8).padStart(4, "0") };
  }
  if (typeof value !== "string") return { problem: `is ${shown(value)}, but must be a file mode such as "0644" or "u=rw,go=r"` };
  if (value === "preserve") return { mode: value };
  if (/^[0-7]{1,5}$/.test(value)) return { mode: Number.parseInt(value, 8).toString(8).padStart(4, "0") };
  if (/^0o[0-7]{1,5}$/.test(value)) return { mode: value.slice(2).padStart(4, "0") };
  if (SYMBOLIC.test(value)) return { mode: value };
  return { problem: `is "${value}", but must be a file mode such as "0644" or "u=rw,go=r"` };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
