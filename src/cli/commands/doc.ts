import type { Module } from "../../modules/contract.ts";
import type { Parameter } from "../../modules/parameters.ts";
import { allModules, findModule, moduleNames } from "../../modules/registry.ts";
import { headerColumns, wantsColor } from "../../report/choose.ts";
import { createPalette, type Palette } from "../../report/palette.ts";
import { didYouMean } from "../../suggest.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Invocation } from "../invocation.ts";
import { type RoleDoc, type RoleOptionDoc, readRoleDoc, roleFoldersByName } from "../role-docs.ts";
import { UsageError } from "../usage.ts";
import { wrap } from "../wrap.ts";

const KINDS = ["role", "module"];

/** `k3sprov doc [role|module] [NAME]`. */
export function run({ args, settings, process: at }: Invocation): Promise<number> {
  const [first = "", ...rest] = args;
  const [kind, name, ...more] = KINDS.includes(first) && rest.length > 0 ? args : [undefined, ...args];
  if (more.length > 0) throw new UsageError(`one name at a time: ${[name, ...more].join(" ")}`, "k3sprov doc lists them");
  const palette = createPalette(wantsColor(settings.color, at.stdout.isTTY === true, at.environment));
  const columns = Math.min(100, headerColumns(at.stdout, at.environment));
  const roles = roleFoldersByName(settings["roles-path"], at.cwd);
  at.stdout.write(name === undefined ? listAll(roles, palette, columns) : describe(kind, name, roles, palette, columns));
  return Promise.resolve(exitCodes.ok.code);
}

function listAll(roles: ReadonlyMap<string, string>, palette: Palette, columns: number): string {
  const row = (name: string, summary: string): string =>
    `  ${name.padEnd(22)}  ${wrap(summary, columns, " ".repeat(26)).trimStart()}`;
  return `${[
    palette.bold("Modules"),
    ...allModules().map((module) => row(module.name, module.summary)),
    "",
    palette.bold("Roles"),
    ...[...roles].map(([name, path]) => row(name, readRoleDoc(name, path).summary)),
    "",
    "k3sprov doc NAME tells what one of them takes.",
  ].join("\n")}\n`;
}

function describe(
  kind: string | undefined,
  name: string,
  roles: ReadonlyMap<string, string>,
  palette: Palette,
  columns: number,
): string {
  const module = kind === "role" ? undefined : findModule(name);
  const path = kind === "module" ? undefined : roles.get(name);
  if (module !== undefined) {
    const hint = path === undefined ? "" : `\nThere is a role of this name too: k3sprov doc role ${name}\n`;
    return moduleText(module, palette, columns) + hint;
  }
  if (path !== undefined) return roleText(readRoleDoc(name, path), palette, columns);
  const known = [...(kind === "role" ? [] : moduleNames()), ...(kind === "module" ? [] : roles.keys())];
  throw new UsageError(`there is no ${kind ?? "module or role"} "${name}"${didYouMean(name, known)}`, "k3sprov doc lists them");
}

function moduleText(module: Module, palette: Palette, columns: number): string {
  const { parameters } = module.parameters;
  const lines = [palette.bold(module.name.toUpperCase()), wrap(module.summary, columns, "  ")];
  for (const paragraph of module.description ?? []) lines.push("", wrap(paragraph, columns, "  "));
  if (module.aliases !== undefined && module.aliases.length > 0) lines.push("", `  also called ${module.aliases.join(", ")}`);
  lines.push("", palette.bold("PARAMETERS"));
  for (const [name, parameter] of Object.entries(parameters))
    lines.push(...parameterLines(name, parameter, module.freeForm === name, palette, columns));
  if (module.parameters.constraints.openNames === true) lines.push("  any other name", wrap("taken as it is", columns, "      "));
  lines.push(...constraintLines(module, columns));
  if (module.returns !== undefined) {
    lines.push("", palette.bold("RESULT"));
    for (const [name, text] of Object.entries(module.returns))
      lines.push(`  ${palette.bold(name)}`, wrap(text, columns, "      "));
  }
  lines.push(
    "",
    palette.bold("EXAMPLE"),
    ...module.example
      .trimEnd()
      .split("\n")
      .map((line) => `  ${line}`),
  );
  return `${lines.join("\n")}\n`;
}

function parameterLines(
  name: string,
  parameter: Parameter,
  isFreeForm: boolean,
  palette: Palette,
  columns: number,
): readonly string[] {
  const notes = [parameter.typeName];
  if (parameter.required === true) notes.push("required");
  if (parameter.default !== undefined) notes.push(`default: ${JSON.stringify(parameter.default)}`);
  if (parameter.secret === true) notes.push("never shown");
  if (isFreeForm) notes.push("takes free-form text");
  const lines = [`  ${palette.bold(name)} (${notes.join(", ")})`, wrap(parameter.description, columns, "      ")];
  if (parameter.choices !== undefined) lines.push(wrap(`one of: ${parameter.choices.join(", ")}`, columns, "      "));
  if (parameter.aliases !== undefined && parameter.aliases.length > 0)
    lines.push(`      aliases: ${parameter.aliases.join(", ")}`);
  return lines;
}

function constraintLines({ parameters: { constraints } }: Module, columns: number): readonly string[] {
  const rules = [
    ...(constraints.requiredOneOf ?? []).map((names) => `at least one of ${names.join(", ")} is required`),
    ...(constraints.mutuallyExclusive ?? []).map((names) => `only one of ${names.join(", ")} can be given`),
    ...(constraints.requiredTogether ?? []).map((names) => `${names.join(", ")} go together`),
    ...(constraints.requiredIf ?? []).map(
      ([name, value, names]) => `${names.join(", ")} required when ${name} is ${String(value)}`,
    ),
  ];
  return rules.length === 0 ? [] : ["", ...rules.map((rule) => wrap(rule, columns, "  "))];
}

function roleText(role: RoleDoc, palette: Palette, columns: number): string {
  const lines = [palette.bold(`ROLE ${role.name}`), wrap(role.summary, columns, "  ")];
  for (const paragraph of role.description) lines.push("", wrap(paragraph, columns, "  "));
  lines.push(
    "",
    `  ${role.path}`,
    "",
    palette.bold("VARIABLES"),
    ...role.options.flatMap((one) => roleOptionLines(one, "  ", palette, columns)),
  );
  return `${lines.join("\n")}\n`;
}

function roleOptionLines(option: RoleOptionDoc, indent: string, palette: Palette, columns: number): readonly string[] {
  const notes = [option.type];
  if (option.required) notes.push("required");
  if (option.default !== undefined) notes.push(`default: ${option.default}`);
  const lines = [`${indent}${palette.bold(option.name)} (${notes.join(", ")})`];
  if (option.description !== "") lines.push(wrap(option.description, columns, `${indent}    `));
  if (option.choices.length > 0) lines.push(wrap(`one of: ${option.choices.join(", ")}`, columns, `${indent}    `));
  return [...lines, ...option.options.flatMap((one) => roleOptionLines(one, `${indent}    `, palette, columns))];
}
