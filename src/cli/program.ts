import { Argument, Command, CommanderError, Option } from "commander";
import { type CommandDefinition, commands } from "./command-table.ts";
import { exitCodes } from "./exit-codes.ts";
import { environmentName, type OptionDefinition, optionGroups } from "./option-types.ts";
import { type OptionName, optionList } from "./options.ts";
import type { RawValue } from "./settings.ts";
import { UsageError } from "./usage.ts";

/** What was typed, taken apart but not yet judged. */
export type ParsedCommandLine =
  | { readonly kind: "help"; readonly text: string }
  | {
      readonly kind: "command";
      readonly definition: CommandDefinition;
      readonly args: readonly string[];
      readonly flags: Readonly<Partial<Record<OptionName, RawValue>>>;
      readonly own: Readonly<Record<string, string | boolean | undefined>>;
    };

/** Takes a command line apart. Throws UsageError, with a suggestion where something is misspelt. */
export function parseCommandLine(argv: readonly string[]): ParsedCommandLine {
  let parsed: ParsedCommandLine | undefined;
  const output = { text: "", error: "" };
  const program = buildProgram((found) => {
    parsed = found;
  });
  program.configureOutput({
    writeOut: (text) => {
      output.text += text;
    },
    writeErr: (text) => {
      output.error += text;
    },
  });
  // Subcommands copied the settings when they were made.
  for (const command of program.commands) command.copyInheritedSettings(program);
  try {
    program.parse(argv.length === 0 ? ["--help"] : [...argv], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.helpDisplayed" || error.code === "commander.help")
      return { kind: "help", text: output.text || output.error };
    throw usageError(error, argv);
  }
  return parsed ?? { kind: "help", text: output.text };
}

/** The text of `k3sprov COMMAND --help`, without colours, 100 columns wide; for the reference page. */
export function helpOf(name: string): string {
  const program = buildProgram(() => undefined);
  return program.commands.find((command) => command.name() === name)?.helpInformation() ?? program.helpInformation();
}

function buildProgram(chosen: (found: ParsedCommandLine) => void): Command {
  const program = new Command("k3sprov")
    .description(
      "Idempotent, agentless provisioning of Linux hosts: Ansible-shaped YAML, a dry run that never lies, every change proved.",
    )
    .usage("COMMAND [OPTIONS]")
    .option("--version", "print the version, and end")
    .exitOverride()
    .showSuggestionAfterError(true)
    .helpCommand(false)
    .addHelpText("after", `\n${exitStatusText()}\n\nk3sprov COMMAND --help tells the options of a command.`);
  for (const definition of commands)
    program.addCommand(buildCommand(definition, chosen), definition.hidden === true ? { hidden: true } : {});
  return program;
}

function buildCommand(definition: CommandDefinition, chosen: (found: ParsedCommandLine) => void): Command {
  const command = new Command(definition.name).exitOverride().summary(definition.summary);
  command.description(
    [`${definition.summary[0]?.toUpperCase()}${definition.summary.slice(1)}.`, ...(definition.description ?? [])].join("\n\n"),
  );
  if (definition.hidden === true) command.allowUnknownOption().helpOption(false);
  for (const argument of definition.arguments) {
    const name = `${argument.name}${argument.variadic === true ? "..." : ""}`;
    command.addArgument(new Argument(argument.required ? `<${name}>` : `[${name}]`, argument.help));
  }
  for (const own of definition.own ?? []) {
    const short = own.short === undefined ? "" : `-${own.short}, `;
    command.addOption(new Option(`${short}--${own.name}${own.argument === undefined ? "" : ` <${own.argument}>`}`, own.help));
  }
  for (const [name, option] of optionList) if (definition.groups.includes(option.group)) addOption(command, name, option);
  if (definition.examples.length > 0) {
    command.addHelpText("after", `\nExamples:\n${definition.examples.map((one) => `  ${one}`).join("\n")}`);
  }
  command.action(() => {
    const values: Readonly<Record<string, RawValue>> = command.opts();
    const flags: Partial<Record<OptionName, RawValue>> = {};
    for (const [name, option] of optionList) {
      const given = [name, ...(option.aliases ?? [])].map((one) => values[attribute(one)]).filter((one) => one !== undefined);
      const last = given.at(-1);
      if (last !== undefined) flags[name] = last;
    }
    const own: Record<string, string | boolean | undefined> = {};
    for (const { name } of definition.own ?? []) {
      const value = values[attribute(name)];
      if (typeof value === "string" || typeof value === "boolean") own[name] = value;
    }
    chosen({ kind: "command", definition, args: command.args, flags, own });
  });
  return command;
}

function addOption(command: Command, name: string, definition: OptionDefinition): void {
  const value = definition.argument === undefined ? "" : ` <${definition.argument}>`;
  const short = definition.short === undefined ? "" : `-${definition.short}, `;
  const heading = `${optionGroups[definition.group]}:`;
  const make = (flags: string, help: string): Option => {
    const option = new Option(flags, help).helpGroup(heading);
    if (definition.kind === "list")
      option.argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text]);
    if (definition.kind === "count") option.argParser((_: string, before: number | undefined) => (before ?? 0) + 1);
    return option;
  };
  command.addOption(make(`${short}--${name}${value}`, helpText(name, definition)));
  if (definition.tristate === true) command.addOption(make(`--no-${name}`, `the opposite of --${name}`));
  for (const alias of definition.aliases ?? []) command.addOption(make(`--${alias}${value}`, `the same as --${name}`).hideHelp());
}

function helpText(name: string, definition: OptionDefinition): string {
  const notes: string[] = [];
  if (definition.choices !== undefined) notes.push(definition.choices.join(" | "));
  if (definition.default !== undefined) notes.push(`default: ${definition.default}`);
  if (definition.otherwise !== undefined) notes.push(`default: ${definition.otherwise}`);
  if (definition.kind === "list") notes.push("repeatable");
  if (definition.flagOnly !== true) notes.push(environmentName(name));
  return `${definition.help}${notes.length === 0 ? "" : ` (${notes.join("; ")})`}`;
}

function exitStatusText(): string {
  const lines = Object.values(exitCodes).map(({ code, meaning }) => `  ${String(code).padStart(3)}  ${meaning}`);
  return `Exit statuses:\n${lines.join("\n")}`;
}

/** commander's own naming of values: `host-key-checking` -> `hostKeyChecking`. */
function attribute(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function usageError(error: CommanderError, argv: readonly string[]): UsageError {
  const [message = "", ...rest] = error.message.replace(/^error: /, "").split("\n");
  const suggestion = rest.join(" ").replace(/^\(Did you mean (.*)\?\)$/, "; did you mean $1?");
  const command = commands.find((one) => one.name === argv[0] && one.hidden !== true);
  const text = message.replaceAll("'", '"');
  return new UsageError(`${text}${suggestion}`, `k3sprov ${command === undefined ? "" : `${command.name} `}--help`);
}
