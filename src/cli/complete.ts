import { resolve } from "node:path";
import { type ArgumentDefinition, type CommandDefinition, commands, type OwnOption } from "./command-table.ts";
import { loadConfiguration } from "./config-file.ts";
import type { Process } from "./invocation.ts";
import type { OptionDefinition } from "./option-types.ts";
import { type OptionName, optionList, type Settings } from "./options.ts";
import { expandHome, type RawValue, resolveSettings } from "./settings.ts";

/** What is typed so far, taken apart without judging it: half a command line is never right. */
type Typed = {
  readonly command: CommandDefinition;
  readonly operands: readonly string[];
  readonly flags: Readonly<Partial<Record<OptionName, RawValue>>>;
};

const FILES = ":files";

/** Candidates for the last of the words after the program's name; `:files` asks the shell to complete files. */
export async function complete(words: readonly string[], at: Process): Promise<readonly string[]> {
  const current = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const command = commands.find((one) => one.name === before[0]);
  if (command === undefined)
    return starting(current, [...commands.filter((one) => one.hidden !== true).map((one) => one.name), "--help", "--version"]);
  const typed = takeApart(command, before.slice(1));
  const [, inline] = /^(--[a-z-]+=)/.exec(current) ?? [];
  if (inline !== undefined) {
    const option = findOption(command, inline.slice(0, -1));
    if (findOwn(command, inline.slice(0, -1))?.completes === "files") return [FILES];
    const value = current.slice(inline.length);
    return option === undefined
      ? []
      : (await optionValues(option[1], typed, at, value)).map((one) => (one === FILES ? one : inline + one));
  }
  const last = before.length > 1 ? findOption(command, before.at(-1) ?? "") : undefined;
  if (last?.[1].argument !== undefined) return optionValues(last[1], typed, at, current);
  const own = findOwn(command, before.at(-1) ?? "");
  if (own?.argument !== undefined) return own.completes === "files" ? [FILES] : [];
  if (current.startsWith("-")) return starting(current, flagNames(command));
  const argument = argumentAt(command, typed.operands.length);
  return argument === undefined ? [] : argumentValues(argument, typed, at, current);
}

function takeApart(command: CommandDefinition, words: readonly string[]): Typed {
  const operands: string[] = [];
  const flags: Partial<Record<OptionName, RawValue>> = {};
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [name, ...inline] = word.startsWith("--") ? word.split("=") : [word];
    const option = findOption(command, name ?? "");
    if (option === undefined) {
      if (findOwn(command, name ?? "")?.argument !== undefined && inline.length === 0) rest.shift();
      else if (!word.startsWith("-")) operands.push(word);
      continue;
    }
    const [key, definition] = option;
    if (definition.argument === undefined) continue;
    const value = inline.length > 0 ? inline.join("=") : rest.shift();
    if (value === undefined) continue;
    const known = flags[key];
    flags[key] = definition.kind === "list" ? [...(Array.isArray(known) ? known : []), value] : value;
  }
  return { command, operands, flags };
}

function findOption(command: CommandDefinition, word: string): readonly [OptionName, OptionDefinition] | undefined {
  return optionList.find(
    ([name, definition]) =>
      command.groups.includes(definition.group) &&
      (word === `--${name}` ||
        word === `-${definition.short}` ||
        definition.aliases?.some((alias) => word === `--${alias}`) === true),
  );
}

function findOwn(command: CommandDefinition, word: string): OwnOption | undefined {
  return command.own?.find(({ name, short }) => word === `--${name}` || (short !== undefined && word === `-${short}`));
}

function flagNames(command: CommandDefinition): readonly string[] {
  const shared = optionList.filter(([, definition]) => command.groups.includes(definition.group));
  return [
    ...shared.flatMap(([name, { aliases = [], tristate }]) => [name, ...aliases, ...(tristate === true ? [`no-${name}`] : [])]),
    ...(command.own ?? []).map((own) => own.name),
    "help",
  ].map((name) => `--${name}`);
}

function argumentAt(command: CommandDefinition, index: number): ArgumentDefinition | undefined {
  const last = command.arguments.at(-1);
  return command.arguments[index] ?? (last?.variadic === true ? last : undefined);
}

async function optionValues(
  definition: OptionDefinition,
  typed: Typed,
  at: Process,
  current: string,
): Promise<readonly string[]> {
  if (definition.choices !== undefined) return starting(current, definition.choices);
  switch (definition.completes) {
    case "hosts":
      return hostNames(typed, at, current);
    case "tags":
      return tagNames(typed, at, current);
    case "files":
      return [FILES];
    default:
      return [];
  }
}

async function argumentValues(
  argument: ArgumentDefinition,
  typed: Typed,
  at: Process,
  current: string,
): Promise<readonly string[]> {
  if (argument.choices !== undefined) return starting(current, argument.choices);
  switch (argument.completes) {
    case "hosts":
      return hostNames(typed, at, current);
    case "files":
      return [FILES];
    case "documented": {
      const [{ moduleNames }, { roleFoldersByName }] = await Promise.all([
        import("../modules/registry.ts"),
        import("./role-docs.ts"),
      ]);
      const settings = await settingsOf(typed, at);
      return starting(current, [...moduleNames(), ...roleFoldersByName(settings["roles-path"], at.cwd).keys()]);
    }
    default:
      return [];
  }
}

/** Hosts and groups; the last part of a pattern such as `web:&staging:!d`. */
async function hostNames(typed: Typed, at: Process, current: string): Promise<readonly string[]> {
  const settings = await settingsOf(typed, at);
  const [{ loadInventory }, { VaultSecrets }] = await Promise.all([
    import("../inventory/load.ts"),
    import("../vault/secrets.ts"),
  ]);
  const inventory = await loadInventory(settings.inventory, { vault: new VaultSecrets(), cwd: at.cwd, programTimeoutMs: 3000 });
  return lastPart(current, /^(.*[,:][!&]?|[!&])(.*)$/s, [...inventory.groups.keys(), ...inventory.hosts.keys()]);
}

async function tagNames(typed: Typed, at: Process, current: string): Promise<readonly string[]> {
  const settings = await settingsOf(typed, at);
  const [{ loadPlaybook }, { VaultSecrets }, registry, { selectedTasks }, { tagsOfNode }] = await Promise.all([
    import("../playbook/load.ts"),
    import("../vault/secrets.ts"),
    import("../modules/registry.ts"),
    import("./listing.ts"),
    import("../playbook/tags.ts"),
  ]);
  const loader = { registry, rolesPath: settings["roles-path"], vault: new VaultSecrets(), extraVars: [], warn: () => undefined };
  const plays = typed.operands.flatMap((file) => loadPlaybook(resolve(at.cwd, expandHome(file)), loader).plays);
  const tasks = plays.flatMap((play) => selectedTasks(play, { tags: ["all", "never"], "skip-tags": [] }));
  const tags = new Set([...tasks.flatMap((task) => tagsOfNode(task)), "all", "tagged", "untagged"]);
  return lastPart(current, /^(.*,)(.*)$/s, [...tags].sort());
}

function lastPart(current: string, cut: RegExp, known: readonly string[]): readonly string[] {
  const [, head = "", tail = ""] = cut.exec(current) ?? [current, "", current];
  return starting(tail, known).map((one) => head + one);
}

async function settingsOf(typed: Typed, at: Process): Promise<Settings> {
  const told = typeof typed.flags.config === "string" ? typed.flags.config : undefined;
  const configuration = await loadConfiguration({ cwd: at.cwd, environment: at.environment, told, warn: () => undefined });
  return resolveSettings({ flags: typed.flags, environment: at.environment, configuration });
}

function starting(text: string, known: readonly string[]): readonly string[] {
  return known.filter((one) => one.startsWith(text));
}
