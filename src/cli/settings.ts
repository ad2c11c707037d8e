import { resolve } from "node:path";
import { type Position, refuse } from "../diagnostic.ts";
import { didYouMean } from "../suggest.ts";
import { environmentName, type OptionDefinition } from "./option-types.ts";
import { type OptionName, optionList, type Settings } from "./options.ts";
import { UsageError } from "./usage.ts";

/** What one place says about an option, not yet checked. */
export type RawValue = string | number | boolean | readonly (string | number | boolean)[];

/** What k3sprov.yaml says. */
export type Configuration = {
  readonly values: ReadonlyMap<OptionName, { readonly value: RawValue; readonly position: Position | undefined }>;
  /** Folder of the file. */
  readonly folder: string;
};

export type SettingSources = {
  readonly flags: Readonly<Partial<Record<OptionName, RawValue>>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly configuration: Configuration | undefined;
};

/** One place where a value stands, for messages: `--forks`, `K3SPROV_FORKS`, `k3sprov.yaml`. */
type Place = { readonly label: string; readonly position?: Position; readonly isConfiguration: boolean };

/**
 * The value of every option: flag, K3SPROV_ variable, Ansible's variable, k3sprov.yaml, default, in this order. Throws UsageError for
 * a bad value of a flag or variable, DiagnosticError for one in k3sprov.yaml.
 */
export function resolveSettings(sources: SettingSources): Settings {
  const settings: Partial<Record<OptionName, unknown>> = {};
  for (const [name, definition] of optionList) settings[name] = settle(name, definition, sources);
  // Each value was made by the kind of its definition, from which Settings has its types.
  return settings as Settings;
}

function settle(name: OptionName, definition: OptionDefinition, sources: SettingSources): unknown {
  const flag = sources.flags[name];
  if (flag !== undefined) return convert(flag, definition, { label: `--${name}`, isConfiguration: false });
  if (definition.flagOnly !== true) {
    const own = environmentName(name);
    const ours = sources.environment[own];
    if (ours !== undefined && ours !== "") return fromEnvironment(ours, definition, own);
    for (const { name: theirs, inverted } of definition.ansible ?? []) {
      const text = sources.environment[theirs];
      if (text === undefined || text === "") continue;
      const value = fromEnvironment(text, definition, theirs);
      return inverted === true ? value !== true : value;
    }
    const written = sources.configuration?.values.get(name);
    if (written !== undefined) return fromConfiguration(name, written, definition, sources.configuration?.folder ?? ".");
  }
  return fallback(definition);
}

function fallback(definition: OptionDefinition): unknown {
  if (definition.default !== undefined) return definition.default;
  switch (definition.kind) {
    case "list":
      return [];
    case "boolean":
      return definition.tristate === true ? undefined : false;
    case "count":
      return 0;
    default:
      return undefined;
  }
}

function fromEnvironment(text: string, definition: OptionDefinition, label: string): unknown {
  return convert(definition.kind === "list" ? splitList(text, definition) : text, definition, { label, isConfiguration: false });
}

/** `a,b` is two members, but `web1,web2,` (a comma at the end) is one: a list of hosts. */
function splitList(text: string, definition: OptionDefinition): readonly string[] {
  if (definition.separator === undefined || (definition.separator === "," && text.endsWith(","))) return [text];
  return text
    .split(definition.separator)
    .map((one) => one.trim())
    .filter((one) => one !== "");
}

function fromConfiguration(
  name: OptionName,
  written: { readonly value: RawValue; readonly position: Position | undefined },
  definition: OptionDefinition,
  folder: string,
): unknown {
  const place: Place = {
    label: `k3sprov.yaml: ${name}`,
    isConfiguration: true,
    ...(written.position === undefined ? {} : { position: written.position }),
  };
  const value = convert(written.value, definition, place);
  if (definition.path !== true) return value;
  const absolute = (path: unknown): unknown =>
    typeof path === "string" && !isNoPath(path) ? resolve(folder, expandHome(path)) : path;
  return Array.isArray(value) ? value.map(absolute) : absolute(value);
}

/** Lists of hosts and the word "none" stand where paths do. */
function isNoPath(text: string): boolean {
  return text === "none" || text.includes(",");
}

/** `~/x` as the shell reads it; quoted flags and files do not pass through one. */
export function expandHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? `${process.env["HOME"] ?? "~"}${path.slice(1)}` : path;
}

function convert(raw: RawValue, definition: OptionDefinition, place: Place): unknown {
  switch (definition.kind) {
    case "list": {
      const members = (Array.isArray(raw) ? raw : [raw]).map(String);
      // Tags may be written a,b in one flag; inventories may not: a comma makes a list of hosts.
      return definition.separator === "," && definition.completes === "tags"
        ? members.flatMap((one) => splitList(one, definition))
        : members;
    }
    case "boolean":
      return toBoolean(raw, place);
    case "count":
    case "number":
      return toNumber(raw, definition, place);
    case "choice":
      return toChoice(raw, definition, place);
    case "text":
      if (Array.isArray(raw)) return bad(place, "takes one value, not a list");
      return String(raw);
  }
}

function toBoolean(raw: RawValue, place: Place): boolean {
  if (typeof raw === "boolean") return raw;
  const text = String(raw).toLowerCase();
  if (["1", "true", "yes", "on", "y", "t"].includes(text)) return true;
  if (["0", "false", "no", "off", "n", "f"].includes(text)) return false;
  return bad(place, `is "${String(raw)}", but must be true or false`);
}

function toNumber(raw: RawValue, definition: OptionDefinition, place: Place): number {
  const least = definition.minimum ?? (definition.kind === "count" ? 0 : 1);
  const value = typeof raw === "string" && raw.trim() === "" ? Number.NaN : Number(raw);
  if (Number.isInteger(value) && value >= least) return value;
  return bad(place, `is "${String(raw)}", but must be a whole number, ${least} or more`);
}

function toChoice(raw: RawValue, definition: OptionDefinition, place: Place): string {
  const text = String(raw);
  const choices = definition.choices ?? [];
  const found = choices.find((one) => one === text) ?? definition.words?.[text.toLowerCase()];
  if (found !== undefined) return found;
  return bad(place, `is "${text}", but must be one of ${choices.join(", ")}${didYouMean(text, choices)}`);
}

function bad(place: Place, what: string): never {
  const message = `${place.label} ${what}`;
  if (!place.isConfiguration) throw new UsageError(message);
  return refuse("configuration", message, place.position === undefined ? {} : { position: place.position });
}
